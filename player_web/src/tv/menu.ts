/** The menu: a rail of channels with what is on, a rail of days, and the programmes of the day. */
import type { Channel, OnAir } from "../base/api.ts";
import { addDays, dayOf } from "../base/clock.ts";
import { element } from "../base/dom.ts";
import { type MessageKey, clockTime, dayName, stationZone, t } from "../base/text.ts";
import { type Programme, onNowAt, programmeAt, shareOf, stateAt } from "../guide/guide.ts";
import type { GuideStore } from "../guide/guide_store.ts";
import { put } from "./banner.ts";
import { type Focus, reveal } from "./focus.ts";
import { w } from "./words.ts";
import { numberOf } from "./zapping.ts";

export interface MenuListener {
  onChannel(channel: Channel): void;
  onProgramme(channel: Channel, programme: Programme): void;
  onLive(channel: Channel): void;
  onNote(words: string): void;
}

const DAYS_AHEAD = 6;
const MOST_DAYS_BACK = 14;
/** Resting on a channel or a day for so long opens it. */
const REST_MS = 220;
const RELOAD_MS = 30_000;

type State = { kind: "loading" | "failed" } | { kind: "there"; items: Programme[] };

/** Make a list that keeps its place under a name. */
const rail = (name: string): HTMLElement => element("ol", { class: `rail ${name}`, "data-rail": name });

export class Menu {
  readonly element: HTMLElement;
  readonly #channels: readonly Channel[];
  readonly #guide: GuideStore;
  readonly #focus: Focus;
  readonly #listener: MenuListener;
  readonly #channelRail = rail("channels");
  readonly #dayRail = rail("days");
  readonly #programmeRail = rail("programmes");
  readonly #heading = element("h2", { class: "menu-heading" });
  readonly #clock = element("p", { class: "clock" });
  readonly #state = element("p", { class: "menu-state", role: "status" });
  #channel: Channel;
  #playing = "";
  #day = "";
  #loaded = "";
  #loading = 0;
  #resting = 0;
  #reloadAtMs = 0;
  #drawn = "";
  #items: Programme[] = [];
  #nowMs = 0;

