// The page's reports of quality: states of a viewing, their form on the wire, and patience with the server.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { test } from "node:test";
import { encodeBody, encodeReport } from "../../player_web/src/qoe/encode.ts";
import { Sender } from "../../player_web/src/qoe/sender.ts";
import { Session } from "../../player_web/src/qoe/session.ts";
import { mayReport } from "../../player_web/src/qoe/watch.ts";

const { validateCmcdEventReport } = await import(
  createRequire(new URL("../../player_web/package.json", import.meta.url)).resolve("@svta/cml-cmcd")
);

const LIVE = { url: "/live/hytv/index.m3u8", lowLatency: false, isArchive: false, startMs: null };
const DVR = { url: "/dvr/hytv/index.m3u8", lowLatency: false, isArchive: true, startMs: 1 };
const QUALITIES = {
  all: [{ index: 0, height: 234, bitrateBps: 300_000, averageBps: 245_400, rendition: "234p" }, { index: 1, height: 360, bitrateBps: 1_200_000, averageBps: 1_000_000, rendition: "360p" }],
  chosen: -1, playing: 1,
};
const situation = (kind, more = {}) => ({ kind: "situation", situation: { kind, ...more } });
const opened = (source, again = false) => ({ kind: "opened", source, again, engine: "hls" });

function begin(figures = () => ({})) {
  return new Session({ id: "5f0c", channel: "hytv", wishedAtMs: 100, originMs: 1_795_387_733_000 }, figures);
}

/** Return what a viewing reports: [e, sta, and more that is named]. */
function told(reports, ...more) {
  return reports.map((one) => [one.e, one.sta, ...more.map((key) => one[key])]);
}

test("a viewing goes from the wish through the start to its end", () => {
  const session = begin();
  assert.deepEqual(told(session.take(opened(LIVE), 300), "ts"), [["ps", "s", 1_795_387_733_100]]);
  assert.deepEqual(session.take(situation("connecting", { again: false }), 300), []);
  assert.deepEqual(told(session.take({ kind: "qualities", qualities: QUALITIES }, 500), "lensong-rendition"), [["bc", "s", "360p"]]);
  assert.deepEqual(session.take({ kind: "qualities", qualities: QUALITIES }, 600), []);
  assert.deepEqual(told(session.take(situation("playing"), 912), "msd", "bs"), [["ps", "p", 812, undefined]]);
  assert.deepEqual(told(session.tick(30_000), "sn", "msd"), [["t", "p", 4, undefined]]);
  assert.deepEqual(told(session.take(situation("paused"), 31_000)), [["ps", "a"]]);
  assert.deepEqual(told(session.take(situation("playing"), 32_000), "msd"), [["ps", "p", undefined]]);
  assert.deepEqual(told(session.take(opened(DVR), 33_000), "lensong-kind"), [["ps", "k", "dvr"]]);
  assert.deepEqual(told(session.take(situation("playing"), 34_000), "st"), [["ps", "p", "l"]]);
  assert.deepEqual(told(session.end(40_000)), [["ps", "q"]]);
  assert.ok(session.isOver);
  assert.deepEqual([...session.end(40_001), ...session.tick(60_000), ...session.take(situation("playing"), 1)], []);
});

test("radio's stream without playlists is no HLS, and what a playlist played before is not its bit rate", () => {
  const session = begin();
  const radio = { ...LIVE, url: "/live/hyfm/index.m3u8", progressive: "/radio/hyfm.aac" };
  const by = (engine) => ({ ...opened(radio), engine });
  assert.deepEqual(told(session.take(by("hls"), 300), "sf", "lensong-kind"), [["ps", "s", "h", "live"]]);
  session.take({ kind: "qualities", qualities: QUALITIES }, 500);
  assert.deepEqual(told(session.take(situation("playing"), 900), "br"), [["ps", "p", [1_000]]]);
  assert.deepEqual(told(session.take(by("progressive"), 9_000), "sf", "br", "lensong-rendition"), [["ps", "k", "o", undefined, undefined]]);
  assert.deepEqual(told(session.take(situation("playing"), 9_900), "sf", "br", "bl"), [["ps", "p", "o", undefined, undefined]]);
});

