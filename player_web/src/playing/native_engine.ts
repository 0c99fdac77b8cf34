/** The browser's own HLS: on Apple's devices, where it gives AirPlay and sound in the background. */
import { recall } from "../base/storage.ts";
import { type Engine, type EngineListener, NO_QUALITIES, type Source, type Span } from "./engine.ts";
import { type FaultCode, networkFault } from "./faults.ts";

const HLS_TYPE = "application/vnd.apple.mpegurl";

/**
 * Say whether the browser's own HLS is the better one: on Apple's devices, and where there is nothing
 * else.  Chromium's own starts lower and stalls more than hls.js.
 */
export function playsNatively(media: HTMLMediaElement): boolean {
  if (media.canPlayType(HLS_TYPE) === "") return false;
  return "ManagedMediaSource" in window || !("MediaSource" in window);
}

export class NativeEngine implements Engine {
  readonly kind = "native";
  readonly qualities = NO_QUALITIES;
  readonly bandwidthBps = null;
  readonly #media: HTMLMediaElement;
  readonly #source: Source;
  readonly #startMs: number | null;
  readonly #listener: EngineListener;
  readonly #leaving = new AbortController();
  #captionsWanted = recall("captions") === "yes";

  /** `startMs` is the moment to begin with, in UNIX milliseconds; null where the playlist says. */
  constructor(media: HTMLMediaElement, source: Source, startMs: number | null, listener: EngineListener) {
    this.#media = media;
    this.#source = source;
    this.#startMs = source.isArchive ? startMs : null;
    this.#listener = listener;
  }

  get captions(): boolean | null {
    return this.#captionTracks().length > 0 ? this.#captionsWanted : null;
  }

  start(): void {
    const until = { signal: this.#leaving.signal };
    this.#media.textTracks.addEventListener("addtrack", () => this.showCaptions(this.#captionsWanted), until);
    this.#media.addEventListener("loadedmetadata", () => this.#goToStart(), until);
    this.#media.src = this.#source.url;
    this.#listener.onReady();
  }

  stopLoading(): void {
    // The browser decides.
  }

  close(): void {
    this.#leaving.abort();
    this.#media.removeAttribute("src");
    this.#media.load();
  }

  chooseQuality(): void {
    // The browser decides.
  }

  showCaptions(wanted: boolean): void {
    this.#captionsWanted = wanted;
    this.#captionTracks().forEach((track, index) => { track.mode = wanted && index === 0 ? "showing" : "disabled"; });
    this.#listener.onCaptions();
  }

  #captionTracks(): TextTrack[] {
    return [...this.#media.textTracks].filter(({ kind }) => kind === "subtitles" || kind === "captions");
  }

  livePositionS(): number | null {
    const { seekable } = this.#media;
    return seekable.length > 0 ? seekable.end(seekable.length - 1) : null;
  }

  playingUnixMs(): number | null {
    const started = this.#beginningMs();
    return started === null ? null : started + this.#media.currentTime * 1000;
  }

  timeOf(unixMs: number): number | null {
    const started = this.#beginningMs();
    return started === null ? null : (unixMs - started) / 1000;
  }

  span(): Span | null {
    return null;
  }

  faultOf(error: MediaError, hasStarted: boolean): FaultCode {
    const isNetwork = error.code === MediaError.MEDIA_ERR_NETWORK || !hasStarted;
    return isNetwork ? networkFault(0, "", navigator.onLine) : "LS-D1";
  }

  /** Return the wall clock of media time 0. */
  #beginningMs(): number | null {
    const native = this.#media as HTMLMediaElement & { getStartDate?: () => Date };
    const started = native.getStartDate?.().getTime();
    return started === undefined || Number.isNaN(started) ? null : started;
  }

  /** The browser cannot be told the moment beforehand. */
  #goToStart(): void {
    const time = this.#startMs === null ? null : this.timeOf(this.#startMs);
    if (time !== null) this.#media.currentTime = Math.max(0, time);
  }
}
