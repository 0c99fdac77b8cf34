/** The wall clock of a playlist's media time, by the dates of its segments. */

/** What hls.js knows of a segment. */
export interface DatedFragment {
  /** Media time, in seconds. */
  start: number;
  duration: number;
  /** UNIX milliseconds. */
  programDateTime: number | null;
  /** The archive does not have it. */
  gap?: boolean;
}

/** Return the index of the last fragment of which `isPast` holds, else 0; they are in the order of time. */
function lastIndex<T>(items: readonly T[], isPast: (item: T) => boolean): number {
  let [low, high] = [0, items.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const item = items[middle];
    if (item !== undefined && isPast(item)) low = middle + 1;
    else high = middle;
  }
  return Math.max(0, low - 1);
}

/** Return the wall clock of a media time, in UNIX milliseconds. */
export function unixMsOf(timeS: number, fragments: readonly DatedFragment[]): number | null {
  const found = fragments[lastIndex(fragments, (item) => item.start <= timeS + 0.001)];
  if (!found || found.programDateTime === null) return null;
  return found.programDateTime + (timeS - found.start) * 1000;
}

/** Return the media time of a moment, within what the fragments cover; of one in a hole, the hole's end. */
export function timeOf(unixMs: number, fragments: readonly DatedFragment[]): number | null {
  const index = lastIndex(fragments, (item) => (item.programDateTime ?? 0) <= unixMs);
  const found = fragments.slice(index).find((item) => !item.gap) ?? fragments[index];
  if (!found || found.programDateTime === null) return null;
  const inside = (unixMs - found.programDateTime) / 1000;
  // Met to the microsecond, a boundary shows the picture before it.
  return found.start + Math.min(found.duration, Math.max(0, inside) + 0.005);
}

/** Return the first and the last moment that the fragments cover, in UNIX milliseconds. */
export function spanOf(fragments: readonly DatedFragment[]): { startMs: number; endMs: number } | null {
  const first = fragments[0];
  const final = fragments.at(-1);
  if (!first || !final || first.programDateTime === null || final.programDateTime === null) return null;
  return { startMs: first.programDateTime, endMs: final.programDateTime + final.duration * 1000 };
}
