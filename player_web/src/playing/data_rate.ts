/** What a quality costs, and which are for those who pay by the megabyte. */

/** Above this many lines a picture is not the data saver's. */
const SAVER_LINES = 300;

/** Return the megabytes (10^6 bytes) that an hour takes at a bit rate, to two figures. */
export function megabytesAnHour(bitrateBps: number): number {
  const exact = (bitrateBps * 3600) / 8 / 1e6;
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(Math.max(1, exact))) - 1);
  return Math.round(exact / unit) * unit;
}

/**
 * Return the index of the best quality that the data saver allows: pictures of few lines, else the smallest;
 * of sound alone the smallest. Null where there is no choice.
 */
export function saverQuality(all: readonly { index: number; height: number; bitrateBps: number }[]): number | null {
  if (all.length < 2) return null;
  const sorted = [...all].sort((a, b) => a.bitrateBps - b.bitrateBps);
  const small = sorted.filter(({ height }) => height > 0 && height < SAVER_LINES);
  return (small.at(-1) ?? sorted[0])?.index ?? null;
}

/** Return the average bits a second of the smallest variant that a multivariant playlist names; null without any. */
export function smallestRate(playlist: string): number | null {
  const rates = [...playlist.matchAll(/^#EXT-X-STREAM-INF:(.*)$/gm)].map(([, line = ""]) => (
    Number((/(?:^|,)AVERAGE-BANDWIDTH=(\d+)/.exec(line) ?? /(?:^|,)BANDWIDTH=(\d+)/.exec(line))?.[1])
  )).filter((rate) => rate > 0);
  return rates.length === 0 ? null : Math.min(...rates);
}
