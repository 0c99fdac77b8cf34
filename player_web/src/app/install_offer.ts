/** The quiet offer to install the app: a row at the end of the front page, an entry in the options. */
import "../styles/install.css";
import { element, icon } from "../base/dom.ts";
import { recall, remember } from "../base/storage.ts";
import { textOf } from "../base/text.ts";
import iconUrl from "../icon.svg";
import { INSTALL } from "../messages/install.ts";
import { mayOffer } from "./install_decision.ts";
import { wayToInstall } from "./installable.ts";

const text = (key: keyof typeof INSTALL.vi): string => textOf(INSTALL, key);

/** Put the row at the end of a page, or take it away, as things stand now. */
export function showInstallRow(page: HTMLElement): void {
  const old = page.querySelector(".install");
  if (old?.classList.contains("done")) return; // it says that it was done
  const isOffered = wayToInstall() !== null && mayOffer(recall("install_declined"), Date.now());
  const row = isOffered ? makeRow() : null;
  if (row && old) old.replaceWith(row);
  else if (row) page.append(row);
  else old?.remove();
}

/** Make what the options hold: it stays, whatever was said to the row. Null where the app cannot be installed. */
export const installEntry = (): HTMLElement | null => (wayToInstall() === null ? null : makeOffer(false));

function makeRow(): HTMLElement {
  const row = makeOffer(true);
  const close = element("button", { type: "button", class: "control", "aria-label": text("later"), title: text("later") }, icon("close"));
  close.addEventListener("click", () => {
    decline();
    row.remove();
    document.querySelector<HTMLElement>("main")?.focus({ preventScroll: true });
  });
  row.append(close);
  return row;
}

function makeOffer(isRow: boolean): HTMLElement {
  const way = wayToInstall();
  const more = element("span", { role: "status" }, text(way === "by-hand" ? "byHand" : "why"));
  const button = element("button", { type: "button", class: "primary" }, text("install"));
  const offer = element("section", { class: isRow ? "install" : "install entry", "aria-label": text("title") },
    element("img", { src: iconUrl, alt: "", width: 44, height: 44 }),
    element("div", { class: "words" }, element("strong", {}, text("title")), more),
    way === "by-hand" ? null : button);
  button.addEventListener("click", () => {
    if (way === null || way === "by-hand") return;
    void way.prompt().then(() => way.userChoice).then(({ outcome }) => {
      if (outcome === "dismissed") return isRow ? decline() : undefined;
      more.textContent = text("done");
      offer.classList.add("done");
      button.hidden = true;
    }, () => { button.hidden = true; }); // the browser asks once for each of its offers
  });
  return offer;
}

function decline(): void {
  remember("install_declined", String(Date.now()));
}
