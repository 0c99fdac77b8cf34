// Bundle the service worker (src/worker) with the list of the files that it keeps.
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const digestOf = (data) => `sha256-${createHash("sha256").update(data).digest("base64")}`;

/** Return the files of a page of the build, with all that it may import later, as paths of the site. */
export function filesOfPage(manifest, html, page = "index.html") {
  const files = new Set();
  const seen = new Set();
  const visit = (key) => {
    const chunk = manifest[key];
    if (!chunk || seen.has(key)) return;
    seen.add(key);
    if (key !== page || chunk.file.endsWith(".js")) files.add(`/${chunk.file}`);
    for (const file of [...(chunk.css ?? []), ...(chunk.assets ?? [])]) files.add(`/${file}`);
    for (const more of [...(chunk.imports ?? []), ...(chunk.dynamicImports ?? [])]) visit(more);
  };
  visit(page);
  // What the page itself names is its own as well: its icon, a script of a build apart.
  for (const [path] of html.matchAll(/\/assets\/[\w.-]+/g)) files.add(path);
  return [...files].sort();
}

/** The page for no network stands in the worker itself, since storage may be gone as well; its policy names its parts. */
export function offlinePage(source) {
  const html = source.trim();
  const parts = (tag) => [...html.matchAll(new RegExp(`<${tag}>([^]*?)</${tag}>`, "g"))].map(([, text]) => `'${digestOf(text)}'`).join(" ");
  const policy = `default-src 'none'; connect-src 'self'; style-src ${parts("style")}; script-src ${parts("script")}; `
    + "base-uri 'none'; form-action 'none'; frame-ancestors 'self'";
  return { html, policy };
}

async function bundle(root, name) {
  const { build } = await import("vite"); // what is tested needs none
  const [made] = await build({
    root, configFile: false, logLevel: "warn",
    build: {
      write: false, target: "es2020", minify: true,
      lib: { entry: join(root, `src/worker/${name}.ts`), formats: ["iife"], name: "worker", fileName: name },
    },
  });
  return made.output[0].code;
}

/** Write `sw.js` and `sw-farewell.js` into `dist`, whose page is finished. */
export async function putWorker(root, dist) {
  const manifest = JSON.parse(readFileSync(join(dist, ".vite/manifest.json"), "utf8"));
  const shell = readFileSync(join(dist, "index.html"));
  const files = filesOfPage(manifest, shell.toString());
  for (const path of files) if (!existsSync(join(dist, path))) throw new Error(`${path} was not built`);
  const { html, policy } = offlinePage(readFileSync(join(root, "src/worker/offline.html"), "utf8"));
  const digest = digestOf(shell);
  const name = createHash("sha256").update(files.join("\n") + digest).digest("hex").slice(0, 12);
  const BUILD = JSON.stringify({ name, files, digest, offline: html, policy });
  writeFileSync(join(dist, "sw.js"), `const BUILD=${BUILD};${await bundle(root, "sw")}`);
  writeFileSync(join(dist, "sw-farewell.js"), await bundle(root, "farewell"));
  return files;
}
