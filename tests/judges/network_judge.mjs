// Watch a page while its network changes; one JSON report for each stage on standard output.
//
//   node tests/judges/network_judge.mjs '{"url", "stages": [{"name", "network", "seconds"}, ...]}'
//
// `network` is a name of network.mjs, or "offline".  The clock of the first stage starts with the first
// movement.  A report: {"name", "moved_s": how much media time passed, "wall_s", "halts": how often it stood for
// more than 0.4 s, "longest_halt_s", "moving_after_s": from the stage's beginning to the first movement,
// "sound_only", "words": what the page says at its end, "height": lines of the picture}.
import { startChromium } from "./chromium.mjs";
import { NETWORKS, conditions } from "./network.mjs";

const STEP_MS = 50;
const HALT_MS = 400;
const START_WITHIN_MS = 90_000;

/** Return what the page shows now. */
const LOOK = `(() => {
  const media = document.querySelector("video, audio");
  return media === null ? null : {
    at: media.currentTime, height: media.videoHeight ?? 0,
    sound_only: document.querySelector(".stage")?.classList.contains("sound-only") ?? false,
  };
})()`;

const later = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const seconds = (ms) => Math.round(ms) / 1000;

/** Watch for some time; the media time of another source begins anew, which is no movement. */
async function watch(page, lengthMs, from) {
  const began = performance.now();
  const seen = { moved: 0, halts: 0, longest: 0, movingAfter: null };
  let { at } = from;
  let movedAt = began;
  let look = from;
  while (performance.now() - began < lengthMs) {
    await later(STEP_MS);
    look = (await page.evaluate(LOOK)) ?? look;
    const now = performance.now();
    const step = look.at - at;
    at = look.at;
    if (step > 0 && step < 2) {
      seen.moved += step;
      seen.movingAfter ??= now - began;
      if (now - movedAt > HALT_MS) seen.halts += 1;
      seen.longest = Math.max(seen.longest, now - movedAt);
      movedAt = now;
    }
  }
  const end = performance.now();
  if (end - movedAt > HALT_MS) seen.halts += 1;
  seen.longest = Math.max(seen.longest, end - movedAt);
  return { seen, look, wallMs: end - began };
}

const { url, stages } = JSON.parse(process.argv[2]);
const browser = await startChromium();
try {
  const context = await browser.newContext({ viewport: { width: 1366, height: 768 }, serviceWorkers: "block" });
  const page = await context.newPage();
  const session = await context.newCDPSession(page);
  await session.send("Network.enable");
  const put = (name) => session.send(
    "Network.emulateNetworkConditions", conditions(name === "offline" ? { offline: true } : NETWORKS[name]),
  );
  await put(stages[0].network);
  await page.goto(url, { waitUntil: "commit" });
  const end = performance.now() + START_WITHIN_MS;
  let look = null;
  while ((look?.at ?? 0) === 0) {
    if (performance.now() > end) throw new Error("nothing played");
    await later(STEP_MS);
    look = await page.evaluate(LOOK);
  }
  for (const { name, network, seconds: length } of stages) {
    await put(network);
    const { seen, look: last, wallMs } = await watch(page, length * 1000, look);
    look = last;
    const words = await page.evaluate(
      "[...document.querySelectorAll('.overlay, .note, .offer')].map((one) => one.innerText.trim()).filter(Boolean).join(' | ')",
    );
    console.log(JSON.stringify({
      name, moved_s: Math.round(seen.moved * 100) / 100, wall_s: seconds(wallMs), halts: seen.halts,
      longest_halt_s: seconds(seen.longest), moving_after_s: seen.movingAfter === null ? null : seconds(seen.movingAfter),
      sound_only: look.sound_only, height: look.height, words,
    }));
  }
} finally {
  await browser.close();
}
