/** The way out of an app's own browser, where nothing plays: a link to the phone's browser, and the address to copy. */
import "../styles/outside.css";
import { copied } from "../base/copy.ts";
import { element } from "../base/dom.ts";
import { textOf } from "../base/text.ts";
import { OUTSIDE } from "../messages/outside.ts";
import type { Situation } from "../playing/facts.ts";
import { type InApp, inAppBrowser, isWorthLeaving, outsideAddress } from "./in_app.ts";

const t = (key: keyof typeof OUTSIDE.vi, values?: Record<string, string>): string => textOf(OUTSIDE, key, values);

/** Show the offer in `place`, if this is an app's own browser and another one may do better. */
export function offerOutside(place: HTMLElement, situation: Situation, wasPressed: boolean): void {
  const browser = inAppBrowser(navigator.userAgent);
  // A countdown tells its fault each second: what has the focus stays.
  if (!browser || !isWorthLeaving(situation, wasPressed) || place.childElementCount > 0) return;
  place.hidden = false;
  place.replaceChildren(...content(browser, location.href));
}

function content(browser: InApp, address: string): HTMLElement[] {
  const app = browser.app || t("thisApp");
  const way = outsideAddress(address, browser);
  const said = element("p", { class: "said", role: "status" });
  const field = element("input", {
    type: "text", readonly: true, value: address, dir: "ltr", spellcheck: "false", "aria-label": t("address"), hidden: true,
  });
  const copy = element("button", { type: "button", class: way === null ? "primary" : "secondary" }, t("copy"));
  field.addEventListener("focus", () => field.select());
  copy.addEventListener("click", () => {
    field.hidden = false; // what is not shown cannot be selected
    void copied(field).then((isDone) => {
      field.hidden = isDone;
      said.textContent = t(isDone ? "copied" : "byHand");
      if (!isDone) field.focus();
    });
  });
  return [
    element("p", { class: "outside-title" }, t("title", { app })),
    element("p", { class: "outside-hint" }, t(browser.system === "ios" ? "hintIos" : "hintAndroid")),
    element("div", { class: "ways" },
      way === null ? null : element("a", { class: "primary", href: way }, t("open")), copy),
    field, said,
  ];
}
