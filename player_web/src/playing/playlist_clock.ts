/** What a playlist says about its clock, for browsers that play HLS but do not tell its dates. */
import type { Quality } from "./engine.ts";
import type { DatedFragment } from "./media_clock.ts";

/** Return the address of a multivariant playlist's first variant; null for a media playlist. */
export function firstVariant(playlist: string): string | null {
  const lines = playlist.split(/\r?\n/);
  const tag = lines.findIndex((line) => line.startsWith("#EXT-X-STREAM-INF:"));
  return tag < 0 ? null : (lines.slice(tag + 1).find((line) => line !== "" && !line.startsWith("#")) ?? null);
}

/** Return what a multivariant playlist of sound offers, from the smallest on. */
export function soundQualities(playlist: string): Quality[] {
  const found = [...playlist.matchAll(/^#EXT-X-STREAM-INF:(.*)\r?\n(?!#)(.+)$/gm)].map(([, tag = "", uri = ""]) => {
    const rate = (name: string): number => Number(new RegExp(`(?:^|,)${name}=(\\d+)`).exec(tag)?.[1] ?? 0);
    const bitrateBps = rate("BANDWIDTH");
    return { height: 0, bitrateBps, averageBps: rate("AVERAGE-BANDWIDTH") || bitrateBps, rendition: uri.split("/").at(-2) };
  });
  found.sort((a, b) => a.bitrateBps - b.bitrateBps);
  return found.map((one, index) => ({ ...one, index }));
}

/** Return the seconds from its beginning at which a playlist wants to be played; null where it does not say. */
export function startOffsetS(playlist: string): number | null {
  const found = /^#EXT-X-START:(?:.*,)?TIME-OFFSET=(\d+(?:\.\d+)?)/m.exec(playlist);
  return found ? Number(found[1]) : null;
}

/** Return the segments of a media playlist; media time 0 is the beginning of the first. */
export function datedFragments(playlist: string): DatedFragment[] {
  const found: DatedFragment[] = [];
  let [start, duration, gap] = [0, 0, false];
  let programDateTime: number | null = null;
  for (const line of playlist.split(/\r?\n/)) {
    if (line.startsWith("#EXT-X-PROGRAM-DATE-TIME:")) programDateTime = Date.parse(line.slice(25).trim());
    else if (line.startsWith("#EXTINF:")) duration = Number.parseFloat(line.slice(8));
    else if (line.startsWith("#EXT-X-GAP")) gap = true;
    if (line === "" || line.startsWith("#")) continue;
    found.push({ start, duration, programDateTime, gap });
    start += duration;
    if (programDateTime !== null) programDateTime += duration * 1000;
    gap = false;
  }
  return found;
}
