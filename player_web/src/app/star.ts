/** The star of a channel. */
import type { Channel } from "../base/api.ts";
import { element, icon } from "../base/dom.ts";
import { favourites, toggleFavourite } from "./favourites.ts";
import { t } from "../base/text.ts";

/** Make the star of a channel: a button that stays pressed. */
export function starButton(channel: Channel, onChange: () => void = () => {}): HTMLButtonElement {
  const button = element("button", { type: "button", class: "control star", "data-star": channel.id });
  const show = () => {
    const isOn = favourites().includes(channel.id);
    button.setAttribute("aria-pressed", isOn ? "true" : "false");
    const name = t("favouriteOf", { name: channel.name });
    button.setAttribute("aria-label", name);
    button.title = t("favourites");
    button.replaceChildren(icon(isOn ? "starred" : "star"));
  };
  button.addEventListener("click", () => {
    toggleFavourite(channel.id);
    show();
    onChange();
  });
  show();
  return button;
}
