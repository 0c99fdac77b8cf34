// What keys mean, when a sleep timer ends, how captions look, what an hour costs.
import assert from "node:assert/strict";
import { test } from "node:test";
import { captionRule, readCaptionStyle, writeCaptionStyle } from "../../player_web/src/controls/caption_style.ts";
import { megabytesAnHour, saverQuality, smallestRate } from "../../player_web/src/playing/data_rate.ts";
import { mayHide } from "../../player_web/src/controls/idle_decision.ts";
import { actionOf, typeNumber } from "../../player_web/src/controls/shortcuts.ts";
import { setSleep, stepSleep } from "../../player_web/src/controls/sleep_decision.ts";
import { ticksIn } from "../../player_web/src/controls/ticks.ts";

const press = (key, more = {}) => ({ key, shift: false, modified: false, repeated: false, ...more });

test("a key means the same on the page and on a button, but for what is the button's own", () => {
  const table = [
    [" ", "page", "toggle"], [" ", "button", undefined], ["k", "button", "toggle"], ["K", "page", "toggle"],
    ["m", "page", "mute"], ["f", "slider", "fullscreen"], ["c", "page", "captions"], ["i", "page", "pip"],
    ["l", "page", "live"], ["t", "page", "sleep"], ["?", "page", "help"], ["x", "page", undefined],
    ["ArrowLeft", "page", "skip"], ["ArrowLeft", "slider", undefined], ["ArrowLeft", "list", undefined],
    ["ArrowUp", "player", "volume"], ["ArrowUp", "page", undefined], ["ArrowUp", "button", undefined], ["ArrowUp", "playerButton", "volume"],
    ["7", "page", "digit"], ["k", "field", undefined], ["7", "field", undefined], ["Enter", "page", undefined],
  ];
  for (const [key, where, meaning] of table) {
    assert.equal(actionOf(press(key), where)?.do, meaning, `${key} ${where}`);
    assert.equal(actionOf(press(key, { modified: true }), where), null);
  }
  assert.deepEqual(actionOf(press("ArrowLeft"), "page"), { do: "skip", seconds: -30 });
  assert.deepEqual(actionOf(press("j"), "page"), { do: "skip", seconds: -10 });
  assert.deepEqual(actionOf(press("ArrowDown"), "player"), { do: "volume", percent: -5 });
  assert.deepEqual(actionOf(press("S", { shift: true }), "page"), { do: "statistics" });
  assert.equal(actionOf(press("s"), "page").do, "share");
  assert.equal(actionOf(press("M", { shift: true }), "page"), null);
  assert.deepEqual(actionOf(press("?", { shift: true }), "page"), { do: "help" });
});

test("a key that is held goes on only where that makes sense, and letters can be switched off", () => {
  assert.equal(actionOf(press("k", { repeated: true }), "page"), null);
  assert.equal(actionOf(press("ArrowRight", { repeated: true }), "page").do, "skip");
  assert.deepEqual(["k", "?", "5", "S"].map((key) => actionOf(press(key), "page", false)), [null, null, null, null]);
  assert.equal(actionOf(press(" "), "page", false).do, "toggle");
});

test("a channel's number is whole when no longer one can be meant", () => {
  const numbers = [1, 2, 10, 12];
  assert.deepEqual(typeNumber("", "2", numbers), { typed: "2", isWhole: true });
  assert.deepEqual(typeNumber("", "1", numbers), { typed: "1", isWhole: false });
  assert.deepEqual(typeNumber("1", "0", numbers), { typed: "10", isWhole: true });
  assert.equal(typeNumber("1", "7", numbers), null);
  assert.equal(typeNumber("", "0", numbers), null);
});

