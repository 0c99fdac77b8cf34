// Check, bundle and compress the page into dist/; does nothing when dist/ is newer than the sources.
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { build } from "vite";
import { excesses, weigh } from "./budget.mjs";
import { putEarly } from "./early.mjs";
import { putWorker } from "./worker.mjs";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const DIST = join(ROOT, "dist");
const SOURCES = ["src", "public", "scripts", "index.html", "embed.html", "tv.html", "vite.config.ts", "vite.embed.config.ts", "vite.tv.config.ts", "tsconfig.json", "tsconfig.worker.json", "package-lock.json"];

const filesOf = (path) =>
  statSync(path).isDirectory() ? readdirSync(path).flatMap((name) => filesOf(join(path, name))) : [path];
const newest = (paths) => Math.max(...paths.map((path) => statSync(path).mtimeMs));

const done = join(DIST, "index.html.br"); // written last
if (existsSync(done) && newest([done]) > newest(SOURCES.flatMap((name) => filesOf(join(ROOT, name))))) {
  console.log("player_web/dist is up to date");
  process.exit(0);
}

for (const project of ["tsconfig.json", "tsconfig.worker.json"]) {
  const checked = spawnSync(process.execPath, [join(ROOT, "node_modules/typescript/bin/tsc"), "--noEmit", "--project", project], {
    cwd: ROOT, stdio: "inherit",
  });
  if (checked.status !== 0) process.exit(checked.status ?? 1);
}

rmSync(DIST, { recursive: true, force: true });
await build({ root: ROOT, logLevel: "warn" });
const early = await putEarly(ROOT, DIST);
const kept = await putWorker(ROOT, DIST); // last of the page: it lists all files
const page = new Set(filesOf(DIST).map((file) => relative(DIST, file)));
const manifest = JSON.parse(readFileSync(join(DIST, ".vite/manifest.json"), "utf8"));
rmSync(join(DIST, ".vite"), { recursive: true });
await build({ root: ROOT, logLevel: "warn", configFile: join(ROOT, "vite.embed.config.ts") });
const ofOthers = filesOf(DIST).map((file) => relative(DIST, file)).filter((name) => !page.has(name));
await build({ root: ROOT, logLevel: "warn", configFile: join(ROOT, "vite.tv.config.ts") });

const sizes = {};
const files = filesOf(DIST);
// The demo's page loads the player by itself; viewers never ask for this file.
mkdirSync(join(DIST, "vendor"));
copyFileSync(join(ROOT, "node_modules/hls.js/dist/hls.min.mjs"), join(DIST, "vendor/hls.mjs"));
for (const file of [...files.filter((name) => !name.endsWith(".html")), join(DIST, "index.html")]) {
  const bytes = readFileSync(file);
  writeFileSync(`${file}.gz`, gzipSync(bytes, { level: 9 }));
  const small = brotliCompressSync(bytes, {
    params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length },
  });
  writeFileSync(`${file}.br`, small);
  sizes[relative(DIST, file)] = small.length;
}
const ofPage = Object.fromEntries(Object.entries(sizes).filter(([name]) => page.has(name)));
const ofTv = Object.entries(sizes).filter(([name]) => !page.has(name) && !ofOthers.includes(name) && !/tv-(hls|texts)/.test(name));
const weights = { ...weigh(manifest, ofPage, "index.html", [early]), tv: ofTv.reduce((sum, [, bytes]) => sum + bytes, 0) };
const kB = (bytes) => `${(bytes / 1000).toFixed(1)} kB`;
console.log(`player_web/dist: ${files.length} files; in Brotli: shell ${kB(weights.shell)}, to play ${kB(weights.play)}, the TV view without hls.js and texts ${kB(weights.tv)}`);
console.log(`service worker: ${kB(sizes["sw.js"])}, keeps ${kept.length + 1} files of ${kB(kept.reduce((sum, path) => sum + sizes[path.slice(1)], 0))}`);
console.log(`loaded when wanted: ${weights.later.map(([name, bytes]) => `${name.replace("assets/", "")} ${kB(bytes)}`).join(", ")}`);
const over = excesses(weights);
if (over.length > 0) {
  console.error(over.join("\n"));
  rmSync(`${join(DIST, "index.html")}.br`); // the next call builds again, and says so again
  process.exit(1);
}
