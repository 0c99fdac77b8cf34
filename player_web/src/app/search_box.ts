/** `<lensong-search>`: find a programme of any channel by its title. */
import { type Channel, searchProgrammes } from "../base/api.ts";
import { element } from "../base/dom.ts";
import { type Programme, stateAt } from "../guide/guide.ts";
import { addressOf, addressOfPage } from "./router.ts";
import { momentName, stationZone, t } from "../base/text.ts";

/** A pause in typing that asks the server. */
const PAUSE_MS = 300;
const MOST_CHARACTERS = 100;

export class SearchBox extends HTMLElement {
  #channels: Channel[] = [];
  #nowMs: () => number = Date.now;
  #asking = new AbortController();
  #pause = 0;
  readonly #input = element("input", { type: "search", maxlength: MOST_CHARACTERS, autocomplete: "off", enterkeyhint: "search" });
  readonly #status = element("p", { class: "search-status", role: "status" });
  readonly #list = element("ul", { class: "found" });

  show(channels: Channel[], nowMs: () => number): void {
    this.#channels = channels;
    this.#nowMs = nowMs;
    const form = element("form", { role: "search" }, this.#input);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#openPage();
    });
    this.#input.addEventListener("input", () => {
      window.clearTimeout(this.#pause);
      this.#pause = window.setTimeout(() => void this.#search(), PAUSE_MS);
    });
    this.replaceChildren(form, this.#status, this.#list);
    this.relabel();
  }

  relabel(): void {
    this.#input.setAttribute("aria-label", t("searchLabel"));
    this.#input.placeholder = t("searchLabel");
    this.#input.title = t("searchHint");
    if (this.#input.value.trim() !== "") void this.#search();
  }

  disconnectedCallback(): void {
    window.clearTimeout(this.#pause);
    this.#asking.abort();
  }

  /** The search has a page of its own, with an address. */
  #openPage(): void {
    const query = this.#input.value.normalize("NFC").trim();
    const link = element("a", { href: addressOfPage({ name: "search", query }), "data-route": true, hidden: true });
    this.append(link);
    link.click();
    link.remove();
  }

  async #search(): Promise<void> {
    window.clearTimeout(this.#pause);
    this.#asking.abort();
    const asking = this.#asking = new AbortController();
    const query = this.#input.value.normalize("NFC").trim();
    if (query === "") return this.#tell("", []);
    try {
      const found = await searchProgrammes(query, AbortSignal.any([asking.signal, AbortSignal.timeout(10_000)]));
      if (asking.signal.aborted) return;
      this.#tell(found.length === 0 ? t("searchNone") : t("searchFound", { n: found.length }), found);
    } catch {
      if (!asking.signal.aborted) this.#tell(t("searchFailed"), []);
    }
  }

  #tell(words: string, found: Programme[]): void {
    this.#status.textContent = words;
    this.#list.replaceChildren(...found.map((item) => this.#entry(item)).filter((entry) => entry !== null));
  }

  #entry(item: Programme): HTMLElement | null {
    const channel = this.#channels.find((one) => one.id === item.channel);
    if (!channel) return null;
    const nowMs = this.#nowMs();
    const state = stateAt(item, nowMs / 1000);
    const words = [
      element("bdi", { class: "title", dir: "auto" }, item.title),
      element("span", { class: "more" },
        element("bdi", { dir: "auto" }, channel.name), ` · ${momentName(item.startS * 1000, nowMs)}`,
        state === "startover" || state === "catchup" || state === "live" ? "" : ` · ${t(state)}`),
    ];
    // What cannot be played has an address too: it says why, or when.
    const address = addressOf(channel, stationZone(), { programme: item.id });
    return element("li", {}, element("a", { class: "found-entry", href: address, "data-route": true, "data-state": state }, ...words));
  }
}

customElements.define("lensong-search", SearchBox);
