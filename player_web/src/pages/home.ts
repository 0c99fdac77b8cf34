/** The front page: the channels with what is on and what follows, favourites first, and what can be gone on with. */
import "../styles/pages.css";
import type { Channel, OnAir } from "../base/api.ts";
import { favourites, split } from "../app/favourites.ts";
import { INSTALLABLE, wayToInstall } from "../app/installable.ts";
import type { PageAround, PageView } from "../app/page.ts";
import { type Page, addressOf } from "../app/router.ts";
import "../app/search_box.ts";
import type { SearchBox } from "../app/search_box.ts";
import { starButton } from "../app/star.ts";
import { dayOf } from "../base/clock.ts";
import { element, icon } from "../base/dom.ts";
import { clockTime, stationZone, t } from "../base/text.ts";
import { type Programme, onNowAt, shareOf, stateAt } from "../guide/guide.ts";
import { GuideStore } from "../guide/guide_store.ts";
import { timesOf } from "../guide/now_next.ts";
import { pastCard } from "./past_card.ts";
import { ResumeRow } from "./resume_row.ts";

const TICK_MS = 10_000;
/** The origin makes a new small picture with every segment; this often is enough to see what is on. */
const PICTURE_MS = 30_000;
/** The guides of so many channels are asked for what was on: each is a request. */
const MOST_GUIDES = 6;
const MOST_PAST = 8;
/** Groups of so few channels stand side by side. */
const MOST_LARGE = 1;
/** Below the cards of more channels nobody would find what was begun. */
const MOST_ABOVE = 8;

export const open = (_: Page, around: PageAround): PageView => new Home(around);

/** A channel's card, and what of it changes with the time. */
interface Tile {
  channel: Channel;
  element: HTMLElement;
  show(onAir: OnAir | undefined, nowMs: number): void;
}

class Home implements PageView {
  readonly element = element("div", { class: "page home" });
  readonly #around: PageAround;
  readonly #groups = element("div", { class: "groups" });
  readonly #past = element("section", { class: "row", hidden: true });
  readonly #network = element("p", { class: "empty", role: "status" });
  readonly #guide = new GuideStore();
  readonly #pictures: Pictures;
  readonly #search = document.createElement("lensong-search") as SearchBox;
  readonly #timer: number;
  #tiles: Tile[] = [];
  #onAir: Map<string, OnAir>;

