// node --test tests/player_web : what the service worker answers, and what the build tells it to keep.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { filesOfPage, offlinePage } from "../../player_web/scripts/worker.mjs";
import { mayOffer } from "../../player_web/src/app/install_decision.ts";
import { cachesToDrop, wayOf } from "../../player_web/src/worker/ways.ts";

const from = (path) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
const goTo = (path) => wayOf({ method: "GET", isNavigation: true, isOwn: true, path });
const load = (path, more = {}) => wayOf({ method: "GET", isNavigation: false, isOwn: true, path, ...more });

test("every address of the app is answered by the page that is kept, and no other page's is", () => {
  const rows = [...from("origin/pages.py").matchAll(/^ {4}Page\("([^"]+)"(?:, file="([^"]+)")?/gm)];
  assert.ok(rows.length > 15);
  const sample = { channel: "hytv", programme: "p-2026-1900", clip: "a-1", series: "nha-nong", day: "2026-11-24" };
  const ways = { undefined: "shell", "tv.html": "asked", "embed.html": "untouched" };
  for (const [, address, file] of rows) {
    const path = address.replace(/\{(\w+)\}/g, (_, name) => sample[name]);
    assert.equal(goTo(path), ways[file], path);
  }
  for (const path of ["/index.html", "/xem", "/xem/hytv/a/b", "/tvs", "/guide.xml", "/clips/a.mp4", "/radio/hyfm.aac"]) {
    assert.equal(goTo(path), "untouched", path);
  }
});

test("media, lists and reports go by as if there were no worker", () => {
  for (const path of [
    "/live/hytv/index.m3u8", "/ll/hytv/index.m3u8", "/dvr/hytv/index.m3u8", "/catchup/hytv/1-2/index.m3u8", "/media/hytv/360p/1.m4s",
    "/programmes/a/index.m3u8", "/sound/hyfm/index.m3u8", "/radio/hyfm.aac", "/thumb/hytv/1.jpg", "/api/v1/channels.json", "/qoe",
    "/oembed", "/manifest.webmanifest", "/sw.js", "/index.html", "/vendor/hls.mjs", "/",
  ]) assert.equal(load(path), "untouched", path);
  assert.equal(load("/assets/index-DTzAwNdz.js"), "kept");
  assert.equal(load("/assets/index-DTzAwNdz.js", { isOwn: false }), "untouched");
  assert.equal(load("/assets/index-DTzAwNdz.js", { method: "POST" }), "untouched");
  assert.equal(wayOf({ method: "POST", isNavigation: true, isOwn: true, path: "/" }), "untouched");
});

test("this build's files stay, and those of the complete build before it", () => {
  const found = ["lensong-1", "others", "lensong-2", "lensong-3", "lensong-4"].map((name) => (
    { name, isComplete: name !== "lensong-3" }
  ));
  assert.deepEqual(cachesToDrop(found, "lensong-4"), ["lensong-1", "lensong-3"]);
  assert.deepEqual(cachesToDrop(found, "lensong-1"), ["lensong-2", "lensong-3"]); // an older release is back
  assert.deepEqual(cachesToDrop(found.slice(0, 2), "lensong-1"), []);
});

test("kept is what the page imports at once or later, and what it names, but no other page's files", () => {
  const manifest = {
    "index.html": { file: "assets/index.js", css: ["assets/index.css"], imports: ["_shared.js"], dynamicImports: ["src/dialog.ts"] },
    "_shared.js": { file: "assets/shared.js", assets: ["assets/icon.svg"], imports: ["index.html"] },
    "src/dialog.ts": { file: "assets/dialog.js", dynamicImports: ["node_modules/hls.js/dist/hls.mjs"] },
    "node_modules/hls.js/dist/hls.mjs": { file: "assets/hls.js" },
    "embed.html": { file: "assets/embed.js", imports: ["_shared.js"] },
  };
  const html = '<script src="/assets/early-1.js"></script><link href="/assets/index.css"><a href="https://lensong/x">';
  assert.deepEqual(filesOfPage(manifest, html), [
    "dialog.js", "early-1.js", "hls.js", "icon.svg", "index.css", "index.js", "shared.js",
  ].map((name) => `/assets/${name}`));
});

test("the page for no network needs nothing else, and its policy lets nothing else in", () => {
  const { html, policy } = offlinePage(from("player_web/src/worker/offline.html"));
  for (const tag of ["style", "script"]) {
    const text = html.split(`<${tag}>`)[1].split(`</${tag}>`)[0];
    assert.ok(policy.includes(`${tag}-src 'sha256-${createHash("sha256").update(text).digest("base64")}'`));
  }
  assert.ok(!policy.includes("unsafe"));
  assert.ok(!/src=|href=|url\(/.test(html));
  assert.ok(html.indexOf("Không có mạng") < html.indexOf("No network"));
});

test("who said no to installing is not asked for half a year", () => {
  const day = 86_400_000;
  assert.equal(mayOffer(null, 1_000 * day), true);
  assert.equal(mayOffer(String(1_000 * day), 1_000 * day), false);
  assert.equal(mayOffer(String(1_000 * day), 1_179 * day), false);
  assert.equal(mayOffer(String(1_000 * day), 1_181 * day), true);
  for (const kept of ["", "x", String(2_000 * day)]) assert.equal(mayOffer(kept, 1_000 * day), true, kept);
});
