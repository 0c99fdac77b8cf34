/**
 * Quality as viewers have it, told to the station: a name for the viewing, and who watches the player.
 *
 * Nothing is sent of viewers who ask for that (Do Not Track, Global Privacy Control), nothing is
 * stored, and the name is a random one that lives as long as the viewing.  This much is in the first
 * load; what reports comes with the first picture, and is told then what came before.
 */
import type { PlayerEvent, PlayerFacts, PlayerObserver } from "../playing/facts.ts";
import type { FaultCode } from "../playing/faults.ts";
import type { Reporter } from "./reporter.ts";

/** Whom to watch. */
export interface Subject {
  channel: string;
  media: HTMLMediaElement;
  observe(observer: PlayerObserver): () => void;
  facts(): PlayerFacts;
  /** The server's time, in UNIX milliseconds. */
  nowMs(): number;
}

export interface Noted {
  event: PlayerEvent;
  atMs: number;
}

/** Without a picture after so long, it is time to say so. */
const PATIENCE_MS = 8_000;
const NOTED_MAX = 100;
/** Who leaves sooner has not waited. */
const SHORT_MS = 1_000;

let isFirst = true;
let named: () => string | null = () => null;

/** Return the name under which this viewing is reported; null where none is. */
export const sessionId = (): string | null => named();

export function mayReport(asked: Navigator): boolean {
  const { doNotTrack, globalPrivacyControl } = asked as Navigator & { globalPrivacyControl?: boolean };
  return doNotTrack !== "1" && globalPrivacyControl !== true;
}

export interface Watch {
  /** Tell of a fault that kept the player from being asked at all. */
  fault(code: FaultCode): void;
  end(): void;
}

/** Report what viewers have of a channel from now on. */
export function watchQuality(subject: Subject): Watch {
  if (!mayReport(navigator)) return { fault: () => {}, end: () => {} };
  // The first of a page was wished for with the page, each further one with a press.
  const wishedAtMs = isFirst ? 0 : performance.now();
  isFirst = false;
  const id = newId();
  const noted: Noted[] = [];
  const leaving = new AbortController();
  let reporter: Reporter | null = null;
  let isAsked = false;

  const load = async (): Promise<void> => {
    if (isAsked || leaving.signal.aborted) return;
    isAsked = true;
    try {
      const module = await import("./reporter.ts");
      if (!leaving.signal.aborted) reporter = new module.Reporter(subject, noted.splice(0), wishedAtMs, id, newId);
    } catch {
      isAsked = false; // without the network; the next event tries again
    }
  };
  const observer: PlayerObserver = (event, atMs) => {
    if (reporter) return reporter.take(event, atMs);
    if (noted.length < NOTED_MAX) noted.push({ event, atMs });
    if (event.kind === "started" || (event.kind === "situation" && event.situation.kind === "fault")) void load();
  };
  const stop = subject.observe(observer);
  const patience = window.setTimeout(() => void load(), PATIENCE_MS);
  const leave = (): void => {
    if (reporter || !noted.some(({ event }) => event.kind === "opened") || performance.now() - wishedAtMs < SHORT_MS) return;
    const has = (kind: string): boolean => noted.some(({ event }) => event.kind === "situation" && event.situation.kind === kind);
    tellShortly(subject.channel, id, wishedAtMs, has("playing") ? "p" : "s", has("fault") ? "f" : "q");
  };
  window.addEventListener("pagehide", leave, { signal: leaving.signal });
  const name = (): string => reporter?.sessionId ?? id;
  named = name;

  return {
    fault: (code) => observer({ kind: "situation", situation: { kind: "fault", code, retryInS: null } }, performance.now()),
    end: () => {
      stop();
      leave();
      window.clearTimeout(patience);
      leaving.abort();
      reporter?.close();
      if (named === name) named = () => null;
    },
  };
}

/** Say that somebody came and left, before there was anything to report with. */
function tellShortly(channel: string, id: string, fromMs: number, state: string, last: string): void {
  const lines = [[state, fromMs], [last, performance.now()]].map(([sta, atMs], index) => (
    `cid="${channel}",e=ps,sid="${id}",sn=${index + 1},sta=${sta},ts=${Math.round(performance.timeOrigin + Number(atMs))},v=2`
  ));
  navigator.sendBeacon("/qoe", new Blob([lines.join("\n")], { type: "application/cmcd" }));
}

/** 96 random bits; `crypto.randomUUID` wants a secure page, and a station's first one is on plain HTTP. */
function newId(): string {
  return [...crypto.getRandomValues(new Uint8Array(12))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
