/**
 * One viewing of one channel, put into reports: what the player goes through, in the states of CMCD.
 *
 * Pure: it is told what happens and when, and returns what is to be sent.  A fault that is tried again
 * is a stall with an error; only who leaves in it, or a fault that lasts, has failed.
 */
import type { PlayerEvent, Situation } from "../playing/facts.ts";
import type { EngineKind, Qualities, Source } from "../playing/engine.ts";
import { isLasting } from "../playing/faults.ts";
import type { Report } from "./encode.ts";

type State = "s" | "p" | "k" | "r" | "a" | "e" | "f" | "q";

/** What is known at the moment of a report alone. */
export interface Figures {
  bufferMs?: number;
  latencyMs?: number;
  bandwidthBps?: number;
  framesDropped?: number;
}

export interface Viewing {
  id: string;
  channel: string;
  /** When the viewer wished to watch; like every moment here, of `performance.now()`. */
  wishedAtMs: number;
  /** UNIX milliseconds of moment 0. */
  originMs: number;
}

export class Session {
  readonly id: string;
  readonly #viewing: Viewing;
  readonly #figures: (atMs: number) => Figures;
  #wishedAtMs: number;
  #state: State | null = null;
  #number = 0;
  #hasStarted = false;
  /** The start waits for the viewer's press. */
  #isBlocked = false;
  #isInFault = false;
  #source: Source | null = null;
  #engine: EngineKind | null = null;
  #quality: { averageBps: number; rendition: string | undefined } | null = null;
  #stalledAtMs: number | null = null;

  /** `figures` tells what is known at a moment; nothing of one that is past. */
  constructor(viewing: Viewing, figures: (atMs: number) => Figures) {
    this.id = viewing.id;
    this.#viewing = viewing;
    this.#figures = figures;
    this.#wishedAtMs = viewing.wishedAtMs;
  }

  /** It has ended; what is watched now is another session. */
  get isOver(): boolean {
    return this.#state === "e" || this.#state === "f" || this.#state === "q";
  }

  /** Return the reports of what has happened. */
  take(event: PlayerEvent, atMs: number): Report[] {
    if (this.isOver) return [];
    switch (event.kind) {
      case "opened":
        this.#source = event.source;
        // What another engine played is not what this one plays.
        if (event.engine !== this.#engine) this.#quality = null;
        this.#engine = event.engine;
        if (this.#state === null) return this.#enter("s", this.#wishedAtMs);
        // Another place of the same channel is a seek.
        return event.again || !this.#hasStarted ? [] : this.#enter("k", atMs);
      case "situation":
        return this.#follow(event.situation, atMs);
      case "stallBegan":
        return this.#enter("r", atMs);
      case "stallEnded":
        if (this.#stalledAtMs !== null) this.#stalledAtMs = Math.min(this.#stalledAtMs, atMs - event.lastedMs);
        return [];
      case "qualities":
        return this.#change(event.qualities, atMs);
      case "closed":
        return this.end(atMs);
      default:
        return [];
    }
  }

  /** The viewer pressed play; where the browser had waited for that, the start-up begins only now. */
  press(atMs: number): Report[] {
    if (!this.#isBlocked || this.#hasStarted || this.isOver) return [];
    this.#isBlocked = false;
    this.#wishedAtMs = atMs;
    return this.#enter("s", atMs);
  }

  /** Return the report that is due in regular intervals. */
  tick(atMs: number): Report[] {
    return this.#state === null || this.isOver ? [] : [this.#report("t", atMs)];
  }

  /** The viewer leaves. */
  end(atMs: number): Report[] {
    if (this.#state === null || this.isOver) return [];
    return this.#enter(this.#isInFault ? "f" : "q", atMs);
  }

  #follow(situation: Situation, atMs: number): Report[] {
    const wasInFault = this.#isInFault;
    if (situation.kind !== "connecting" && situation.kind !== "loading") this.#isInFault = situation.kind === "fault";
    switch (situation.kind) {
      case "playing": return this.#enter("p", atMs);
      case "paused": return this.#enter("a", atMs);
      case "blocked":
        this.#isBlocked = true;
        return this.#enter("a", atMs);
      case "ended": return this.#enter("e", atMs);
      case "buffering": return this.#state === "p" ? this.#enter("k", atMs) : [];
      case "fault": {
        const { code } = situation;
        // Nothing was opened: the guide, or the list of channels, said why not.
        if (this.#state === null) return wasInFault ? [] : this.#fault(code, atMs);
        if (isLasting(code)) return [...this.#fault(code, atMs), ...this.#enter("f", atMs)];
        // Its countdown tells it again each second.
        return wasInFault ? [] : [...this.#fault(code, atMs), ...this.#enter(this.#hasStarted ? "r" : "s", atMs)];
      }
      default: return [];
    }
  }

  #fault(code: string, atMs: number): Report[] {
    return [{ ...this.#report("e", atMs), ec: [code] }];
  }

  #enter(state: State, atMs: number): Report[] {
    if (state === this.#state) return [];
    const stalledAtMs = this.#stalledAtMs;
    this.#state = state;
    this.#stalledAtMs = state === "r" ? atMs : null;
    const isStart = state === "p" && !this.#hasStarted;
    if (isStart) this.#hasStarted = true;
    return [{
      ...this.#report("ps", atMs),
      ...(isStart ? { msd: atMs - this.#wishedAtMs } : {}),
      ...(stalledAtMs === null ? {} : { bs: true, bsd: [atMs - stalledAtMs] }),
    }];
  }

  #change({ all, playing }: Qualities, atMs: number): Report[] {
    const quality = all.find(({ index }) => index === playing);
    const before = this.#quality;
    if (!quality || (before?.averageBps === quality.averageBps && before.rendition === quality.rendition)) return [];
    this.#quality = { averageBps: quality.averageBps, rendition: quality.rendition };
    return this.#state === null ? [] : [this.#report("bc", atMs)];
  }

  #report(event: string, atMs: number): Report {
    const { bufferMs, latencyMs, bandwidthBps, framesDropped } = this.#figures(atMs);
    const source = this.#source;
    const quality = this.#quality;
    return {
      v: 2, e: event, sid: this.id, cid: this.#viewing.channel, sn: ++this.#number,
      ts: this.#viewing.originMs + atMs,
      ...(this.#state === null ? {} : { sta: this.#state }),
      ...(quality === null ? {} : { br: [quality.averageBps / 1000], "lensong-rendition": quality.rendition }),
      ...(source === null ? {} : { st: streamTypeOf(source), sf: this.#engine === "progressive" || !isPlaylist(source) ? "o" : "h", "lensong-kind": kindOf(source) }),
      bl: bufferMs === undefined ? undefined : [bufferMs],
      mtp: bandwidthBps === undefined ? undefined : [bandwidthBps / 1000],
      ltc: latencyMs,
      dfa: framesDropped,
    };
  }
}

const isPlaylist = ({ url }: Source): boolean => url.includes(".m3u8");

function kindOf({ url, isArchive }: Source): string {
  return !isArchive ? "live" : url.startsWith("/dvr/") ? "dvr" : "catchup";
}

function streamTypeOf(source: Source): string {
  return kindOf(source) === "catchup" ? "v" : source.lowLatency ? "ll" : "l";
}
