// What the build made of the TV view runs in Chrome 63: its syntax, and the interfaces that it asks for.
import assert from "node:assert/strict";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";

const WEB = fileURLToPath(new URL("../../player_web/", import.meta.url));
const isBuilt = existsSync(`${WEB}dist/tv.html`) && existsSync(`${WEB}node_modules/rolldown`);
const names = isBuilt ? readFileSync(`${WEB}dist/tv.html`, "utf8").match(/assets\/[\w-]+\.(?:js|css)/g) : [];
const read = (name) => readFileSync(`${WEB}dist/${name}`, "utf8");

/** Node types that Chrome 63 does not parse, with the first version that does. */
const SYNTAX = {
  ChainExpression: 80, PropertyDefinition: 72, PrivateIdentifier: 74, StaticBlock: 94, MetaProperty: "64, import.meta",
  AccessorProperty: "none", Decorator: "none",
};
/** A method or name, the first Chrome that has it, and what stands in: null forbids it. */
const INTERFACES = [
  ["at", 92, "polyfills"], ["replaceChildren", 86, "polyfills"], ["timeout", 103, "polyfills"],
  ["replaceAll", 85], ["fromEntries", 73], ["structuredClone", 98], ["flat", 69], ["flatMap", 69], ["matchAll", 73],
  ["allSettled", 76], ["any", 85], ["findLast", 97], ["findLastIndex", 97], ["hasOwn", 93], ["toSorted", 110], ["toReversed", 110],
  ["trimEnd", 66], ["trimStart", 66], ["toggleAttribute", 69], ["queueMicrotask", 71], ["globalThis", 71], ["withResolvers", 119],
  ["inert", 102], ["showModal", 37], ["requestSubmit", 76], ["getOrInsert", 145], ["supportedValuesOf", 99], ["formatRange", 76],
  ["throwIfAborted", 100], ["scrollIntoViewIfNeeded", 0], ["groupBy", 117], ["RelativeTimeFormat", 71], ["hourCycle", 73],
];

function newSyntax(node, found = new Set()) {
  if (Array.isArray(node)) for (const one of node) newSyntax(one, found);
  else if (node && typeof node === "object") {
    if (node.type in SYNTAX) found.add(`${node.type} (Chrome ${SYNTAX[node.type]})`);
    if (node.type === "CatchClause" && !node.param) found.add("catch without a name (Chrome 66)");
    if (node.type === "LogicalExpression" && node.operator === "??") found.add("?? (Chrome 80)");
    if (node.type === "AssignmentExpression" && /^(\?\?|\|\||&&)=$/.test(node.operator)) found.add("??= (Chrome 85)");
    if (node.type === "Literal" && node.bigint) found.add("bigint (Chrome 67)");
    if (node.type === "Literal" && typeof node.raw === "string" && /^\d[\d]*_/.test(node.raw)) found.add("1_000 (Chrome 75)");
    if (node.type === "ExportAllDeclaration" && node.exported) found.add("export * as (Chrome 72)");
    if (node.type === "Literal" && node.regex && (/\(\?<[A-Za-z]|\\p\{/.test(node.regex.pattern) || /[dv]/.test(node.regex.flags))) {
      found.add(`/${node.regex.pattern}/ (Chrome 64)`);
    }
    for (const [key, value] of Object.entries(node)) if (key !== "parent") newSyntax(value, found);
  }
  return found;
}

test("the syntax is that of Chrome 63", { skip: !isBuilt && "not built" }, async () => {
  const { parseAst } = await import(pathToFileURL(createRequire(`${WEB}package.json`).resolve("rolldown/parseAst")).href);
  // The judge itself sees what is new.
  assert.equal(newSyntax(parseAst("class A { #a = 1_0; b() { try { this.#a ??= a?.b ?? /\\p{L}/u } catch {} } }")).size >= 6, true);
  const scripts = names.filter((name) => name.endsWith(".js"));
  assert.ok(scripts.some((name) => name.includes("tv-hls")) && scripts.length >= 3);
  for (const name of scripts) assert.deepEqual([...newSyntax(parseAst(read(name)))], [], name);
});

test("no interface is newer than Chrome 63 but those that are brought along", { skip: !isBuilt && "not built" }, () => {
  const own = names.filter((name) => /\/tv-(?!hls|texts)[\w-]+\.js$/.test(name));
  assert.equal(own.length, 1);
  const code = read(own[0]);
  const polyfills = readFileSync(`${WEB}src/tv/polyfills.ts`, "utf8");
  for (const [name, since, standIn] of INTERFACES) {
    const isUsed = new RegExp(`\\.${name}\\(|\\.${name}=|\\b${name}\\(|${name === "hourCycle" ? "hourCycle" : "\\b\\B"}`).test(code);
    if (isUsed && !standIn) assert.fail(`${name} needs Chrome ${since}`);
    if (standIn) assert.match(polyfills, new RegExp(`"${name}"|${name}:`), name);
  }
  // Ignored by Chrome below 90, so that nothing would ever be let go.
  assert.doesNotMatch(code, /addEventListener\([^)]*signal/);
  // hls.js asks whether these are there before it uses them.
  const hls = read(names.find((name) => name.includes("tv-hls") && name.endsWith(".js")));
  assert.doesNotMatch(hls, /\.replaceAll\(|fromEntries|structuredClone|\.flatMap\(|\.matchAll\(|allSettled|queueMicrotask|\.at\(/);
});

test("the styles are those of Chrome 63", { skip: !isBuilt && "not built" }, () => {
  const styles = read(names.find((name) => name.endsWith(".css")));
  for (const tooNew of [/[;{]gap:/, /[;{]inset:/, /aspect-ratio:\s*\d[^)]*[;}]/, /:(is|where|has|focus-visible)\b/, /\b(min|max|clamp)\(/, /backdrop-filter/,
    /(margin|padding|inset|border)-(inline|block)/, /rgb\(\d+ /, /overflow-wrap:\s*anywhere/, /\b[sdl]v[hw]\b/]) {
    assert.doesNotMatch(styles, tooNew);
  }
  // Text of at least 24 pixels: 0.24rem.
  const sizes = [...styles.matchAll(/font-size:(\.?\d*\.?\d+)rem/g)].map(([, size]) => Number(size));
  assert.ok(sizes.length > 5 && Math.min(...sizes) >= 0.24, String(Math.min(...sizes)));
  assert.ok(readdirSync(`${WEB}dist`).includes("tv.html"));
});
