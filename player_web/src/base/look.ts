/** How the page looks by the viewer's choice: colours of day or night, and the size of its letters. */
import { recall, remember } from "./storage.ts";

export type Theme = "auto" | "light" | "dark";
export const THEMES: readonly Theme[] = ["auto", "light", "dark"];
/** Sizes of letters, in per cent of the browser's own. */
export const TEXT_SIZES = [100, 125, 150] as const;

/** The grounds of base.css, for the browser's own bars. */
const GROUNDS = { light: "#f5f6f8", dark: "#0e1116" };

export const theme = (): Theme => THEMES.find((one) => one === recall("theme")) ?? "auto";
export const textSize = (): number => TEXT_SIZES.find((one) => String(one) === recall("text_size")) ?? 100;

export function chooseTheme(wanted: Theme): void {
  remember("theme", wanted);
  applyLook(wanted, textSize());
}

export function chooseTextSize(wanted: number): void {
  remember("text_size", String(wanted));
  applyLook(theme(), wanted);
}

/** Show what was chosen, or what an earlier visit chose. */
export function applyLook(wanted = theme(), size = textSize()): void {
  const root = document.documentElement;
  if (wanted === "auto") root.removeAttribute("data-theme");
  else root.dataset["theme"] = wanted;
  root.classList.toggle("large-text", size > 100);
  root.style.setProperty("font-size", size === 100 ? "" : `${size}%`);
  for (const meta of document.querySelectorAll<HTMLMetaElement>("meta[name=theme-color]")) {
    const own = meta.media.includes("dark") ? "dark" : "light";
    meta.content = GROUNDS[wanted === "auto" ? own : wanted];
  }
}
