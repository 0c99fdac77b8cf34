// Judge playlists with hls-parser in strict mode: every fault is one JSON line on stdout.
//
//   node tests/judges/hls_parser_judge.mjs FILE.m3u8 ...
//   node tests/judges/hls_parser_judge.mjs < playlists.ndjson     lines of {"name": ..., "text": ...}
//
// The last line is {"judged": n, "faults": n}; the exit code is 1 where there is a fault.
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { load } from "./packages.mjs";

const HLS = load("hls-parser");
HLS.setOptions({ strictMode: true });

let judged = 0;
let faults = 0;

function judge(name, text) {
  judged += 1;
  try {
    HLS.parse(text);
  } catch (error) {
    faults += 1;
    console.log(JSON.stringify({ name, fault: error.message }));
  }
}

const files = process.argv.slice(2);
if (files.length > 0) {
  for (const file of files) judge(file, readFileSync(file, "utf8"));
} else {
  for await (const line of createInterface({ input: process.stdin })) {
    if (line.trim() === "") continue;
    const { name, text } = JSON.parse(line);
    judge(name, text);
  }
}
console.log(JSON.stringify({ judged, faults }));
process.exitCode = faults > 0 ? 1 : 0;
