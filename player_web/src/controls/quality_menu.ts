/** Qualities in words: the name first, the number of lines after it, and what an hour costs. */
import { megabytesAnHour } from "../playing/data_rate.ts";
import type { Quality } from "../playing/player.ts";
import { decimal, t } from "../base/text.ts";

/** Return the qualities from the best to the smallest. */
export const fromTheBest = (all: Quality[]): Quality[] => (
  [...all].sort((a, b) => b.height - a.height || b.bitrateBps - a.bitrateBps)
);

/** Name one quality of `all`, which begins with the best. */
export function qualityName({ height, index }: Quality, all: Quality[]): string {
  if (height === 0) {
    if (all[0]?.index === index) return t("soundBest");
    return t(all.at(-1)?.index === index ? "soundSaver" : "soundPlain");
  }
  if (height < 300) return t("qualitySaver", { height });
  if (height < 480) return t("qualityPlain", { height });
  return t(height < 720 ? "qualitySharp" : "qualityVerySharp", { height });
}

/** Name the automatic choice, with what it has chosen now. */
export function autoName(all: Quality[], playing: number, isChosen: boolean): string {
  const now = all.find((one) => one.index === playing);
  if (!now || !isChosen) return t("qualityAuto");
  return t("qualityAutoNow", { name: now.height ? `${now.height}p` : qualityName(now, fromTheBest(all)) });
}

/** Say what an hour of a bit rate costs: "khoảng 540 MB mỗi giờ". */
export function hourlyWords(bitrateBps: number): string {
  const n = megabytesAnHour(bitrateBps);
  return n < 1000 ? t("megabytesAnHour", { n }) : t("gigabytesAnHour", { n: decimal(n / 1000) });
}