test("a stall is told with its length, and one that becomes a fault goes on until it plays", () => {
  const session = begin();
  session.take(opened(LIVE), 300);
  session.take(situation("playing"), 900);
  assert.deepEqual(told(session.take({ kind: "stallBegan" }, 5_400)), [["ps", "r"]]);
  assert.deepEqual(session.take(situation("buffering"), 5_400), []);
  session.take({ kind: "stallEnded", lastedMs: 2_000 }, 7_000);
  assert.deepEqual(told(session.take(situation("playing"), 7_000), "bs", "bsd"), [["ps", "p", true, [2_000]]]);

  session.take({ kind: "stallBegan" }, 10_400);
  session.take({ kind: "stallEnded", lastedMs: 6_400 }, 16_400);
  assert.deepEqual(told(session.take(situation("fault", { code: "LS-N1", retryInS: 5 }), 16_400), "ec"), [["e", "r", ["LS-N1"]]]);
  assert.deepEqual(session.take(situation("fault", { code: "LS-N1", retryInS: 4 }), 17_400), []);
  assert.deepEqual(session.take(opened(LIVE, true), 21_400), []);
  assert.deepEqual(session.take(situation("connecting", { again: true }), 21_400), []);
  assert.deepEqual(told(session.take(situation("playing"), 22_000), "bsd"), [["ps", "p", [12_000]]]);
  // Where somebody jumped to, loading is no stall.
  assert.deepEqual(told(session.take(situation("buffering"), 30_000), "bs"), [["ps", "k", undefined]]);
});

test("who leaves in a fault has failed, and so has what no time mends", () => {
  const left = begin();
  left.take(opened(LIVE), 300);
  assert.deepEqual(told(left.take(situation("fault", { code: "LS-N2", retryInS: 5 }), 20_300), "ec"), [["e", "s", ["LS-N2"]]]);
  assert.deepEqual(told(left.end(22_000)), [["ps", "f"]]);
  const lasting = begin();
  lasting.take(opened(DVR), 300);
  assert.deepEqual(told(lasting.take(situation("fault", { code: "LS-G3", retryInS: null }), 900)), [["e", "s"], ["ps", "f"]]);
  const unopened = begin();
  assert.deepEqual(told(unopened.take(situation("fault", { code: "LS-G1", retryInS: null }), 900), "ec"), [["e", undefined, ["LS-G1"]]]);
  assert.deepEqual(unopened.end(1_000), []);
});

test("where the browser waits for a press, the start begins with it", () => {
  const session = begin();
  session.take(opened(LIVE), 300);
  assert.deepEqual(session.press(400), []);
  assert.deepEqual(told(session.take(situation("blocked"), 900)), [["ps", "a"]]);
  assert.deepEqual(told(session.press(61_000)), [["ps", "s"]]);
  assert.deepEqual(told(session.take(situation("playing"), 61_300), "msd"), [["ps", "p", 300]]);
  assert.deepEqual(session.press(70_000), []);
});

test("what is sent is CMCD version 2 to the validator of others", () => {
  const figures = () => ({ bufferMs: 12_230, latencyMs: 14_210.7, bandwidthBps: 28_812_345, framesDropped: 3 });
  const session = begin(figures);
  const reports = [
    opened(LIVE), { kind: "qualities", qualities: QUALITIES }, situation("playing"), { kind: "stallBegan" },
    situation("fault", { code: "LS-N1", retryInS: 5 }), situation("playing"), opened(DVR), situation("paused"),
  ].flatMap((event, index) => session.take(event, 300.5 + index * 700.3));
  reports.push(...session.tick(30_000), ...session.end(40_000));
  const body = encodeBody(reports);
  const judged = validateCmcdEventReport({ url: "/qoe", method: "POST", headers: { "Content-Type": "application/cmcd" }, body });
  assert.deepEqual(judged.issues, []);
  assert.ok(judged.valid);
  assert.equal(judged.data.length, reports.length);
  assert.equal(body.split("\n").at(-2), 'bl=(12200),br=(1000),cid="hytv",dfa=3,e=t,lensong-kind=dvr,lensong-rendition="360p",ltc=14211,'
    + 'mtp=(28800),sf=h,sid="5f0c",sn=9,st=l,sta=a,ts=1795387763000,v=2');
});

