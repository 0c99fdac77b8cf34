/** What a player will ask for first, read from the playlists beforehand. Values in, values out. */

export interface Variant {
  /** As it stands in the playlist. */
  uri: string;
  averageBps: number;
  /** Lines of the picture; 0 for sound. */
  height: number;
}

/** What is known about the way to the viewer before any media came over it. */
export interface Outlook {
  /** Bits a second seen in an earlier visit; null in the first. */
  bandwidthBps: number | null;
  /** The page itself was there at once, and the browser knows of no slow network. */
  isNear: boolean;
  /** Lines of the quality that the viewer chose for good; 0 for none. */
  height: number;
}

/** Begins with the smallest. */
export const NOTHING_KNOWN: Outlook = { bandwidthBps: null, isNear: false, height: 0 };

/** The first segment is to take at most a quarter of the time that it lasts. */
const HEADROOM = 4;

const attribute = (line: string, name: string): string => (
  new RegExp(`[:,]${name}=(?:"([^"]*)"|([^,"]*))`).exec(line)?.slice(1).find((one) => one !== undefined) ?? ""
);

/** Return the variants of a multivariant playlist, in its order. */
export function variantsOf(playlist: string): Variant[] {
  const lines = playlist.split(/\r?\n/);
  return lines.flatMap((line, index) => {
    if (!line.startsWith("#EXT-X-STREAM-INF:")) return [];
    const rate = Number(attribute(line, "AVERAGE-BANDWIDTH") || attribute(line, "BANDWIDTH"));
    return [{ uri: lines[index + 1] ?? "", averageBps: rate, height: Number(attribute(line, "RESOLUTION").split("x")[1] ?? 0) }];
  });
}

/** Return the playlist of the sound that goes with the pictures; null where they have it themselves. */
export function soundOf(playlist: string): string | null {
  const line = playlist.split(/\r?\n/).find((one) => one.startsWith("#EXT-X-MEDIA:") && /TYPE=AUDIO/.test(one));
  return (line && attribute(line, "URI")) || null;
}

/**
 * Return the variant to begin with: the viewer's own choice; else the one that stands first if the way is
 * known to be wide enough; else the smallest, from which the player climbs with the second segment.
 */
export function firstVariant(variants: readonly Variant[], { bandwidthBps, isNear, height }: Outlook): Variant | null {
  const chosen = height > 0 ? variants.find((one) => one.height === height) : undefined;
  const first = variants[0];
  if (chosen || !first) return chosen ?? null;
  const isWide = bandwidthBps === null ? isNear : bandwidthBps >= HEADROOM * first.averageBps;
  return isWide ? first : variants.reduce((least, one) => (one.averageBps < least.averageBps ? one : least));
}

/** Return header and segments with which a live playlist is begun, as it says by HOLD-BACK; none if there are holes. */
export function firstMedia(playlist: string, count = 1): string[] {
  if (/^#EXT-X-(GAP|ENDLIST|SKIP|PART)/m.test(playlist)) return [];
  const header = /^#EXT-X-MAP:.*URI="([^"]+)"/m.exec(playlist)?.[1];
  const target = Number(/^#EXT-X-TARGETDURATION:(\d+)/m.exec(playlist)?.[1] ?? Number.NaN);
  const hold = Number(/[:,]HOLD-BACK=([\d.]+)/.exec(playlist)?.[1] ?? target * 3);
  const segments = [...playlist.matchAll(/^#EXTINF:([\d.]+)[^\n]*\n(?:#[^\n]*\n)*([^#\n\r][^\n\r]*)/gm)];
  let left = segments.reduce((sum, one) => sum + Number(one[1]), 0) - hold;
  for (const [index, [, length]] of segments.entries()) {
    // A hundredth: sums of 3.84 are not exact.
    if (left < Number(length) - 0.01) {
      return header && left > -0.01 ? [header, ...segments.slice(index, index + count).map(([, , uri]) => uri ?? "")] : [];
    }
    left -= Number(length);
  }
  return [];
}
