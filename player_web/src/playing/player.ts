/**
 * One channel on one media element, live or from its archive, over whichever engine fits the browser.
 *
 * It tells one `Situation` at a time and never leaves the viewer with a spinner: what does not play
 * within `PATIENCE_MS` becomes a fault with a code, and each fault is tried again with growing pauses.
 */
import { type Engine, type EngineKind, type EngineListener, NO_QUALITIES, type Quality, type Source, type Span, type Trouble } from "./engine.ts";
import { Observers, type PlayerFacts, type PlayerObserver, type Situation, bufferedAheadS, framesOf } from "./facts.ts";
import { type FaultCode, isLasting, networkFault, retryPauseS } from "./faults.ts";
import { remember } from "../base/storage.ts";
import { engineFor, hasten, otherEngines, playsNatively, playsProgressively } from "./engines.ts";
import { HlsEngine } from "./hls_engine.ts";

export type { Quality, Source } from "./engine.ts";
export type { Situation } from "./facts.ts";

export interface PlayerListener {
  onSituation(situation: Situation): void;
  onQualities(qualities: Quality[], chosen: number, playing: number): void;
  /** The network stalled twice in a minute on the low-latency playlist. */
  onUnsteady(): void;
  /** Something that the archive does not have was skipped. */
  onHole(): void;
  /** Whether captions are shown; null where there are none. */
  onCaptions(isShown: boolean | null): void;
}

const PATIENCE_MS = 20_000;
/** With a request that failed in the meantime, this is enough to say what is wrong. */
const PATIENCE_IN_TROUBLE_MS = 6_000;
/** A shorter halt is no news. */
const HALT_MS = 400;
const FORGIVE_AFTER_MS = 20_000;
const UNSTEADY_WITHIN_MS = 60_000;
/** A stream without end of which nothing is heard for so long has failed: the connection may be dead. */
const STREAM_PATIENCE_MS = 5_000;
/** What was paused for longer is no longer live. */
const STALE_MS = 3_000;

hasten();

