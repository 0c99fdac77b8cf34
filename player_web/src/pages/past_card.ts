/** A card of a programme that was on air, with a small picture of its middle. */
import type { Channel } from "../base/api.ts";
import { addressOf } from "../app/router.ts";
import { msnAt } from "../base/clock.ts";
import { element, icon } from "../base/dom.ts";
import { momentName, stationZone } from "../base/text.ts";
import type { Brief } from "../guide/guide.ts";

export interface PastCardOptions {
  nowMs: number;
  /** Words instead of the time of the broadcast. */
  words?: string;
}

export function pastCard(channel: Channel, item: Brief, { nowMs, words }: PastCardOptions): HTMLElement {
  const shownMs = (item.startS + Math.min(600, (item.stopS - item.startS) / 3)) * 1000;
  const picture = element("span", { class: "past-picture" }, icon(channel.kind === "tv" ? "play" : "radio"));
  if (channel.kind === "tv" && channel.thumbnail) {
    const src = channel.thumbnail.replace("{msn}", String(msnAt(shownMs)));
    const image = element("img", { src, alt: "", loading: "lazy", width: 320, height: 180 });
    image.addEventListener("error", () => image.remove());
    picture.append(image);
  }
  return element("li", { class: "past" },
    element("a", { class: "past-card", href: addressOf(channel, stationZone(), { programme: item.id }), "data-route": true, "data-past": item.id },
      picture,
      element("bdi", { class: "past-title", dir: "auto" }, item.title),
      element("span", { class: "past-more" }, element("bdi", { dir: "auto" }, channel.name), ` · ${words ?? momentName(item.startS * 1000, nowMs)}`)));
}
