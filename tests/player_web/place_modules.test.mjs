// Where people open the page: browsers inside other apps, the lock screen, and again another day.
import assert from "node:assert/strict";
import { test } from "node:test";
import { OUTSIDE } from "../../player_web/src/messages/outside.ts";
import { RESUME } from "../../player_web/src/messages/resume.ts";
import { STATISTICS } from "../../player_web/src/messages/statistics.ts";
import { nameOf, neighbour, positionOf } from "../../player_web/src/playing/system_facts.ts";
import { parsePlaces, playable, withPlace, withoutPlace } from "../../player_web/src/resume/places.ts";
import { inAppBrowser, isWorthLeaving, outsideAddress } from "../../player_web/src/share/in_app.ts";

const ANDROID = "Mozilla/5.0 (Linux; Android 12; Pixel 3 Build/SP1A.210812.015; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/96.0.4664.104 Mobile Safari/537.36";
const IOS = "Mozilla/5.0 (iPhone; CPU iPhone OS 16_0_2 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148";

test("browsers inside other apps are known by what those write into their user agents", () => {
  const apps = {
    [`${IOS} Zalo iOS/502 ZaloTheme/light ZaloLanguage/vn`]: ["Zalo", "ios", 16],
    [`${ANDROID} Zalo android/12100612 ZaloTheme/light ZaloLanguage/vi`]: ["Zalo", "android", 12],
    [`${ANDROID} [FB_IAB/FB4A;FBAV/35.0.0.48.273;]`]: ["Facebook", "android", 12],
    [`${ANDROID} [FB_IAB/Orca-Android;FBAV/331.0.0.15.119;]`]: ["Messenger", "android", 12],
    [`${IOS} [FBAN/FBIOS;FBDV/iPhone11,2;FBMD/iPhone;FBSN/iOS;FBSV/16.0.2;FBSS/3]`]: ["Facebook", "ios", 16],
    [`${IOS} [FBAN/MessengerForiOS;FBAV/400.0;FBDV/iPhone11,2]`]: ["Messenger", "ios", 16],
    [`${IOS} Instagram 31.0.0.14.97 (iPhone9,1; iOS 11_2_5; en_US; scale=2.00)`]: ["Instagram", "ios", 16],
    [`${ANDROID}  trill_2022206050 JsSdk/1.0 NetType/WIFI Channel/googleplay AppName/musical_ly BytedanceWebview/d8a21c6`]: ["TikTok", "android", 12],
    [`${IOS} Safari Line/13.4.0`]: ["LINE", "ios", 16],
    [ANDROID]: ["", "android", 12],
  };
  for (const [agent, [app, system, version]] of Object.entries(apps)) {
    assert.deepEqual(inAppBrowser(agent), { app, system, version }, agent);
  }
});

test("browsers, the page on the home screen and computers are no app's own browser", () => {
  for (const agent of [
    "Mozilla/5.0 (Linux; Android 12; Pixel 3) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/96.0.4664.104 Mobile Safari/537.36",
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/27.0 Chrome/125.0 Mobile Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1",
    IOS, // on the home screen
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36",
    "",
  ]) assert.equal(inAppBrowser(agent), null, agent);
});

test("the way out names the page, for Android with where to go without Chrome", () => {
  const android = { app: "Zalo", system: "android", version: 12 };
  assert.equal(
    outsideAddress("https://xem.vn/xem/hytv?t=2026-11-24T19:00:00#x", android),
    "intent://xem.vn/xem/hytv?t=2026-11-24T19:00:00#Intent;scheme=https;package=com.android.chrome;"
      + "S.browser_fallback_url=https%3A%2F%2Fxem.vn%2Fxem%2Fhytv%3Ft%3D2026-11-24T19%3A00%3A00;end",
  );
  const ios = (version) => ({ app: "Zalo", system: "ios", version });
  assert.equal(outsideAddress("https://xem.vn/nghe/hyfm", ios(17)), "x-safari-https://xem.vn/nghe/hyfm");
  assert.equal(outsideAddress("https://xem.vn/nghe/hyfm", ios(16)), null);
});

test("another browser is offered for what it may not suffer from", () => {
  for (const code of ["LS-D1", "LS-N1", "LS-N2"]) assert.equal(isWorthLeaving({ kind: "fault", code, retryInS: 5 }, false), true);
  for (const code of ["LS-O1", "LS-C1", "LS-P1", "LS-G3"]) assert.equal(isWorthLeaving({ kind: "fault", code, retryInS: 5 }, true), false);
  assert.equal(isWorthLeaving({ kind: "blocked" }, false), false);
  assert.equal(isWorthLeaving({ kind: "blocked" }, true), true);
  assert.equal(isWorthLeaving({ kind: "paused" }, true), false);
});

test("texts that are loaded when they are wanted say the same in both languages", () => {
  for (const { vi, en } of [OUTSIDE, RESUME, STATISTICS]) {
    assert.deepEqual(Object.keys(en), Object.keys(vi));
    for (const [key, text] of Object.entries(vi)) {
      assert.equal(text, text.normalize("NFC"));
      assert.deepEqual(en[key].match(/\{\w+\}/g), text.match(/\{\w+\}/g), key);
    }
  }
});

const tv = { id: "hytv", name: "Truyền hình", kind: "tv", logo: "/logo/hytv.svg", thumbnail: "/thumb/hytv/{msn}.jpg" };
const radio = { id: "hyfm", name: "Phát thanh", kind: "radio", logo: "/logo/hyfm.png", thumbnail: null };
const raster = { src: "/mark.png", sizes: "512x512", type: "image/png" };
const played = { station: "Đài", programme: "", song: "", replayed: "", atMs: null };

