/** The names in the quality menu: words first, the number of lines after them. */
import type { Quality } from "../playing/player.ts";
import { element } from "../base/dom.ts";
import { t } from "../base/text.ts";

/** Name one quality of `all`, which begins with the best. */
function qualityName({ height, index }: Quality, all: Quality[]): string {
  if (height === 0) {
    if (all[0]?.index === index) return t("soundBest");
    return t(all.at(-1)?.index === index ? "soundSaver" : "soundPlain");
  }
  if (height < 300) return t("qualitySaver", { height });
  if (height < 480) return t("qualityPlain", { height });
  return t(height < 720 ? "qualitySharp" : "qualityVerySharp", { height });
}

/** Fill a select; best quality first, `chosen` -1 for the automatic choice. */
export function fillQualityMenu(
  menu: HTMLSelectElement, qualities: Quality[], chosen: number, playing: number,
): void {
  const sorted = [...qualities].sort((a, b) => b.height - a.height || b.bitrateBps - a.bitrateBps);
  const now = sorted.find((one) => one.index === playing);
  const auto = now && chosen < 0
    ? t("qualityAutoNow", { name: now.height ? `${now.height}p` : qualityName(now, sorted) })
    : t("qualityAuto");
  menu.replaceChildren(
    element("option", { value: -1 }, auto),
    ...sorted.map((one) => element("option", { value: one.index }, qualityName(one, sorted))),
  );
  menu.value = String(chosen);
}
