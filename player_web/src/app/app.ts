/** `<lensong-app>`: header, list of channels, and the channel that is open. */
import { type OnAir, type Station, loadClockOffsetMs, loadOnAir, loadStation } from "../base/api.ts";
import "./channel_list.ts";
import type { ChannelList } from "./channel_list.ts";
import "./channel_view.ts";
import type { ChannelView } from "./channel_view.ts";
import { element } from "../base/dom.ts";
import { type FaultCode, SENTENCE_OF, retryPauseS } from "../playing/faults.ts";
import iconUrl from "../icon.svg";
import { type Route, parseRoute } from "./router.ts";
import "./search_box.ts";
import type { SearchBox } from "./search_box.ts";
import { keptPlace } from "../base/storage.ts";
import { type Language, chooseLanguage, language, stationZone, t, useZone } from "../base/text.ts";

const NAMES: Record<Language, string> = { vi: "Tiếng Việt", en: "English" };
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
  #view: ChannelView | null = null;
  #search: SearchBox | null = null;
  #drawnChannel: string | null = null;

  connectedCallback(): void {
    document.documentElement.lang = language();
    this.addEventListener("click", (event) => this.#onClick(event));
    window.addEventListener("popstate", () => this.#follow());
    document.addEventListener("visibilitychange", () => { if (!document.hidden) void this.#pollOnAir(); });
    this.#draw();
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
    this.#draw();
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
  }

  #onClick(event: MouseEvent): void {
    const link = (event.target as Element).closest<HTMLAnchorElement>("a[data-route]");
    if (!link || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    const address = link.pathname + link.search;
    const isNew = address !== location.pathname + location.search;
    if (isNew) history.pushState(null, "", address);
    const wasThere = this.#view !== null && this.#route().channel === this.#drawnChannel;
    if (!isNew && !wasThere) return;
    this.#follow();
    window.scrollTo(0, 0);
    if (!wasThere) this.querySelector<HTMLElement>("main")?.focus({ preventScroll: true });
  }

  #route(): Route {
    return parseRoute(location.pathname, location.search, stationZone());
  }

  /** Show what the address says now; a channel that is open stays, with its player. */
  #follow(): void {
    const route = this.#route();
    if (this.#view && route.channel === this.#drawnChannel) this.#view.go(route);
    else this.#draw();
  }

  #draw(): void {
    const route = this.#route();
    const id = route.channel;
    this.#drawnChannel = id;
    const channel = this.#station?.channels.find((one) => one.id === id) ?? null;
    this.#view?.close();
    this.#view = null;
    this.#list = null;
    const main = element("main", { tabindex: "-1", class: id === null ? "front" : "with-player" });
    if (!this.#station) {
      main.append(element("p", { class: "notice", role: "status" }, t("loadingList")));
    } else {
      if (channel) {
        this.#view = document.createElement("lensong-channel") as ChannelView;
        main.append(this.#view);
      } else if (id !== null) {
        main.append(faultCard("LS-C2", linkHome()));
      } else {
        main.append(element("p", { class: "lead" }, t("chooseChannel")));
      }
      this.#list = document.createElement("lensong-channels") as ChannelList;
      this.#list.show(this.#station.channels, id);
      this.#search = document.createElement("lensong-search") as SearchBox;
      this.#search.show(this.#station.channels, () => Date.now() + this.#clockOffsetMs);
      const list = element("nav", { class: "channels", "aria-label": t("channels") }, this.#list);
      main.append(element("div", { class: "side" }, this.#search, list));
    }
    this.replaceChildren(this.#header(), main);
    document.title = channel ? `${channel.name} · ${t("product")}` : `${t("product")} · ${this.#station?.name ?? ""}`;
    if (channel && this.#view) {
      this.#view.open(channel, this.#withPlace(route), {
        station: this.#station?.name ?? "",
        clockOffsetMs: this.#clockOffsetMs,
        channels: this.#station?.channels ?? [],
        goTo: (address) => {
          history.pushState(null, "", address);
          this.#follow();
        },
        setAddress: (address, isNew) => {
          if (isNew) history.pushState(null, "", address);
          else history.replaceState(null, "", address);
        },
      });
    }
    this.#showOnAir();
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
      line.textContent = t("retrying");
      void this.#load();
    };
    const timer = window.setTimeout(reload, retryInS * 1000);
    again.addEventListener("click", reload);
    this.querySelector("main")?.replaceChildren(faultCard(navigator.onLine ? "LS-A1" : "LS-O1", line, again));
  }

  #header(): HTMLElement {
    const buttons = (["vi", "en"] as const).map((one: Language) => {
      const button = element(
        "button", { type: "button", lang: one, "aria-pressed": one === language() ? "true" : "false",
          "aria-label": NAMES[one] },
        element("span", { class: "long" }, NAMES[one]),
        element("span", { class: "short", "aria-hidden": "true" }, one.toUpperCase()),
      );
      button.addEventListener("click", () => this.#changeLanguage(one));
      return button;
    });
    return element(
      "header", { class: "top" },
      element("a", { class: "brand", href: "/", "data-route": true },
        element("img", { class: "mark", src: iconUrl, alt: "", width: 40, height: 40 }),
        element("span", { class: "words" },
          element("strong", {}, t("product")),
          element("bdi", { class: "station" }, this.#station?.name ?? ""))),
      element("div", { class: "languages", role: "group", "aria-label": t("language") }, ...buttons),
    );
  }

  /** What plays goes on: only the words around it are drawn again. */
  #changeLanguage(wanted: Language): void {
    chooseLanguage(wanted);
    const header = this.#header();
    this.querySelector("header.top")?.replaceWith(header);
    header.querySelector<HTMLElement>(`[lang=${wanted}]`)?.focus();
    if (!this.#view) return this.#draw();
    this.#view.relabel();
    this.#search?.relabel();
    this.#list?.show(this.#station?.channels ?? [], this.#route().channel);
    this.querySelector("nav.channels")?.setAttribute("aria-label", t("channels"));
    this.#showOnAir();
  }
}

function linkHome(): HTMLElement {
  return element("a", { class: "primary", href: "/", "data-route": true }, t("allChannels"));
}

function faultCard(code: FaultCode, ...more: HTMLElement[]): HTMLElement {
  return element(
    "div", { class: "notice fault", role: "status" },
    element("p", { class: "sentence" }, t(SENTENCE_OF[code])),
    element("p", { class: "code" }, t("faultCode", { code })),
    ...more,
  );
}

customElements.define("lensong-app", App);
