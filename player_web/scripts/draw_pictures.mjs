// Draw the pictures of public/ from src/icon.svg, by hand when it changes: node scripts/draw_pictures.mjs
//
// Crawlers of Facebook and Zalo, and lock screens, draw no SVG: card.png stands for a link without a picture of its own
// (1200 x 630), mark.png (512 x 512); the icons are those of the installed app, where mark.png
// is the one that systems cut to their own shape: nothing of the sign lies outside its middle.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { startChromium } from "../../tests/judges/chromium.mjs";

const file = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));
const icon = readFileSync(file("src/icon.svg"), "utf8");
const browser = await startChromium();
for (const { name, width, height, size, ground } of [
  { name: "card", width: 1200, height: 630, size: 340, ground: "#14181f" },
  { name: "mark", width: 512, height: 512, size: 512, ground: "#c4161c" },
  { name: "apple-touch-icon", width: 180, height: 180, size: 180, ground: "#c4161c" },
  { name: "icon-512", width: 512, height: 512, size: 512, ground: "transparent" },
  { name: "icon-192", width: 192, height: 192, size: 192, ground: "transparent" },
]) {
  const page = await browser.newPage({ viewport: { width, height } });
  await page.setContent(`<style>body { margin: 0; height: 100vh; display: grid; place-items: center; background: ${ground} }
    svg { width: ${size}px; height: ${size}px }</style>${icon}`);
  await page.screenshot({ path: file(`public/${name}.png`), omitBackground: ground === "transparent" });
}
await browser.close();
