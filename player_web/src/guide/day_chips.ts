/** The days of the guide to choose from, around today. */
import { addDays } from "../base/clock.ts";
import { element } from "../base/dom.ts";
import { dayName, t } from "../base/text.ts";

const DAYS_AHEAD = 6;
const MOST_DAYS_BACK = 14;

/** Return the days from so many back to the last of the guide; one that was asked for is among them. */
export function daysAround(today: string, daysBack: number, chosen: string): string[] {
  const back = Math.min(MOST_DAYS_BACK, Math.max(1, daysBack));
  const days = Array.from({ length: back + DAYS_AHEAD + 1 }, (_, index) => addDays(today, index - back));
  return days.includes(chosen) ? days : [...days, chosen].sort();
}

/** Make the buttons. */
export function dayChips(days: readonly string[], chosen: string, today: string, choose: (day: string) => void): HTMLElement {
  const buttons = days.map((day) => {
    const button = element("button", { type: "button", "aria-pressed": day === chosen ? "true" : "false", "data-day": day }, dayName(day, today));
    button.addEventListener("click", () => choose(day));
    return button;
  });
  return element("div", { class: "days", role: "group", "aria-label": t("guideDays") }, ...buttons);
}
