// node --test tests/player_web : the page's pure modules, as they stand (Node strips the types).
import assert from "node:assert/strict";
import { test } from "node:test";
import { networkFault, retryPauseS } from "../../player_web/src/playing/faults.ts";
import { hlsSettings } from "../../player_web/src/playing/hls_settings.ts";
import { en } from "../../player_web/src/messages/en.ts";
import { vi } from "../../player_web/src/messages/vi.ts";
import { addressOf, parseRoute } from "../../player_web/src/app/router.ts";

test("both languages have the same texts with the same gaps, in NFC", () => {
  assert.deepEqual(Object.keys(en).sort(), Object.keys(vi).sort());
  for (const [key, text] of Object.entries(vi)) {
    assert.equal(text, text.normalize("NFC"), key);
    assert.deepEqual(en[key].match(/\{\w+\}/g)?.sort(), text.match(/\{\w+\}/g)?.sort(), key);
  }
});

test("a failed request becomes the viewer's fault code", () => {
  assert.equal(networkFault(404, "levelLoadError", true), "LS-C1");
  assert.equal(networkFault(503, "manifestLoadError", true), "LS-C1");
  assert.equal(networkFault(403, "fragLoadError", true), "LS-P1");
  assert.equal(networkFault(0, "fragLoadError", true), "LS-N1");
  assert.equal(networkFault(0, "playlistUnchangedError", true), "LS-C1");
  assert.equal(networkFault(404, "levelLoadError", false), "LS-O1");
});

test("pauses grow from 5 to 30 seconds, spread by a fifth", () => {
  assert.deepEqual([0, 1, 2, 3, 9].map((attempt) => retryPauseS(attempt, 0.5)), [5, 10, 20, 30, 30]);
  assert.deepEqual([retryPauseS(3, 0), retryPauseS(3, 1)], [24, 36]);
});

test("the server alone says how far from the edge to play", () => {
  for (const lowLatency of [true, false]) {
    const settings = hlsSettings({ lowLatency, bandwidthBps: 500_000 });
    assert.ok(!("liveSyncDuration" in settings) && !("liveSyncDurationCount" in settings));
    assert.equal(settings.lowLatencyMode, lowLatency);
    assert.equal(settings.startLevel, 0);
  }
  assert.ok(!("startLevel" in hlsSettings({ lowLatency: false, bandwidthBps: null })));
});

test("addresses lead to channels, programmes and moments, and back", () => {
  const zone = "Asia/Ho_Chi_Minh";
  const at = (path, query = "") => Object.values(parseRoute(path, query, zone));
  const moment = Date.parse("2026-11-22T05:30:00Z");
  assert.deepEqual(at("/xem/hytv"), ["hytv", null, null]);
  assert.deepEqual(at("/nghe/hyfm/"), ["hyfm", null, null]);
  assert.deepEqual(at("/xem/hytv/p-1"), ["hytv", "p-1", null]);
  assert.deepEqual(at("/xem/hytv", "?t=2026-11-22T12:30"), ["hytv", null, moment]);
  assert.deepEqual(at("/xem/hytv/p-1", "?t=nonsense"), ["hytv", "p-1", null]);
  for (const path of ["/", "/xem/a/b/c", "/xem/", "/xem/%E0%A4", "/xem/<b>"]) assert.deepEqual(at(path), [null, null, null]);
  const [tv, radio] = [{ id: "hytv", kind: "tv" }, { id: "hyfm", kind: "radio" }];
  assert.equal(addressOf(radio, zone), "/nghe/hyfm");
  assert.equal(addressOf(tv, zone, { programme: "p-1" }), "/xem/hytv/p-1");
  assert.equal(addressOf(tv, zone, { momentMs: moment }), "/xem/hytv?t=2026-11-22T12:30:00");
});