test("the sound fades over the last ten seconds of a sleep timer", () => {
  const timer = setSleep("15", 1_000, null, null);
  assert.deepEqual(timer, { choice: "15", endMs: 901_000, programme: null });
  const at = (nowMs) => {
    const { remainingMs, loudness, isOver } = stepSleep(timer, nowMs, null);
    return [remainingMs, loudness, isOver];
  };
  assert.deepEqual(at(1_000), [900_000, 1, false]);
  assert.deepEqual(at(891_000), [10_000, 1, false]);
  assert.deepEqual(at(896_000), [5_000, 0.5, false]);
  assert.deepEqual(at(901_000), [0, 0, true]);
  assert.deepEqual(at(999_000), [0, 0, true]);
});

test("the end of a programme is met by what plays, not by the clock", () => {
  const programme = { startMs: 0, stopMs: 600_000 };
  assert.equal(setSleep("programme", 120_000, null, 100_000), null);
  const timer = setSleep("programme", 120_000, programme, 100_000);
  assert.equal(timer.endMs, 620_000); // 20 s behind the studio
  const paused = stepSleep(timer, 180_000, 100_000);
  assert.equal(paused.remainingMs, 500_000);
  const elsewhere = stepSleep(paused.timer, 190_000, null); // the page of another channel: by the clock
  assert.equal(elsewhere.remainingMs, 490_000);
  assert.equal(stepSleep(timer, 620_000, 600_000).isOver, true);
});

test("captions keep what was chosen, and know only what is offered", () => {
  const style = readCaptionStyle("150 yellow black outline");
  assert.deepEqual(style, { size: "150", colour: "yellow", background: "black", edge: "outline" });
  assert.equal(writeCaptionStyle(style), "150 yellow black outline");
  const plain = { size: "100", colour: "white", background: "half", edge: "none" };
  for (const kept of [null, "", "9000 red;}x{ url(//a) <b>"]) assert.deepEqual(readCaptionStyle(kept), plain);
  assert.equal(
    captionRule(readCaptionStyle("200 yellow white shadow")),
    "video::cue { color: #ffeb3b; background-color: #ffffff; font-size: 200%; text-shadow: 2px 2px 3px #000000; }",
  );
});

test("an hour of a bit rate is told to two figures", () => {
  assert.deepEqual([1_200_000, 96_000, 6_123_000, 0].map(megabytesAnHour), [540, 43, 2800, 0]);
});

test("the data saver takes small pictures, or the smallest there is", () => {
  const rungs = (...heights) => heights.map((height, index) => ({ index, height, bitrateBps: 1000 + height }));
  assert.equal(saverQuality(rungs(360, 234, 720)), 1);
  assert.equal(saverQuality(rungs(1080, 720, 480)), 2);
  assert.equal(saverQuality(rungs(360)), null);
  const sound = [{ index: 0, height: 0, bitrateBps: 128 }, { index: 1, height: 0, bitrateBps: 32 }];
  assert.equal(saverQuality(sound), 1);
});

test("the smallest variant's average is read from a multivariant playlist", () => {
  const text = "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=150000,AVERAGE-BANDWIDTH=130000\na\n#EXT-X-STREAM-INF:BANDWIDTH=70000\nb\n";
  assert.equal(smallestRate(text), 70_000);
  assert.equal(smallestRate(text.split("\n").slice(0, 3).join("\n")), 130_000);
  assert.equal(smallestRate("#EXTM3U\n"), null);
});

test("programmes that begin within the bar have a tick there", () => {
  const item = (startS, title) => ({ id: title, title, startS, stopS: startS + 100 });
  const items = [item(0, "a"), item(100, "b"), item(150, "c"), item(200, "d"), item(300, "e")];
  assert.deepEqual(ticksIn(items, 100_000, 300_000), [{ share: 0.25, title: "c" }, { share: 0.5, title: "d" }]);
});

test("controls hide in full screen alone, and from nobody who uses them", () => {
  const scene = { isFullscreen: true, isPlaying: true, hasFocus: false, isMenuOpen: false, idleMs: 3_000 };
  assert.equal(mayHide(scene), true);
  for (const other of [{ isFullscreen: false }, { isPlaying: false }, { hasFocus: true }, { isMenuOpen: true }, { idleMs: 2_999 }]) {
    assert.equal(mayHide({ ...scene, ...other }), false);
  }
});
