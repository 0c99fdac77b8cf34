// Measure the time from navigation to the first picture or sound; one JSON line for each on standard input.
//
//   node tests/judges/start_judge.mjs < visits.ndjson
//
// A line: {"url", "network" (a name of network.mjs), "repeat": false, "pause_s": 0, "bare": false, "trace": false}.  Each is a new
// visitor with an empty cache.  With "repeat" the second visit is measured, when the page says that it is
// kept for the next one, and after so many seconds more.  With "bare" the url is a playlist, for hls.js with its own settings on an empty page.
//
// The answer: {"first_ms": first frame presented, for sound the first progress of a playing element,
// "moving_ms": when the media's time was seen to pass, "kilobytes": what came over the network until then,
// "requests", and with "trace" what was asked for and when}; "fault" in place of the times where nothing played.
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { brotliCompressSync } from "node:zlib";
import { NETWORKS, startThrottled, throttle } from "./network.mjs";
import { folderOf } from "./packages.mjs";

const PATIENCE_MS = 60_000;
const KEPT_WITHIN_MS = 120_000;

/** Runs in the page before its own scripts: notes when media show and move, attached to it or not. */
function observe() {
  const seen = { first: null, moving: null };
  window.startSeen = seen;
  const known = new Set();
  const watch = (media) => {
    if (known.has(media)) return;
    known.add(media);
    const isPicture = media instanceof HTMLVideoElement;
    if (isPicture) media.requestVideoFrameCallback(() => { seen.first ??= performance.now(); });
    const origin = { at: null };
    const tick = () => {
      if (seen.moving !== null) return;
      if (!media.paused && media.readyState >= 2) {
        origin.at ??= media.currentTime;
        if (media.currentTime > origin.at && media.currentTime - origin.at < 1) {
          seen.moving = performance.now();
          if (!isPicture || media.videoWidth === 0) seen.first ??= seen.moving;
        } else if (media.currentTime !== origin.at) origin.at = media.currentTime; // it was sought
      }
      setTimeout(tick, 5);
    };
    tick();
  };
  const { play } = HTMLMediaElement.prototype;
  HTMLMediaElement.prototype.play = function playSeen() {
    watch(this);
    return play.call(this);
  };
}

const BARE = `<!doctype html><meta charset="utf-8"><title>hls.js</title><link rel="icon" href="data:,"><video id="media" playsinline></video>
<script type="module">
import Hls from "/hls.mjs";
const media = document.getElementById("media");
const hls = new Hls();
hls.on(Hls.Events.MANIFEST_PARSED, () => media.play());
hls.loadSource(new URLSearchParams(location.search).get("playlist"));
hls.attachMedia(media);
</script>`;

/** Serve the page of the comparison as well as ours is served: packed with Brotli. */
async function serveBare() {
  const code = brotliCompressSync(await readFile(join(folderOf("hls.js"), "dist/hls.min.mjs")));
  const server = createServer((request, response) => {
    if (request.url.startsWith("/hls.mjs")) {
      response.writeHead(200, { "Content-Type": "text/javascript", "Content-Encoding": "br", "Content-Length": code.length });
      return response.end(code);
    }
    return response.writeHead(200, { "Content-Type": "text/html; charset=utf-8" }).end(BARE);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}

const later = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Ask again and again: waitForFunction would need eval, which our page's policy forbids. */
async function until(page, expression, withinMs) {
  const end = Date.now() + withinMs;
  while (Date.now() < end) {
    if (await page.evaluate(expression)) return true;
    await later(25);
  }
  return false;
}

const { browser, throttleWorkers } = await startThrottled();
const bare = await serveBare();

async function visit(context, url, network) {
  const page = await context.newPage();
  await page.addInitScript(observe);
  const faults = [];
  page.on("pageerror", (error) => faults.push(error.message));
  await throttle(page, network);
  await page.goto(url, { waitUntil: "commit", timeout: PATIENCE_MS });
  const played = await until(page, "window.startSeen.first !== null && window.startSeen.moving !== null", PATIENCE_MS);
  return { page, played, faults };
}

async function measure({ url, network: name, repeat = false, pause_s = 0, bare: isBare = false, trace = false }) {
  const network = NETWORKS[name];
  const address = isBare ? `http://127.0.0.1:${bare.address().port}/?playlist=${encodeURIComponent(url)}` : url;
  const context = await browser.newContext({ viewport: { width: 1366, height: 768 } });
  try {
    await throttleWorkers(network);
    let seen = await visit(context, address, network);
    if (repeat) {
      const kept = await until(seen.page, "document.documentElement.dataset.kept === 'yes'", KEPT_WITHIN_MS);
      await seen.page.close();
      await later(pause_s * 1000);
      if (!kept) return { fault: "the page was not kept for the next visit" };
      seen = await visit(context, address, network);
    }
    if (!seen.played) {
      const words = await seen.page.evaluate("document.body.innerText.slice(0, 300)");
      return { fault: `nothing played; the page says: ${words} ${seen.faults.join("; ")}` };
    }
    const { first, moving, resources } = await seen.page.evaluate(() => ({
      ...window.startSeen,
      resources: [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")].map((one) => ({
        path: new URL(one.name).pathname, from_ms: Math.round(one.startTime), to_ms: Math.round(one.responseEnd),
        bytes: one.transferSize, kept: one.workerStart > 0,
      })),
    }));
    const early = resources.filter((one) => one.from_ms <= first);
    return {
      first_ms: Math.round(first), moving_ms: Math.round(moving), requests: early.length,
      kilobytes: Math.round(early.reduce((sum, one) => sum + one.bytes, 0) / 1000),
      ...(trace ? { trace: resources } : {}),
    };
  } finally {
    await context.close();
  }
}

try {
  for await (const line of createInterface({ input: process.stdin })) {
    if (line.trim() === "") continue;
    const wanted = JSON.parse(line);
    let answer;
    try {
      answer = await measure(wanted);
    } catch (error) {
      answer = { fault: error.message };
    }
    console.log(JSON.stringify({ ...wanted, ...answer }));
  }
} finally {
  await browser.close();
  bare.close();
}
