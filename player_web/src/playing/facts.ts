/** What a player tells those who look on: reports of quality, and the panel of figures. */
import type { EngineKind, Qualities, Source, Trouble } from "./engine.ts";
import type { FaultCode } from "./faults.ts";

/** What goes on, for the viewer: one at a time. */
export type Situation =
  | { kind: "connecting"; again: boolean }
  | { kind: "loading" }
  | { kind: "playing" }
  | { kind: "buffering" }
  | { kind: "paused" }
  | { kind: "blocked" }
  /** The playlist is played to its end. */
  | { kind: "ended" }
  /** `retryInS` is null where only the viewer tries again. */
  | { kind: "fault"; code: FaultCode; retryInS: number | null };

/** How it stands at a moment. */
export interface PlayerFacts {
  /** Null while nothing is open. */
  engine: EngineKind | null;
  source: Source | null;
  situation: Situation["kind"] | null;
  qualities: Qualities;
  /** Bits a second that the network carries; null when unknown. */
  bandwidthBps: number | null;
  /** Bytes of media that have come since the engine was made; null where that is not known. */
  arrivedBytes: number | null;
  /** Bits a second of the newest fragment, from its first byte to its last; null where that is not known. */
  fragmentBps: number | null;
  /** Seconds of media that are loaded and not yet played. */
  bufferS: number;
  /** Wall clock of what is on screen, in UNIX milliseconds; null when unknown. */
  playingUnixMs: number | null;
  /** Seconds behind the position at which the source is meant to be watched live. */
  behindS: number;
  /** From `open()` to what was first seen or heard, in milliseconds; null until then. */
  startupMs: number | null;
  /** Halts since `open()` that were not the viewer's wish, and how long they took together. */
  stalls: number;
  stalledMs: number;
  /** Pictures that were shown and that came too late, where the browser counts them. */
  frames: { shown: number; dropped: number } | null;
}

/** What has happened; `atMs` of each is of `performance.now()`. */
export type PlayerEvent =
  /** Another source, or the same one again after a fault. */
  | { kind: "opened"; source: Source; again: boolean; engine: EngineKind }
  /** The first picture or sound since it was opened. */
  | { kind: "started"; startupMs: number }
  | { kind: "situation"; situation: Situation }
  | { kind: "stallBegan" }
  | { kind: "stallEnded"; lastedMs: number }
  | { kind: "qualities"; qualities: Qualities }
  | { kind: "trouble"; trouble: Trouble }
  | { kind: "closed" };

export type PlayerObserver = (event: PlayerEvent, atMs: number) => void;

/** Those who look on.  What goes wrong with one of them never reaches the player. */
export class Observers {
  readonly #all = new Set<PlayerObserver>();

  /** Add one; returns what takes it away again. */
  add(observer: PlayerObserver): () => void {
    this.#all.add(observer);
    return () => { this.#all.delete(observer); };
  }

  tell(event: PlayerEvent, atMs = performance.now()): void {
    for (const observer of this.#all) {
      try {
        observer(event, atMs);
      } catch (error) {
        reportError(error);
      }
    }
  }
}

/** Return how many seconds of media are loaded ahead of what plays. */
export function bufferedAheadS(media: HTMLMediaElement): number {
  const { buffered, currentTime } = media;
  for (let index = 0; index < buffered.length; index += 1) {
    if (buffered.start(index) <= currentTime + 0.1 && currentTime < buffered.end(index)) {
      return buffered.end(index) - currentTime;
    }
  }
  return 0;
}

/** Return how many pictures were shown and dropped; null where the browser does not say. */
export function framesOf(media: HTMLMediaElement): { shown: number; dropped: number } | null {
  if (!(media instanceof HTMLVideoElement)) return null;
  const told = media.getVideoPlaybackQuality?.();
  return told ? { shown: told.totalVideoFrames - told.droppedVideoFrames, dropped: told.droppedVideoFrames } : null;
}
