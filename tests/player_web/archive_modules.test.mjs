// node --test tests/player_web : the pure modules of guide, start-over, catch-up and rewinding.
import assert from "node:assert/strict";
import { test } from "node:test";
import { addDays, dayOf, momentText, msnAt, parseMoment } from "../../player_web/src/base/clock.ts";
import { networkFault, isLasting } from "../../player_web/src/playing/faults.ts";
import { onNowAt, programmeAt, shareOf, songAt, stateAt } from "../../player_web/src/guide/guide.ts";
import { hlsSettings } from "../../player_web/src/playing/hls_settings.ts";
import { spanOf, timeOf, unixMsOf } from "../../player_web/src/playing/media_clock.ts";
import { startAt } from "../../player_web/src/playing/playlist_start.ts";
import { isInWindow, viewMoment, viewProgramme } from "../../player_web/src/playing/viewing.ts";

const SAIGON = "Asia/Ho_Chi_Minh";
const BERLIN = "Europe/Berlin";

test("a moment of the station's clock is the same moment anywhere", () => {
  const noon = Date.parse("2026-11-22T05:30:00Z");
  assert.equal(parseMoment("2026-11-22T12:30", SAIGON), noon);
  assert.equal(parseMoment("2026-11-22T12:30:05", SAIGON), noon + 5000);
  assert.equal(parseMoment(String(noon / 1000), SAIGON), noon);
  assert.equal(momentText(noon + 5999, SAIGON), "2026-11-22T12:30:05");
  assert.equal(parseMoment("2026-07-01T12:00", BERLIN), Date.parse("2026-07-01T10:00:00Z"));
  assert.equal(parseMoment("2026-12-01T12:00", BERLIN), Date.parse("2026-12-01T11:00:00Z"));
  // The night in which the clock goes forward, an hour before and after.
  assert.equal(parseMoment("2026-03-29T01:30", BERLIN), Date.parse("2026-03-29T00:30:00Z"));
  assert.equal(parseMoment("2026-03-29T03:30", BERLIN), Date.parse("2026-03-29T01:30:00Z"));
});

test("what is no moment is none", () => {
  for (const text of ["", "x", "2026-02-31T10:00", "2026-11-22", "2026-11-22T25:00", "-5", "2026-11-22T12:30Z", "1e9"]) {
    assert.equal(parseMoment(text, SAIGON), null, text);
  }
});

test("days are the station's, over months, years and leap days", () => {
  assert.equal(dayOf(Date.parse("2026-11-22T16:59:59Z"), SAIGON), "2026-11-22");
  assert.equal(dayOf(Date.parse("2026-11-22T17:00:00Z"), SAIGON), "2026-11-23");
  assert.equal(addDays("2026-12-31", 1), "2027-01-01");
  assert.equal(addDays("2028-03-01", -1), "2028-02-29");
});

test("the number of a moment's segment is on the grid", () => {
  assert.equal(msnAt(0), 0);
  assert.equal(msnAt(3839), 0);
  assert.equal(msnAt(3840), 1);
  assert.equal(msnAt(467_500_000 * 3840), 467_500_000);
});

const item = (more) => ({
  id: "p", title: "Thời sự", channel: "hytv", startS: 1000, stopS: 2000, subtitle: "", description: "", episode: "",
  available: "startover", playlist: "/programmes/p/index.m3u8", ...more,
});

test("the state of a programme follows the time, not only the server's answer", () => {
  assert.equal(stateAt(item({}), 1500), "startover");
  assert.equal(stateAt(item({}), 2000), "catchup");
  assert.equal(stateAt(item({ available: "live", playlist: null }), 2000), "refused");
  assert.equal(stateAt(item({ available: "upcoming", playlist: null }), 999), "upcoming");
  assert.equal(stateAt(item({ available: "upcoming", playlist: null }), 1000), "live");
  for (const available of ["catchup", "expired", "refused"]) assert.equal(stateAt(item({ available }), 5000), available);
});

