/** `<lensong-guide>`: the guide of a day, and what each programme offers. */
import type { Channel } from "../base/api.ts";
import { dayOf } from "../base/clock.ts";
import { element } from "../base/dom.ts";
import { dayChips, daysAround } from "./day_chips.ts";
import { type Available, type Brief, type Programme, programmeAt, stateAt } from "./guide.ts";
import type { GuideStore } from "./guide_store.ts";
import { addressOf } from "../app/router.ts";
import { type MessageKey, clockTime, stationZone, t } from "../base/text.ts";

const RELOAD_MS = 60_000;

export class GuideView extends HTMLElement {
  #channel: Channel | null = null;
  #store: GuideStore | null = null;
  #nowMs = 0;
  /** Null follows today. */
  #chosen: string | null = null;
  #items: Programme[] | null = null;
  #hasFailed = false;
  #loadedDay = "";
  #loading = 0;
  #reloadAtMs = 0;
  /** The programme for which the guide was loaded again, once. */
  #asked = "";
  #runningId: string | null = null;
  #openId: string | null = null;
  #drawn = "";
  #drawnDays = "";
  #scrollsNext = true;
  readonly #title = element("h2");
  #days: HTMLElement = element("div", { class: "days" });
  readonly #list = element("div", { class: "programmes" });

