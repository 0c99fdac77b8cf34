/**
 * One channel on one media element, live or from its archive: hls.js, or the browser's own HLS on Apple's devices.
 *
 * It tells one `Situation` at a time and never leaves the viewer with a spinner: what does not play
 * within `PATIENCE_MS` becomes a fault with a code, and each fault is tried again with growing pauses.
 */
import type Hls from "hls.js";
import { type FaultCode, isLasting, networkFault, retryPauseS } from "./faults.ts";
import { hlsSettings } from "./hls_settings.ts";
import { type DatedFragment, spanOf, timeOf, unixMsOf } from "./media_clock.ts";
import { loaderStartingAt } from "./playlist_loader.ts";
import { recallNumber, remember } from "../base/storage.ts";

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

export interface Source {
  url: string;
  lowLatency: boolean;
  /** What was on air before, rather than what is on air now. */
  isArchive: boolean;
  /** The moment to begin with, in UNIX milliseconds; null where the playlist says. */
  startMs: number | null;
}

export interface Quality {
  index: number;
  height: number;
  bitrateBps: number;
}

export interface PlayerListener {
  onSituation(situation: Situation): void;
  onQualities(qualities: Quality[], chosen: number, playing: number): void;
  /** The network stalled twice in a minute on the low-latency playlist. */
  onUnsteady(): void;
  /** Something that the archive does not have was skipped. */
  onHole(): void;
}

const PATIENCE_MS = 20_000;
/** With a request that failed in the meantime, this is enough to say what is wrong. */
const PATIENCE_IN_TROUBLE_MS = 6_000;
/** A shorter halt is no news. */
const HALT_MS = 400;
const FORGIVE_AFTER_MS = 20_000;
const UNSTEADY_WITHIN_MS = 60_000;
const HLS_TYPE = "application/vnd.apple.mpegurl";

/**
 * Say whether the browser's own HLS is the better one: on Apple's devices, where it gives AirPlay and
 * sound in the background. Chromium's own starts lower and stalls more than hls.js.
 */
export function playsNatively(media: HTMLMediaElement): boolean {
  if (media.canPlayType(HLS_TYPE) === "") return false;
  return "ManagedMediaSource" in window || !("MediaSource" in window);
}

export class Player {
  readonly #media: HTMLMediaElement;
  readonly #listener: PlayerListener;
  #source: Source | null = null;
  /** The wall clock of what was played last, in UNIX milliseconds: where the next try begins. */
  #reachedMs: number | null = null;
  #hls: Hls | null = null;
  #opening = 0;
  #attempt = 0;
  #recovered = false;
  #started = false;
  #wanted = true;
  #situation: Situation["kind"] | null = null;
  #stalls: number[] = [];
  /** The newest request that failed since something was played or loaded. */
  #trouble: { status: number; details: string } | null = null;
  #unloading = false;
  #haltedAtS = -1;
  #halt = 0;
  #patience = 0;
  #forgive = 0;
  #countdown = 0;
  readonly #leaving = new AbortController();

