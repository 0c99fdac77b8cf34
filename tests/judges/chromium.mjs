// Debian's Chromium, started so that it plays by itself and asks nobody on the network but the page.
import { load } from "./packages.mjs";

const { chromium } = load("playwright-core");

/** Start Chromium, with further arguments of its own; the caller closes it. */
export const startChromium = (...more) =>
  chromium.launch({
    executablePath: "/usr/bin/chromium",
    headless: true,
    args: [
      "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
      "--disable-background-networking", "--disable-component-update", "--disable-sync",
      "--autoplay-policy=no-user-gesture-required",
      // A page among several must not be slowed down as if nobody saw it.
      "--disable-background-timer-throttling", "--disable-backgrounding-occluded-windows",
      "--disable-renderer-backgrounding",
      ...more,
    ],
  });