test("what is on moves on to what follows, and to nothing", () => {
  const now = item({ id: "a" });
  const next = item({ id: "b", startS: 2000, stopS: 3000 });
  assert.deepEqual(onNowAt(now, next, 1999), { now, next });
  assert.deepEqual(onNowAt(now, next, 2000), { now: next, next: null });
  assert.deepEqual(onNowAt(now, next, 3000), { now: null, next: null });
  assert.deepEqual(onNowAt(now, null, 2000), { now: null, next: null });
  assert.deepEqual([900, 1000, 1500, 2500].map((at) => shareOf(now, at)), [0, 0, 0.5, 1]);
});

test("of two programmes at a moment the latest begun is on; gaps have none", () => {
  const items = [item({ id: "a" }), item({ id: "b", startS: 1900, stopS: 2500 }), item({ id: "c", startS: 2600, stopS: 2700 })];
  assert.deepEqual([999, 1000, 1950, 2499, 2500, 2650].map((at) => programmeAt(items, at)?.id ?? null), [null, "a", "b", "b", null, "c"]);
});

test("the song of a moment is the last that had begun", () => {
  const songs = [{ title: "c", sinceMs: 300 }, { title: "b", sinceMs: 200 }, { title: "a", sinceMs: 100 }];
  assert.deepEqual([99, 100, 250, 999].map((at) => songAt(songs, at)?.title ?? null), [null, "a", "b", "c"]);
});

