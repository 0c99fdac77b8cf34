/** The options of every page, in a dialog: language, colours, size of letters. */
import "../styles/pages.css";
import { wayToInstall } from "../app/installable.ts";
import { LANGUAGE_NAMES } from "../app/header.ts";
import { element, icon } from "../base/dom.ts";
import { TEXT_SIZES, THEMES, chooseTextSize, chooseTheme, textSize, theme } from "../base/look.ts";
import { type Language, type MessageKey, language, t } from "../base/text.ts";

const THEME_NAMES: Record<(typeof THEMES)[number], MessageKey> = { auto: "themeAuto", light: "themeLight", dark: "themeDark" };
const SIZE_NAMES: Record<(typeof TEXT_SIZES)[number], MessageKey> = { 100: "textNormal", 125: "textLarge", 150: "textLargest" };

/** Open the dialog in the app; it goes when it is closed. */
export function openOptions(app: HTMLElement, changeLanguage: (wanted: Language) => Promise<void>): void {
  app.querySelector("dialog.options-dialog")?.remove();
  const dialog = element("dialog", { class: "options-dialog", "aria-labelledby": "options-title" });
  const opener = document.activeElement;
  const draw = (): void => dialog.replaceChildren(...content(dialog, draw, changeLanguage));
  draw();
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  dialog.addEventListener("close", () => {
    dialog.remove();
    // The header may have been drawn again in another language.
    const button = opener?.isConnected ? opener : app.querySelector("header .options");
    (button as HTMLElement | null)?.focus();
  });
  app.append(dialog);
  dialog.showModal();
}

function content(dialog: HTMLDialogElement, draw: () => void, changeLanguage: (wanted: Language) => Promise<void>): HTMLElement[] {
  const close = element("button", { type: "button", class: "control", "aria-label": t("closeDialog"), title: t("closeDialog") }, icon("close"));
  close.addEventListener("click", () => dialog.close());
  return [
    element("div", { class: "dialog-head" }, element("h2", { id: "options-title" }, t("options")), close),
    choices("theme", t("theme"), THEMES.map((one) => [one, t(THEME_NAMES[one])]), theme(), (one) => chooseTheme(one as (typeof THEMES)[number])),
    choices("size", t("textSize"), TEXT_SIZES.map((one) => [String(one), t(SIZE_NAMES[one])]), String(textSize()), (one) => chooseTextSize(Number(one))),
    choices("language", t("language"), Object.entries(LANGUAGE_NAMES), language(), async (one) => {
      await changeLanguage(one as Language);
      draw();
      dialog.querySelector<HTMLElement>(`[name=language][value=${one}]`)?.focus();
    }),
    installing(),
  ];
}

/** How to install the app, where that is possible. */
function installing(): HTMLElement {
  const slot = element("div");
  if (wayToInstall() !== null) {
    void import("../app/install_offer.ts").then(({ installEntry }) => slot.append(installEntry() ?? ""), () => undefined);
  }
  return slot;
}

/** Make a group of radio buttons of which one is chosen at once. */
function choices(name: string, title: string, all: [string, string][], chosen: string, choose: (one: string) => unknown): HTMLElement {
  const buttons = all.map(([value, words]) => {
    const input = element("input", { type: "radio", name, value, checked: value === chosen });
    input.addEventListener("change", () => choose(value));
    return element("label", name === "language" ? { class: "choice", lang: value } : { class: "choice" }, input, element("span", {}, words));
  });
  return element("fieldset", { class: "choices-set" }, element("legend", {}, title), element("div", { class: "choice-row" }, ...buttons));
}
