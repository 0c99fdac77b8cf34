/** What is on and what follows, with a bar that moves; for radio the songs that were played. */
import type { Channel, OnAir } from "../base/api.ts";
import { element } from "../base/dom.ts";
import { type Brief, type Song, onNowAt, shareOf } from "./guide.ts";
import { addressOf } from "../app/router.ts";
import { clockTime, momentName, stationZone, t } from "../base/text.ts";

/** Write the times of a programme: "19:00 – 19:45". */
export const timesOf = (item: Brief): string => `${clockTime(item.startS * 1000)} – ${clockTime(item.stopS * 1000)}`;

const titled = (title: string): HTMLElement => element("bdi", { class: "title", dir: "auto" }, title);

export class NowNext {
  readonly element = element("div", { class: "now-next", hidden: true });
  readonly #bar = element("progress", { max: 1 });
  readonly #start = element("a", { class: "offer", "data-route": true, hidden: true });
  readonly #list = element("ol", { class: "songs" });
  readonly songs = element("section", { class: "panel history", hidden: true }, element("h2"), this.#list);
  #shown = "";
  #onAir: OnAir | null = null;

  show(onAir: OnAir | null, channel: Channel, nowMs: number): void {
    this.#onAir = onAir;
    this.tick(nowMs);
    this.#showSongs(channel, nowMs);
  }

  /** Offer to play what is on from its start at an address; null takes it back. */
  offer(address: string | null, words: string): void {
    this.#start.hidden = address === null;
    if (address === null || (this.#start.getAttribute("href") === address && this.#start.textContent === words)) return;
    this.#start.href = address;
    this.#start.textContent = words;
  }

  /** Return the address at which what is on is offered from its start; null where it is not. */
  get offered(): string | null {
    return this.#start.hidden ? null : this.#start.getAttribute("href");
  }

  /** Return what is on at a moment by the newest answer. */
  onNow(nowMs: number): Brief | null {
    return onNowAt(this.#onAir?.programme ?? null, this.#onAir?.next ?? null, nowMs / 1000).now;
  }

  /** Move on with the time. */
  tick(nowMs: number): void {
    const { now, next } = onNowAt(this.#onAir?.programme ?? null, this.#onAir?.next ?? null, nowMs / 1000);
    this.element.hidden = !now && !next;
    if (now) this.#bar.value = shareOf(now, nowMs / 1000);
    const wanted = JSON.stringify([now, next, document.documentElement.lang]);
    if (wanted === this.#shown) return;
    this.#shown = wanted;
    this.#bar.setAttribute("aria-label", now ? t("progressOf", { title: now.title }) : "");
    this.element.replaceChildren(
      ...(now ? [element("div", { class: "on-now" }, this.#line("nowOnAir", now), this.#bar)] : []),
      this.#start,
      ...(next ? [this.#line("upNext", next)] : []),
    );
  }

  #line(label: "nowOnAir" | "upNext", item: Brief): HTMLElement {
    return element(
      "p", { class: label },
      element("span", { class: "label" }, t(label)), " ", titled(item.title), " ",
      element("span", { class: "times" }, timesOf(item)),
    );
  }

  #showSongs(channel: Channel, nowMs: number): void {
    const songs = channel.kind === "radio" ? (this.#onAir?.history ?? []) : [];
    const wanted = JSON.stringify([songs, document.documentElement.lang]);
    if (this.songs.dataset["shown"] === wanted) return;
    this.songs.dataset["shown"] = wanted;
    this.songs.hidden = songs.length === 0;
    this.songs.firstElementChild?.replaceChildren(t("songHistory"));
    this.#list.replaceChildren(...songs.map((song) => element("li", {}, this.#song(song, channel, nowMs))));
  }

  #song(song: Song, channel: Channel, nowMs: number): HTMLElement {
    const words = [element("span", { class: "when" }, momentName(song.sinceMs, nowMs)), titled(song.title)];
    if (!channel.dvr || song.sinceMs < nowMs - channel.dvrSeconds * 1000) return element("span", { class: "song-entry" }, ...words);
    const address = addressOf(channel, stationZone(), { momentMs: song.sinceMs });
    return element("a", { class: "song-entry", href: address, "data-route": true }, ...words);
  }
}
