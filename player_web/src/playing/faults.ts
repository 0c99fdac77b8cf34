/** What goes wrong, in the viewer's terms: a sentence, a short code to quote, and when to try again. */
import type { MessageKey } from "../base/text.ts";

/** Stable short codes; operators count by them. */
export type FaultCode =
  | "LS-O1" | "LS-N1" | "LS-N2" | "LS-C1" | "LS-P1" | "LS-D1" | "LS-A1" | "LS-C2"
  | "LS-G1" | "LS-G2" | "LS-G3" | "LS-G4" | "LS-P2"
  | "LS-D2" | "LS-N3";

export const SENTENCE_OF: Record<FaultCode, MessageKey> = {
  "LS-O1": "faultOffline",
  "LS-N1": "faultUnreachable",
  "LS-N2": "faultSlow",
  "LS-C1": "faultInterrupted",
  "LS-C2": "faultUnknownChannel",
  "LS-P1": "faultRefused",
  "LS-D1": "faultDecode",
  "LS-A1": "faultList",
  "LS-G1": "faultUnknownProgramme",
  "LS-G2": "faultNotYet",
  "LS-G3": "faultExpired",
  "LS-G4": "faultProgrammeAnswer",
  "LS-P2": "faultProgrammeRefused",
  "LS-D2": "faultMemory",
  "LS-N3": "faultBusy",
};

/** Faults that time does not mend: they are not tried again by themselves. */
const LASTING: ReadonlySet<FaultCode> = new Set(["LS-G1", "LS-G3", "LS-P2"]);

export const isLasting = (code: FaultCode): boolean => LASTING.has(code);

/** Name the fault behind a failed request; `status` is 0 where nothing answered. */
export function networkFault(status: number, details: string, online: boolean, isArchive = false): FaultCode {
  if (!online) return "LS-O1";
  if (isArchive) {
    if (status === 401 || status === 403 || status === 451) return "LS-P2";
    if (status === 404 || status === 410) return "LS-G3";
  }
  if (status === 401 || status === 403 || status === 451) return "LS-P1";
  // The server has too much to do, or an edge before it holds viewers back.
  if (status === 429) return "LS-N3";
  if (status >= 400) return "LS-C1";
  // The server answers, but the playlist stands still: the fault lies behind it.
  if (/unchanged|parsing|empty/i.test(details)) return "LS-C1";
  return "LS-N1";
}

/** Codes of `MediaError`. */
const [ABORTED, NETWORK, DECODE] = [1, 2, 3];

/**
 * Name the fault behind a media element's error; null where there is none, "ask" where only the
 * server's answer tells: "not supported" is also what browsers say about a page of words.
 */
export function elementFault(code: number, hasStarted: boolean, online: boolean): FaultCode | "ask" | null {
  if (code === ABORTED) return null;
  if (!online) return "LS-O1";
  if (code === DECODE) return "LS-D1";
  if (code === NETWORK && hasStarted) return networkFault(0, "", online);
  return "ask";
}

/** Say whether building the player anew cannot help: the browser lacks the codec. */
export const isHopeless = (details: string): boolean => /IncompatibleCodecs|AddCodec/i.test(details);

/** The server's wish is heeded up to here. */
const LONGEST_RETRY_AFTER_S = 120;

/** Read a Retry-After of seconds; null for anything else (dates are no use with a wrong clock). */
export function retryAfterS(header: string | null): number | null {
  if (header === null || !/^\d{1,6}$/.test(header.trim())) return null;
  return Math.min(LONGEST_RETRY_AFTER_S, Number(header));
}

const PAUSES_S = [5, 10, 20, 30];

/**
 * Return the seconds before attempt number `attempt` (0 first), a fifth more or less by `chance`
 * (0 to 1): viewers who lost the channel together must not come back together.
 */
export function retryPauseS(attempt: number, chance: number): number {
  const pause = PAUSES_S[Math.min(attempt, PAUSES_S.length - 1)] ?? 30;
  return Math.max(1, Math.round(pause * (0.8 + 0.4 * chance)));
}
