/** When a sleep timer ends, and how loud it is until then. */

/** The sound fades out over this, so that its end wakes nobody. */
export const FADE_MS = 10_000;

export type SleepChoice = "15" | "30" | "60" | "programme";
export const SLEEP_CHOICES: readonly SleepChoice[] = ["15", "30", "60", "programme"];

/** A programme's first and last moment, in UNIX milliseconds. */
export interface Stretch {
  startMs: number;
  stopMs: number;
}

export interface SleepTimer {
  choice: SleepChoice;
  /** UNIX milliseconds. */
  endMs: number;
  /** The programme whose end is meant. */
  programme: Stretch | null;
}

export interface SleepStep {
  timer: SleepTimer;
  remainingMs: number;
  /** Part of the viewer's own loudness, 0 to 1. */
  loudness: number;
  isOver: boolean;
}

/** Set a timer at `nowMs`; null where the end of a programme is meant and none is known. */
export function setSleep(
  choice: SleepChoice, nowMs: number, programme: Stretch | null, playedMs: number | null,
): SleepTimer | null {
  if (choice !== "programme") return { choice, endMs: nowMs + Number(choice) * 60_000, programme: null };
  return programme && { choice, endMs: nowMs + programme.stopMs - (playedMs ?? nowMs), programme };
}

/**
 * Move a timer on. `playedMs` is the moment on air that plays, null when nothing does: while it lies in the
 * programme whose end is meant, a pause or a rewind moves the end.
 */
export function stepSleep(timer: SleepTimer, nowMs: number, playedMs: number | null): SleepStep {
  const { programme } = timer;
  const isInside = programme && playedMs !== null && playedMs >= programme.startMs && playedMs < programme.stopMs;
  const moved = isInside ? { ...timer, endMs: nowMs + programme.stopMs - playedMs } : timer;
  const remainingMs = Math.max(0, moved.endMs - nowMs);
  return { timer: moved, remainingMs, loudness: Math.min(1, remainingMs / FADE_MS), isOver: remainingMs === 0 };
}
