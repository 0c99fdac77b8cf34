/** What a search found, at an address of its own: it can be sent on, and Back comes back to it. */
import "../styles/pages.css";
import { type Channel, searchProgrammes } from "../base/api.ts";
import type { PageAround, PageView } from "../app/page.ts";
import { type Page, addressOf, addressOfPage } from "../app/router.ts";
import { element } from "../base/dom.ts";
import { momentName, stationZone, t } from "../base/text.ts";
import { type Programme, stateAt } from "../guide/guide.ts";

const PAUSE_MS = 300;
const MOST_CHARACTERS = 100;
const PLAYABLE = new Set(["live", "startover", "catchup"]);

export const open = (page: Page, around: PageAround): PageView => new SearchPage(page, around);

const queryOf = (page: Page): string => (page.name === "search" ? page.query : "");

class SearchPage implements PageView {
  readonly element = element("div", { class: "page search-page" });
  readonly #around: PageAround;
  readonly #input = element("input", { type: "search", maxlength: MOST_CHARACTERS, autocomplete: "off", enterkeyhint: "search" });
  readonly #status = element("p", { class: "search-status", role: "status" });
  readonly #list = element("ul", { class: "results" });
  #asking = new AbortController();
  #pause = 0;
  #shown = "";

  constructor(page: Page, around: PageAround) {
    this.#around = around;
    this.#input.setAttribute("aria-label", t("searchLabel"));
    this.#input.placeholder = t("searchHint");
    const form = element("form", { role: "search", class: "search-form" }, this.#input,
      element("button", { type: "submit", class: "primary" }, t("searchPage")));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#typed();
    });
    this.#input.addEventListener("input", () => {
      window.clearTimeout(this.#pause);
      this.#pause = window.setTimeout(() => this.#typed(), PAUSE_MS);
    });
    this.element.append(element("div", { class: "page-head" }, element("h1", {}, t("searchPage")), form), this.#status, this.#list);
    this.go(page);
    if (queryOf(page) === "") requestAnimationFrame(() => this.#input.focus());
  }

  go(page: Page): boolean {
    window.clearTimeout(this.#pause);
    const query = queryOf(page);
    this.#input.value = query;
    void this.#search(query);
    return true;
  }

  close(): void {
    window.clearTimeout(this.#pause);
    this.#asking.abort();
  }

  /** The address follows what is typed, without a step of its own for each letter. */
  #typed(): void {
    window.clearTimeout(this.#pause);
    const query = this.#input.value.normalize("NFC").trim();
    if (query === this.#shown) return;
    this.#around.setAddress(addressOfPage({ name: "search", query }), false);
    void this.#search(query);
  }

  async #search(query: string): Promise<void> {
    this.#asking.abort();
    const asking = this.#asking = new AbortController();
    this.#shown = query;
    this.#around.setTitle(query === "" ? t("searchPage") : `${query} · ${t("searchPage")}`);
    if (query === "") return this.#tell("", []);
    try {
      const stop = setTimeout(() => asking.abort(new DOMException("", "TimeoutError")), 10_000);
      const found = await searchProgrammes(query, asking.signal).finally(() => clearTimeout(stop));
      if (asking === this.#asking) this.#tell(found.length === 0 ? t("searchNone") : t("searchFound", { n: found.length }), found);
    } catch {
      if (asking === this.#asking && query === this.#shown) this.#tell(t("searchFailed"), []);
    }
  }

  #tell(words: string, found: Programme[]): void {
    this.#status.textContent = words;
    this.#list.replaceChildren(...found.map((item) => {
      const channel = this.#around.station.channels.find((one) => one.id === item.channel);
      return channel ? this.#entry(item, channel) : null;
    }).filter((entry) => entry !== null));
  }

  #entry(item: Programme, channel: Channel): HTMLElement {
    const nowMs = this.#around.nowMs();
    const state = stateAt(item, nowMs / 1000);
    const isTv = channel.kind === "tv";
    const words = PLAYABLE.has(state)
      ? t(state === "live" ? (isTv ? "watchLive" : "listenLive") : isTv ? "watchAgain" : "listenAgain")
      : t(state as "upcoming" | "expired" | "refused");
    return element("li", {}, element(
      "a", { class: "result", href: addressOf(channel, stationZone(), { programme: item.id }), "data-route": true, "data-state": state },
      element("bdi", { class: "title", dir: "auto" }, item.title),
      element("span", { class: "more" }, element("bdi", { dir: "auto" }, channel.name), ` · ${momentName(item.startS * 1000, nowMs)}`),
      element("span", { class: "state" }, words),
    ));
  }
}
