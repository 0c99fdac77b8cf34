/** The dialog to share what is open: links to copy, the phone's own sheet, the code to embed. */
import { copied } from "../base/copy.ts";
import { element } from "../base/dom.ts";
import { clockTime, stationZone, t } from "../base/text.ts";
import { type Shared, linksOf } from "./links.ts";

/** Open the dialog; the focus goes back to where it was when it is closed. */
export function openShare(shared: Shared): void {
  if (document.querySelector("dialog.share")) return;
  const { channel, programme, momentMs } = shared;
  const links = linksOf(shared, location.origin, stationZone());
  const said = element("p", { class: "said", role: "status" });
  const close = element("button", { type: "button", class: "secondary" }, t("shareClose"));
  const dialog = element(
    "dialog", { class: "share", "aria-labelledby": "share-title" },
    element("h2", { id: "share-title", dir: "auto" }, t("shareTitle", { name: channel.name })),
    row("share-channel", t("shareChannel"), links.channel, said),
    links.moment === null ? null
      : row("share-moment", t("shareMoment", { time: clockTime(momentMs ?? 0, true) }), links.moment, said),
    links.programme === null ? null
      : row("share-programme", t("shareProgramme", { title: programme?.title ?? "" }), links.programme, said),
    row("share-embed", t("shareEmbed"), links.embed, said),
    said,
    element("div", { class: "ways" }, sheet(shared, links.moment ?? links.channel), close),
  );
  const opener = document.activeElement;
  close.addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  // The channel's own keys are not meant while one reads here.
  dialog.addEventListener("keydown", (event) => event.stopPropagation());
  dialog.addEventListener("close", () => {
    dialog.remove();
    if (opener instanceof HTMLElement && opener.isConnected) opener.focus();
  });
  document.body.append(dialog);
  dialog.showModal();
}

function row(id: string, label: string, text: string, said: HTMLElement): HTMLElement {
  const field = element("input", { id, type: "text", readonly: true, value: text, dir: "ltr", spellcheck: "false" });
  const copy = element(
    "button", { type: "button", class: "primary", "aria-label": t("shareCopyOf", { name: label }) }, t("shareCopy"),
  );
  field.addEventListener("focus", () => field.select());
  copy.addEventListener("click", () => void copied(field).then((isDone) => {
    said.textContent = t(isDone ? "shareCopied" : "shareByHand", { name: label });
    if (!isDone) field.focus();
  }));
  return element(
    "div", { class: "row" },
    element("label", { for: id, dir: "auto" }, label), element("div", { class: "line" }, field, copy),
  );
}

function sheet(shared: Shared, url: string): HTMLElement | null {
  if (!("share" in navigator)) return null;
  const button = element("button", { type: "button", class: "primary" }, t("shareByApp"));
  button.addEventListener("click", () => {
    const title = shared.programme?.title ?? shared.channel.name;
    navigator.share({ title, url }).catch(() => undefined); // whoever changes one's mind says nothing
  });
  return button;
}