const LIST = `#EXTM3U
#EXT-X-VERSION:8
#EXT-X-TARGETDURATION:4
#EXT-X-START:TIME-OFFSET=1.600,PRECISE=YES
#EXT-X-MAP:URI="a.mp4"
#EXT-X-PROGRAM-DATE-TIME:2026-11-22T12:00:00.000Z
#EXTINF:3.84000,
1.m4s
#EXTINF:3.84000,
2.m4s
#EXT-X-GAP
#EXTINF:3.84000,
3.m4s
#EXT-X-PROGRAM-DATE-TIME:2026-11-22T12:00:11.520Z
#EXTINF:3.84000,
4.m4s
`;
const BEGIN = Date.parse("2026-11-22T12:00:00Z");
const offsetAt = (unixMs, list = LIST) => {
  const found = startAt(list, unixMs).match(/#EXT-X-START:TIME-OFFSET=([\d.]+),PRECISE=YES/g);
  assert.equal(found?.length, 1);
  return Number(found[0].match(/[\d.]+/)[0]);
};

test("a playlist starts at the moment, past the boundary by a hair", () => {
  assert.equal(offsetAt(null), 1.605);
  assert.equal(offsetAt(BEGIN), 0.005);
  assert.equal(offsetAt(BEGIN + 5000), 5.005);
  assert.equal(offsetAt(BEGIN - 60_000), 0.005);
  assert.equal(offsetAt(BEGIN + 9000), 11.525); // in the hole
  assert.equal(offsetAt(BEGIN + 13_000), 13.005);
  assert.equal(offsetAt(BEGIN + 60_000), 15.365);
  // A list that leaves holes out.
  assert.equal(offsetAt(BEGIN + 13_000, LIST.replace("#EXT-X-GAP\n#EXTINF:3.84000,\n3.m4s\n", "")), 9.165);
});

test("the media playlists decide, not the multivariant one, and delta updates stay", () => {
  const multivariant = "#EXTM3U\n#EXT-X-START:TIME-OFFSET=1.6,PRECISE=YES\n#EXT-X-STREAM-INF:BANDWIDTH=1\na.m3u8\n";
  assert.ok(!startAt(multivariant, BEGIN).includes("#EXT-X-START"));
  assert.ok(startAt(multivariant, null).includes("TIME-OFFSET=1.605"));
  const delta = "#EXTM3U\n#EXT-X-SKIP:SKIPPED-SEGMENTS=9\n#EXT-X-PROGRAM-DATE-TIME:2026-11-22T12:00:00Z\n#EXTINF:3.84,\n1.m4s\n";
  assert.equal(startAt(delta, BEGIN), delta);
});

test("media time and wall clock are one, over a jump and a hole", () => {
  const fragments = [
    { start: 10, duration: 4, programDateTime: 100_000 },
    { start: 14, duration: 4, programDateTime: 104_000 },
    { start: 18, duration: 4, programDateTime: 200_000, gap: true },
    { start: 22, duration: 4, programDateTime: 204_000 },
  ];
  assert.equal(unixMsOf(15.5, fragments), 105_500);
  assert.equal(unixMsOf(23, fragments), 205_000);
  assert.equal(timeOf(105_500, fragments).toFixed(3), "15.505");
  assert.equal(timeOf(150_000, fragments), 18);
  assert.equal(timeOf(201_000, fragments).toFixed(3), "22.005");
  assert.equal(timeOf(1, fragments).toFixed(3), "10.005");
  assert.deepEqual(spanOf(fragments), { startMs: 100_000, endMs: 208_000 });
  assert.equal(spanOf([]), null);
  assert.equal(timeOf(1, []), null);
});

const CHANNEL = { id: "hytv", kind: "tv", dvr: "/dvr/hytv/index.m3u8", dvrSeconds: 7200, catchupDays: 7 };
const NOW = Date.parse("2026-11-22T12:00:00Z");

test("a moment comes to live, to the window, to a programme, to a span, or to words", () => {
  assert.equal(viewMoment(CHANNEL, NOW + 60_000, NOW, null).kind, "live");
  assert.equal(viewMoment(CHANNEL, NOW - 60_000, NOW, null).kind, "rewound");
  assert.equal(isInWindow(CHANNEL, NOW - 7_190_000, NOW), false); // it would be gone before it is loaded
  const span = viewMoment(CHANNEL, NOW - 10_800_000, NOW, null);
  assert.equal(span.url, `/catchup/hytv/${NOW / 1000 - 10_800}-${NOW / 1000 - 3600}/index.m3u8`);
  const around = item({ available: "catchup", startS: NOW / 1000 - 12_000, stopS: NOW / 1000 - 9000 });
  assert.equal(viewMoment(CHANNEL, NOW - 10_800_000, NOW, around).programme, around);
  assert.equal(viewMoment(CHANNEL, NOW - 8 * 86_400_000, NOW, null).code, "LS-G3");
  assert.equal(viewMoment({ ...CHANNEL, dvr: null, catchupDays: 0 }, NOW - 60_000, NOW, null).code, "LS-G3");
});

test("a programme's address comes to its playlist, or to a reason", () => {
  const at = (more) => viewProgramme(item({ startS: NOW / 1000 - 600, stopS: NOW / 1000 + 600, ...more }), null, NOW);
  assert.equal(at({}).url, "/programmes/p/index.m3u8");
  assert.equal(at({}).isRunning, true);
  assert.equal(at({ stopS: NOW / 1000 - 1 }).isRunning, false);
  assert.equal(at({ available: "live", playlist: null }).kind, "live");
  assert.equal(at({ available: "refused" }).code, "LS-P2");
  assert.equal(at({ available: "expired" }).code, "LS-G3");
  assert.equal(at({ available: "catchup", playlist: null }).code, "LS-G3");
  const coming = at({ available: "upcoming", startS: NOW / 1000 + 60, playlist: null });
  assert.deepEqual([coming.code, coming.retryAtMs], ["LS-G2", NOW + 60_000]);
  assert.equal(viewProgramme(null, null, NOW).code, "LS-G1");
});

test("the archive's faults are told apart from a channel's", () => {
  assert.equal(networkFault(403, "", true, true), "LS-P2");
  assert.equal(networkFault(404, "", true, true), "LS-G3");
  assert.equal(networkFault(410, "", true, true), "LS-G3");
  assert.equal(networkFault(503, "", true, true), "LS-C1");
  assert.equal(networkFault(404, "", false, true), "LS-O1");
  assert.deepEqual(["LS-P2", "LS-G3", "LS-C1", "LS-G2"].map(isLasting), [true, true, false, false]);
});

test("the archive starts exactly, and keeps a bounded past in memory", () => {
  const settings = hlsSettings({ lowLatency: false, bandwidthBps: null, recorded: true });
  assert.equal(settings.startOnSegmentBoundary, false);
  assert.equal(settings.backBufferLength, 60);
  assert.ok(settings.maxFragLookUpTolerance < 0.02);
});
