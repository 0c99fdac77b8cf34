/** `<lensong-channels>`: the channels by kind, each with what is on air. */
import type { Channel, OnAir } from "../base/api.ts";
import { element, icon } from "../base/dom.ts";
import { addressOf } from "./router.ts";
import { stationZone, t } from "../base/text.ts";

export class ChannelList extends HTMLElement {
  #songs = new Map<string, HTMLElement>();

  /** Draw the list; `current` is the id of the channel that is open. */
  show(channels: Channel[], current: string | null): void {
    this.#songs.clear();
    const groups = (["tv", "radio"] as const).map((kind) => {
      const members = channels.filter((one) => one.kind === kind);
      if (members.length === 0) return null;
      const title = t(kind === "tv" ? "television" : "radio");
      return element(
        "section", { class: "group", "aria-label": title },
        element("h2", {}, title),
        element("ul", {}, ...members.map((one) => element("li", {}, this.#entry(one, one.id === current)))),
      );
    });
    if (channels.length === 0) this.replaceChildren(element("p", { class: "empty" }, t("noChannels")));
    else this.replaceChildren(...groups.filter((group) => group !== null));
  }

  /** Put beside each name what is on: the song of a radio, else the programme. */
  showOnAir(onAir: Map<string, OnAir>): void {
    for (const [id, line] of this.#songs) {
      const now = onAir.get(id);
      const title = now?.title || (now?.programme?.title ?? "");
      if (line.textContent !== title) line.textContent = title;
      line.hidden = title === "";
    }
  }

  #entry(channel: Channel, isCurrent: boolean): HTMLElement {
    const song = element("bdi", { class: "song", dir: "auto", hidden: true });
    this.#songs.set(channel.id, song);
    return element(
      "a",
      { class: "channel", href: addressOf(channel, stationZone()), "data-route": true, "data-channel": channel.id,
        "aria-current": isCurrent ? "page" : null },
      element("span", { class: `badge ${channel.kind}` }, icon(channel.kind)),
      element("span", { class: "names" },
        element("bdi", { class: "name", dir: "auto" }, channel.name), song),
      channel.number === null ? null : element("span", { class: "number", "aria-hidden": "true" }, `${channel.number}`),
    );
  }
}

customElements.define("lensong-channels", ChannelList);