test("nothing but printable ASCII and finite numbers is written", () => {
  assert.equal(encodeReport({ cid: 'đài "a\\b"\n', ts: NaN, bl: [Infinity], e: "t", bs: true, dfa: undefined }), 'bs,cid="ài \\"a\\\\b\\""'.replace("ài", "i") + ",e=t");
});

/** A server whose answers are given, and a clock that is set. */
function ways(...answers) {
  const world = { now: 0, bodies: [], beacons: [] };
  return Object.assign(world, {
    nowMs: () => world.now,
    chance: () => 0.5,
    beacon: (_, body) => { world.beacons.push(body); return true; },
    fetch: async (_, { body }) => {
      world.bodies.push(body);
      const answer = answers.shift() ?? 204;
      if (answer === "lost") throw new TypeError("Failed to fetch");
      const [status, after] = [answer].flat();
      return new Response(null, { status, headers: after ? { "Retry-After": after } : {} });
    },
  });
}
const report = (sn) => ({ e: "t", sn });

test("what was not taken is sent again, later and later", async () => {
  const world = ways("lost", 503, [429, "120"], 204);
  const sender = new Sender("/qoe", world);
  sender.add([report(1)]);
  await sender.flush();
  await sender.flush(); // too early
  assert.equal(world.bodies.length, 1);
  for (const [now, sent] of [[29_999, 1], [30_000, 2], [89_999, 2], [90_000, 3], [209_999, 3], [210_000, 4]]) {
    world.now = now;
    await sender.flush();
    assert.equal(world.bodies.length, sent, `${now} ms`);
  }
  assert.ok(world.bodies.every((body) => body === "e=t,sn=1"));
  assert.equal(sender.waiting, 0);
});

test("when the network is back, only what the server put off must wait", async () => {
  const world = ways("lost", [429, "60"]);
  const sender = new Sender("/qoe", world);
  sender.add([report(1)]);
  await sender.flush();
  await sender.comeBack();
  assert.equal(world.bodies.length, 2);
  await sender.comeBack();
  assert.equal(world.bodies.length, 2);
});

test("410 ends it, and a refusal is not argued with", async () => {
  const world = ways(413, 410);
  const sender = new Sender("/qoe", world);
  for (const sn of [1, 2, 3]) {
    sender.add([report(sn)]);
    await sender.flush();
  }
  sender.leave();
  assert.deepEqual(world.bodies, ["e=t,sn=1", "e=t,sn=2"]);
  assert.deepEqual(world.beacons, []);
  assert.ok(sender.isStopped);
});

test("what waits is bounded, goes in batches, and by beacon when the page goes", async () => {
  const world = ways("lost");
  const sender = new Sender("/qoe", world);
  sender.add(Array.from({ length: 1_000 }, (_, sn) => report(sn)));
  assert.equal(sender.waiting, 128);
  await sender.flush();
  world.now = 60_000;
  await sender.flush();
  assert.deepEqual(world.bodies.map((body) => body.split("\n").length), [32, 32, 32, 32, 32]);
  sender.add([report(1), report(2)]);
  sender.leave();
  assert.equal(await world.beacons[0].text(), "e=t,sn=1\ne=t,sn=2");
  assert.equal(world.beacons[0].type, "application/cmcd");
});

test("who does not want to be counted is not", () => {
  assert.ok(mayReport({ doNotTrack: null }));
  assert.ok(mayReport({ doNotTrack: "0", globalPrivacyControl: false }));
  assert.ok(!mayReport({ doNotTrack: "1" }));
  assert.ok(!mayReport({ doNotTrack: null, globalPrivacyControl: true }));
});
