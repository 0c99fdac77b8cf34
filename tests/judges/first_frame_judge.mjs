// Open playlists in hls.js and read the number in the first picture that each shows, as one JSON line.
//
//   node tests/judges/first_frame_judge.mjs < urls.ndjson      lines of {"url": ...}
//
// A line of the answer: {"url", "number" (null: no number in the picture), "position_s",
// "date_ms" (EXT-X-PROGRAM-DATE-TIME of what is shown), "errors"}.  Nothing is played: the picture is
// that which a viewer sees before the first tick.
import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { hlsSettings } from "../../player_web/src/playing/hls_settings.ts";
import { startChromium } from "./chromium.mjs";
import { beside, folderOf } from "./packages.mjs";

const files = new Map([
  ["/", [beside("first_frame_page.html"), "text/html; charset=utf-8"]],
  ["/hls.mjs", [join(folderOf("hls.js"), "dist/hls.mjs"), "text/javascript; charset=utf-8"]],
]);
const server = createServer(async (request, response) => {
  const entry = files.get(request.url);
  if (!entry) return response.writeHead(request.url === "/favicon.ico" ? 204 : 404).end();
  response.writeHead(200, { "Content-Type": entry[1] }).end(await readFile(entry[0]));
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const browser = await startChromium();
try {
  const page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${server.address().port}/`);
  await page.waitForFunction("window.showFirst");
  const settings = hlsSettings({ lowLatency: false, bandwidthBps: null, recorded: true });
  for await (const line of createInterface({ input: process.stdin })) {
    if (line.trim() === "") continue;
    const { url } = JSON.parse(line);
    const seen = await page.evaluate(([address, config]) => window.showFirst(address, config), [url, settings]);
    console.log(JSON.stringify({ url, ...seen }));
  }
} finally {
  await browser.close();
  server.close();
}
