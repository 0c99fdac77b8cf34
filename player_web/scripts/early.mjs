// Bundle the script that begins to load (src/early) and put it first into the page.
import { createHash } from "node:crypto";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "vite";

/** Write the script into `dist` and name it, and hls.js's chunk, in its index.html; returns the script's name. */
export async function putEarly(root, dist) {
  const [made] = await build({
    root, configFile: false, logLevel: "warn",
    build: {
      write: false, target: "es2020", minify: true,
      lib: { entry: join(root, "src/early/early.ts"), formats: ["iife"], name: "lensong", fileName: "early" },
    },
  });
  const [{ code }] = made.output;
  const name = `assets/early-${createHash("sha256").update(code).digest("base64url").slice(0, 10).replaceAll("-", "_")}.js`;
  writeFileSync(join(dist, name), code);
  const hls = readdirSync(join(dist, "assets")).find((file) => /^hls-.*\.js$/.test(file));
  if (!hls) throw new Error("hls.js is no chunk of its own any more");
  const page = join(dist, "index.html");
  const html = readFileSync(page, "utf8");
  // Before the styles: a script waits for those that stand above it.
  const tags = `<meta name="lensong-hls" content="/assets/${hls}">\n    <script src="/${name}"></script>`;
  const done = html.replace(/(<meta charset="utf-8">)/, `$1\n    ${tags}`);
  if (done === html) throw new Error("index.html names no charset, behind which the first script would stand");
  writeFileSync(page, done);
  return name;
}
