// Play a playlist (or a page of ours) in Chromium, as a viewer would, and print one JSON report.
//
//   node tests/judges/play_judge.mjs URL [--seconds 30] [--ll] [--page] [--screenshot FILE] [--until-eof]
//   node tests/judges/play_judge.mjs URL --starts 20 [--sample-after 30] [--parallel 2] [--ll]
//
// The first form plays for so many seconds after the first picture; with --until-eof no longer than
// until standard input ends.  "faults" in the report lists what a
// viewer or an engineer would complain about: errors told by hls.js, stalls, silence; the exit
// code is 1 where there is one.  --page opens URL itself, which is a page with a media element.
// The second form starts at random phases of a segment and measures, so many seconds after each start,
// the latency against the clock burnt into the picture (glass_s) and against
// EXT-X-PROGRAM-DATE-TIME (playlist_s).
// --config JSON adds settings of hls.js to those of our own player.
import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { hlsSettings } from "../../player_web/src/playing/hls_settings.ts";
import { startChromium } from "./chromium.mjs";
import { beside, folderOf } from "./packages.mjs";

const SEGMENT_MS = 3840;
const START_TIMEOUT_MS = 30_000;
const EXPLAINED_MS = 6000;

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: "string", default: "30" },
    ll: { type: "boolean", default: false },
    page: { type: "boolean", default: false },
    screenshot: { type: "string" },
    "until-eof": { type: "boolean", default: false },
    starts: { type: "string" },
    "sample-after": { type: "string", default: "30" },
    parallel: { type: "string", default: "2" },
    config: { type: "string", default: "{}" },
  },
});
const [url] = positionals;
if (!url) {
  console.error("usage: play_judge.mjs URL [--seconds N] [--ll] [--page] [--starts N]");
  process.exit(2);
}
const settings = {
  ...hlsSettings({ lowLatency: options.ll, bandwidthBps: null }),
  ...JSON.parse(options.config),
};

/** Serve the judge's page on loopback. */
async function startPageServer() {
  const files = new Map([
    ["/", [beside("play_page.html"), "text/html; charset=utf-8"]],
    ["/observe.js", [beside("observe.js"), "text/javascript; charset=utf-8"]],
    ["/hls.mjs", [join(folderOf("hls.js"), "dist/hls.mjs"), "text/javascript; charset=utf-8"]],
  ]);
  const server = createServer(async (request, response) => {
    const entry = files.get(request.url);
    if (!entry) return response.writeHead(request.url === "/favicon.ico" ? 204 : 404).end();
    response.writeHead(200, { "Content-Type": entry[1] }).end(await readFile(entry[0]));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}

/** Open a context of its own (own cache, own connections) and start to play in it. */
async function startPlaying(browser, pageUrl) {
  const context = await browser.newContext({ viewport: { width: 1366, height: 768 } });
  const page = await context.newPage();
  const told = { console: [], failed_requests: [], requests: 0 };
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) told.console.push(message.text());
  });
  page.on("pageerror", (error) => told.console.push(`uncaught: ${error.message}`));
  page.on("request", () => { told.requests += 1; });
  page.on("requestfailed", (request) => {
    const text = request.failure()?.errorText ?? "";
    // hls.js itself drops a request that it no longer needs.
    if (text !== "net::ERR_ABORTED") told.failed_requests.push(`${request.url()} ${text}`);
  });
  page.on("response", (response) => {
    if (response.status() >= 400) told.failed_requests.push(`${response.url()} ${response.status()}`);
  });
  const begun = Date.now();
  if (options.page) {
    await page.addInitScript({ path: beside("observe.js") });
    await page.goto(url);
    await page.waitForSelector("video, audio", { state: "attached", timeout: START_TIMEOUT_MS });
    await page.evaluate(() => {
      window.observed = window.judge.observe(document.querySelector("video, audio"));
    });
  } else {
    await page.goto(pageUrl);
    await page.waitForFunction("window.play");
    await page.evaluate(([address, config]) => window.play(address, config), [url, settings]);
  }
  return { page, context, told, begun };
}

/** Wait until something moves; false when nothing did in time, or hls.js gave up. */
async function untilMoving(page) {
  const state = () => {
    const media = document.querySelector("video, audio");
    if (media && !media.paused && media.currentTime > 0 && media.readyState >= 3) return "moving";
    return window.told?.errors.some((error) => error.fatal) ? "given up" : null;
  };
  try {
    const found = await page.waitForFunction(state, null, { timeout: START_TIMEOUT_MS, polling: 50 });
    return (await found.jsonValue()) === "moving";
  } catch {
    return false;
  }
}

