// The TV view's decisions: keys, the way of the focus, zapping, rewinding, addresses.
import assert from "node:assert/strict";
import { test } from "node:test";
import { hashOf, parseHash } from "../../player_web/src/tv/address.ts";
import { TIZEN_KEYS, actionOf } from "../../player_web/src/tv/keys.ts";
import { nextItem } from "../../player_web/src/tv/spatial.ts";
import { moved, shareAt, stepMs } from "../../player_web/src/tv/timeline.ts";
import { namedIn } from "../../player_web/src/tv/warm_playlists.ts";
import { WORDS } from "../../player_web/src/tv/words.ts";
import { indexOfNumber, isComplete, numberOf, stepFrom } from "../../player_web/src/tv/zapping.ts";

const ZONE = "Asia/Ho_Chi_Minh";
const box = (left, top, width = 100, height = 50) => ({ left, top, right: left + width, bottom: top + height });
const place = (item, at, rail = null) => ({ item, box: at, rail });

test("remote controls of Tizen, webOS and Android TV mean the same as keyboards", () => {
  const of = (keyCode, key = "") => actionOf({ keyCode, key });
  for (const back of [8, 27, 166, 461, 10009]) assert.equal(of(back), "back");
  for (const up of [33, 427]) assert.equal(of(up), "channelUp");
  for (const down of [34, 428]) assert.equal(of(down), "channelDown");
  assert.deepEqual([412, 413, 415, 417, 19, 10252].map((code) => of(code)), ["rewind", "live", "play", "forward", "pause", "toggle"]);
  assert.deepEqual([of(48), of(57), of(96), of(105)], [{ digit: 0 }, { digit: 9 }, { digit: 0 }, { digit: 9 }]);
  assert.deepEqual([of(0, "ChannelUp"), of(0, "GoBack"), of(0, "MediaPlayPause")], ["channelUp", "back", "toggle"]);
  assert.equal(of(9, "Tab"), null);
  assert.ok(TIZEN_KEYS.includes("MediaPlayPause") && TIZEN_KEYS.includes("0") && !TIZEN_KEYS.includes("Return"));
});

test("in a grid the nearest box in the direction wins, not the first of a row", () => {
  const grid = [
    place("a1", box(0, 0)), place("a2", box(110, 0)), place("a3", box(220, 0)),
    place("b1", box(0, 60)), place("b2", box(110, 60, 210)),
  ];
  const go = (from, direction) => nextItem(grid, from, direction, new Map());
  assert.equal(go("a1", "right"), "a2");
  assert.equal(go("a3", "down"), "b2");
  assert.equal(go("b2", "up"), "a2");
  assert.equal(go("b1", "right"), "b2");
  assert.equal(go("a1", "up"), null);
  assert.equal(go("a3", "right"), null);
});

test("a rail is walked along, and entered where it was left", () => {
  const places = [
    ...[0, 1, 2].map((row) => place(`c${row}`, box(0, row * 60), "channels")),
    ...[0, 1, 2, 3, 4].map((row) => place(`d${row}`, box(200, row * 60), "days")),
    place("p0", box(400, 0), "programmes"), place("p1", box(400, 60), "programmes"), place("p1b", box(510, 60), "programmes"),
  ];
  const kept = new Map([["days", "d3"], ["programmes", "gone"]]);
  const go = (from, direction) => nextItem(places, from, direction, kept);
  assert.equal(go("c0", "down"), "c1");
  assert.equal(go("c2", "down"), null);
  assert.equal(go("c0", "right"), "d3");
  assert.equal(go("d3", "up"), "d2");
  // Two buttons of one row: across to the second, then nowhere; back over the first to the days.
  assert.equal(go("d1", "right"), "p1");
  assert.equal(go("p1", "right"), "p1b");
  assert.equal(go("p1b", "right"), null);
  assert.equal(go("p1b", "left"), "p1");
  assert.equal(go("p1", "left"), "d3");
  assert.equal(go("p0", "right"), null);
});

test("who has no place yet gets the first", () => {
  assert.equal(nextItem([place("a", box(0, 0))], "nobody", "up", new Map()), "a");
  assert.equal(nextItem([], "nobody", "up", new Map()), null);
});

