/**
 * Whether the network carries a picture: once a second, what was seen goes in, and sometimes a wish comes out.
 *
 * On a network that does not carry even the smallest picture, sound alone goes on; the picture comes back
 * when the network has carried twice as much for a while, and later each time that it was too early.
 */

/** What a second of play looked like. */
export interface Second {
  /** Milliseconds of a clock that never goes back. */
  atMs: number;
  /** Bytes of media that have come since the source was opened. */
  arrivedBytes: number;
  /** Seconds of media that are loaded ahead. */
  bufferS: number;
  /** Bit rate at which the newest fragment came; null when unknown. */
  fragmentBps: number | null;
  /** Bit rate of the smallest picture with its sound; null when unknown. */
  smallestBps: number | null;
}

export type Wish = "sound" | "picture";

/** So many seconds in which something came are enough to judge by. */
const SECONDS = 6;
/** They must lie within this time: a tunnel between them says nothing about the network outside. */
const WITHIN_MS = 15_000;
/** With more than this ahead, there is time to see whether it gets better. */
const CALM_BUFFER_S = 8;
/** What the picture is given up for does not quite carry it. */
const CARRIES = 0.95;
/** What brings it back carries it with ease. */
const EASILY = 2;
const BACK_AFTER_MS = 20_000;
const BACK_AFTER_AT_MOST_MS = 320_000;
/** A picture that was given up sooner than this after it came back, came back too early. */
const HELD_MS = 120_000;

interface Arrival {
  atMs: number;
  bits: number;
}

export class WeakNetwork {
  #arrivals: Arrival[] = [];
  #last: Second | null = null;
  #smallestBps: number | null = null;
  #easySinceMs: number | null = null;
  #backAfterMs = BACK_AFTER_MS;
  #backAtMs = -Infinity;
  #carriedBps: number | null = null;

  /** Bits a second that came when the picture was given up; null before. */
  get carriedBps(): number | null {
    return this.#carriedBps;
  }

  /** Another source plays: what came of the one before does not count. */
  restart(): void {
    this.#arrivals = [];
    this.#last = null;
    this.#easySinceMs = null;
  }

  /** Judge a second with the picture: the wish to give it up, or null. */
  seePicture(second: Second): Wish | null {
    this.#smallestBps = second.smallestBps ?? this.#smallestBps;
    const last = this.#last;
    this.#last = second;
    if (!last || second.arrivedBytes < last.arrivedBytes) return null;
    const { atMs } = second;
    const bits = (second.arrivedBytes - last.arrivedBytes) * 8;
    if (bits > 0) this.#arrivals.push({ atMs, bits: (bits * 1000) / Math.max(1, atMs - last.atMs) });
    this.#arrivals = this.#arrivals.filter((one) => atMs - one.atMs <= WITHIN_MS).slice(-SECONDS);
    if (this.#smallestBps === null || this.#arrivals.length < SECONDS || second.bufferS >= CALM_BUFFER_S) return null;
    const carriedBps = this.#arrivals.reduce((sum, one) => sum + one.bits, 0) / SECONDS;
    this.#carriedBps = carriedBps;
    if (carriedBps >= this.#smallestBps * CARRIES) return null;
    const wasTooEarly = atMs - this.#backAtMs < HELD_MS;
    this.#backAfterMs = wasTooEarly ? Math.min(this.#backAfterMs * 2, BACK_AFTER_AT_MOST_MS) : BACK_AFTER_MS;
    return "sound";
  }

  /** Judge a second of sound alone: the wish to have the picture back, or null. */
  seeSound({ atMs, fragmentBps, bufferS }: Second): Wish | null {
    const isEasy = fragmentBps !== null && this.#smallestBps !== null
      && fragmentBps >= this.#smallestBps * EASILY && bufferS >= CALM_BUFFER_S;
    if (!isEasy) this.#easySinceMs = null;
    else this.#easySinceMs ??= atMs;
    if (this.#easySinceMs === null || atMs - this.#easySinceMs < this.#backAfterMs) return null;
    this.#backAtMs = atMs;
    return "picture";
  }
}
