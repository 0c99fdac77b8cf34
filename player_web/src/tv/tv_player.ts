/**
 * One hls.js on one media element for as long as the TV is on: channels and programmes come and go by
 * `loadSource()`. Where there are no Media Source Extensions, the browser's own HLS.
 *
 * What does not play becomes a fault with a code, tried again by itself with growing pauses.
 */
import Hls from "hls.js";
import { recallNumber, remember } from "../base/storage.ts";
import { type FaultCode, isLasting, networkFault, retryPauseS } from "../playing/faults.ts";
import { persistent } from "../playing/hls_retries.ts";
import { hlsSettings } from "../playing/hls_settings.ts";
import { type DatedFragment, spanOf, timeOf, unixMsOf } from "../playing/media_clock.ts";
import { loaderFor } from "./tv_loader.ts";
import type { WarmPlaylists } from "./warm_playlists.ts";

export type Situation =
  | { kind: "loading" | "playing" | "buffering" | "paused" | "ended" }
  /** `retryInS` is null where only the viewer tries again. */
  | { kind: "fault"; code: FaultCode; retryInS: number | null };

export interface Source {
  url: string;
  /** What was on air before, rather than what is on air now. */
  isArchive: boolean;
  /** The moment to begin with, in UNIX milliseconds; null where the playlist says. */
  startMs: number | null;
}

export interface PlayerListener {
  onSituation(situation: Situation): void;
  /** The browser allows no sound before a key is pressed. */
  onMuted(): void;
  /** Something that the archive does not have was skipped. */
  onHole(): void;
}

const PATIENCE_MS = 20_000;
/** With a request that failed in the meantime, this is enough to say what is wrong. */
const PATIENCE_IN_TROUBLE_MS = 6_000;
const FORGIVE_AFTER_MS = 20_000;
/** A shorter halt is no news. */
const HALT_MS = 600;
const HLS_TYPE = "application/vnd.apple.mpegurl";

export class TvPlayer {
  readonly #media: HTMLVideoElement;
  readonly #listener: PlayerListener;
  readonly #warm: WarmPlaylists;
  #hls: Hls | null = null;
  #source: Source | null = null;
  #kind: Situation["kind"] | null = null;
  /** When the situation began, by performance.now(). */
  #sinceMs = 0;
  #wanted = true;
  #started = false;
  /** The wall clock of what was played last, in UNIX milliseconds: where the next try begins. */
  #reachedMs: number | null = null;
  #attempt = 0;
  #retryAtMs: number | null = null;
  #fault: FaultCode | null = null;
  #recovered = false;
  #trouble: { status: number; details: string } | null = null;
  #lastTimeS = -1;
  #movedAtMs = 0;
  /** The countdown that was told last. */
  #toldInS: number | null = null;

