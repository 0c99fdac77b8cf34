/** What plays a source on a media element: hls.js, the browser's own HLS, or a stream without playlists. */
import type { FaultCode } from "./faults.ts";

export interface Source {
  url: string;
  lowLatency: boolean;
  /** What was on air before, rather than what is on air now. */
  isArchive: boolean;
  /** The moment to begin with, in UNIX milliseconds; null where the playlist says. */
  startMs: number | null;
  /** The same sound as one stream without end; null where there is none. */
  progressive: string | null;
  /** A playlist that ends, of what `url` holds from `startMs` on, for browsers that cannot seek in one that grows. */
  closedUrl: string | null;
  /** Bits a second that the network carried just now, where that is less than what it carried before; else null. */
  carriesBps: number | null;
}

export interface Quality {
  index: number;
  /** Lines of the picture; 0 for sound. */
  height: number;
  /** Peak, with the sound. */
  bitrateBps: number;
  /** Average, with the sound; the peak where no average is told. */
  averageBps: number;
  /** Name of the rendition, where it is known. */
  rendition?: string | undefined;
}

export interface Qualities {
  all: Quality[];
  /** Index of what the viewer chose; -1 leaves it to the engine. */
  chosen: number;
  /** Index of what plays; -1 when unknown. */
  playing: number;
}

export const NO_QUALITIES: Qualities = { all: [], chosen: -1, playing: -1 };

export type EngineKind = "hls" | "native" | "progressive";

/** A request that failed; `status` is 0 where nothing answered. */
export interface Trouble {
  status: number;
  details: string;
}

export interface Span {
  startMs: number;
  endMs: number;
}

/** What an engine tells its player; the media element tells the rest. */
export interface EngineListener {
  /** It is known what there is to play: `play()` may be called; `heardMs` where it plays since then, by `performance.now()`. */
  onReady(heardMs?: number): void;
  /** The qualities are known, or another one is chosen or plays. */
  onQualities(): void;
  /** Media arrived: what troubled before is over. */
  onMedia(): void;
  /** Something that the archive does not have was skipped. */
  onHole(): void;
  /** Captions are there, or gone, or shown, or hidden. */
  onCaptions(): void;
  /** A request failed; the engine tries again by itself. */
  onTrouble(trouble: Trouble): void;
  /** The engine gives up; the server may ask to be left alone for some seconds. */
  onFault(code: FaultCode, retryAfterS?: number | null): void;
  /** A stream without end has ended, or does not begin. */
  onLost(): void;
}

/** Plays one source once; for another one, or to try again, a new engine is made. */
export interface Engine {
  readonly kind: EngineKind;
  readonly qualities: Qualities;
  /** Bits a second that the network carries, as far as it was measured. */
  readonly bandwidthBps: number | null;
  /** Bytes of media that have come so far, with what is under way; absent where the engine does not know. */
  readonly arrivedBytes?: number;
  /** Bits a second of the newest fragment, from its first byte to its last; null, or absent, where none has come. */
  readonly fragmentBps?: number | null;
  /** Whether captions are shown; null, or absent, where there are none. */
  readonly captions?: boolean | null;
  /** After a pause it could only play what is no longer live: it is opened anew. */
  readonly forgetsWhilePaused: boolean;
  start(): void;
  /** Load nothing more; what is buffered plays on. */
  stopLoading(): void;
  /** The network is back: ask at once for what is waited for; absent where the engine finds that out. */
  resumeLoading?(): void;
  close(): void;
  chooseQuality(index: number): void;
  /** Keep to the small qualities from now on, or to what the network carries. */
  setDataSaver?(wanted: boolean): void;
  showCaptions?(wanted: boolean): void;
  /** Return the media time at which the source is meant to be watched live, in seconds; null when unknown. */
  livePositionS(): number | null;
  /** Return the wall clock of what is on screen, in UNIX milliseconds; null when unknown. */
  playingUnixMs(): number | null;
  /** Return the media time of a moment, in seconds; null where it cannot be told. */
  timeOf(unixMs: number): number | null;
  /** Return what the source holds. */
  span(): Span | null;
  /** The media element gave up. */
  onMediaError(error: MediaError, hasStarted: boolean): void;
}
