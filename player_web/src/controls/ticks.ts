/** Where programmes begin on the bar to rewind with. */
import type { Brief } from "../guide/guide.ts";

export interface Tick {
  /** Place on the bar, 0 to 1. */
  share: number;
  title: string;
}

/** Return a tick for each programme that begins between two moments (UNIX milliseconds), neither included. */
export function ticksIn(items: readonly Brief[], startMs: number, endMs: number): Tick[] {
  return items
    .filter((item) => item.startS * 1000 > startMs && item.startS * 1000 < endMs)
    .map((item) => ({ share: (item.startS * 1000 - startMs) / (endMs - startMs), title: item.title }));
}
