// A visitor of the page: reads one JSON command a line, answers each with one JSON line.
//
// {"do": "open", "url": ..., "width": 1366, "height": 768, "scheme": "light", "scale": 1, "agent": ..., "touch": false,
//  "script": ..., "wait": "load", "workers": false}   a new visitor, nothing remembered; the script runs before the page's own;
//   "forced": colours by the system alone, "still": motion is unwanted;
//   "workers": the service worker is let in. It is not else: it would answer in place of "answer" and of the network
// {"do": "wait", "expression": ..., "seconds": 20}     until the expression is true in the page
// {"do": "see", "expression": ...}                     the expression's value; of both: "frame": 1 for the page's first frame
// {"do": "click", "selector": ..., "count": 1}  {"do": "tap", "selector": ...}  {"do": "key", "key": ...}  {"do": "type", "text": ...}  {"do": "shot", "path": "a.png"}
// {"do": "resize", "width": ..., "height": ...}  {"do": "reload"}  {"do": "back"}  {"do": "go", "url": ...}  {"do": "hover", "selector": ..., "share": 0.5}   at a share of its width
// {"do": "answer", "path": "/a*", "status": 200, "json": ..., "base64": ..., "type": ...}   instead of the server, until "open"
// {"do": "network", "offline": false, "latency_ms": 0, "down_kbps": null}   null: as fast as it goes
// {"do": "requests"}   the addresses that were asked for since "open", in order
// {"do": "axe", "selector": null}   what breaks WCAG 2.2 AA or a best practice: {"id", "impact", "where"} of each
// {"do": "complaints"}   console errors, violations of the policy, requests to strangers, since "open"
import { writeFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { startChromium } from "../judges/chromium.mjs";
import { load } from "../judges/packages.mjs";

const { default: AxeBuilder } = load("@axe-core/playwright");
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

const browser = await startChromium();
const ABSENT = /\/(api\/v1\/epg|api\/v1\/programmes|thumb|programmes)\//;
let page;
let throttle;
let complaints = [];
let requests = [];

async function open(wanted) {
  const { url, width = 1366, height = 768, scheme = "light", scale = 1, agent, touch = false, script, wait: until = "load", workers = false, forced = false, still = false } = wanted;
  await page?.context().close();
  complaints = [];
  requests = [];
  const home = new URL(url).origin;
  const context = await browser.newContext({
    viewport: { width, height }, colorScheme: scheme, deviceScaleFactor: scale, hasTouch: touch, isMobile: touch,
    serviceWorkers: workers ? "allow" : "block",
    forcedColors: forced ? "active" : "none", reducedMotion: still ? "reduce" : "no-preference",
    ...(agent ? { userAgent: agent } : {}),
  });
  if (script) await context.addInitScript({ content: script });
  page = await context.newPage();
  throttle = null;
  page.on("pageerror", (error) => complaints.push({ kind: "uncaught", text: error.message }));
  page.on("dialog", (dialog) => {
    complaints.push({ kind: "dialog", text: dialog.message() });
    return dialog.dismiss();
  });
  page.on("console", (message) => {
    const text = message.text();
    // That there is no guide of a day, no such programme, no such picture, is an answer.
    if (ABSENT.test(message.location().url)) return;
    // A source that was given up while the browser opened it, as by going back twice, is no fault either.
    if (message.location().url.startsWith("blob:")) return;
    if (/Content.Security.Policy/i.test(text)) complaints.push({ kind: "policy", text });
    else if (message.type() === "error") complaints.push({ kind: "console", text });
  });
  page.on("request", (request) => {
    requests.push(request.url());
    const { protocol, origin } = new URL(request.url());
    if (protocol !== "blob:" && origin !== home) complaints.push({ kind: "stranger", text: request.url() });
  });
  await page.goto(url, { waitUntil: until });
}

/** The network from now on: gone, or as slow as Chromium's own throttle makes it. */
async function network({ offline = false, latency_ms = 0, down_kbps = null, up_kbps = down_kbps }) {
  const bytes = (kbps) => (kbps === null ? -1 : (kbps * 1000) / 8);
  // One session a page: what one has cut off, another cannot give back.
  if (!throttle) {
    throttle = await page.context().newCDPSession(page);
    await throttle.send("Network.enable");
  }
  await throttle.send("Network.emulateNetworkConditions", {
    offline, latency: latency_ms, downloadThroughput: bytes(down_kbps), uploadThroughput: bytes(up_kbps),
  });
  return true;
}

async function axe({ selector = null }) {
  const judge = new AxeBuilder({ page }).withTags(RULES);
  const { violations } = await (selector ? judge.include(selector) : judge).analyze();
  return violations.map(({ id, impact, nodes }) => ({ id, impact, where: nodes.map((node) => node.target.join(" ")) }));
}

/** Answer some paths instead of the server. */
async function answer({ path, status = 200, json, base64, type = "application/json" }) {
  const body = base64 === undefined ? JSON.stringify(json ?? null) : Buffer.from(base64, "base64");
  await page.context().route(`**${path}`, (route) => route.fulfill({ status, body, contentType: type }));
}

/** Take a picture of the window, as WebP where the name says so. */
async function shot({ path, quality = 80 }) {
  if (!path.endsWith(".webp")) return page.screenshot({ path }).then(() => path);
  const session = await page.context().newCDPSession(page);
  const { data } = await session.send("Page.captureScreenshot", { format: "webp", quality });
  await session.detach();
  await writeFile(path, Buffer.from(data, "base64"));
  return path;
}

async function hover({ selector, share }) {
  const { width, height } = await page.locator(selector).boundingBox();
  await page.hover(selector, { position: { x: width * share, y: height / 2 } });
}

/** Ask again and again: waitForFunction would need eval, which the page's policy forbids. */
async function wait({ expression, seconds = 20, frame = 0 }) {
  const end = Date.now() + seconds * 1000;
  // The page may go elsewhere by itself meanwhile.
  const isTrue = () => page.frames()[frame]?.evaluate(expression).catch((error) => {
    if (!/context was destroyed/i.test(error.message)) throw error;
  });
  while (!(await isTrue())) {
    if (Date.now() > end) throw new Error(`not within ${seconds} s: ${expression}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return true;
}

const commands = {
  open,
  wait,
  see: ({ expression, frame = 0 }) => page.frames()[frame].evaluate(expression),
  click: ({ selector, count = 1 }) => page.click(selector, { timeout: 5000, clickCount: count }),
  tap: ({ selector }) => page.tap(selector, { timeout: 5000 }),
  key: ({ key }) => page.keyboard.press(key),
  shot,
  type: ({ text }) => page.keyboard.type(text).then(() => true),
  resize: ({ width, height }) => page.setViewportSize({ width, height }).then(() => true),
  go: ({ url }) => page.goto(url).then(() => true),
  network,
  axe,
  requests: () => requests,
  reload: () => page.reload().then(() => true),
  back: () => page.goBack().then(() => true),
  hover,
  answer,
  complaints: () => complaints,
};

try {
  for await (const line of createInterface({ input: process.stdin })) {
    const command = JSON.parse(line);
    try {
      console.log(JSON.stringify({ value: (await commands[command.do](command)) ?? null }));
    } catch (error) {
      const seen = await page?.evaluate("document.body.innerText").catch(() => "");
      console.log(JSON.stringify({ error: `${command.do}: ${error.message}`, seen }));
    }
  }
} finally {
  await browser.close();
}
