/** Texts in the viewer's language, and the station's times in words. */
import { addDays, dayOf, isZone, momentText } from "./clock.ts";
import { vi, type Messages } from "../messages/vi.ts";
import { recall, remember } from "./storage.ts";

export type Language = "vi" | "en";
export type MessageKey = keyof Messages;

/** English comes when somebody wants it. */
const tables: { vi: Messages; en?: Messages } = { vi };
const LOCALES: Record<Language, string> = { vi: "vi-VN", en: "en-GB" };

let current: Language = recall("language") === "en" ? "en" : "vi";

let zone = "Asia/Ho_Chi_Minh";

/** Return the time zone of the station's clock. */
export const stationZone = (): string => zone;

/** Show all times in the station's zone from now on; one that the browser does not know changes nothing. */
export function useZone(wanted: string): void {
  if (wanted && isZone(wanted)) zone = wanted;
}

export const language = (): Language => current;

let loadEnglish: () => Promise<Messages> = () => Promise.reject(new Error("English was not given"));

/** Load the texts of the chosen language before anything is drawn; where they do not come, the page speaks Vietnamese. */
export async function loadTexts(english = loadEnglish): Promise<void> {
  loadEnglish = english;
  try {
    if (current === "en") tables.en ??= await english();
  } catch {
    current = "vi"; // for this visit: the choice stays
  }
  document.documentElement.lang = current;
}

/** Choose the language; when its texts are there, the caller draws the page again. */
export async function chooseLanguage(wanted: Language): Promise<void> {
  current = wanted;
  remember("language", wanted);
  await loadTexts();
}

/** Return the text of `key` in a table of its own, with `{name}` replaced by the values given. */
export function textOf<K extends string>(
  texts: { vi: Record<K, string>; en?: Record<K, string> }, key: K, values: Record<string, string | number> = {},
): string {
  return (texts[current] ?? texts.vi)[key].replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

/** Return the text of `key` that every page has, with `{name}` replaced by the values given. */
export const t = (key: MessageKey, values?: Record<string, string | number>): string => textOf(tables, key, values);

/** Write a number with one digit after the point at most, as the language does. */
export const decimal = (value: number): string => (
  new Intl.NumberFormat(LOCALES[current], { maximumFractionDigits: 1 }).format(value)
);

/** Return a span of time in words: "12 giây", "4 phút". */
export function spanInWords(seconds: number): string {
  if (seconds >= 5_400) {
    const minutes = Math.round(seconds / 60);
    return t("hours", { h: Math.floor(minutes / 60), m: minutes % 60 });
  }
  if (seconds >= 90) return t("minutes", { n: Math.round(seconds / 60) });
  const digits = seconds < 10 ? 1 : 0;
  const number = new Intl.NumberFormat(LOCALES[current], { maximumFractionDigits: digits }).format(seconds);
  return t("seconds", { n: number });
}

/** Return the station's clock time, "14:05", or "14:05:09". */
export function clockTime(unixMs: number, withSeconds = false): string {
  return momentText(unixMs, zone).slice(11, withSeconds ? 19 : 16);
}

/** Name a day of the station as people do beside another one: "Hôm qua", "Thứ Bảy 21/11". */
export function dayName(day: string, today: string): string {
  if (day === today) return t("today");
  if (day === addDays(today, -1)) return t("yesterday");
  if (day === addDays(today, 1)) return t("tomorrow");
  const noon = Date.parse(`${day}T12:00:00Z`);
  const form = (options: Intl.DateTimeFormatOptions) => (
    new Intl.DateTimeFormat(LOCALES[current], { ...options, timeZone: "UTC" }).format(noon)
  );
  return `${form({ weekday: current === "vi" ? "long" : "short" })} ${form({ day: "numeric", month: "numeric" })}`;
}

/** Name a moment: "19:00", and the day before it where it is not today. */
export function momentName(unixMs: number, nowMs: number): string {
  const [day, today] = [dayOf(unixMs, zone), dayOf(nowMs, zone)];
  return day === today ? clockTime(unixMs) : `${dayName(day, today)} ${clockTime(unixMs)}`;
}
