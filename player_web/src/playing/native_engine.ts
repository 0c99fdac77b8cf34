/**
 * The browser's own HLS, without hls.js: on Apple's devices, where it gives AirPlay and sound in the
 * background, and wherever there are no Media Source Extensions.
 *
 * Apple's tells the date of media time 0 and seeks within what is growing.  Others (Chromium's) do
 * neither: for them what is of the past is opened as a closed playlist, whose dates are read here.
 */
import { recall } from "../base/storage.ts";
import { type Engine, type EngineListener, NO_QUALITIES, type Source, type Span } from "./engine.ts";
import { networkFault } from "./faults.ts";
import { type DatedFragment, spanOf, timeOf, unixMsOf } from "./media_clock.ts";
import { faultOfElement, statusOf } from "./native_faults.ts";
import { datedFragments, firstVariant, startOffsetS } from "./playlist_clock.ts";

/** A boundary that is met to the microsecond shows the picture before it. */
const NUDGE_S = 0.005;

type DatedMedia = HTMLMediaElement & { getStartDate?: () => Date };

export class NativeEngine implements Engine {
  readonly kind = "native";
  readonly qualities = NO_QUALITIES;
  readonly bandwidthBps = null;
  readonly forgetsWhilePaused: boolean;
  readonly #media: DatedMedia;
  readonly #source: Source;
  readonly #startMs: number | null;
  readonly #listener: EngineListener;
  readonly #leaving = new AbortController();
  #captionsWanted = recall("captions") === "yes";
  /** Of what is of the past, where the browser does not tell dates. */
  #fragments: readonly DatedFragment[] = [];
  #startS: number | null = null;
  #isOpen = false;

  /** `startMs` is the moment to begin with, in UNIX milliseconds; null where the playlist says. */
  constructor(media: HTMLMediaElement, source: Source, startMs: number | null, listener: EngineListener) {
    this.#media = media;
    this.#source = source;
    this.#startMs = source.isArchive ? startMs : null;
    this.#listener = listener;
    this.forgetsWhilePaused = !source.isArchive && !this.#tellsDates();
  }

  get captions(): boolean | null {
    return this.#captionTracks().length > 0 ? this.#captionsWanted : null;
  }

  start(): void {
    const until = { signal: this.#leaving.signal };
    this.#media.textTracks.addEventListener("addtrack", () => this.showCaptions(this.#captionsWanted), until);
    this.#media.addEventListener("loadedmetadata", () => this.#goToStart(), until);
    this.#media.addEventListener("progress", () => this.#listener.onMedia(), until);
    if (!this.#source.isArchive || this.#tellsDates()) this.#open(this.#source.url);
    else void this.#openClosed();
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
    const began = this.#beganMs();
    if (began !== null) return began + this.#media.currentTime * 1000;
    return this.#isOpen && this.#media.readyState > 0 ? unixMsOf(this.#media.currentTime, this.#fragments) : null;
  }

  timeOf(unixMs: number): number | null {
    const began = this.#beganMs();
    if (began !== null) return (unixMs - began) / 1000;
    const span = this.span();
    // What the closed playlist does not hold needs another one.
    return span && unixMs >= span.startMs && unixMs < span.endMs ? timeOf(unixMs, this.#fragments) : null;
  }

  span(): Span | null {
    return spanOf(this.#fragments);
  }

  onMediaError(error: MediaError, hasStarted: boolean): void {
    void faultOfElement(error.code, hasStarted, this.#source).then((code) => {
      if (code) this.#listener.onFault(code);
    });
  }

  #open(url: string): void {
    this.#isOpen = true;
    this.#media.src = url;
    this.#listener.onReady();
  }

  async #openClosed(): Promise<void> {
    const url = this.#source.closedUrl ?? this.#source.url;
    try {
      const whole = await this.#read(url);
      const variant = firstVariant(whole);
      const list = variant === null ? whole : await this.#read(new URL(variant, new URL(url, location.href)).href);
      this.#fragments = datedFragments(list);
      this.#startS = startOffsetS(list) ?? startOffsetS(whole);
    } catch (error) {
      const status = statusOf(error);
      this.#listener.onFault(networkFault(status, "", navigator.onLine, true));
      return;
    }
    if (!this.#leaving.signal.aborted) this.#open(url);
  }

  async #read(url: string): Promise<string> {
    const answer = await fetch(url, { signal: this.#leaving.signal });
    if (!answer.ok) throw answer;
    return await answer.text();
  }

  #tellsDates(): boolean {
    return this.#media.getStartDate !== undefined;
  }

  /** Return the wall clock of media time 0, where the browser tells it. */
  #beganMs(): number | null {
    const began = this.#media.getStartDate?.().getTime();
    return began === undefined || Number.isNaN(began) ? null : began;
  }

  /** The browser cannot be told the moment beforehand. */
  #goToStart(): void {
    const wanted = this.#startMs === null ? null : this.timeOf(this.#startMs);
    const time = wanted ?? (this.#startS === null ? null : this.#startS + NUDGE_S);
    if (time !== null) this.#media.currentTime = Math.max(0, time);
  }
}
