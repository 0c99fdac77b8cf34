// Play a file of ours in Chromium, as a viewer would, and print one JSON report.
//
//   node tests/judges/clip_judge.mjs URL
//
// "shown" are the pictures in the order in which they were shown, each its media time and the number
// burnt into it; "last" is what stands there at the end, "sought" what a jump to the middle shows;
// "sound" is what WebAudio makes of the file: its samples.
import { startChromium } from "./chromium.mjs";

const [url] = process.argv.slice(2);
if (!url) {
  console.error("usage: clip_judge.mjs URL");
  process.exit(2);
}

/** In the page: play the file to its end. */
async function judge() {
  const SQUARE = 16, BITS = 32, HEIGHT = 360, WIDTH = 640;
  const media = document.createElement("video");
  const canvas = document.createElement("canvas");
  const context = canvas.getContext("2d", { willReadFrequently: true });
  const shown = [];
  const read = () => {
    canvas.width = media.videoWidth;
    canvas.height = media.videoHeight;
    context.drawImage(media, 0, 0);
    const row = Math.round(((HEIGHT - SQUARE / 2) * canvas.height) / HEIGHT);
    const line = context.getImageData(0, row, canvas.width, 1).data;
    const lit = (place) => line[4 * Math.floor(((place + 0.5) * SQUARE * canvas.width) / WIDTH)] > 125;
    if (!lit(0) || lit(1)) return null;
    let number = 0;
    for (let place = 2; place < BITS + 2; place += 1) number = number * 2 + (lit(place) ? 1 : 0);
    return number;
  };
  const answer = await fetch(window.clip);
  const bytes = await answer.arrayBuffer();
  const decoded = await new OfflineAudioContext(2, 48000, 48000).decodeAudioData(bytes);
  const sound = Array.from(decoded.getChannelData(0));
  media.muted = true;
  media.src = window.clip;
  document.body.append(media);
  await new Promise((resolve, reject) => {
    media.onerror = () => reject(new Error(media.error.message));
    media.onloadeddata = resolve;
  });
  const seek = (time) => new Promise((resolve) => {
    media.requestVideoFrameCallback((_, facts) => resolve([facts.mediaTime, read()]));
    media.currentTime = time;
  });
  const each = (_, facts) => {
    shown.push([facts.mediaTime, read()]);
    media.requestVideoFrameCallback(each);
  };
  media.requestVideoFrameCallback(each);
  media.playbackRate = 0.5;  // so that a slow machine shows every picture
  const ended = new Promise((resolve) => { media.onended = resolve; });
  await media.play();
  await ended;
  const last = read();
  const duration = media.duration;
  const sought = await seek(duration / 2);
  return { last, shown, sought, duration, sound };
}

const browser = await startChromium();
try {
  const page = await browser.newPage();
  await page.goto(new URL("/", url).href);
  await page.evaluate((clip) => { window.clip = clip; }, url);
  console.log(JSON.stringify(await page.evaluate(judge)));
} finally {
  await browser.close();
}
