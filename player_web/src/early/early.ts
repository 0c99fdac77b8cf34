/**
 * Begins to load while the page's own code is still on its way: a small script of its own, first in the page.
 *
 * On a slow network each question that waits for the answer before it costs a fifth of a second and more.
 * So the list of channels, hls.js, playlists and the first segment of the channel in the address are all
 * asked for at once, and lie ready for the page to take.
 */
import { ask, askForChannel, kept } from "./ask.ts";
import { startRadio } from "./early_radio.ts";
import { NOTHING_KNOWN, type Outlook } from "./first_media.ts";

function recall(key: string): string | null {
  try {
    return localStorage.getItem(`lensong.${key}`);
  } catch {
    return null; // storage is switched off
  }
}

/** Say whether the page came as from next door, which it does not over a mobile network. */
function isNear(): boolean {
  const [visit] = performance.getEntriesByType("navigation") as PerformanceNavigationTiming[];
  const { connection } = navigator as Navigator & { connection?: { downlink?: number; saveData?: boolean } };
  if (connection?.saveData || (connection?.downlink ?? 10) < 3) return false;
  // What a service worker or a cache answered says nothing about the network.
  return visit !== undefined && visit.transferSize > 0 && visit.responseEnd - visit.requestStart < 40;
}

const outlook = (): Outlook => (recall("data_saver") === "yes" ? NOTHING_KNOWN : {
  bandwidthBps: Number(recall("bandwidth_bps")) || null, isNear: isNear(), height: Number(recall("quality_height")) || 0,
});

/** Begin with what the channel's playlist said the last time; it hardly ever changes. */
async function begin(path: string): Promise<void> {
  const [known, ...lines] = (recall("first_list") ?? "").split("\n");
  const list = await askForChannel(path, outlook(), 1, known === path ? lines.join("\n") : "");
  try {
    if (list) localStorage.setItem("lensong.first_list", `${path}\n${list}`);
  } catch {
    // storage is switched off, or full
  }
}

/** The same question as `playsNatively` of the engines, which this script may not wait for. */
function playsNatively(): boolean {
  const canPlay = document.createElement("video").canPlayType("application/vnd.apple.mpegurl") !== "";
  return canPlay && ("ManagedMediaSource" in window || !("MediaSource" in window));
}

function preloadHls(): void {
  const address = document.querySelector<HTMLMetaElement>("meta[name=lensong-hls]")?.content;
  if (!address) return;
  const link = document.createElement("link");
  link.rel = "modulepreload";
  link.href = address;
  document.head.append(link);
}

const isLive = (programme?: string): boolean => !programme && !new URLSearchParams(location.search).has("t");
const [, radio, past] = /^\/nghe\/([a-z0-9-]+)(\/[a-z0-9-]+)?\/?$/.exec(location.pathname) ?? [];
if (radio && isLive(past) && !playsNatively()) kept().radio = startRadio(radio, recall);
const [, channel, programme] = /^\/xem\/([a-z0-9-]+)(\/[a-z0-9-]+)?\/?$/.exec(location.pathname) ?? [];
void ask("/api/v1/channels.json");
if (channel && !playsNatively()) {
  const isOther = recall("low_latency") === "yes" || recall("sound_only") === "yes";
  if (isLive(programme) && !isOther) void begin(`/live/${channel}/index.m3u8`);
  preloadHls();
}
