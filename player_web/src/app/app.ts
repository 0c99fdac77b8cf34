/** `<lensong-app>`: the header, the page that the address names, and the channel that plays, also beside a page. */
import { type OnAir, type Station, loadClockOffsetMs, loadOnAir, loadStation } from "../base/api.ts";
import "./channel_list.ts";
import type { ChannelList } from "./channel_list.ts";
import "./channel_view.ts";
import type { ChannelView } from "./channel_view.ts";
import { element } from "../base/dom.ts";
import { type FaultCode, SENTENCE_OF, retryPauseS } from "../playing/faults.ts";
import { makeHeader, markCurrent } from "./header.ts";
import { MiniPlayer } from "./mini_player.ts";
import { type PageAround, type PageView, loadPage, loadedPage } from "./page.ts";
import { type Page, type Route, addressOfPage, parsePage, parseRoute } from "./router.ts";
import "./search_box.ts";
import type { SearchBox } from "./search_box.ts";
import { keptPlace } from "../base/storage.ts";
import { type Language, chooseLanguage, stationZone, t, useZone } from "../base/text.ts";

const POLL_MS = 10_000;
const POLL_PLAYING_MS = 5_000;

export class App extends HTMLElement {
  #station: Station | null = null;
  #onAir = new Map<string, OnAir>();
  #clockOffsetMs = 0;
  #attempt = 0;
  #hasPlayed = false;
  #poll = 0;
  #list: ChannelList | null = null;
  #search: SearchBox | null = null;
  #view: ChannelView | null = null;
  /** The channel of the view, and the address of what plays there. */
  #viewChannel: string | null = null;
  #viewAddress = "";
  /** The view plays on, small, beside a page. */
  #mini: MiniPlayer | null = null;
  #page: PageView | null = null;
  #pageName: Page["name"] | null = null;
  #following = 0;
  /** Stays for good: a media element that leaves the document stops. */
  readonly #main = element("main", { tabindex: "-1" });

