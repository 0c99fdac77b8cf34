/** The head of every page: whose it is, the main pages, the language, and the way to the options. */
import { element, icon } from "../base/dom.ts";
import iconUrl from "../icon.svg";
import { type Page, addressOfPage } from "./router.ts";
import { type Language, type MessageKey, language, t } from "../base/text.ts";

export const LANGUAGE_NAMES: Record<Language, string> = { vi: "Tiếng Việt", en: "English" };

export interface HeaderActions {
  changeLanguage(wanted: Language): Promise<void>;
  openOptions(button: HTMLElement): void;
}

const LINKS: readonly [Page, MessageKey, "search" | "calendar" | "again"][] = [
  [{ name: "search", query: "" }, "searchPage", "search"],
  [{ name: "guide", channel: null, day: null }, "guidePage", "calendar"],
  [{ name: "podcasts", series: null }, "podcastsPage", "again"],
];

/** Make the buttons that choose the language; they show its name in itself. */
export function languageButtons(change: (wanted: Language) => void): HTMLElement {
  const buttons = (["vi", "en"] as const).map((one) => {
    const isChosen = one === language();
    const button = element("button", { type: "button", lang: one, "aria-pressed": isChosen ? "true" : "false" }, LANGUAGE_NAMES[one]);
    button.addEventListener("click", () => change(one));
    return button;
  });
  return element("div", { class: "languages choices", role: "group", "aria-label": t("language") }, ...buttons);
}

export function makeHeader(station: string, actions: HeaderActions): HTMLElement {
  const links = LINKS.map(([page, key, drawing]) => {
    const name = t(key);
    return element("a", { class: "top-link", href: addressOfPage(page), "data-route": true, title: name },
      icon(drawing), element("span", { class: "long" }, name));
  });
  const options = element("button", { type: "button", class: "top-link options", title: t("options"), "aria-haspopup": "dialog" },
    icon("menu"), element("span", { class: "visually-hidden" }, t("options")));
  options.addEventListener("click", () => actions.openOptions(options));
  return element(
    "header", { class: "top" },
    element("a", { class: "brand", href: "/", "data-route": true },
      element("img", { class: "mark", src: iconUrl, alt: "", width: 40, height: 40 }),
      element("span", { class: "words" },
        element("strong", {}, t("product")),
        element("bdi", { class: "station", dir: "auto" }, station))),
    element("nav", { class: "top-links", "aria-label": t("mainPages") }, ...links),
    languageButtons(actions.changeLanguage),
    options,
  );
}

/** Mark the link of the page that is shown. */
export function markCurrent(header: Element | null): void {
  for (const link of header?.querySelectorAll("a") ?? []) {
    if (link.pathname === location.pathname) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}
