import assert from "node:assert/strict";
import { test } from "node:test";
import { BUDGETS, excesses, weigh } from "../../player_web/scripts/budget.mjs";

const MANIFEST = {
  "index.html": { file: "assets/index.js", css: ["assets/index.css"], imports: ["_shared.js"], dynamicImports: ["src/dialog.ts"] },
  "_shared.js": { file: "assets/shared.js", css: ["assets/shared.css"], imports: ["index.html"] },
  "src/dialog.ts": { file: "assets/dialog.js" },
  "node_modules/hls.js/dist/hls.mjs": { file: "assets/hls.js" },
};
const SIZES = {
  "index.html": 1, "assets/index.js": 10, "assets/index.css": 100, "assets/shared.js": 1_000, "assets/shared.css": 10_000,
  "assets/dialog.js": 7_000_000, "assets/hls.js": 150_000,
};

test("the shell is what the page imports at once, hls.js comes on top, the rest is told", () => {
  assert.deepEqual(weigh(MANIFEST, SIZES), { shell: 11_111, play: 161_111, later: [["assets/dialog.js", 7_000_000]] });
  assert.deepEqual(excesses(weigh(MANIFEST, SIZES)), []);
});

test("a byte over a budget is told", () => {
  const heavy = { ...SIZES, "assets/shared.js": 1_000 + BUDGETS.shell - 11_111 };
  assert.deepEqual(excesses(weigh(MANIFEST, heavy)), []);
  heavy["assets/shared.js"] += 1;
  assert.deepEqual(excesses(weigh(MANIFEST, heavy)), ["shell: 45001 bytes in Brotli, 1 over the budget of 45000"]);
  heavy["assets/hls.js"] = 155_000;
  assert.equal(excesses(weigh(MANIFEST, heavy)).length, 2);
});

test("a build without hls.js, or without a file of its own, is no build", () => {
  assert.throws(() => weigh({ "index.html": MANIFEST["index.html"] }, SIZES), /hls.js is not in the build/);
  assert.throws(() => weigh(MANIFEST, { ...SIZES, "assets/shared.css": undefined }), /shared.css was not built/);
});