  open(channel: Channel, store: GuideStore, nowMs: number): void {
    this.#channel = channel;
    this.#store = store;
    this.classList.add("panel");
    this.hidden = channel.guide === null;
    this.replaceChildren(this.#title, this.#days, this.#list);
    this.tick(nowMs);
  }

  /** Show a day that others choose (null follows today), without a title and days of its own. */
  showDay(day: string | null): void {
    this.#title.hidden = this.#days.hidden = true;
    this.#choose(day ?? this.#today());
  }

  /** Move on with the time; what is on by another source tells when the guide was changed. */
  tick(nowMs: number, onNow: Brief | null = null): void {
    this.#nowMs = nowMs;
    if (this.hidden) return;
    this.#drawDays();
    const running = this.#items ? (programmeAt(this.#items, nowMs / 1000)?.id ?? null) : null;
    const isChanged = onNow !== null && this.#chosen === null && onNow.id !== running && onNow.id !== this.#asked;
    const isOver = isChanged || running !== this.#runningId;
    if (isChanged) this.#asked = onNow.id;
    this.#runningId = running;
    if (this.#day() !== this.#loadedDay || isOver || nowMs >= this.#reloadAtMs) void this.#load(isOver);
    this.#drawItems();
  }

  /** Mark the programme that plays; its day is shown. */
  showOpen(programme: Programme | null): void {
    if (this.#openId === (programme?.id ?? null)) return;
    this.#openId = programme?.id ?? null;
    const day = programme ? dayOf(programme.startS * 1000, stationZone()) : null;
    if (day && day !== this.#day()) this.#choose(day);
    else this.#drawItems();
  }

  relabel(): void {
    this.#drawnDays = "";
    this.tick(this.#nowMs);
  }

  #today(): string {
    return dayOf(this.#nowMs, stationZone());
  }

  #day(): string {
    return this.#chosen ?? this.#today();
  }

  #choose(day: string): void {
    this.#chosen = day === this.#today() ? null : day;
    this.#scrollsNext = true;
    this.tick(this.#nowMs);
  }

  async #load(isStale: boolean): Promise<void> {
    const [channel, store, day, loading] = [this.#channel, this.#store, this.#day(), ++this.#loading];
    if (!channel || !store) return;
    if (day !== this.#loadedDay) this.#items = null;
    this.#loadedDay = day;
    this.#hasFailed = false;
    this.#reloadAtMs = this.#nowMs + RELOAD_MS;
    let items: Programme[] | null = null;
    try {
      items = await store.day(channel, day, isStale);
    } catch {
      // What was there stays; without anything, a sentence says so.
    }
    if (loading !== this.#loading) return;
    this.#hasFailed = items === null;
    this.#items = items ?? this.#items;
    this.#runningId = this.#items ? (programmeAt(this.#items, this.#nowMs / 1000)?.id ?? null) : null;
    this.#drawItems();
  }

  #drawDays(): void {
    const today = this.#today();
    const drawn = `${today} ${this.#day()} ${document.documentElement.lang}`;
    if (drawn === this.#drawnDays) return;
    this.#drawnDays = drawn;
    this.#title.textContent = t("guide");
    const hadFocus = this.#days.contains(document.activeElement);
    const days = daysAround(today, this.#channel?.catchupDays ?? 1, this.#day());
    const chips = dayChips(days, this.#day(), today, (day) => this.#choose(day));
    chips.hidden = this.#days.hidden;
    this.#days.replaceWith(chips);
    this.#days = chips;
    const chosen = this.#days.querySelector<HTMLElement>("[aria-pressed=true]");
    if (chosen) this.#days.scrollLeft = chosen.offsetLeft - this.#days.clientWidth / 2 + chosen.offsetWidth / 2;
    if (hadFocus) chosen?.focus({ preventScroll: true });
  }

  #drawItems(): void {
    const items = this.#items;
    const nowS = this.#nowMs / 1000;
    const drawn = JSON.stringify([
      this.#hasFailed, this.#loadedDay, this.#runningId, this.#openId, document.documentElement.lang,
      items?.map((item) => [item, stateAt(item, nowS)]) ?? null,
    ]);
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    if (!items) return this.#list.replaceChildren(...this.#withoutItems());
    if (items.length === 0) return this.#list.replaceChildren(element("p", { class: "empty" }, t("guideEmpty")));
    const held = document.activeElement?.closest<HTMLElement>("[data-programme]");
    const link = this.#list.contains(document.activeElement) ? document.activeElement?.getAttribute("href") : null;
    const list = element("ol", {}, ...items.map((item) => this.#item(item, stateAt(item, nowS))));
    const top = this.#list.scrollTop;
    this.#list.replaceChildren(list);
    this.#list.scrollTop = top;
    if (held && link) this.#list.querySelector<HTMLElement>(`a[href="${CSS.escape(link)}"]`)?.focus({ preventScroll: true });
    if (this.#scrollsNext) this.#scrollToCurrent();
    this.#scrollsNext = false;
  }

  #withoutItems(): HTMLElement[] {
    if (!this.#hasFailed) return [element("p", { class: "empty", role: "status" }, t("guideLoading"))];
    const again = element("button", { type: "button", class: "secondary" }, t("again"));
    again.addEventListener("click", () => void this.#load(true));
    return [element("p", { class: "empty", role: "status" }, t("guideFailed")), again];
  }

  /** Bring the programme that plays, or else runs, to the top of the list: only the list moves. */
  #scrollToCurrent(): void {
    const wanted = this.#list.querySelector<HTMLElement>(".is-open") ?? this.#list.querySelector<HTMLElement>("[aria-current]");
    this.#list.scrollTop = wanted ? wanted.offsetTop - this.#list.offsetTop - 8 : 0;
  }

  #item(item: Programme, state: Available): HTMLElement {
    const isRunning = item.id === this.#runningId;
    const isOpen = item.id === this.#openId;
    const more = [item.subtitle, item.episode].filter((text) => text !== "").join(" · ");
    return element(
      "li",
      { class: `programme${isOpen ? " is-open" : ""}`, "data-programme": item.id, "data-state": state,
        "aria-current": isRunning ? "true" : null },
      element("span", { class: "when" }, clockTime(item.startS * 1000)),
      element("div", { class: "what" },
        element("p", { class: "name" }, element("bdi", { dir: "auto" }, item.title)),
        more ? element("p", { class: "more" }, element("bdi", { dir: "auto" }, more)) : null,
        item.description ? element("p", { class: "desc" }, element("bdi", { dir: "auto" }, item.description)) : null),
      element("div", { class: "offers" }, ...this.#offers(item, state, isRunning, isOpen)),
    );
  }

  #offers(item: Programme, state: Available, isRunning: boolean, isOpen: boolean): HTMLElement[] {
    const channel = this.#channel;
    if (!channel) return [];
    const isTv = channel.kind === "tv";
    const address = addressOf(channel, stationZone());
    const own = addressOf(channel, stationZone(), { programme: item.id });
    const badge = (key: MessageKey, kind: string) => element("span", { class: `state ${kind}` }, t(key));
    const link = (key: MessageKey, href: string) => (
      element("a", { class: "offer", href, "data-route": true, "aria-label": `${t(key)}: ${item.title}` }, t(key))
    );
    const shown = [
      ...(isOpen ? [badge("isPlayed", "open")] : []),
      ...(isRunning && !isOpen ? [badge("isOn", "on")] : []),
    ];
    switch (state) {
      case "live": return [...shown, link(isTv ? "watchLive" : "listenLive", address)];
      case "startover":
        return [...shown, link(isTv ? "watchFromStart" : "listenFromStart", own), link(isTv ? "watchLive" : "listenLive", address)];
      case "catchup": return [...shown, link(isTv ? "watchAgain" : "listenAgain", own)];
      default: return [...shown, badge(state, state)];
    }
  }
}

customElements.define("lensong-guide", GuideView);