  connectedCallback(): void {
    this.addEventListener("click", (event) => this.#onClick(event));
    window.addEventListener("popstate", () => void this.#follow());
    document.addEventListener("visibilitychange", () => { if (!document.hidden) void this.#pollOnAir(); });
    this.replaceChildren(this.#header(), this.#main);
    this.#main.replaceChildren(element("p", { class: "notice", role: "status" }, t("loadingList")));
    // While the list is under way, so is the page's own file.
    if (this.#route().channel === null) void loadPage(parsePage(location.pathname, location.search).name).catch(() => undefined);
    void this.#load();
  }

  async #load(): Promise<void> {
    try {
      this.#station = await loadStation();
      useZone(this.#station.zone);
    } catch {
      this.#drawListFault(retryPauseS(this.#attempt++, Math.random()));
      return;
    }
    this.#attempt = 0;
    this.#drawHeader();
    void this.#follow();
    if (location.pathname === "/cai-dat") void this.#openOptions();
    void this.#pollOnAir();
    try {
      this.#clockOffsetMs = await loadClockOffsetMs();
    } catch {
      this.#clockOffsetMs = 0; // the device's own clock must do
    }
    this.#view?.setClockOffsetMs(this.#clockOffsetMs);
  }

  async #pollOnAir(): Promise<void> {
    window.clearTimeout(this.#poll);
    const playing = this.#view?.isPlaying ?? false;
    if (!document.hidden || playing) {
      try {
        this.#onAir = await loadOnAir();
        this.#showOnAir();
      } catch {
        // The songs stay as they were; the player tells when the network is gone.
      }
    }
    window.clearTimeout(this.#poll);
    this.#poll = window.setTimeout(() => void this.#pollOnAir(), playing ? POLL_PLAYING_MS : POLL_MS);
  }

  #showOnAir(): void {
    this.#list?.showOnAir(this.#onAir);
    this.#view?.showOnAir(this.#onAir);
    this.#page?.showOnAir?.(this.#onAir);
  }

  #onClick(event: MouseEvent): void {
    const link = (event.target as Element).closest<HTMLAnchorElement>("a[data-route]");
    if (!link || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    void this.#goTo(link.pathname + link.search);
  }

  async #goTo(address: string): Promise<void> {
    const isNew = address !== location.pathname + location.search;
    if (isNew) history.pushState(null, "", address);
    const isOpen = this.#view !== null && this.#mini === null && this.#route().channel === this.#viewChannel;
    // On a channel, its own address means: play that from its start.
    if (!isNew && !isOpen) return;
    if (!(await this.#follow())) return;
    window.scrollTo(0, 0);
    if (!isOpen) this.#main.focus({ preventScroll: true });
  }

  #route(): Route {
    return parseRoute(location.pathname, location.search, stationZone());
  }

  #nowMs = (): number => Date.now() + this.#clockOffsetMs;

  /** Show what the address says now; false if a newer address came in between. */
  async #follow(): Promise<boolean> {
    const following = ++this.#following;
    const station = this.#station;
    if (!station) return false;
    const route = this.#route();
    if (route.channel !== null) {
      this.#showChannel(station, route);
    } else {
      const page = parsePage(location.pathname, location.search);
      const isReady = await this.#showPage(station, page, () => following === this.#following);
      if (!isReady) return false;
    }
    markCurrent(this.querySelector("header.top"));
    this.#showOnAir();
    return true;
  }

  #showChannel(station: Station, route: Route): void {
    const address = location.pathname + location.search;
    if (this.#view && route.channel === this.#viewChannel) {
      const isSame = this.#mini !== null && address === this.#viewAddress;
      this.#undock(station);
      if (!isSame) this.#view.go(route);
      this.#viewAddress = address;
      return;
    }
    this.#closeView();
    this.#closePage();
    const channel = station.channels.find((one) => one.id === route.channel) ?? null;
    this.#main.className = "with-player";
    if (!channel) {
      this.#main.replaceChildren(element("div", {}, unseenHeading(), faultCard("LS-C2", linkHome())), this.#side(station, null));
      document.title = t("product");
      return;
    }
    const view = this.#view = document.createElement("lensong-channel") as ChannelView;
    this.#viewChannel = channel.id;
    this.#viewAddress = address;
    this.#main.replaceChildren(view, this.#side(station, channel.id));
    document.title = `${channel.name} · ${t("product")}`;
    view.open(channel, this.#withPlace(route), {
      station: station.name,
      clockOffsetMs: this.#clockOffsetMs,
      channels: station.channels,
      goTo: (to) => void this.#goTo(to),
      setAddress: (at, isNew) => this.#setViewAddress(at, isNew),
      setTitle: (title) => { if (this.#isAtView()) document.title = title; },
      onChange: () => this.#showMini(),
    });
  }

  /** Say whether the address is the view's, not that of a page beside which it plays. */
  #isAtView(): boolean {
    return this.#route().channel === this.#viewChannel;
  }

  #setViewAddress(address: string, isNew: boolean): void {
    this.#viewAddress = address;
    if (!this.#isAtView()) return this.#showMini();
    if (isNew) history.pushState(null, "", address);
    else history.replaceState(null, "", address);
  }

  #side(station: Station, current: string | null): HTMLElement {
    const list = this.#list = document.createElement("lensong-channels") as ChannelList;
    list.show(station.channels, current);
    this.#search = document.createElement("lensong-search") as SearchBox;
    this.#search.show(station.channels, this.#nowMs);
    return element("div", { class: "side" }, this.#search, element("nav", { class: "channels", "aria-label": t("channels") }, list));
  }

  /** Show a page without a channel; false where that took too long and something else is wanted. */
  async #showPage(station: Station, page: Page, isWanted: () => boolean): Promise<boolean> {
    if (this.#pageName === page.name && this.#page?.go?.(page)) return true;
    let open = loadedPage(page.name);
    try {
      open ??= await loadPage(page.name);
    } catch {
      if (isWanted()) this.#drawPageFault(page);
      return isWanted();
    }
    if (!isWanted()) return false;
    this.#closePage();
    this.#dockOrClose();
    document.title = t("product");
    const view = open(page, this.#around(station));
    this.#page = view;
    this.#pageName = page.name;
    this.#placePage(view.element);
    return true;
  }

  #around(station: Station): PageAround {
    return {
      station, onAir: this.#onAir, nowMs: this.#nowMs,
      setAddress: (address, isNew) => {
        if (isNew) history.pushState(null, "", address);
        else history.replaceState(null, "", address);
      },
      setTitle: (title) => { document.title = title === "" ? `${t("product")} · ${station.name}` : `${title} · ${t("product")}`; },
      silence: () => this.#closeView(),
    };
  }

  /** Put a page before the small player, which stays where it is. */
  #placePage(page: HTMLElement): void {
    this.#main.className = "front";
    for (const child of [...this.#main.children]) if (child !== this.#view) child.remove();
    this.#main.prepend(page);
    [this.#list, this.#search] = [null, null];
  }

  #closePage(): void {
    this.#page?.close?.();
    this.#page?.element.remove();
    [this.#page, this.#pageName] = [null, null];
  }

  /** What plays goes on beside the page, small; what does not is over. */
  #dockOrClose(): void {
    const view = this.#view;
    if (!view || this.#mini) return;
    if (!view.summary().isOn) return this.#closeView();
    this.#mini = new MiniPlayer({ toggle: () => view.toggle(), close: () => this.#closeMini() });
    view.dock(this.#mini.element);
    document.documentElement.classList.add("has-mini");
    this.#showMini();
  }

  #showMini(): void {
    if (this.#view && this.#mini) this.#mini.show(this.#view.summary(), this.#viewAddress);
  }

  #closeMini(): void {
    this.#closeView();
    this.#main.focus({ preventScroll: true });
  }

  #undock(station: Station): void {
    if (!this.#mini || !this.#view) return;
    this.#closePage();
    this.#mini = null;
    this.#view.dock(null);
    document.documentElement.classList.remove("has-mini");
    for (const child of [...this.#main.children]) if (child !== this.#view) child.remove();
    this.#main.className = "with-player";
    this.#main.append(this.#side(station, this.#viewChannel));
  }

  #closeView(): void {
    this.#view?.close();
    this.#view?.remove();
    [this.#view, this.#viewChannel, this.#mini] = [null, null, null];
    document.documentElement.classList.remove("has-mini");
  }

  /** A reload goes on where this tab left what is not live. */
  #withPlace(route: Route): Route {
    const [visit] = performance.getEntriesByType("navigation") as PerformanceNavigationTiming[];
    const isFirst = !this.#hasPlayed;
    this.#hasPlayed = true;
    if (!isFirst || visit?.type !== "reload" || (route.programme ?? route.momentMs) === null) return route;
    return { ...route, momentMs: keptPlace(location.pathname + location.search) ?? route.momentMs };
  }

  #drawListFault(retryInS: number): void {
    const again = element("button", { type: "button", class: "primary" }, t("reload"));
    const line = element("p", {}, t("retryIn", { n: retryInS }));
    const reload = () => {
      window.clearTimeout(timer);
      window.removeEventListener("online", reload);
      line.textContent = t("retrying");
      void this.#load();
    };
    const timer = window.setTimeout(reload, retryInS * 1000);
    again.addEventListener("click", reload);
    window.addEventListener("online", reload);
    this.#main.replaceChildren(unseenHeading(), faultCard(navigator.onLine ? "LS-A1" : "LS-O1", line, again));
  }

  /** A page's file did not come: whatever plays goes on. */
  #drawPageFault(page: Page): void {
    this.#closePage();
    this.#dockOrClose();
    const again = element("a", { class: "primary", href: addressOfPage(page) }, t("again"));
    this.#placePage(element("div", { class: "notice fault", role: "status" }, unseenHeading(), element("p", { class: "sentence" }, t("pageFailed")), again));
  }

  #header(): HTMLElement {
    return makeHeader(this.#station?.name ?? "", {
      changeLanguage: (wanted) => this.#changeLanguage(wanted),
      openOptions: () => void this.#openOptions(),
    });
  }

  #drawHeader(): HTMLElement {
    const header = this.#header();
    this.querySelector("header.top")?.replaceWith(header);
    markCurrent(header);
    return header;
  }

  async #openOptions(): Promise<void> {
    try {
      const { openOptions } = await import("../pages/options.ts");
      openOptions(this, (wanted) => this.#changeLanguage(wanted));
    } catch {
      // Offline, and never opened before: the button can be pressed again.
    }
  }

  /** What plays goes on: only the words around it are drawn again. */
  async #changeLanguage(wanted: Language): Promise<void> {
    await chooseLanguage(wanted);
    const wasInHeader = this.querySelector("header.top")?.contains(document.activeElement) ?? false;
    const header = this.#drawHeader();
    if (wasInHeader) header.querySelector<HTMLElement>(`[lang=${wanted}]`)?.focus();
    this.#view?.relabel();
    this.#search?.relabel();
    this.#list?.show(this.#station?.channels ?? [], this.#viewChannel);
    this.querySelector("nav.channels")?.setAttribute("aria-label", t("channels"));
    this.#showMini();
    if (this.#page) {
      this.#closePage();
      void this.#follow();
    }
    this.#showOnAir();
  }
}

function linkHome(): HTMLElement {
  return element("a", { class: "primary", href: "/", "data-route": true }, t("allChannels"));
}

/** The heading of a page whose fault is all that is seen. */
const unseenHeading = (): HTMLElement => element("h1", { class: "visually-hidden" }, t("channels"));

function faultCard(code: FaultCode, ...more: HTMLElement[]): HTMLElement {
  return element(
    "div", { class: "notice fault", role: "status" },
    element("p", { class: "sentence" }, t(SENTENCE_OF[code])),
    element("p", { class: "code" }, t("faultCode", { code })),
    ...more,
  );
}
