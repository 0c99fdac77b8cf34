/** Watches one player and reports; loaded when the first picture is there, and told what came before. */
import type { PlayerEvent, PlayerFacts } from "../playing/facts.ts";
import type { Report } from "./encode.ts";
import { Sender } from "./sender.ts";
import { type Figures, Session } from "./session.ts";
import type { Noted, Subject } from "./watch.ts";

const TICK_MS = 30_000;
/** What happens together goes together. */
const GATHER_MS = 2_000;
/** What is known now was not known at a moment longer ago. */
const FRESH_MS = 1_000;

const sender = new Sender("/qoe", {
  fetch: (url, init) => fetch(url, init),
  beacon: (url, body) => navigator.sendBeacon(url, body),
  nowMs: () => performance.now(),
  chance: () => Math.random(),
});

export class Reporter {
  readonly #subject: Subject;
  readonly #newId: () => string;
  #session: Session;
  #gathering = 0;
  readonly #ticking: number;
  readonly #leaving = new AbortController();

  /** `noted` is what has happened so far; `newId` names another session. */
  constructor(subject: Subject, noted: readonly Noted[], wishedAtMs: number, id: string, newId: () => string) {
    this.#subject = subject;
    this.#newId = newId;
    this.#session = this.#begin(id, wishedAtMs);
    for (const { event, atMs } of noted) this.take(event, atMs);
    const until = { signal: this.#leaving.signal };
    subject.media.addEventListener("play", () => this.#send(this.#session.press(performance.now())), until);
    document.addEventListener("visibilitychange", () => { if (document.hidden) sender.leave(); }, until);
    window.addEventListener("pagehide", () => {
      sender.add(this.#session.end(performance.now()));
      sender.leave();
    }, until);
    window.addEventListener("online", () => void sender.comeBack(), until);
    window.addEventListener("pageshow", (event) => { if (event.persisted) this.#comeBack(); }, until);
    this.#ticking = window.setInterval(() => this.#send(this.#session.tick(performance.now()), true), TICK_MS);
  }

  get sessionId(): string {
    return this.#session.id;
  }

  take(event: PlayerEvent, atMs: number): void {
    const isNews = event.kind === "opened" || (event.kind === "situation" && ["playing", "fault"].includes(event.situation.kind));
    if (this.#session.isOver && isNews) this.#comeBack();
    this.#send(this.#session.take(event, atMs));
  }

  close(): void {
    window.clearInterval(this.#ticking);
    window.clearTimeout(this.#gathering);
    this.#leaving.abort();
    sender.add(this.#session.end(performance.now()));
    void sender.flush();
  }

  /** Whoever watches on after an end begins another session. */
  #comeBack(): void {
    const nowMs = performance.now();
    this.#session = this.#begin(this.#newId(), nowMs);
    const { source, engine, situation, qualities } = this.#subject.facts();
    if (!source || !engine) return;
    this.#send(this.#session.take({ kind: "opened", source, again: false, engine }, nowMs));
    this.#send(this.#session.take({ kind: "qualities", qualities }, nowMs));
    if (situation === "playing" || situation === "paused") {
      this.#send(this.#session.take({ kind: "situation", situation: { kind: situation } }, nowMs));
    }
  }

  #begin(id: string, wishedAtMs: number): Session {
    const viewing = { id, channel: this.#subject.channel, wishedAtMs, originMs: performance.timeOrigin };
    return new Session(viewing, (atMs) => this.#figures(atMs));
  }

  #send(reports: Report[], atOnce = false): void {
    if (reports.length === 0 || sender.isStopped) return;
    sender.add(reports);
    if (atOnce) return void sender.flush();
    if (this.#gathering !== 0) return;
    this.#gathering = window.setTimeout(() => {
      this.#gathering = 0;
      void sender.flush();
    }, GATHER_MS);
  }

  #figures(atMs: number): Figures {
    if (performance.now() - atMs > FRESH_MS) return {};
    return figuresOf(this.#subject.facts(), this.#subject.nowMs());
  }
}

/** Leave out what is not known; how far behind somebody has rewound is no latency. */
function figuresOf(facts: PlayerFacts, nowMs: number): Figures {
  const { source, playingUnixMs, bandwidthBps, frames, bufferS } = facts;
  const isLive = source !== null && !source.isArchive && facts.situation === "playing";
  return {
    bufferMs: bufferS * 1000,
    ...(isLive && playingUnixMs !== null ? { latencyMs: Math.max(0, nowMs - playingUnixMs) } : {}),
    ...(bandwidthBps === null ? {} : { bandwidthBps }),
    ...(frames === null ? {} : { framesDropped: frames.dropped }),
  };
}