  constructor(around: PageAround) {
    this.#around = around;
    this.#onAir = around.onAir;
    around.setTitle("");
    this.#pictures = new Pictures(around.nowMs);
    this.#search.show(around.station.channels, around.nowMs);
    this.element.append(
      element("div", { class: "page-head" }, element("h1", {}, t("homeTitle")), this.#search),
      this.#network, this.#groups, this.#past,
    );
    const resume = new ResumeRow(around).element;
    if (around.station.channels.length > MOST_ABOVE) this.#groups.before(resume);
    else this.#groups.after(resume);
    this.#drawGroups();
    this.#timer = window.setInterval(() => this.#tick(), TICK_MS);
    void this.#loadPast();
    this.#tellNetwork();
    for (const name of ["online", "offline"]) window.addEventListener(name, this.#tellNetwork);
    document.addEventListener(INSTALLABLE, this.#offerInstall);
    if (wayToInstall() !== null) this.#offerInstall();
  }

  /** The list may be one that the browser still had. */
  readonly #tellNetwork = (): void => {
    this.#network.textContent = navigator.onLine ? "" : t("faultOffline");
    this.#network.hidden = navigator.onLine;
  };

  readonly #offerInstall = (): void => {
    // Not there, as where the network went: then it is not offered.
    void import("../app/install_offer.ts").then(({ showInstallRow }) => showInstallRow(this.element), () => undefined);
  };

  showOnAir(onAir: Map<string, OnAir>): void {
    this.#onAir = onAir;
    this.#tick();
  }

  close(): void {
    window.clearInterval(this.#timer);
    this.#pictures.close();
    document.removeEventListener(INSTALLABLE, this.#offerInstall);
    for (const name of ["online", "offline"]) window.removeEventListener(name, this.#tellNetwork);
  }

  #tick(): void {
    for (const tile of this.#tiles) tile.show(this.#onAir.get(tile.channel.id), this.#around.nowMs());
  }

  #drawGroups(): void {
    const { channels } = this.#around.station;
    this.#pictures.clear();
    if (channels.length === 0) return this.#groups.replaceChildren(element("p", { class: "empty" }, t("noChannels")));
    const { starred, others } = split(channels, favourites());
    const groups: [string, Channel[]][] = [
      [t("favourites"), starred],
      [t("television"), others.filter((one) => one.kind === "tv")],
      [t("radio"), others.filter((one) => one.kind === "radio")],
    ];
    this.#tiles = [];
    const shown = groups.filter(([, members]) => members.length > 0);
    this.#groups.classList.toggle("few", shown.length > 1 && shown.every(([, members]) => members.length <= MOST_LARGE));
    this.#groups.replaceChildren(...shown.map(([title, members]) => {
      const tiles = members.map((one) => this.#tile(one));
      this.#tiles.push(...tiles);
      return element("section", { class: "group", "aria-label": title },
        element("h2", {}, title), element("ul", { class: "tiles" }, ...tiles.map((tile) => tile.element)));
    }));
    this.#tick();
  }

  #tile(channel: Channel): Tile {
    const now = element("bdi", { class: "tile-now", dir: "auto" });
    const times = element("span", { class: "tile-times" });
    const bar = element("progress", { max: 1, "aria-hidden": "true" });
    const next = element("span", { class: "tile-next" });
    const nextTitle = element("bdi", { dir: "auto" });
    const nextAt = element("span", { class: "label" });
    next.append(nextAt, " ", nextTitle);
    const link = element(
      "a", { class: `channel tile ${channel.kind}`, href: addressOf(channel, stationZone()), "data-route": true, "data-channel": channel.id },
      element("span", { class: "tile-picture" }, ...this.#pictures.of(channel)),
      element("span", { class: "tile-head" },
        element("bdi", { class: "name", dir: "auto" }, channel.name),
        channel.number === null ? null : element("span", { class: "number", "aria-hidden": "true" }, `${channel.number}`)),
      element("span", { class: "tile-on" }, now, times),
      bar, next,
    );
    const star = starButton(channel, () => {
      this.#drawGroups();
      this.element.querySelector<HTMLElement>(`[data-star="${channel.id}"]`)?.focus();
    });
    const show = (onAir: OnAir | undefined, nowMs: number): void => {
      const told = onNowAt(onAir?.programme ?? null, onAir?.next ?? null, nowMs / 1000);
      const song = channel.kind === "radio" ? (onAir?.title ?? "") : "";
      const words = onAir?.source === "slate" ? t("willReturn") : song || (told.now?.title ?? onAir?.title ?? "");
      if (now.textContent !== words) now.textContent = words;
      times.textContent = told.now && (words === told.now.title || song) ? timesOf(told.now) : "";
      bar.hidden = told.now === null;
      bar.value = told.now ? shareOf(told.now, nowMs / 1000) : 0;
      next.hidden = told.next === null;
      nextAt.textContent = told.next ? t("nextAt", { time: clockTime(told.next.startS * 1000) }) : "";
      nextTitle.textContent = told.next?.title ?? "";
    };
    return { channel, show, element: element("li", { class: "tile-cell" }, link, star) };
  }

  /** What was on a short while ago, of the first channels with an archive. */
  async #loadPast(): Promise<void> {
    const { starred, others } = split(this.#around.station.channels, favourites());
    const asked = [...starred, ...others].filter((one) => one.guide && one.catchupDays > 0).slice(0, MOST_GUIDES);
    const today = dayOf(this.#around.nowMs(), stationZone());
    const days = await Promise.all(asked.map((one) => this.#guide.day(one, today).catch((): Programme[] => [])));
    const nowS = this.#around.nowMs() / 1000;
    const found = days.flat().filter((item) => item.stopS <= nowS && stateAt(item, nowS) === "catchup");
    const newest = found.sort((one, other) => other.stopS - one.stopS).slice(0, MOST_PAST);
    this.#past.hidden = newest.length === 0;
    this.#past.setAttribute("aria-label", t("newestPast"));
    const cards = newest.map((item) => {
      const channel = asked.find((one) => one.id === item.channel);
      return channel ? pastCard(channel, item, { nowMs: this.#around.nowMs() }) : null;
    });
    this.#past.replaceChildren(element("h2", {}, t("newestPast")), element("ul", { class: "strip" }, ...cards));
  }
}

/** The newest small pictures of television, while they are looked at. */
class Pictures {
  readonly #nowMs: () => number;
  readonly #images = new Map<HTMLImageElement, Channel>();
  readonly #seen = new Set<Element>();
  readonly #watch = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting) this.#seen.add(target);
      else this.#seen.delete(target);
    }
    this.#load();
  });
  readonly #timer = window.setInterval(() => this.#load(), PICTURE_MS / 6);
  readonly #onVisible = (): void => this.#load();

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
    document.addEventListener("visibilitychange", this.#onVisible);
  }

  /** Make what shows a channel: its picture of now over its own one. */
  of(channel: Channel): (HTMLElement | SVGElement)[] {
    const logo = channel.logo
      ? element("img", { class: "tile-logo", src: channel.logo, alt: "", loading: "lazy" })
      : icon(channel.kind);
    if (channel.kind !== "tv" || !channel.thumbnail) return [logo];
    const image = element("img", { class: "tile-thumb", alt: "", hidden: true, width: 320, height: 180 });
    image.addEventListener("load", () => { image.hidden = false; });
    image.addEventListener("error", () => { image.hidden = true; });
    this.#images.set(image, channel);
    // What is hidden is never "seen": the frame around it is watched.
    const frame = element("span", { class: "tile-frame" }, image);
    this.#watch.observe(frame);
    return [logo, frame];
  }

  clear(): void {
    this.#watch.disconnect();
    this.#images.clear();
    this.#seen.clear();
  }

  close(): void {
    this.clear();
    window.clearInterval(this.#timer);
    document.removeEventListener("visibilitychange", this.#onVisible);
  }

  #load(): void {
    if (document.hidden) return;
    // One address for all viewers of half a minute.
    const turn = Math.floor(this.#nowMs() / PICTURE_MS);
    for (const [image, channel] of this.#images) {
      const wanted = `/thumb/${channel.id}/latest.jpg?n=${turn}`;
      const isSeen = image.parentElement !== null && this.#seen.has(image.parentElement);
      if (isSeen && image.getAttribute("src") !== wanted) image.src = wanted;
    }
  }
}
