/**
 * Begins to load while the page's own code is still on its way: a small script of its own, first in the page.
 *
 * On a slow network each question that waits for the answer before it costs a fifth of a second and more.
 * So the list of channels, hls.js, playlists and the first segment of the channel in the address are all
 * asked for at once, and lie ready in `window.lensongEarly` for the page (`base/early_answers.ts`) to take.
 */
import { type EarlyRadio, startRadio } from "./early_radio.ts";
import { NOTHING_KNOWN, firstMedia, firstVariant, soundOf, variantsOf } from "./first_media.ts";

export interface EarlyAnswer {
  url: string;
  bytes: ArrayBuffer;
  /** When it was asked for, answered and whole, in milliseconds of `performance.now()`. */
  startedMs: number;
  firstMs: number;
  endedMs: number;
}

export interface Early {
  /** By absolute address; null where it did not come. */
  answers: Map<string, Promise<EarlyAnswer | null>>;
  /** Absolute address of the media playlist to begin with. */
  level: string | null;
  /** A radio that plays already; null where there is none. */
  radio: EarlyRadio | null;
}

declare global {
  interface Window { lensongEarly?: Early }
}

const early: Early = { answers: new Map(), level: null, radio: null };

function ask(address: string): Promise<EarlyAnswer | null> {
  const startedMs = performance.now();
  const answer = fetch(address).then(async (response) => {
    if (!response.ok) return null;
    const firstMs = performance.now();
    const bytes = await response.arrayBuffer();
    return { url: response.url, bytes, startedMs, firstMs, endedMs: performance.now() };
  }).catch(() => null);
  early.answers.set(address, answer);
  return answer;
}

const absolute = (path: string, base: string = location.href): string => new URL(path, base).href;
const textOf = (answer: EarlyAnswer): string => new TextDecoder().decode(answer.bytes);

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

async function askForMedia(playlist: string): Promise<void> {
  const answer = await ask(playlist);
  if (!answer) return;
  for (const uri of firstMedia(textOf(answer))) void ask(absolute(uri, playlist));
}

async function askForChannel(channel: string): Promise<void> {
  const address = absolute(`/live/${channel}/index.m3u8`);
  const answer = await ask(address);
  if (!answer) return;
  const list = textOf(answer);
  const isSaving = recall("data_saver") === "yes";
  const variant = firstVariant(variantsOf(list), isSaving ? NOTHING_KNOWN : {
    bandwidthBps: Number(recall("bandwidth_bps")) || null, isNear: isNear(), height: Number(recall("quality_height")) || 0,
  });
  const sound = soundOf(list);
  if (!variant) return;
  early.level = absolute(variant.uri, address);
  void askForMedia(early.level);
  if (sound) void askForMedia(absolute(sound, address));
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
if (radio && isLive(past) && !playsNatively()) early.radio = startRadio(radio, recall);
const [, channel, programme] = /^\/xem\/([a-z0-9-]+)(\/[a-z0-9-]+)?\/?$/.exec(location.pathname) ?? [];
window.lensongEarly = early;
void ask(absolute("/api/v1/channels.json"));
if (channel && !playsNatively()) {
  if (isLive(programme) && recall("low_latency") !== "yes") void askForChannel(channel);
  preloadHls();
}
