/** Rewinding by the keys: how far a press goes, and where it may lead. All times in UNIX milliseconds. */

/** What can be reached, and what is on screen. */
export interface Span {
  startMs: number;
  endMs: number;
  atMs: number;
}

const STEP_MS = 30_000;
/** This close to the end is the end. */
export const AT_EDGE_MS = 4_000;

/** Return how far the press number `repeats` of a key that is held down goes: first 30 s, then more. */
export function stepMs(repeats: number): number {
  if (repeats < 6) return STEP_MS;
  return repeats < 16 ? 2 * STEP_MS : 10 * STEP_MS;
}

/** Return where a step leads from a moment, within what can be reached. */
export function moved(span: Span, fromMs: number, byMs: number): number {
  return Math.min(Math.max(fromMs + byMs, span.startMs), span.endMs);
}

/** Return the part of a span that lies before a moment, 0 to 1. */
export function shareAt(span: Span, unixMs: number): number {
  const lengthMs = span.endMs - span.startMs;
  return lengthMs > 0 ? Math.min(1, Math.max(0, (unixMs - span.startMs) / lengthMs)) : 1;
}