  constructor(media: HTMLVideoElement, warm: WarmPlaylists, listener: PlayerListener) {
    this.#media = media;
    this.#warm = warm;
    this.#listener = listener;
    media.addEventListener("playing", () => this.#onPlaying());
    media.addEventListener("pause", () => this.#onPause());
    media.addEventListener("error", () => this.#onMediaError());
    media.addEventListener("ended", () => { if (this.#source && this.#kind !== "fault") this.#tell({ kind: "ended" }); });
    media.addEventListener("loadedmetadata", () => this.#startNatively());
    window.addEventListener("online", () => this.retryNow());
    window.setInterval(() => this.#watch(), 250);
  }

  /** Play a source; whatever played before ends. */
  open(source: Source): void {
    this.#source = source;
    this.#reachedMs = source.startMs;
    this.#attempt = 0;
    this.#recovered = false;
    this.#wanted = true;
    this.#load();
  }

  /** Play nothing until something is opened. */
  stop(): void {
    this.#source = null;
    this.#kind = null;
    this.#retryAtMs = null;
    this.#hls?.stopLoad();
    this.#hls?.detachMedia();
    if (!this.#hls) this.#media.removeAttribute("src");
  }

  async play(): Promise<void> {
    this.#wanted = true;
    if (this.#kind === "fault") return this.retryNow();
    try {
      await this.#media.play();
    } catch (error) {
      // "AbortError" means that a newer load took over.
      if (!(error instanceof DOMException) || error.name !== "NotAllowedError" || this.#media.muted) return;
      this.#media.muted = true;
      this.#listener.onMuted();
      void this.play();
    }
  }

  pause(): void {
    this.#wanted = false;
    this.#media.pause();
  }

  retryNow(): void {
    if (this.#kind === "fault" && this.#source) this.#load();
  }

  /** Return the wall clock of what is on screen, in UNIX milliseconds; null when unknown. */
  playingUnixMs(): number | null {
    return this.#started ? unixMsOf(this.#media.currentTime, this.#fragments()) : null;
  }

  /** Return the first and the last moment that the playlist holds, in UNIX milliseconds. */
  span(): { startMs: number; endMs: number } | null {
    return spanOf(this.#fragments());
  }

  /** Go to a moment of the playlist that is open; false if it is not there yet. */
  seekTo(unixMs: number): boolean {
    const time = timeOf(unixMs, this.#fragments());
    if (time === null || this.#kind === "fault" || !this.#started) return false;
    this.#reachedMs = unixMs;
    this.#media.currentTime = time;
    return true;
  }

  /** Return seconds behind the position at which the live playlist is meant to be watched. */
  behindS(): number {
    const edge = this.#hls?.liveSyncPosition ?? null;
    return edge === null ? 0 : Math.max(0, edge - this.#media.currentTime);
  }

  #fragments(): readonly DatedFragment[] {
    return this.#hls?.latestLevelDetails?.fragments ?? [];
  }

  #load(): void {
    const source = this.#source;
    if (!source) return;
    this.#retryAtMs = null;
    this.#fault = null;
    this.#trouble = null;
    this.#started = false;
    this.#lastTimeS = -1;
    this.#tell({ kind: "loading" });
    if (!Hls.isSupported()) return this.#loadNatively(source);
    const startMs = source.isArchive ? this.#reachedMs : null;
    this.#hls ??= this.#makeHls();
    const hls = this.#hls;
    Object.assign(hls.config, {
      // What the settings may leave out, since the source before had them.
      startLevel: undefined,
      maxFragLookUpTolerance: Hls.DefaultConfig.maxFragLookUpTolerance,
      ...persistent(hlsSettings({ lowLatency: false, bandwidthBps: this.#bandwidthBps(), recorded: source.isArchive })),
      pLoader: loaderFor(Hls, this.#warm, source.isArchive ? { startMs } : null),
    });
    hls.loadSource(new URL(source.url, location.href).href);
    if (hls.media !== this.#media) hls.attachMedia(this.#media);
  }

  #loadNatively(source: Source): void {
    if (this.#media.canPlayType(HLS_TYPE) === "") return this.#fail("LS-D1");
    this.#media.src = source.url;
    void this.play();
  }

  /** The browser's own HLS cannot be told the moment beforehand, nor does it know the dates. */
  #startNatively(): void {
    const { seekable } = this.#media;
    const wantedMs = this.#reachedMs;
    if (this.#hls || !this.#source?.isArchive || wantedMs === null || seekable.length === 0) return;
    this.#media.currentTime = Math.max(0, seekable.end(seekable.length - 1) - (Date.now() - wantedMs) / 1000);
  }

  #bandwidthBps(): number | null {
    const measured = this.#hls && this.#kind !== null ? this.#hls.bandwidthEstimate : Number.NaN;
    return Number.isFinite(measured) && measured > 0 ? measured : recallNumber("bandwidth_bps");
  }

  #makeHls(): Hls {
    const hls = new Hls(persistent(hlsSettings({ lowLatency: false, bandwidthBps: recallNumber("bandwidth_bps") })));
    const { Events, ErrorTypes, ErrorDetails } = Hls;
    hls.on(Events.MANIFEST_PARSED, () => { if (this.#wanted) void this.play(); });
    hls.on(Events.FRAG_BUFFERED, () => { this.#trouble = null; });
    hls.on(Events.ERROR, (_, data) => {
      const isNetwork = data.type === ErrorTypes.NETWORK_ERROR;
      const status = data.response?.code ?? 0;
      if (isNetwork) this.#trouble = { status, details: data.details };
      if (data.details === ErrorDetails.BUFFER_SEEK_OVER_HOLE && this.#source?.isArchive) this.#listener.onHole();
      if (!data.fatal || !this.#source) return;
      if (isNetwork) {
        this.#fail(networkFault(status, data.details, navigator.onLine, this.#source.isArchive));
      } else if (data.type === ErrorTypes.MEDIA_ERROR && !this.#recovered) {
        this.#recovered = true; // once; a second time it is built anew
        hls.recoverMediaError();
      } else {
        hls.destroy();
        this.#hls = null;
        this.#fail("LS-D1");
      }
    });
    return hls;
  }

  #onPlaying(): void {
    this.#started = true;
    if (this.#source && this.#kind !== "fault") this.#tell({ kind: "playing" });
  }

  #onPause(): void {
    // hls.js and the end of a playlist pause as well; only what was asked for counts.
    if (!this.#wanted && !this.#media.ended && this.#kind !== "fault" && this.#source) this.#tell({ kind: "paused" });
  }

  #onMediaError(): void {
    if (this.#hls || !this.#media.error || !this.#source) return; // hls.js tells its own
    this.#fail(this.#started ? "LS-D1" : networkFault(0, "", navigator.onLine));
  }

  /** Four times a second: is the picture moving, has it been waited for too long, is a retry due? */
  #watch(): void {
    const now = performance.now();
    const waitedMs = now - this.#sinceMs;
    if (this.#kind === "fault") return this.#countDown(now);
    if (this.#kind === "playing" || this.#kind === "buffering") this.#watchPicture(now);
    if (this.#kind !== "loading" && this.#kind !== "buffering") return;
    const trouble = this.#trouble;
    if (trouble && waitedMs >= PATIENCE_IN_TROUBLE_MS) {
      this.#fail(networkFault(trouble.status, trouble.details, navigator.onLine, this.#source?.isArchive));
    } else if (waitedMs >= PATIENCE_MS) {
      this.#fail(navigator.onLine ? "LS-N2" : "LS-O1");
    }
  }

  #watchPicture(now: number): void {
    const { currentTime, paused, ended } = this.#media;
    if (currentTime !== this.#lastTimeS || paused || ended) {
      this.#lastTimeS = currentTime;
      this.#movedAtMs = now;
      if (this.#kind === "buffering" && !paused) this.#tell({ kind: "playing" });
      if (this.#source?.isArchive) this.#reachedMs = this.playingUnixMs() ?? this.#reachedMs;
      if (this.#kind === "playing" && now - this.#sinceMs > FORGIVE_AFTER_MS) this.#forgive();
    } else if (this.#kind === "playing" && now - this.#movedAtMs > HALT_MS) {
      this.#tell({ kind: "buffering" });
    }
  }

  /** It plays well: the next fault is the first again, and what was measured is kept. */
  #forgive(): void {
    if (this.#attempt === 0 && !this.#recovered) return;
    this.#attempt = 0;
    this.#recovered = false;
    const estimate = this.#bandwidthBps();
    if (estimate !== null) remember("bandwidth_bps", String(Math.round(estimate)));
  }

  #countDown(now: number): void {
    if (this.#retryAtMs === null || this.#fault === null) return;
    if (now >= this.#retryAtMs) return this.#load();
    this.#tellFault(this.#fault, Math.ceil((this.#retryAtMs - now) / 1000));
  }

  #fail(code: FaultCode): void {
    this.#hls?.stopLoad();
    if (this.#source) this.#warm.forget(new URL(this.#source.url, location.href).href);
    this.#fault = code;
    if (isLasting(code)) {
      this.#retryAtMs = null;
      return this.#tellFault(code, null);
    }
    const pauseS = retryPauseS(this.#attempt, Math.random());
    this.#attempt += 1;
    this.#retryAtMs = performance.now() + pauseS * 1000;
    this.#tellFault(code, pauseS);
  }

  #tellFault(code: FaultCode, retryInS: number | null): void {
    if (this.#kind === "fault" && this.#toldInS === retryInS) return;
    this.#toldInS = retryInS;
    this.#tell({ kind: "fault", code, retryInS });
  }

  #tell(situation: Situation): void {
    if (situation.kind !== this.#kind) this.#sinceMs = performance.now();
    if (situation.kind === "playing") this.#movedAtMs = this.#sinceMs;
    this.#kind = situation.kind;
    this.#listener.onSituation(situation);
  }
}
