// node --test tests/player_web : what the engines decide by.
import assert from "node:assert/strict";
import { test } from "node:test";
import { elementFault, isHopeless, networkFault, retryAfterS } from "../../player_web/src/playing/faults.ts";
import { persistent } from "../../player_web/src/playing/hls_retries.ts";
import { hlsSettings } from "../../player_web/src/playing/hls_settings.ts";
import { timeOf, unixMsOf } from "../../player_web/src/playing/media_clock.ts";
import { datedFragments, firstVariant, soundQualities, startOffsetS } from "../../player_web/src/playing/playlist_clock.ts";

const LIST = `#EXTM3U
#EXT-X-START:TIME-OFFSET=2.360,PRECISE=YES
#EXT-X-MAP:URI="a.mp4"
#EXT-X-PROGRAM-DATE-TIME:2026-11-23T10:00:00.000Z
#EXTINF:3.84000,
1.m4s
#EXT-X-GAP
#EXTINF:3.84000,
2.m4s
#EXT-X-PROGRAM-DATE-TIME:2026-11-23T10:00:07.680Z
#EXTINF:3.84000,
3.m4s
#EXT-X-ENDLIST
`;
const BEGAN = Date.parse("2026-11-23T10:00:00Z");

test("a playlist's dates tell the wall clock of media time, over a hole too", () => {
  const fragments = datedFragments(LIST);
  assert.deepEqual(fragments.map((one) => one.gap), [false, true, false]);
  assert.equal(unixMsOf(1.5, fragments), BEGAN + 1_500);
  assert.ok(Math.abs(unixMsOf(8, fragments) - (BEGAN + 8_000)) < 1);
  assert.ok(Math.abs(timeOf(BEGAN + 5_000, fragments) - 7.685) < 0.001);
  assert.equal(startOffsetS(LIST), 2.36);
  assert.equal(startOffsetS("#EXTM3U\n"), null);
});

test("a multivariant playlist leads to its first variant", () => {
  assert.equal(firstVariant("#EXTM3U\r\n#EXT-X-STREAM-INF:BANDWIDTH=1\r\n360p/index.m3u8\r\n"), "360p/index.m3u8");
  assert.equal(firstVariant(LIST), null);
});

test("a radio's playlist says which qualities there are, from the smallest on", () => {
  const list = ["#EXTM3U", '#EXT-X-STREAM-INF:BANDWIDTH=170400,AVERAGE-BANDWIDTH=132000,CODECS="mp4a.40.2"', "a128/index.m3u8",
    '#EXT-X-STREAM-INF:BANDWIDTH=45600,CODECS="mp4a.40.2"', "a32/index.m3u8", ""].join("\n");
  assert.deepEqual(soundQualities(list), [
    { index: 0, height: 0, bitrateBps: 45_600, averageBps: 45_600, rendition: "a32" },
    { index: 1, height: 0, bitrateBps: 170_400, averageBps: 132_000, rendition: "a128" },
  ]);
  assert.deepEqual(soundQualities(LIST), []);
});

test("what the element says becomes a fault, or a question to the server", () => {
  assert.equal(elementFault(1, true, true), null);
  assert.equal(elementFault(2, true, true), "LS-N1");
  assert.equal(elementFault(3, true, true), "LS-D1");
  assert.equal(elementFault(4, false, true), "ask");
  assert.equal(elementFault(4, false, false), "LS-O1");
});

test("each answer of the server has its fault, live and in the past", () => {
  const [live, past] = [false, true].map((isArchive) => (status) => networkFault(status, "", true, isArchive));
  assert.deepEqual([403, 404, 410, 429, 451, 503].map(live), ["LS-P1", "LS-C1", "LS-C1", "LS-N3", "LS-P1", "LS-C1"]);
  assert.deepEqual([403, 404, 410, 429, 451, 503].map(past), ["LS-P2", "LS-G3", "LS-G3", "LS-N3", "LS-P2", "LS-C1"]);
  assert.deepEqual([null, "7", "99999", "Wed, 21 Oct 2026 07:28:00 GMT"].map(retryAfterS), [null, 7, 120, null]);
  assert.equal(isHopeless("manifestIncompatibleCodecsError"), true);
  assert.equal(isHopeless("bufferStalledError"), false);
});

test("what nobody answered is asked for again, soon in low latency; what was refused is not", () => {
  for (const lowLatency of [false, true]) {
    const plain = hlsSettings({ lowLatency, bandwidthBps: null });
    // Judges in other processes are given them: values, no functions.
    assert.doesNotThrow(() => structuredClone(plain));
    const { fragLoadPolicy, playlistLoadPolicy } = persistent(plain);
    for (const { errorRetry } of [fragLoadPolicy.default, playlistLoadPolicy.default]) {
      const again = (count, code) => errorRetry.shouldRetry(errorRetry, count, false, { code }, false);
      assert.deepEqual([again(0, 0), again(errorRetry.maxNumRetry, 0), again(0, 404)], [true, false, false]);
      assert.equal(errorRetry.maxRetryDelayMs, lowLatency ? 1_000 : 4_000);
    }
  }
});