export class Player {
  readonly #media: HTMLMediaElement;
  readonly #listener: PlayerListener;
  readonly #observers = new Observers();
  #source: Source | null = null;
  /** The wall clock of what was played last, in UNIX milliseconds: where the next try begins. */
  #reachedMs: number | null = null;
  #engine: Engine | null = null;
  #attempt = 0;
  #started = false;
  #wanted = true;
  #situation: Situation["kind"] | null = null;
  #stalls: number[] = [];
  #openedAt = 0;
  #figures: { startupMs: number | null; stalls: number; stalledMs: number } = { startupMs: null, stalls: 0, stalledMs: 0 };
  #stallBeganAt: number | null = null;
  /** The newest request that failed since something was played or loaded. */
  #trouble: Trouble | null = null;
  /** The stream without end failed: playlists take over, which tell what is wrong. */
  #isStreamLost = false;
  /** Counts what was loaded: a newer one lets an older one be. */
  #loading = 0;
  #pausedAt: number | null = null;
  #unloading = false;
  #haltedAtS = -1;
  #haltedAt = 0;
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
    window.addEventListener("offline", () => this.#onOffline(), until);
    window.addEventListener("online", () => this.#onOnline(), until);
  }

  /** Tell an observer what happens from now on; returns what ends that. */
  observe(observer: PlayerObserver): () => void {
    return this.#observers.add(observer);
  }

  /** Return how it stands now. */
  facts(): PlayerFacts {
    const engine = this.#engine;
    const stallingMs = this.#stallBeganAt === null ? 0 : performance.now() - this.#stallBeganAt;
    return {
      engine: engine?.kind ?? null,
      source: this.#source,
      situation: this.#situation,
      qualities: engine?.qualities ?? NO_QUALITIES,
      bandwidthBps: engine?.bandwidthBps ?? null,
      arrivedBytes: engine?.arrivedBytes ?? null,
      fragmentBps: engine?.fragmentBps ?? null,
      bufferS: bufferedAheadS(this.#media),
      playingUnixMs: this.playingUnixMs(),
      behindS: this.behindS(),
      ...this.#figures,
      stalledMs: this.#figures.stalledMs + stallingMs,
      frames: framesOf(this.#media),
    };
  }

  /** Play a source from its beginning or its live edge; whatever played before ends. */
  open(source: Source): void {
    this.#endStall();
    this.#source = source;
    this.#reachedMs = null;
    this.#attempt = 0;
    this.#stalls = [];
    this.#isStreamLost = false;
    this.#wanted = true;
    this.#openedAt = performance.now();
    this.#figures = { startupMs: null, stalls: 0, stalledMs: 0 };
    this.#load(false);
  }

  /** Load nothing more of this source: another one is about to be opened. */
  stopLoading(): void {
    this.#engine?.stopLoading();
  }

  /** End for good. */
  close(): void {
    this.#leaving.abort();
    this.stop();
  }

  /** Play nothing until something is opened. */
  stop(): void {
    const wasOpen = this.#source !== null;
    this.#endStall();
    this.#source = null;
    this.#situation = null;
    this.#unload();
    this.#clearTimers();
    if (wasOpen) this.#observers.tell({ kind: "closed" });
  }

  /** Try again without waiting for the pause to pass; nothing happens unless there is a fault. */
  retryNow(): void {
    if (this.#situation !== "fault") return;
    // The pause was not waited for: if it was too early, it is not to be longer the next time.
    this.#attempt = Math.max(0, this.#attempt - 1);
    this.#retry();
  }

  async play(): Promise<void> {
    this.#wanted = true;
    if (this.#situation === "fault") return this.retryNow();
    if (this.#isStale()) return this.#load(false);
    try {
      await this.#media.play();
    } catch (error) {
      // Browsers play with sound only after a press; "AbortError" means that a newer load took over.
      if (!(error instanceof DOMException && error.name === "NotAllowedError")) return;
      this.#pausedAt ??= performance.now();
      this.#tell({ kind: "blocked" });
    }
  }

  pause(): void {
    this.#wanted = false;
    this.#media.pause();
    this.#onPause();
  }

  /** Jump to the live edge. */
  goLive(): void {
    const edge = this.#engine?.livePositionS() ?? null;
    if (edge !== null) this.#media.currentTime = edge;
    void this.play();
  }

  /** Return seconds behind the position at which this playlist is meant to be watched. */
  behindS(): number {
    const edge = this.#engine?.livePositionS() ?? null;
    return edge === null ? 0 : Math.max(0, edge - this.#media.currentTime);
  }

  /** Return the wall clock of what is on screen, in UNIX milliseconds; null when unknown. */
  playingUnixMs(): number | null {
    return this.#engine?.playingUnixMs() ?? null;
  }

  /** Return the first and the last moment that the playlist holds, in UNIX milliseconds. */
  span(): Span | null {
    return this.#engine?.span() ?? null;
  }

  /** Go to a moment of the playlist that is open; false if it is not there yet. */
  seekTo(unixMs: number): boolean {
    const time = this.#engine?.timeOf(unixMs) ?? null;
    if (time === null || this.#situation === "fault" || !this.#started) return false;
    this.#reachedMs = unixMs;
    this.#media.currentTime = time;
    return true;
  }

  /** Choose a quality by its index; -1 leaves the choice to the player. */
  chooseQuality(index: number): void {
    this.#engine?.chooseQuality(index);
    this.#leaveStream();
  }

  /** Keep to the small qualities, or to what the network carries; remembered. */
  setDataSaver(wanted: boolean): void {
    remember("data_saver", wanted ? "yes" : "no");
    this.#engine?.setDataSaver?.(wanted);
    this.#leaveStream();
  }

  /** Show captions, or hide them; remembered. */
  showCaptions(wanted: boolean): void {
    remember("captions", wanted ? "yes" : "no");
    this.#engine?.showCaptions?.(wanted);
  }

  #load(again: boolean): void {
    const source = this.#source;
    if (!source) return;
    this.#unload();
    this.#clearTimers();
    this.#started = false;
    this.#trouble = null;
    this.#pausedAt = null;
    const kind = engineFor(this.#media, source, this.#isStreamLost);
    this.#observers.tell({ kind: "opened", source, again, engine: kind });
    this.#tell({ kind: "connecting", again });
    void this.#start(kind, source);
  }

  async #start(kind: EngineKind, source: Source): Promise<void> {
    const loading = this.#loading;
    const listener = this.#listenerOf(() => loading === this.#loading);
    const startMs = this.#reachedMs ?? source.startMs;
    if (kind === "hls") {
      this.#engine = new HlsEngine(this.#media, source, startMs, listener);
      return this.#engine.start();
    }
    let others: Awaited<ReturnType<typeof otherEngines>>;
    try {
      others = await otherEngines();
    } catch {
      return listener.onFault(networkFault(0, "", navigator.onLine));
    }
    if (loading !== this.#loading) return; // a newer source took over
    this.#engine = kind === "native"
      ? new others.NativeEngine(this.#media, source, startMs, listener)
      : new others.ProgressiveEngine(this.#media, source, listener, playsNatively(this.#media));
    this.#engine.start();
  }

  /** Begin again after a fault; with the stream, where there is one: it is the quickest way back. */
  #retry(): void {
    this.#isStreamLost = false;
    this.#load(true);
  }

  /** The stream has one quality; who wishes for another gets it from playlists. */
  #leaveStream(): void {
    const source = this.#source;
    if (source && this.#engine?.kind === "progressive" && !playsProgressively(this.#media, source)) this.#load(false);
  }

  /** Say whether what is loaded has waited for too long to be called live. */
  #isStale(): boolean {
    const isForgotten = this.#engine?.forgetsWhilePaused === true && (this.#situation === "paused" || this.#situation === "blocked");
    return isForgotten && this.#pausedAt !== null && performance.now() - this.#pausedAt > STALE_MS;
  }

  /** The stream without end has ended, or does not begin. */
  #onLost(): void {
    // Nobody listens: it is opened anew when it is wanted again.
    if (!this.#wanted || this.#situation === "blocked") return void (this.#pausedAt = -Infinity);
    if (!navigator.onLine) return this.#fail("LS-O1");
    this.#isStreamLost = true;
    this.#load(this.#figures.startupMs !== null);
  }

  /** What an engine that was replaced still says is not heard. */
  #listenerOf(isHeard: () => boolean): EngineListener {
    const heard = <Told extends unknown[]>(act: (...told: Told) => void) => (
      (...told: Told): void => { if (isHeard()) act(...told); }
    );
    return {
      onReady: heard((heardMs?: number) => this.#onReady(heardMs)),
      onQualities: heard(() => this.#tellQualities()),
      onMedia: heard(() => { this.#trouble = null; }),
      onHole: heard(() => this.#listener.onHole()),
      onCaptions: heard(() => this.#listener.onCaptions(this.#engine?.captions ?? null)),
      onTrouble: heard((trouble: Trouble) => {
        this.#trouble = trouble;
        this.#observers.tell({ kind: "trouble", trouble });
      }),
      onFault: heard((code: FaultCode, retryAfterS: number | null = null) => this.#fail(code, retryAfterS)),
      onLost: heard(() => this.#onLost()),
    };
  }

  #onReady(heardMs?: number): void {
    this.#tell({ kind: "loading" });
    if (this.#wanted) void this.play();
    if (heardMs === undefined || this.#media.paused) return;
    this.#openedAt = 0; // it was begun with the page
    this.#onPlaying(heardMs);
  }

  #unload(): void {
    this.#unloading = true;
    this.#loading += 1;
    this.#engine?.close();
    this.#engine = null;
    this.#listener.onCaptions(null);
  }

  #onEnded(): void {
    if (!this.#source || this.#unloading || this.#engine?.kind === "progressive") return;
    this.#wanted = false;
    this.#tell({ kind: "ended" });
  }

  #onPlaying(atMs = performance.now()): void {
    this.#unloading = false;
    this.#started = true;
    window.clearInterval(this.#countdown); // it came back before the pause was over
    this.#pausedAt = null;
    if (this.#figures.startupMs === null) {
      const startupMs = atMs - this.#openedAt;
      this.#figures.startupMs = startupMs;
      this.#observers.tell({ kind: "started", startupMs }, atMs);
    }
    this.#tell({ kind: "playing" }, atMs);
    window.clearTimeout(this.#forgive);
    this.#forgive = window.setTimeout(() => { this.#attempt = 0; }, FORGIVE_AFTER_MS);
  }

  #onWaiting(): void {
    if (this.#situation === "fault" || this.#situation === "blocked" || this.#media.paused) return;
    if (!this.#started) return this.#situation === "loading" ? undefined : this.#tell({ kind: "loading" });
    this.#haltedAtS = this.#media.currentTime;
    this.#haltedAt = performance.now();
    window.clearTimeout(this.#halt);
    this.#halt = window.setTimeout(() => this.#onHalt(), HALT_MS);
  }

  #onHalt(): void {
    if (this.#situation !== "playing" || this.#media.currentTime !== this.#haltedAtS) return;
    // Where the viewer jumped to, loading is no fault of the network's.
    if (!this.#media.seeking) this.#beginStall();
    this.#tell({ kind: "buffering" });
    const isStream = this.#engine?.kind === "progressive";
    if (!this.#source?.lowLatency && !isStream) return;
    const now = performance.now();
    this.#stalls = [...this.#stalls.filter((at) => now - at < UNSTEADY_WITHIN_MS), now];
    if (this.#stalls.length < 2) return;
    if (!isStream) return this.#listener.onUnsteady();
    this.#onLost(); // the network does not carry its bit rate; playlists have lower ones
  }

  #beginStall(): void {
    this.#stallBeganAt = this.#haltedAt;
    this.#figures.stalls += 1;
    this.#observers.tell({ kind: "stallBegan" });
  }

  #endStall(): void {
    if (this.#stallBeganAt === null) return;
    const lastedMs = performance.now() - this.#stallBeganAt;
    this.#stallBeganAt = null;
    this.#figures.stalledMs += lastedMs;
    this.#observers.tell({ kind: "stallEnded", lastedMs });
  }

  /** Time passes again, with or without a "playing" event. */
  #onMoving(): void {
    const { paused, readyState, currentTime } = this.#media;
    if (this.#source?.isArchive) this.#reachedMs = this.playingUnixMs() ?? this.#reachedMs;
    const isHalted = this.#situation === "buffering" || this.#situation === "fault";
    if (isHalted && !paused && readyState >= 3 && currentTime !== this.#haltedAtS) {
      this.#onPlaying();
    }
  }

  #onPause(): void {
    // The element pauses by itself when its source goes; that is nobody's wish.
    if (this.#unloading && this.#wanted) return;
    const isOn = this.#situation === "playing" || this.#situation === "buffering";
    if (this.#situation === "ended" || this.#media.ended || (this.#wanted && !isOn)) return;
    this.#wanted = false; // the lock screen, headphones and the system pause as well
    this.#pausedAt ??= performance.now();
    if (this.#situation !== "fault") this.#tell({ kind: "paused" });
  }

  #onMediaError(): void {
    const { error } = this.#media;
    if (error) this.#engine?.onMediaError(error, this.#started);
  }

  #onOnline(): void {
    if (this.#situation === "fault") this.retryNow();
    else this.#engine?.resumeLoading?.();
  }

  #onOffline(): void {
    // What is buffered plays on; the sentence comes when it has run out.
    if (this.#situation !== "playing" && this.#situation !== "paused") this.#fail("LS-O1");
  }

  #fail(code: FaultCode, retryAfterS: number | null = null, isTryingOn = false): void {
    this.#clearTimers();
    if (!isTryingOn || isLasting(code)) this.#engine?.stopLoading();
    if (isLasting(code)) return this.#tell({ kind: "fault", code, retryInS: null });
    let left = Math.max(retryAfterS ?? 0, retryPauseS(this.#attempt, Math.random()));
    this.#attempt += 1;
    this.#tell({ kind: "fault", code, retryInS: left });
    this.#countdown = window.setInterval(() => {
      left -= 1;
      if (left > 0) this.#tell({ kind: "fault", code, retryInS: left });
      else this.#retry();
    }, 1000);
  }

  #tell(situation: Situation, atMs?: number): void {
    this.#situation = situation.kind;
    window.clearTimeout(this.#patience);
    if (["connecting", "loading", "buffering"].includes(situation.kind)) {
      this.#beImpatient(performance.now());
    }
    if (situation.kind !== "buffering") this.#endStall();
    this.#observers.tell({ kind: "situation", situation }, atMs);
    this.#listener.onSituation(situation);
  }

  /** Wait for the picture, but not for ever. */
  #beImpatient(since: number): void {
    this.#patience = window.setTimeout(() => {
      const waited = performance.now() - since;
      const trouble = this.#trouble;
      if (this.#engine?.kind === "progressive" && waited >= STREAM_PATIENCE_MS) {
        this.#onLost();
      } else if (trouble && waited >= PATIENCE_IN_TROUBLE_MS) {
        // The engine tries on meanwhile: what comes back during the pause is not to wait for its end.
        this.#fail(networkFault(trouble.status, trouble.details, navigator.onLine, this.#source?.isArchive), null, true);
      } else if (waited >= PATIENCE_MS) {
        this.#fail(navigator.onLine ? "LS-N2" : "LS-O1");
      } else {
        this.#beImpatient(since);
      }
    }, 1000);
  }

  #tellQualities(): void {
    const qualities = this.#engine?.qualities;
    if (!qualities) return;
    this.#observers.tell({ kind: "qualities", qualities });
    this.#listener.onQualities(qualities.all, qualities.chosen, qualities.playing);
  }

  #clearTimers(): void {
    window.clearTimeout(this.#patience);
    window.clearTimeout(this.#forgive);
    window.clearTimeout(this.#halt);
    window.clearInterval(this.#countdown);
  }
}
