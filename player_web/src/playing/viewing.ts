/** What an address comes to at a moment: live, rewound, a programme, a span, or a reason why not. */
import type { Channel } from "../base/api.ts";
import type { FaultCode } from "./faults.ts";
import { type Programme, stateAt } from "../guide/guide.ts";

export type Viewing =
  | { kind: "live" }
  /** Behind live, within the rewind window. */
  | { kind: "rewound"; momentMs: number }
  | { kind: "programme"; programme: Programme; url: string; momentMs: number | null; isRunning: boolean }
  /** A stretch of the archive that no programme of the guide holds. */
  | { kind: "span"; url: string; startMs: number; endMs: number; momentMs: number }
  | { kind: "unavailable"; code: FaultCode; programme: Programme | null; retryAtMs: number | null };

const DAY_MS = 86_400_000;
/** A moment this close to now is live. */
const NEAR_MS = 20_000;
/** The rewind window's oldest seconds leave it while they are being loaded. */
const MARGIN_MS = 30_000;
/** Length of a span around a moment of which the guide knows nothing. */
const SPAN_MS = 2 * 3_600_000;

/** Say whether a moment can be reached by rewinding live. */
export function isInWindow(channel: Channel, momentMs: number, nowMs: number): boolean {
  return channel.dvr !== null && momentMs >= nowMs - channel.dvrSeconds * 1000 + MARGIN_MS;
}

/** Say what a programme's address comes to; null where there is no such programme. */
export function viewProgramme(programme: Programme | null, momentMs: number | null, nowMs: number): Viewing {
  const refuse = (code: FaultCode, retryAtMs: number | null = null): Viewing => (
    { kind: "unavailable", code, programme, retryAtMs }
  );
  if (!programme) return refuse("LS-G1");
  switch (stateAt(programme, nowMs / 1000)) {
    case "upcoming": return refuse("LS-G2", programme.startS * 1000);
    case "expired": return refuse("LS-G3");
    case "refused": return refuse("LS-P2");
    case "live": return { kind: "live" };
    default: {
      const url = programme.playlist;
      if (!url) return refuse("LS-G3");
      return { kind: "programme", programme, url, momentMs, isRunning: nowMs < programme.stopS * 1000 };
    }
  }
}

/** Say what a moment comes to; `around` is the programme that the guide has there, if it was looked up. */
export function viewMoment(channel: Channel, momentMs: number, nowMs: number, around: Programme | null): Viewing {
  if (momentMs > nowMs - NEAR_MS) return { kind: "live" };
  if (isInWindow(channel, momentMs, nowMs)) return { kind: "rewound", momentMs };
  if (around) return viewProgramme(around, momentMs, nowMs);
  if (momentMs < nowMs - channel.catchupDays * DAY_MS) {
    return { kind: "unavailable", code: "LS-G3", programme: null, retryAtMs: null };
  }
  const startS = Math.floor(momentMs / 1000);
  const endS = Math.floor(Math.min(momentMs + SPAN_MS, nowMs - NEAR_MS) / 1000);
  const url = `/catchup/${channel.id}/${startS}-${endS}/index.m3u8`;
  return { kind: "span", url, startMs: startS * 1000, endMs: endS * 1000, momentMs };
}