test("zapping goes around, digits are complete when no number goes on from them", () => {
  const channels = [{ id: "a", number: null }, { id: "b", number: 12 }, { id: "c", number: 120 }];
  assert.deepEqual([0, 1, 2].map((index) => numberOf(channels, index)), [1, 12, 120]);
  assert.deepEqual([stepFrom(channels, "c", 1), stepFrom(channels, "a", -1), stepFrom(channels, "x", 1)], [0, 2, 0]);
  assert.deepEqual([indexOfNumber(channels, 12), indexOfNumber(channels, 1), indexOfNumber(channels, 3)], [1, 0, -1]);
  assert.deepEqual(["1", "12", "120", "2"].map((digits) => isComplete(channels, digits)), [false, false, true, true]);
});

test("a key that is held down goes faster, and never out of what can be reached", () => {
  assert.deepEqual([0, 5, 6, 16].map(stepMs), [30_000, 30_000, 60_000, 300_000]);
  const span = { startMs: 1_000_000, endMs: 1_100_000, atMs: 1_050_000 };
  assert.equal(moved(span, 1_050_000, -30_000), 1_020_000);
  assert.equal(moved(span, 1_020_000, -30_000), 1_000_000);
  assert.equal(moved(span, 1_090_000, 30_000), 1_100_000);
  assert.deepEqual([shareAt(span, 1_050_000), shareAt(span, 0), shareAt(span, 2_000_000)], [0.5, 0, 1]);
  assert.equal(shareAt({ startMs: 5, endMs: 5, atMs: 5 }, 5), 1);
});

test("addresses of launchers are read and written", () => {
  const at = Date.parse("2026-11-22T05:30:00Z");
  assert.deepEqual(parseHash("", ZONE), { channel: null, programme: null, momentMs: null });
  assert.deepEqual(parseHash("#ch=hytv&t=2026-11-22T12:30", ZONE), { channel: "hytv", programme: null, momentMs: at });
  assert.deepEqual(parseHash(`#ch=hytv&t=${at / 1000}`, ZONE).momentMs, at);
  assert.deepEqual(parseHash("#ch=hytv&p=p-1&t=nonsense", ZONE), { channel: "hytv", programme: "p-1", momentMs: null });
  assert.equal(parseHash("#ch=%3Cb%3E", ZONE).channel, "?");
  assert.equal(parseHash("", ZONE, "/tv/hytv").channel, "hytv");
  assert.equal(parseHash("#ch=hyfm", ZONE, "/tv/hytv").channel, "hyfm");
  assert.equal(hashOf({ channel: "hytv", programme: null, momentMs: at }, ZONE), "#ch=hytv&t=2026-11-22T12:30:00");
});

test("what a playlist names first is found, to be fetched beforehand", () => {
  const multivariant = [
    "#EXTM3U", '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="vi",URI="audio/index.m3u8"',
    "#EXT-X-STREAM-INF:BANDWIDTH=1", "360p/index.m3u8", "#EXT-X-STREAM-INF:BANDWIDTH=2", "720p/index.m3u8",
  ].join("\n");
  assert.deepEqual(namedIn(multivariant, "http://a/live/hytv/index.m3u8"),
    ["http://a/live/hytv/audio/index.m3u8", "http://a/live/hytv/360p/index.m3u8"]);
  assert.deepEqual(namedIn('#EXTM3U\n#EXT-X-MAP:URI="../h.mp4"\n#EXTINF:4,\n1.m4s\n', "http://a/b/c.m3u8"), ["http://a/h.mp4"]);
});

test("both languages of the TV have the same gaps, in NFC", () => {
  assert.deepEqual(Object.keys(WORDS.en).sort(), Object.keys(WORDS.vi).sort());
  for (const [key, text] of Object.entries(WORDS.vi)) {
    assert.equal(text, text.normalize("NFC"), key);
    assert.deepEqual(WORDS.en[key].match(/\{\w+\}/g)?.sort(), text.match(/\{\w+\}/g)?.sort(), key);
  }
});
