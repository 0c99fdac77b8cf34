// When a network carries no picture any more, and when it does again.
import assert from "node:assert/strict";
import test from "node:test";
import { WeakNetwork } from "../../player_web/src/playing/weak_network.ts";

const SMALLEST = 220_000;

/** A stretch of play; each second is {kbps, bufferS}. Returns the second of the first wish, or null. */
function play(network, seconds, { from = 0, see = "seePicture", arrived = { bytes: 0 } } = {}) {
  for (const [index, { kbps, bufferS }] of seconds.entries()) {
    arrived.bytes += (kbps * 1000) / 8;
    const wish = network[see]({
      atMs: (from + index) * 1000, arrivedBytes: arrived.bytes, bufferS, fragmentBps: kbps * 1000, smallestBps: SMALLEST,
    });
    if (wish) return { wish, second: from + index };
  }
  return null;
}
const many = (count, kbps, bufferS) => Array.from({ length: count }, () => ({ kbps, bufferS }));

test("80 kbit/s do not carry the picture, and that is seen before the sound stops", () => {
  const draining = Array.from({ length: 30 }, (_, index) => ({ kbps: 80, bufferS: Math.max(0, 16 - index) }));
  assert.deepEqual(play(new WeakNetwork(), draining), { wish: "sound", second: 9 });
});

test("a network that carries it, even with nothing ahead, keeps it", () => {
  assert.equal(play(new WeakNetwork(), many(60, 400, 0)), null);
  assert.equal(play(new WeakNetwork(), many(60, 80, 12)), null);
});

test("a tunnel is no weak network: nothing at all came", () => {
  const tunnel = [...many(10, 500, 12), ...many(20, 0, 0), ...many(20, 500, 3)];
  assert.equal(play(new WeakNetwork(), tunnel), null);
});

test("one slow second after the tunnel does not decide", () => {
  assert.equal(play(new WeakNetwork(), [...many(3, 60, 2), ...many(20, 0, 0), ...many(3, 60, 0), ...many(20, 500, 3)]), null);
});

test("the picture comes back after twenty seconds of twice its rate, and not in gusts", () => {
  const network = new WeakNetwork();
  assert.equal(play(network, many(20, 80, 2)).wish, "sound");
  network.restart();
  const gusts = Array.from({ length: 90 }, (_, index) => ({ kbps: index % 15 === 0 ? 200 : 2000, bufferS: 20 }));
  assert.equal(play(network, gusts, { from: 100, see: "seeSound" }), null);
  assert.equal(play(network, many(90, 300, 20), { from: 200, see: "seeSound" }), null);
  assert.deepEqual(play(network, many(60, 500, 20), { from: 300, see: "seeSound" }), { wish: "picture", second: 320 });
});

test("a picture that came back too early comes back later the next time", () => {
  const network = new WeakNetwork();
  let second = 0;
  const waits = [];
  for (let round = 0; round < 3; round += 1) {
    second = play(network, many(30, 80, 2), { from: second }).second;
    network.restart();
    const back = play(network, many(400, 2000, 20), { from: second, see: "seeSound" }).second;
    waits.push(back - second);
    network.restart();
    second = back;
  }
  assert.deepEqual(waits, [20, 40, 80]);
});
