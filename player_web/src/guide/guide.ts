/** What the guide means at a moment: what is on, what follows, what can be watched. */

/** What a viewer can do with a programme; see the origin's `available`. */
export type Available = "live" | "startover" | "catchup" | "upcoming" | "expired" | "refused";

/** A programme in brief; times in UNIX seconds. */
export interface Brief {
  id: string;
  title: string;
  startS: number;
  stopS: number;
}

/** A programme of the guide. */
export interface Programme extends Brief {
  channel: string;
  subtitle: string;
  description: string;
  episode: string;
  available: Available;
  /** Its playlist, from its first frame on; null where it cannot be played by itself. */
  playlist: string | null;
}

/** A song that was on air. */
export interface Song {
  title: string;
  sinceMs: number;
}

/** Return what can be done with a programme now: the server's word may be a minute old. */
export function stateAt(item: Programme, nowS: number): Available {
  const { available, playlist, startS, stopS } = item;
  if (available === "upcoming" && nowS >= startS) return nowS < stopS ? "live" : "expired";
  if (nowS < stopS) return available;
  if (available === "startover") return playlist ? "catchup" : "expired";
  return available === "live" ? "refused" : available;
}

/** Move what is on and what follows on to a moment: the answer may be seconds old. */
export function onNowAt(now: Brief | null, next: Brief | null, nowS: number): { now: Brief | null; next: Brief | null } {
  if (next && nowS >= next.startS) return { now: nowS < next.stopS ? next : null, next: null };
  return { now: now && nowS < now.stopS ? now : null, next };
}

/** Return the part of a programme that has been on air, 0 to 1. */
export function shareOf(item: Brief, nowS: number): number {
  return Math.min(1, Math.max(0, (nowS - item.startS) / (item.stopS - item.startS)));
}

/** Return the programme that is on at a moment; the latest begun if two are. */
export function programmeAt(items: readonly Programme[], unixS: number): Programme | null {
  return items.filter((item) => item.startS <= unixS && unixS < item.stopS).at(-1) ?? null;
}

/** Return the song at a moment; null before the first that is known. */
export function songAt(history: readonly Song[], unixMs: number): Song | null {
  const begun = history.filter((song) => song.sinceMs <= unixMs);
  return begun.reduce<Song | null>((last, song) => (last && last.sinceMs >= song.sinceMs ? last : song), null);
}