/** Name everything that is wrong in a report. */
function faultsOf(report) {
  const faults = [];
  if (!report.started) faults.push("never started");
  for (const error of report.errors) {
    faults.push(`${error.fatal ? "fatal " : ""}${error.type} ${error.details} at ${error.at_ms} ms: ${error.reason}`);
  }
  for (const stall of report.stalls) faults.push(`stalled ${stall.ms} ms at ${stall.at_ms} ms`);
  if (report.media_error) faults.push(`media error ${report.media_error.code}: ${report.media_error.message}`);
  if (report.decoded_audio_bytes === 0) faults.push("no sound was decoded");
  faults.push(...report.failed_requests.map((text) => `request failed: ${text}`));
  return faults;
}

/** Put beside each stall what hls.js did from a little before it to a little after. */
async function explainStalls(page, stalls) {
  for (const stall of stalls) {
    stall.before = await page.evaluate(([from, to]) => (window.told?.trace ?? [])
      .filter((event) => event.at_ms >= from && event.at_ms <= to)
      .map((event) => `${event.at_ms} at ${event.position_s.toFixed(2)}+${event.ahead_s} x${event.rate}: ${event.name} ${event.what}`),
    [stall.at_ms - EXPLAINED_MS, stall.at_ms + stall.ms + EXPLAINED_MS / 4]);
  }
}

/** Resolve when standard input ends; never, where it does not matter. */
function endOfInput() {
  if (!options["until-eof"]) return new Promise(() => {});
  return new Promise((resolve) => process.stdin.on("end", resolve).on("error", resolve).resume());
}

async function judgeOnce(browser, pageUrl) {
  const ended = endOfInput();
  const { page, context, told, begun } = await startPlaying(browser, pageUrl);
  const moving = await untilMoving(page);
  if (moving) await Promise.race([sleep(Number(options.seconds) * 1000, null, { ref: false }), ended]);
  const seen = await page.evaluate(() => ({
    ...window.observed.finish(),
    errors: window.told?.errors ?? [],
    switches: window.told?.switches ?? [],
    levels: window.told?.levels ?? [],
    target_latency_s: window.judgedHls?.targetLatency ?? null,
  }));
  await explainStalls(page, seen.stalls);
  if (options.screenshot) await page.screenshot({ path: options.screenshot });
  await context.close();
  const report = {
    url, low_latency: options.ll, seconds: Number(options.seconds), begun_unix_ms: begun, ...seen, ...told,
  };
  return { ...report, faults: faultsOf(report) };
}

async function measureOneStart(browser, pageUrl) {
  await new Promise((resolve) => setTimeout(resolve, Math.random() * SEGMENT_MS));
  const { page, context, begun } = await startPlaying(browser, pageUrl);
  const moving = await untilMoving(page);
  if (moving) await page.waitForTimeout(Number(options["sample-after"]) * 1000);
  const latency = await page.evaluate(() => window.observed.latencyNow());
  const seen = await page.evaluate(() => {
    const { started, start_ms, stalls, errors } = { ...window.observed.finish(), errors: window.told?.errors ?? [] };
    return { started, start_ms, stalls: stalls.length, errors: errors.length };
  });
  await context.close();
  return { phase_ms: begun % SEGMENT_MS, ...seen, ...latency };
}

function quantiles(values) {
  const sorted = values.filter((value) => value !== null).sort((a, b) => a - b);
  const at = (q) => sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(q * sorted.length) - 1))] ?? null;
  return { count: sorted.length, p50: at(0.5), p95: at(0.95), max: at(1) };
}

async function judgeStarts(browser, pageUrl, count) {
  const starts = [];
  let left = count;
  const worker = async () => {
    while (left > 0) {
      left -= 1;
      starts.push(await measureOneStart(browser, pageUrl));
    }
  };
  await Promise.all(Array.from({ length: Math.min(count, Number(options.parallel)) }, worker));
  const faults = starts.filter((one) => !one.started).map((one) => `a start at phase ${one.phase_ms} ms failed`);
  return {
    url, low_latency: options.ll, sample_after_s: Number(options["sample-after"]), starts,
    glass_s: quantiles(starts.map((one) => one.glass_s)),
    playlist_s: quantiles(starts.map((one) => one.playlist_s)),
    start_ms: quantiles(starts.map((one) => one.start_ms)),
    faults,
  };
}

const server = await startPageServer();
const browser = await startChromium();
try {
  const pageUrl = `http://127.0.0.1:${server.address().port}/`;
  const report = options.starts
    ? await judgeStarts(browser, pageUrl, Number(options.starts))
    : await judgeOnce(browser, pageUrl);
  console.log(JSON.stringify(report));
  process.exitCode = report.faults.length > 0 ? 1 : 0;
} finally {
  await browser.close();
  server.close();
}
