/** Texts in the viewer's language. */
import { en } from "./messages/en.ts";
import { vi, type Messages } from "./messages/vi.ts";
import { recall, remember } from "./storage.ts";

export type Language = "vi" | "en";
export type MessageKey = keyof Messages;

const TABLES: Record<Language, Messages> = { vi, en };
const LOCALES: Record<Language, string> = { vi: "vi-VN", en: "en-GB" };

let current: Language = recall("language") === "en" ? "en" : "vi";

export const language = (): Language => current;

/** Choose the language; the caller draws the page again. */
export function chooseLanguage(wanted: Language): void {
  current = wanted;
  remember("language", wanted);
  document.documentElement.lang = wanted;
}

/** Return the text of `key`, with `{name}` replaced by the values given. */
export function t(key: MessageKey, values: Record<string, string | number> = {}): string {
  return TABLES[current][key].replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

/** Return a span of time in words: "12 giây", "4 phút". */
export function spanInWords(seconds: number): string {
  if (seconds >= 90) return t("minutes", { n: Math.round(seconds / 60) });
  const digits = seconds < 10 ? 1 : 0;
  const number = new Intl.NumberFormat(LOCALES[current], { maximumFractionDigits: digits }).format(seconds);
  return t("seconds", { n: number });
}

/** Return the station's clock time, "14:05". */
export function clockTime(unixMs: number): string {
  return new Intl.DateTimeFormat(LOCALES[current], {
    hour: "2-digit", minute: "2-digit", hour12: false, timeZone: "Asia/Ho_Chi_Minh",
  }).format(unixMs);
}