  constructor(media: HTMLMediaElement, listener: PlayerListener) {
    this.#media = media;
    this.#listener = listener;
    const until = { signal: this.#leaving.signal };
    media.addEventListener("playing", () => this.#onPlaying(), until);
    media.addEventListener("waiting", () => this.#onWaiting(), until);
    media.addEventListener("pause", () => this.#onPause(), until);
    media.addEventListener("timeupdate", () => this.#onMoving(), until);
    media.addEventListener("error", () => this.#onMediaError(), until);
    media.addEventListener("ended", () => this.#onEnded(), until);
    media.addEventListener("loadedmetadata", () => this.#startNatively(), until);
    window.addEventListener("offline", () => this.#onOffline(), until);
    window.addEventListener("online", () => this.retryNow(), until);
    window.addEventListener("pagehide", () => this.#keepBandwidth(), until);
  }

  /** Play a source from its beginning or its live edge; whatever played before ends. */
  open(source: Source): void {
    this.#source = source;
    this.#reachedMs = null;
    this.#attempt = 0;
    this.#stalls = [];
    this.#wanted = true;
    this.#load(false);
  }

  /** End for good. */
  close(): void {
    this.#leaving.abort();
    this.stop();
  }

  /** Play nothing until something is opened. */
  stop(): void {
    this.#source = null;
    this.#situation = null;
    this.#unload();
    this.#clearTimers();
  }

  /** Try again without waiting for the pause to pass; nothing happens unless there is a fault. */
  retryNow(): void {
    if (this.#situation === "fault") this.#load(true);
  }

  async play(): Promise<void> {
    this.#wanted = true;
    if (this.#situation === "fault") return this.retryNow();
    try {
      await this.#media.play();
    } catch (error) {
      // Browsers play with sound only after a press; "AbortError" means that a newer load took over.
      if (error instanceof DOMException && error.name === "NotAllowedError") this.#tell({ kind: "blocked" });
    }
  }

  pause(): void {
    this.#wanted = false;
    this.#media.pause();
    this.#onPause();
  }

  /** Jump to the live edge. */
  goLive(): void {
    const edge = this.#livePosition();
    if (edge !== null) this.#media.currentTime = edge;
    void this.play();
  }

  /** Return seconds behind the position at which this playlist is meant to be watched. */
  behindS(): number {
    const edge = this.#livePosition();
    return edge === null ? 0 : Math.max(0, edge - this.#media.currentTime);
  }

  /** Return the wall clock of what is on screen, in UNIX milliseconds; null when unknown. */
  playingUnixMs(): number | null {
    const started = this.#nativeStartMs();
    if (started !== null) return started + this.#media.currentTime * 1000;
    if (!this.#started) return null;
    return unixMsOf(this.#media.currentTime, this.#fragments());
  }

  /** Return the first and the last moment that the playlist holds, in UNIX milliseconds. */
  span(): { startMs: number; endMs: number } | null {
    return spanOf(this.#fragments());
  }

  /** Go to a moment of the playlist that is open; false if it is not there yet. */
  seekTo(unixMs: number): boolean {
    const started = this.#nativeStartMs();
    const time = started === null ? timeOf(unixMs, this.#fragments()) : (unixMs - started) / 1000;
    if (time === null || this.#situation === "fault" || !this.#started) return false;
    this.#reachedMs = unixMs;
    this.#media.currentTime = time;
    return true;
  }

  /** Return the wall clock of media time 0 where the browser plays by itself. */
  #nativeStartMs(): number | null {
    const native = this.#media as HTMLMediaElement & { getStartDate?: () => Date };
    const started = this.#hls ? undefined : native.getStartDate?.().getTime();
    return started === undefined || Number.isNaN(started) ? null : started;
  }

  #fragments(): readonly DatedFragment[] {
    return this.#hls?.latestLevelDetails?.fragments ?? [];
  }

  /** The browser's own HLS cannot be told the moment beforehand. */
  #startNatively(): void {
    const started = this.#nativeStartMs();
    const wanted = this.#reachedMs ?? this.#source?.startMs ?? null;
    if (started !== null && wanted !== null) this.#media.currentTime = Math.max(0, (wanted - started) / 1000);
  }

  /** Choose a quality by its index; -1 leaves the choice to the player. */
  chooseQuality(index: number): void {
    const hls = this.#hls;
    if (!hls) return;
    hls.nextLevel = index;
    const height = index < 0 ? 0 : (hls.levels[index]?.height ?? 0);
    remember("quality_height", String(height));
    this.#tellQualities();
  }

  #load(again: boolean): void {
    const source = this.#source;
    if (!source) return;
    this.#unload();
    this.#clearTimers();
    this.#started = false;
    this.#recovered = false;
    this.#trouble = null;
    this.#tell({ kind: "connecting", again });
    if (playsNatively(this.#media)) {
      this.#media.src = source.url;
      void this.play();
    } else {
      void this.#loadHls(source, ++this.#opening);
    }
  }

  async #loadHls(source: Source, opening: number): Promise<void> {
    let module: typeof import("hls.js");
    try {
      module = await import("hls.js");
    } catch {
      if (opening === this.#opening) this.#fail(networkFault(0, "", navigator.onLine));
      return;
    }
    if (opening !== this.#opening) return; // a newer source took over
    const { default: HlsClass } = module;
    if (!HlsClass.isSupported()) return this.#fail("LS-D1");
    const startMs = source.isArchive ? (this.#reachedMs ?? source.startMs) : null;
    const hls = new HlsClass({
      ...hlsSettings({ lowLatency: source.lowLatency, bandwidthBps: knownBandwidth(), recorded: source.isArchive }),
      ...(source.isArchive ? { pLoader: loaderStartingAt(HlsClass, startMs) } : {}),
    });
    this.#hls = hls;
    const { Events, ErrorTypes, ErrorDetails } = HlsClass;
    hls.on(Events.MANIFEST_PARSED, () => {
      this.#chooseRememberedQuality(hls);
      this.#tell({ kind: "loading" });
      this.#tellQualities();
      if (this.#wanted) void this.play();
    });
    hls.on(Events.LEVEL_SWITCHED, () => this.#tellQualities());
    hls.on(Events.FRAG_BUFFERED, () => { this.#trouble = null; });
    hls.on(Events.ERROR, (_, data) => {
      const isNetwork = data.type === ErrorTypes.NETWORK_ERROR;
      const status = data.response?.code ?? 0;
      if (isNetwork) this.#trouble = { status, details: data.details };
      if (data.details === ErrorDetails.BUFFER_SEEK_OVER_HOLE && source.isArchive) this.#listener.onHole();
      if (!data.fatal) return;
      if (isNetwork) {
        this.#fail(networkFault(status, data.details, navigator.onLine, source.isArchive));
      } else if (data.type === ErrorTypes.MEDIA_ERROR && !this.#recovered) {
        this.#recovered = true; // once; a second time the player is built anew
        hls.recoverMediaError();
      } else {
        this.#fail("LS-D1");
      }
    });
    hls.loadSource(source.url);
    hls.attachMedia(this.#media);
  }

  #chooseRememberedQuality(hls: Hls): void {
    const height = recallNumber("quality_height") ?? 0;
    const index = height > 0 ? hls.levels.findIndex((level) => level.height === height) : -1;
    if (index >= 0) hls.nextLevel = index;
  }

  #unload(): void {
    this.#keepBandwidth();
    this.#opening += 1;
    this.#unloading = true;
    this.#hls?.destroy();
    this.#hls = null;
    if (this.#media.hasAttribute("src")) {
      this.#media.removeAttribute("src");
      this.#media.load();
    }
  }

  #keepBandwidth(): void {
    const estimate = this.#hls?.bandwidthEstimate;
    if (this.#started && estimate && Number.isFinite(estimate)) {
      remember("bandwidth_bps", String(Math.round(estimate)));
    }
  }

  #livePosition(): number | null {
    if (this.#hls) return this.#hls.liveSyncPosition;
    const { seekable } = this.#media;
    return seekable.length > 0 ? seekable.end(seekable.length - 1) : null;
  }

  #onEnded(): void {
    if (!this.#source || this.#unloading) return;
    this.#wanted = false;
    this.#tell({ kind: "ended" });
  }

  #onPlaying(): void {
    this.#unloading = false;
    this.#started = true;
    this.#tell({ kind: "playing" });
    window.clearTimeout(this.#forgive);
    this.#forgive = window.setTimeout(() => { this.#attempt = 0; }, FORGIVE_AFTER_MS);
  }

  #onWaiting(): void {
    if (this.#situation === "fault" || this.#situation === "blocked" || this.#media.paused) return;
    if (!this.#started) return this.#tell({ kind: "loading" });
    this.#haltedAtS = this.#media.currentTime;
    window.clearTimeout(this.#halt);
    this.#halt = window.setTimeout(() => this.#onHalt(), HALT_MS);
  }

  #onHalt(): void {
    if (this.#situation !== "playing" || this.#media.currentTime !== this.#haltedAtS) return;
    this.#tell({ kind: "buffering" });
    if (!this.#source?.lowLatency) return;
    const now = performance.now();
    this.#stalls = [...this.#stalls.filter((at) => now - at < UNSTEADY_WITHIN_MS), now];
    if (this.#stalls.length >= 2) this.#listener.onUnsteady();
  }

  /** Time passes again, with or without a "playing" event. */
  #onMoving(): void {
    const { paused, readyState, currentTime } = this.#media;
    if (this.#source?.isArchive) this.#reachedMs = this.playingUnixMs() ?? this.#reachedMs;
    if (this.#situation === "buffering" && !paused && readyState >= 3 && currentTime !== this.#haltedAtS) {
      this.#onPlaying();
    }
  }

  #onPause(): void {
    // The element pauses by itself when its source goes; that is nobody's wish.
    if (this.#unloading && this.#wanted) return;
    const isOn = this.#situation === "playing" || this.#situation === "buffering";
    if (this.#situation === "ended" || this.#media.ended || (this.#wanted && !isOn)) return;
    this.#wanted = false; // the lock screen, headphones and the system pause as well
    if (this.#situation !== "fault") this.#tell({ kind: "paused" });
  }

  #onMediaError(): void {
    if (this.#hls || !this.#media.error) return; // hls.js tells its own
    const network = this.#media.error.code === MediaError.MEDIA_ERR_NETWORK || !this.#started;
    this.#fail(network ? networkFault(0, "", navigator.onLine) : "LS-D1");
  }

  #onOffline(): void {
    // What is buffered plays on; the sentence comes when it has run out.
    if (this.#situation !== "playing" && this.#situation !== "paused") this.#fail("LS-O1");
  }

  #fail(code: FaultCode): void {
    this.#clearTimers();
    this.#hls?.stopLoad();
    if (isLasting(code)) return this.#tell({ kind: "fault", code, retryInS: null });
    let left = retryPauseS(this.#attempt, Math.random());
    this.#attempt += 1;
    this.#tell({ kind: "fault", code, retryInS: left });
    this.#countdown = window.setInterval(() => {
      left -= 1;
      if (left > 0) this.#tell({ kind: "fault", code, retryInS: left });
      else this.#load(true);
    }, 1000);
  }

  #tell(situation: Situation): void {
    this.#situation = situation.kind;
    window.clearTimeout(this.#patience);
    if (["connecting", "loading", "buffering"].includes(situation.kind)) {
      this.#beImpatient(performance.now());
    }
    this.#listener.onSituation(situation);
  }

  /** Wait for the picture, but not for ever. */
  #beImpatient(since: number): void {
    this.#patience = window.setTimeout(() => {
      const waited = performance.now() - since;
      const trouble = this.#trouble;
      if (trouble && waited >= PATIENCE_IN_TROUBLE_MS) {
        this.#fail(networkFault(trouble.status, trouble.details, navigator.onLine, this.#source?.isArchive));
      } else if (waited >= PATIENCE_MS) {
        this.#fail(navigator.onLine ? "LS-N2" : "LS-O1");
      } else {
        this.#beImpatient(since);
      }
    }, 1000);
  }

  #tellQualities(): void {
    const hls = this.#hls;
    if (!hls) return;
    const qualities = hls.levels.map((level, index) => (
      { index, height: level.height ?? 0, bitrateBps: level.bitrate }
    ));
    this.#listener.onQualities(qualities, hls.autoLevelEnabled ? -1 : hls.nextLevel, hls.currentLevel);
  }

  #clearTimers(): void {
    window.clearTimeout(this.#patience);
    window.clearTimeout(this.#forgive);
    window.clearTimeout(this.#halt);
    window.clearInterval(this.#countdown);
  }
}

/** Return what an earlier visit measured, else what the browser tells; null when unknown. */
function knownBandwidth(): number | null {
  const kept = recallNumber("bandwidth_bps");
  if (kept !== null) return kept;
  const { connection } = navigator as Navigator & { connection?: { downlink?: number } };
  return connection?.downlink ? connection.downlink * 1e6 : null;
}
