/** Where a playlist is to begin: the moment that was asked for, told to the player as EXT-X-START. */

/** Browsers show the picture before a boundary that is met to the microsecond: go this far past it. */
const NUDGE_S = 0.005;
const START = /^#EXT-X-START:.*$/gm;

/**
 * Return a playlist that starts at a moment (UNIX milliseconds), or where it says itself if that is null.
 *
 * The programme's clock is continuous, so a media playlist's dates say where the moment lies; one that
 * lies outside is moved to the nearest end, one in a hole to the end of the hole. A multivariant playlist, whose own start would go before
 * theirs, says none then. A playlist without dates and a delta update come back as they are.
 */
export function startAt(playlist: string, unixMs: number | null): string {
  if (unixMs === null) {
    return playlist.replace(/(^#EXT-X-START:.*TIME-OFFSET=)(\d+(?:\.\d+)?)/m, (_, before: string, offset: string) => (
      `${before}${(Number(offset) + NUDGE_S).toFixed(3)}`
    ));
  }
  if (playlist.includes("#EXT-X-STREAM-INF:")) return playlist.replace(START, "");
  const offset = offsetOf(playlist, unixMs);
  if (offset === null) return playlist;
  const start = `#EXT-X-START:TIME-OFFSET=${(offset + NUDGE_S).toFixed(3)},PRECISE=YES`;
  return playlist.replace(START, "").replace("#EXTM3U", `#EXTM3U\n${start}`);
}

/** Return the seconds from the playlist's beginning to a moment; null where they cannot be told. */
function offsetOf(playlist: string, unixMs: number): number | null {
  if (!playlist.includes("#EXTINF:") || playlist.includes("#EXT-X-SKIP:")) return null;
  let passedS = 0;
  let dateMs: number | null = null;
  let lengthS = 0;
  let isGap = false;
  for (const line of playlist.split("\n")) {
    if (line.startsWith("#EXT-X-PROGRAM-DATE-TIME:")) dateMs = Date.parse(line.slice(25).trim());
    else if (line.startsWith("#EXTINF:")) lengthS = Number.parseFloat(line.slice(8));
    else if (line.startsWith("#EXT-X-GAP")) isGap = true;
    if (line === "" || line.startsWith("#") || dateMs === null) continue;
    // Player: hls.js never starts within a hole; the first picture after it is meant.
    if (!isGap && unixMs < dateMs + lengthS * 1000) return passedS + Math.max(0, (unixMs - dateMs) / 1000);
    passedS += lengthS;
    dateMs += lengthS * 1000;
    isGap = false;
  }
  return dateMs === null ? null : passedS;
}
