// The decisions of the script that begins to load before the page's own code is there.
import assert from "node:assert/strict";
import test from "node:test";
import { NOTHING_KNOWN, firstMedia, firstVariant, soundOf, variantsOf } from "../../player_web/src/early/first_media.ts";

const MASTER = `#EXTM3U
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="sound",NAME="Tiếng Việt, chuẩn",DEFAULT=YES,URI="a96/index.m3u8"
#EXT-X-STREAM-INF:BANDWIDTH=925000,AVERAGE-BANDWIDTH=672000,CODECS="avc1.64001e,mp4a.40.2",RESOLUTION=640x360,AUDIO="sound"
360p/index.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=300000,AVERAGE-BANDWIDTH=220000,CODECS="avc1.64000d,mp4a.40.2",RESOLUTION=416x234,AUDIO="sound"
234p/index.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=3953000,CODECS="avc1.64001f,mp4a.40.2",RESOLUTION=1280x720,AUDIO="sound"
720p/index.m3u8
#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=28000,URI="234p/iframes.m3u8"
`;

test("variants are read in their order, with the average rate where it is told", () => {
  assert.deepEqual(variantsOf(MASTER), [
    { uri: "360p/index.m3u8", averageBps: 672_000, height: 360 },
    { uri: "234p/index.m3u8", averageBps: 220_000, height: 234 },
    { uri: "720p/index.m3u8", averageBps: 3_953_000, height: 720 },
  ]);
  assert.equal(soundOf(MASTER), "a96/index.m3u8");
  assert.equal(soundOf("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=38000\na32/index.m3u8\n"), null);
});

test("it begins with the viewer's choice, else with what the way is known to carry, else with the smallest", () => {
  const first = (outlook) => firstVariant(variantsOf(MASTER), { ...NOTHING_KNOWN, ...outlook })?.height;
  assert.equal(first({}), 234);
  assert.equal(first({ isNear: true }), 360);
  assert.equal(first({ isNear: true, bandwidthBps: 1_000_000 }), 234);
  assert.equal(first({ bandwidthBps: 4 * 672_000 }), 360);
  assert.equal(first({ height: 720 }), 720);
  assert.equal(first({ height: 1080 }), 234);
  assert.equal(firstVariant([], NOTHING_KNOWN), null);
});

const playlist = (count, { head = "#EXT-X-SERVER-CONTROL:HOLD-BACK=15.36,CAN-BLOCK-RELOAD=YES", more = {} } = {}) => [
  "#EXTM3U", "#EXT-X-TARGETDURATION:4", head, "#EXT-X-MEDIA-SEQUENCE:1", '#EXT-X-MAP:URI="/media/init.mp4"',
  ...Array.from({ length: count }, (_, index) => [
    ...(more[index] ?? []), "#EXT-X-PROGRAM-DATE-TIME:2026-11-24T00:00:00.000Z", "#EXTINF:3.84,", `/media/${index}.m4s`,
  ]).flat(), "",
].join("\n");

test("the first segment is the one that begins HOLD-BACK before the end, as hls.js reckons it", () => {
  assert.deepEqual(firstMedia(playlist(10)), ["/media/init.mp4", "/media/6.m4s"]);
  assert.deepEqual(firstMedia(playlist(4)), ["/media/init.mp4", "/media/0.m4s"]);
  assert.deepEqual(firstMedia(playlist(10), 2), ["/media/init.mp4", "/media/6.m4s", "/media/7.m4s"]);
  // Three target durations where nothing is said: 12 s back lies within the seventh of ten.
  assert.deepEqual(firstMedia(playlist(10, { head: "#EXT-X-VERSION:9" })), ["/media/init.mp4", "/media/6.m4s"]);
});

test("a playlist that is too short, over, or has holes is left to the player", () => {
  assert.deepEqual(firstMedia(playlist(3)), []);
  assert.deepEqual(firstMedia(`${playlist(10)}#EXT-X-ENDLIST\n`), []);
  assert.deepEqual(firstMedia(playlist(10, { more: { 8: ["#EXT-X-GAP"] } })), []);
  assert.deepEqual(firstMedia(playlist(10).replace(/#EXT-X-MAP.*\n/, "")), []);
  assert.deepEqual(firstMedia("not a playlist"), []);
});
