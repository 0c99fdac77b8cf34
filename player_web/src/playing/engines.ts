/**
 * Which engine plays a source in this browser.  Only hls.js's is part of the page: the others come
 * beside the list of channels where they are needed at once, and else never.
 */
import { recall } from "../base/storage.ts";
import type { EngineKind, Source } from "./engine.ts";

const HLS_TYPE = "application/vnd.apple.mpegurl";

/**
 * Say whether the browser's own HLS is the better one: on Apple's devices, and where there is nothing
 * else.  Chromium's own starts lower and stalls more than hls.js.
 */
export function playsNatively(media: HTMLMediaElement): boolean {
  if (media.canPlayType(HLS_TYPE) === "") return false;
  return "ManagedMediaSource" in window || !("MediaSource" in window);
}

/**
 * Say whether a source is to begin as one stream: it has one, the browser plays it, and the listener
 * has not asked for another quality than its only one.
 */
export function playsProgressively(media: HTMLMediaElement, source: Source): boolean {
  if (source.progressive === null || media.canPlayType("audio/aac") === "") return false;
  return recall("data_saver") !== "yes" && (recall("sound_quality") ?? "") === "";
}

/** Choose between them; `isStreamLost` after the stream has failed. */
export function engineFor(media: HTMLMediaElement, source: Source, isStreamLost: boolean): EngineKind {
  if (!isStreamLost && playsProgressively(media, source)) return "progressive";
  return playsNatively(media) ? "native" : "hls";
}

export const otherEngines = (): Promise<typeof import("./other_engines.ts")> => import("./other_engines.ts");

/** Ask for them now, if this page will begin with one of them. */
export function hasten(): void {
  if (location.pathname.startsWith("/nghe/") || playsNatively(document.createElement("video"))) otherEngines().catch(() => undefined);
}
