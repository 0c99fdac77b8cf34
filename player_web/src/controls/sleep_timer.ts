/** The sleep timer of the page: it goes on whatever channel is open, and ends with what plays then. */
import { type SleepChoice, type SleepTimer, type Stretch, setSleep, stepSleep } from "./sleep_decision.ts";

/** What plays, and can be put to sleep. */
export interface Sleeper {
  readonly media: HTMLMediaElement;
  /** The server's time, in UNIX milliseconds. */
  nowMs(): number;
  /** The moment on air that plays, in UNIX milliseconds; null when unknown. */
  playedMs(): number | null;
  pause(): void;
  /** Something is new: the timer was set, moved on, cancelled, or is over. */
  onSleep(isOver: boolean): void;
}

const TICK_MS = 1_000;
/** While the sound fades. */
const FADE_TICK_MS = 200;

class SleepKeeper {
  #timer: SleepTimer | null = null;
  #remainingMs = 0;
  #sleeper: Sleeper | null = null;
  /** The viewer's own loudness, while it is faded. */
  #loudness: number | null = null;
  #set = 0;
  #next = 0;

  get choice(): SleepChoice | null {
    return this.#timer?.choice ?? null;
  }

  /** Seconds until the end; null without a timer. */
  get remainingS(): number | null {
    return this.#timer && Math.ceil(this.#remainingMs / 1000);
  }

  /** Whether the loudness is the timer's rather than the viewer's. */
  get isFading(): boolean {
    return this.#loudness !== null;
  }

  attach(sleeper: Sleeper): void {
    this.#restore();
    this.#sleeper = sleeper;
    sleeper.media.addEventListener("volumechange", () => {
      // Who turns the sound while it fades is awake.
      const isOurs = sleeper.media.volume === this.#set;
      if (this.isFading && sleeper === this.#sleeper && !isOurs) {
        this.#loudness = null;
        this.choose(null, null);
      }
    });
    sleeper.onSleep(false);
  }

  detach(sleeper: Sleeper): void {
    if (this.#sleeper !== sleeper) return;
    this.#restore();
    this.#sleeper = null;
  }

  /** Set the timer, or cancel it with null. */
  choose(choice: SleepChoice | null, programme: Stretch | null): void {
    this.#restore();
    const sleeper = this.#sleeper;
    this.#timer = choice && setSleep(choice, sleeper?.nowMs() ?? Date.now(), programme, sleeper?.playedMs() ?? null);
    this.#step();
  }

  #step(): void {
    window.clearTimeout(this.#next);
    const sleeper = this.#sleeper;
    if (!this.#timer) return sleeper?.onSleep(false);
    const step = stepSleep(this.#timer, sleeper?.nowMs() ?? Date.now(), sleeper?.playedMs() ?? null);
    this.#timer = step.isOver ? null : step.timer;
    this.#remainingMs = step.remainingMs;
    if (step.isOver) {
      sleeper?.pause();
      this.#restore();
    } else {
      if (step.loudness < 1) this.#fade(step.loudness);
      else this.#restore(); // a rewind took the end away again
      this.#next = window.setTimeout(() => this.#step(), this.isFading ? FADE_TICK_MS : TICK_MS);
    }
    sleeper?.onSleep(step.isOver);
  }

  #fade(share: number): void {
    const media = this.#sleeper?.media;
    if (!media) return;
    this.#loudness ??= media.volume;
    media.volume = this.#loudness * share;
    this.#set = media.volume;
  }

  #restore(): void {
    const [media, loudness] = [this.#sleeper?.media, this.#loudness];
    if (!media || loudness === null) return;
    this.#set = loudness;
    media.volume = loudness;
    // The event of this comes later; by then the loudness is the viewer's own again.
    this.#loudness = null;
  }
}

export const sleepTimer = new SleepKeeper();