  constructor(channels: readonly Channel[], guide: GuideStore, focus: Focus, listener: MenuListener) {
    this.#channels = channels;
    this.#guide = guide;
    this.#focus = focus;
    this.#listener = listener;
    this.#channel = channels[0] as Channel;
    this.element = element("section", { class: "menu", "aria-label": w("openMenu"), hidden: true },
      element("div", { class: "line head" }, this.#heading, this.#clock),
      element("div", { class: "columns" },
        this.#column(t("channels"), this.#channelRail),
        this.#column(w("chooseDay"), this.#dayRail),
        this.#column(t("guide"), this.#programmeRail, this.#state)),
      element("p", { class: "hints" }, `OK · ${w("hintBack")}`));
    this.#channelRail.replaceChildren(...channels.map((one, index) => this.#channelItem(one, index)));
  }

  /** Open on the channel that plays. */
  open(playing: Channel, onAir: ReadonlyMap<string, OnAir>, nowMs: number): void {
    this.#playing = playing.id;
    this.#channel = playing;
    this.#day = dayOf(nowMs, stationZone());
    this.#loaded = "";
    this.#nowMs = nowMs;
    this.element.hidden = false;
    this.#focus.forget("channels");
    this.tick(nowMs, onAir);
    this.#drawDays();
    void this.#load();
    this.#focus.enter(this.#channelRail);
  }

  /** Move on with the time, while open. */
  tick(nowMs: number, onAir: ReadonlyMap<string, OnAir>): void {
    if (this.element.hidden) return;
    this.#nowMs = nowMs;
    put(this.#clock, clockTime(nowMs));
    put(this.#heading, this.#channel.name);
    this.#channels.forEach((one, index) => this.#showChannel(one, index, onAir.get(one.id) ?? null));
    if (nowMs >= this.#reloadAtMs) void this.#load();
    else this.#drawProgrammes();
  }

  /** Go to another day; -1 is the day before. */
  turn(days: number): void {
    const index = this.#days().indexOf(this.#day) + days;
    const day = this.#days()[index];
    if (day === undefined) return;
    this.#day = day;
    this.#drawDays();
    void this.#load().then(() => this.#focus.enter(this.#programmeRail));
  }

  /** Nothing rests any more. */
  close(): void {
    window.clearTimeout(this.#resting);
    this.element.hidden = true;
  }

  #column(title: string, ...parts: HTMLElement[]): HTMLElement {
    return element("div", { class: "column" }, element("h3", {}, title), ...parts);
  }

  #channelItem(channel: Channel, index: number): HTMLElement {
    const button = element("button", { type: "button", class: "item channel", "data-channel": channel.id },
      element("span", { class: "number" }, String(numberOf(this.#channels, index))),
      element("span", { class: "names" },
        element("bdi", { class: "name", dir: "auto" }, channel.name),
        element("span", { class: "on" }),
        element("span", { class: "track" }, element("i"))));
    button.addEventListener("click", () => this.#listener.onChannel(channel));
    button.addEventListener("focus", () => this.#rest(() => {
      if (this.#channel === channel) return;
      this.#channel = channel;
      put(this.#heading, channel.name);
      void this.#load();
    }));
    return element("li", {}, button);
  }

  #showChannel(channel: Channel, index: number, onAir: OnAir | null): void {
    const button = this.#channelRail.children[index]?.firstElementChild;
    const [on, fill] = [button?.querySelector<HTMLElement>(".on"), button?.querySelector<HTMLElement>(".track i")];
    if (!button || !on || !fill) return;
    const { now } = onNowAt(onAir?.programme ?? null, onAir?.next ?? null, this.#nowMs / 1000);
    put(on, now?.title || onAir?.title || (channel.kind === "radio" ? t("radio") : t("television")), true);
    (fill.parentElement as HTMLElement).hidden = now === null;
    if (now) fill.style.width = `${(shareOf(now, this.#nowMs / 1000) * 100).toFixed(1)}%`;
    const isPlaying = channel.id === this.#playing;
    if (isPlaying) button.setAttribute("aria-current", "true");
    else button.removeAttribute("aria-current");
    if (isPlaying) button.setAttribute("data-entry", "");
    else button.removeAttribute("data-entry");
  }

  #days(): string[] {
    const today = dayOf(this.#nowMs, stationZone());
    const back = Math.min(MOST_DAYS_BACK, Math.max(1, this.#channel.catchupDays));
    return Array.from({ length: back + DAYS_AHEAD + 1 }, (_, index) => addDays(today, index - back));
  }

  #drawDays(): void {
    const days = this.#days();
    if (days.indexOf(this.#day) < 0) this.#day = dayOf(this.#nowMs, stationZone());
    const key = days.join();
    if (this.#dayRail.getAttribute("data-days") !== key) {
      this.#dayRail.setAttribute("data-days", key);
      this.#dayRail.replaceChildren(...days.map((day) => element("li", {}, this.#dayItem(day))));
    }
    for (const button of Array.from(this.#dayRail.querySelectorAll<HTMLElement>("button"))) {
      const isChosen = button.getAttribute("data-day") === this.#day;
      button.setAttribute("aria-pressed", isChosen ? "true" : "false");
      if (isChosen) button.setAttribute("data-entry", "");
      else button.removeAttribute("data-entry");
      if (isChosen && document.activeElement !== button) reveal(button);
    }
  }

  #dayItem(day: string): HTMLElement {
    const button = element("button", { type: "button", class: "item day", "data-day": day });
    button.textContent = dayName(day, dayOf(this.#nowMs, stationZone()));
    const choose = (): void => {
      if (this.#day === day) return;
      this.#day = day;
      this.#drawDays();
      void this.#load();
    };
    button.addEventListener("focus", () => this.#rest(choose));
    button.addEventListener("click", () => {
      choose();
      void this.#load().then(() => this.#focus.enter(this.#programmeRail));
    });
    return button;
  }

  #rest(act: () => void): void {
    window.clearTimeout(this.#resting);
    this.#resting = window.setTimeout(act, REST_MS);
  }

  async #load(): Promise<void> {
    const loading = ++this.#loading;
    const [channel, day] = [this.#channel, this.#day];
    const key = `${channel.id} ${day}`;
    this.#reloadAtMs = this.#nowMs + RELOAD_MS;
    this.#drawDays();
    if (key !== this.#loaded) {
      this.#focus.forget("programmes");
      this.#draw({ kind: "loading" });
    }
    let state: State;
    try {
      state = { kind: "there", items: await this.#guide.day(channel, day) };
    } catch {
      state = { kind: "failed" };
    }
    if (loading !== this.#loading) return;
    // What was there stays; it is asked for again soon.
    if (state.kind === "failed" && key === this.#loaded) return;
    this.#loaded = state.kind === "there" ? key : "";
    this.#draw(state);
  }

  #draw(state: State): void {
    this.#items = state.kind === "there" ? state.items : [];
    const empty = this.#channel.guide ? t("guideEmpty") : w("noGuide");
    const words = { loading: t("guideLoading"), failed: t("guideFailed"), there: this.#items.length === 0 ? empty : "" };
    put(this.#state, words[state.kind]);
    this.#drawn = "";
    this.#drawProgrammes();
    const entry = this.#programmeRail.querySelector<HTMLElement>("[data-entry]");
    if (entry && !this.#programmeRail.contains(document.activeElement)) reveal(entry);
  }

  #drawProgrammes(): void {
    const nowS = this.#nowMs / 1000;
    const running = programmeAt(this.#items, nowS)?.id ?? null;
    const drawn = JSON.stringify([running, this.#items.map((one) => [one.id, one.title, stateAt(one, nowS)])]);
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    const held = document.activeElement;
    const had = held && this.#programmeRail.contains(held) ? held.getAttribute("data-offer") : null;
    const top = this.#programmeRail.scrollTop;
    this.#programmeRail.replaceChildren(...this.#items.map((one) => this.#row(one, one.id === running)));
    this.#programmeRail.scrollTop = top;
    if (had === null) return;
    const again = Array.from(this.#programmeRail.querySelectorAll<HTMLElement>("button"));
    const same = again.find((one) => one.getAttribute("data-offer") === had);
    if (same) same.focus();
    else this.#focus.enter(this.#programmeRail) || this.#focus.enter(this.#channelRail);
  }

  #row(item: Programme, isRunning: boolean): HTMLElement {
    const more = [item.subtitle, item.episode].filter((one) => one !== "").join(" · ");
    const offers = this.#offers(item, isRunning);
    if (isRunning || (this.#items[0] === item && !programmeAt(this.#items, this.#nowMs / 1000))) {
      offers[0]?.setAttribute("data-entry", "");
    }
    return element("li", { class: "row", "data-programme": item.id, "aria-current": isRunning ? "true" : null },
      element("span", { class: "when" }, clockTime(item.startS * 1000)),
      element("div", { class: "what" },
        element("p", { class: "name" }, element("bdi", { dir: "auto" }, item.title)),
        more ? element("p", { class: "more" }, element("bdi", { dir: "auto" }, more)) : null),
      element("div", { class: "offers" }, ...offers));
  }

  #offers(item: Programme, isRunning: boolean): HTMLElement[] {
    const channel = this.#channel;
    const isTv = channel.kind === "tv";
    const state = stateAt(item, this.#nowMs / 1000);
    const offer = (key: MessageKey, act: () => void, isPlain = false): HTMLElement => {
      const made = element("button", {
        type: "button", class: `offer${isPlain ? " plain" : ""}`, "data-offer": `${item.id} ${key}`,
        "aria-label": `${t(key)}: ${item.title}`,
      }, t(key));
      made.addEventListener("click", act);
      return made;
    };
    const live = (): HTMLElement => offer(isTv ? "watchLive" : "listenLive", () => this.#listener.onLive(channel));
    const play = (key: MessageKey): HTMLElement => offer(key, () => this.#listener.onProgramme(channel, item));
    const tell = (key: MessageKey, words: string): HTMLElement => offer(key, () => this.#listener.onNote(words), true);
    switch (state) {
      case "live": return [live()];
      case "startover": return [play(isTv ? "watchFromStart" : "listenFromStart"), live()];
      case "catchup": return [play(isTv ? "watchAgain" : "listenAgain")];
      case "upcoming": return [tell("upcoming", w("upcomingAt", { time: clockTime(item.startS * 1000) }))];
      case "expired": return [tell("expired", t("faultExpired"))];
      default: return [tell("refused", t("faultProgrammeRefused")), ...(isRunning ? [live()] : [])];
    }
  }
}