test("the lock screen names the song, else the programme, else the channel", () => {
  const named = (more) => {
    const { title, artist, album } = nameOf({ ...played, channel: radio, ...more }, raster);
    return [title, artist, album];
  };
  assert.deepEqual(named({}), ["Phát thanh", "Đài", "Đài"]);
  assert.deepEqual(named({ programme: "Thời sự" }), ["Thời sự", "Phát thanh", "Đài"]);
  assert.deepEqual(named({ programme: "Quà tặng", song: "Quê hương", replayed: "Phát lại" }), ["Quê hương", "Phát thanh", "Quà tặng · Phát lại"]);
});

test("its picture is the moment's, then the channel's, one of which it can draw", () => {
  assert.deepEqual(nameOf({ ...played, channel: tv, atMs: 3_840_000 }, raster).artwork, [
    { src: "/thumb/hytv/1000.jpg", sizes: "384x216", type: "image/jpeg" },
    { src: "/logo/hytv.svg", sizes: "any", type: "image/svg+xml" }, raster,
  ]);
  assert.deepEqual(nameOf({ ...played, channel: radio, atMs: 1 }, raster).artwork, [{ src: "/logo/hyfm.png", sizes: "512x512", type: "image/png" }]);
  assert.deepEqual(nameOf({ ...played, channel: { ...radio, logo: null } }, raster).artwork, [raster]);
});

test("a position is told only where the system takes it", () => {
  assert.deepEqual(positionOf({ startMs: 1000, endMs: 61_000, atMs: 31_000 }), { duration: 60, position: 30, playbackRate: 1 });
  assert.equal(positionOf({ startMs: 1000, endMs: 61_000, atMs: 99_000 }).position, 60);
  assert.equal(positionOf({ startMs: 1000, endMs: 61_000, atMs: 0 }).position, 0);
  for (const reach of [null, { startMs: 5, endMs: 5, atMs: 5 }, { startMs: 0, endMs: Number.NaN, atMs: 0 }, { startMs: 0, endMs: Infinity, atMs: 0 }]) {
    assert.equal(positionOf(reach), null);
  }
});

test("the next channel is one of the same kind, round and round", () => {
  const channels = [tv, radio, { ...radio, id: "hyfm2" }];
  assert.equal(neighbour(channels, radio, 1).id, "hyfm2");
  assert.equal(neighbour(channels, radio, -1).id, "hyfm2");
  assert.equal(neighbour(channels, tv, 1), null);
  assert.equal(neighbour([], tv, 1), null);
});

const begun = { kind: "programme", id: "p1", series: "", channel: "hytv", title: "Thời sự", isTv: true, startS: 1_000_000, lengthS: 1_000, atS: 500, leftS: 2_000_000 };

test("the newest place stands first, each thing once, and no more than twenty", () => {
  const older = { ...begun, id: "p2" };
  assert.deepEqual(withPlace([older, { ...begun, atS: 100 }], begun), [begun, older]);
  const many = Array.from({ length: 30 }, (_, index) => ({ ...begun, id: `p${index}` }));
  assert.equal(withPlace(many, { ...begun, id: "new" }).length, 20);
  assert.deepEqual(withPlace([begun], { ...begun, kind: "recording" }).map(({ kind }) => kind), ["recording", "programme"]);
  assert.equal(withPlace([], { ...begun, title: "x".repeat(10_000) })[0].title.length, 200);
  assert.deepEqual(withoutPlace([begun, older], begun), [older]);
});

test("what is nearly finished goes; a look into the beginning changes nothing", () => {
  assert.deepEqual(withPlace([begun], { ...begun, atS: 950 }), []);
  assert.deepEqual(withPlace([begun], { ...begun, atS: 949 })[0].atS, 949);
  assert.deepEqual(withPlace([begun], { ...begun, atS: 29 }), [begun]);
  assert.deepEqual(withPlace([], { ...begun, atS: 30 })[0].atS, 30);
});

test("what the archive no longer has, and what nobody came back to, is not offered", () => {
  const days = (channel) => (channel === "hytv" ? 2 : null);
  const endS = begun.startS + begun.lengthS;
  const offered = (place, nowS) => playable([place], days, nowS).length;
  assert.equal(offered({ ...begun, leftS: endS }, endS + 2 * 86_400 - 1), 1);
  assert.equal(offered({ ...begun, leftS: endS }, endS + 2 * 86_400), 0);
  assert.equal(offered({ ...begun, channel: "gone", leftS: endS }, endS), 0);
  const clip = { ...begun, kind: "recording", channel: "gone", leftS: endS };
  assert.equal(offered(clip, endS + 60 * 86_400), 1);
  assert.equal(offered(clip, endS + 60 * 86_400 + 1), 0);
});

test("whatever was kept, only places come of it", () => {
  assert.deepEqual(parsePlaces(JSON.stringify([begun])), [begun]);
  for (const text of [null, "", "{", "null", "5", "{}"]) assert.deepEqual(parsePlaces(text), []);
  const wrong = [null, 5, {}, { ...begun, id: "../x" }, { ...begun, id: "" }, { ...begun, kind: "live" }, { ...begun, atS: "5" },
    { ...begun, atS: null }, { ...begun, title: 5 }, { ...begun, lengthS: -1 }, { ...begun, atS: 2_000 }];
  assert.deepEqual(parsePlaces(JSON.stringify(wrong)), []);
});
