/** The TV view: one picture, its layers, and what the keys do in each. */
import { type Channel, type OnAir, type Station, loadClockOffsetMs, loadOnAir } from "../base/api.ts";
import { dayOf } from "../base/clock.ts";
import { element } from "../base/dom.ts";
import { stationZone, t } from "../base/text.ts";
import { type Programme, onNowAt, stateAt } from "../guide/guide.ts";
import { GuideStore } from "../guide/guide_store.ts";
import { hashOf, parseHash } from "./address.ts";
import { Banner, put } from "./banner.ts";
import { FaultCard } from "./fault_card.ts";
import { Focus } from "./focus.ts";
import { type Action, actionOf } from "./keys.ts";
import { Menu } from "./menu.ts";
import { keepChannel, leavePage, lastChannel, registerKeys } from "./tv_set.ts";
import { TimeBar } from "./time_bar.ts";
import { moved, stepMs } from "./timeline.ts";
import { TvPlayback } from "./tv_playback.ts";
import { w } from "./words.ts";
import { DIGIT_PAUSE_MS, indexOfNumber, isComplete, numberOf, stepFrom } from "./zapping.ts";

type Layer = "none" | "banner" | "bar" | "menu";

/** A banner that came by itself goes by itself, the others later. */
const GLANCE_MS = 5_000;
const IDLE_MS = 20_000;
const BAR_MS = 6_000;
const NOTE_MS = 6_000;
/** A press within this after another waits for the next one. */
const HURRY_MS = 350;
const SETTLE_MS = 400;
const ON_AIR_MS = 15_000;
const CLOCK_MS = 10 * 60_000;

/** The state of a step of the history below which the page is left. */
const BASE = "base";

export class TvApp {
  readonly #root: HTMLElement;
  readonly #station: Station;
  readonly #channels: readonly Channel[];
  readonly #guide = new GuideStore();
  readonly #focus: Focus;
  readonly #media = element("video", { playsinline: true, "aria-hidden": "true", tabindex: -1 });
  readonly #heading = element("h1", { class: "visually-hidden" });
  readonly #sound = element("div", { class: "sound-card", hidden: true });
  readonly #busy = element("p", { class: "busy", hidden: true });
  readonly #digits = element("p", { class: "digits", hidden: true });
  readonly #note = element("p", { class: "note", role: "status" });
  readonly #banner: Banner;
  readonly #bar: TimeBar;
  readonly #menu: Menu;
  readonly #card: FaultCard;
  readonly #playback: TvPlayback;
  #onAir: Map<string, OnAir> = new Map();
  #channel: Channel;
  #layer: Layer = "none";
  /** The banner has buttons; one that came by itself has none. */
  #isActive = false;
  #typed = "";
  #targetMs: number | null = null;
  #repeats = 0;
  #zappedAtMs = -Infinity;
  #isMutedByBrowser = false;
  #wasKey = false;
  /** The address of what plays. */
  #hash = "";
  readonly #timers: Record<"layer" | "zap" | "digits" | "note" | "seek", number> = { layer: 0, zap: 0, digits: 0, note: 0, seek: 0 };

  constructor(root: HTMLElement, station: Station, clockOffsetMs: number) {
    this.#root = root;
    this.#station = station;
    this.#channels = station.channels;
    this.#channel = station.channels[0] as Channel;
    this.#focus = new Focus(root);
    this.#playback = new TvPlayback(this.#media, this.#guide, {
      onSituation: () => this.#showSituation(),
      onViewing: () => this.#onViewing(),
      onMuted: () => this.#onMuted(),
      onHole: () => this.#say(t("holeSkipped")),
    });
    this.#playback.clockOffsetMs = clockOffsetMs;
    const [live, menu] = [() => this.#goLive(), () => this.#open("menu")];
    this.#banner = new Banner({
      onMenu: menu, onLive: live, onStartOver: () => this.#startOver(),
      onSkip: (seconds) => this.#step(seconds < 0 ? -1 : 1, 0),
      onToggle: () => this.#toggle(),
    });
    this.#bar = new TimeBar((unixMs) => this.#seek(unixMs), live);
    this.#menu = new Menu(this.#channels, this.#guide, this.#focus, {
      onChannel: (channel) => this.#choose(channel),
      onLive: (channel) => this.#choose(channel),
      onProgramme: (channel, programme) => this.#watch(channel, programme),
      onNote: (words) => this.#say(words),
    });
    this.#card = new FaultCard({
      onRetry: () => this.#playback.retryNow(), onRestart: () => this.#playback.restart(), onLive: live, onMenu: menu,
    });
    root.append(this.#heading, this.#media, this.#sound, this.#busy, this.#card.element, this.#banner.element,
      this.#bar.element, this.#menu.element, this.#digits, this.#note);
    root.setAttribute("tabindex", "-1");
  }

  /** Begin with what the address says, else with the channel watched last. */
  start(): void {
    registerKeys();
    document.addEventListener("keydown", (event) => this.#onKey(event));
    document.addEventListener("keyup", () => { this.#repeats = 0; });
    this.#media.addEventListener("click", () => this.#open("banner"));
    this.#sound.addEventListener("click", () => this.#open("banner"));
    history.replaceState(BASE, "");
    window.addEventListener("popstate", (event) => this.#onStepBack(event.state));
    window.addEventListener("hashchange", () => {
      if (location.hash === this.#hash) return;
      history.replaceState(BASE, "");
      this.#followAddress();
    });
    this.#heading.textContent = w("page", { station: this.#station.name });
    window.setInterval(() => this.#tick(), 500);
    window.setInterval(() => void this.#loadOnAir(), ON_AIR_MS);
    window.setInterval(() => void this.#correctClock(), CLOCK_MS);
    this.#followAddress();
    void this.#loadOnAir();
  }

  #followAddress(): void {
    this.#hash = location.hash;
    const wanted = parseHash(location.hash, stationZone(), location.pathname);
    const find = (id: string | null): Channel | undefined => this.#channels.find((one) => one.id === id);
    const named = find(wanted.channel);
    const channel = named ?? find(lastChannel()) ?? (this.#channels[0] as Channel);
    if (wanted.channel !== null && !named) this.#say(w("channelUnknown"));
    this.#channel = channel;
    const isPlace = wanted.channel === null || named !== undefined;
    void this.#playback.open(channel, isPlace ? wanted.programme : null, isPlace ? wanted.momentMs : null, this.#neighbours());
    this.#showBriefly();
  }

  #neighbours(): Channel[] {
    const found = [1, -1].map((step) => this.#channels[stepFrom(this.#channels, this.#channel.id, step)] as Channel);
    return found.filter((one, index) => one !== this.#channel && found.indexOf(one) === index);
  }

  // Keys

  #onKey(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const action = actionOf(event);
    if (this.#isMutedByBrowser) this.#unmute();
    if (action === null) return;
    if (action === "back" && this.#layer === "none" && this.#typed === "") return leavePage(event);
    event.preventDefault();
    if (action !== "back") this.#keepStep();
    // A held key must not press a button again and again.
    if (event.repeat && (action === "ok" || action === "back" || action === "toggle")) return;
    this.#repeats = event.repeat ? this.#repeats + 1 : 0;
    this.#wasKey = true;
    this.#stayOpen();
    if (typeof action === "object") this.#type(action.digit);
    else if (!this.#pressEverywhere(action)) this.#pressInLayer(action);
  }

  /** Keys that mean the same in every layer; false for the others. */
  #pressEverywhere(action: Action): boolean {
    switch (action) {
      case "channelUp":
      case "channelDown": {
        const step = action === "channelUp" ? 1 : -1;
        if (this.#layer === "menu") this.#menu.turn(step);
        else this.#zap(step);
        return true;
      }
      case "rewind": this.#step(-1, this.#repeats); return true;
      case "forward": this.#step(1, this.#repeats); return true;
      case "play": this.#playback.play(); return true;
      case "pause": this.#playback.pause(); this.#open("bar"); return true;
      case "toggle": this.#toggle(); return true;
      case "live": this.#goLive(); return true;
      case "guide": this.#open(this.#layer === "menu" ? "none" : "menu"); return true;
      case "info": this.#open(this.#layer === "banner" && this.#isActive ? "none" : "banner"); return true;
      default: return false;
    }
  }

  #pressInLayer(action: Action): void {
    if (action === "back") return this.#goBack();
    if (this.#layer === "menu") return this.#pressOn(this.#menu.element, action);
    if (this.#layer === "bar") return this.#pressInBar(action);
    if (action === "up" || action === "down") return this.#zap(action === "up" ? 1 : -1);
    if (this.#layer === "banner" && this.#isActive) return this.#pressOn(this.#banner.element, action);
    if (!this.#card.element.hidden) return this.#pressOn(this.#card.element, action);
    if (action === "ok") return this.#typed === "" ? this.#open("banner") : this.#enterNumber();
    if (action === "left" || action === "right") this.#step(action === "left" ? -1 : 1, this.#repeats);
  }

  /** Move the focus within a layer, or press what has it. */
  #pressOn(layer: HTMLElement, action: Action): void {
    if (action === "ok") {
      const held = document.activeElement;
      if (held instanceof HTMLElement && layer.contains(held)) held.click();
      else this.#focus.enter(layer);
    } else if (action === "left" || action === "right" || action === "up" || action === "down") {
      this.#focus.move(layer, action);
    }
  }

  #pressInBar(action: Action): void {
    if (action === "up" || action === "down") this.#focus.move(this.#bar.element, action);
    else if (!this.#bar.isOnTrack) this.#pressOn(this.#bar.element, action);
    else if (action === "left" || action === "right") this.#step(action === "left" ? -1 : 1, this.#repeats);
    else if (this.#targetMs !== null) this.#seek(this.#targetMs);
    else this.#toggle();
  }

  #goBack(): void {
    if (this.#typed !== "") {
      this.#typed = "";
      this.#digits.hidden = true;
      window.clearTimeout(this.#timers.digits);
      return;
    }
    this.#open("none");
  }

  /**
   * Android TV's browsers go a step back in the history at the Back key, and tell no page of a key: there is a step to
   * lose.  It is made at a key, since browsers skip steps that nobody asked for.
   */
  #keepStep(): void {
    if (history.state === BASE) history.pushState(null, "");
  }

  #onStepBack(state: unknown): void {
    if (state !== BASE) return; // another address was chosen
    // The step below may tell an older place: what plays goes on.
    if (location.hash !== this.#hash) history.replaceState(BASE, "", this.#hash);
    if (this.#layer === "none" && this.#typed === "") history.back();
    else this.#goBack();
  }

  // Layers

  #open(layer: Layer): void {
    window.clearTimeout(this.#timers.layer);
    if (this.#layer === "menu" && layer !== "menu") this.#menu.close();
    if (layer !== "bar") this.#forgetTarget();
    const isNew = layer !== this.#layer || (layer === "banner" && !this.#isActive);
    this.#layer = layer;
    this.#isActive = layer === "banner";
    this.#root.setAttribute("data-layer", layer);
    this.#banner.setActive(this.#isActive);
    this.#banner.element.hidden = layer !== "banner";
    this.#bar.element.hidden = layer !== "bar";
    this.#card.element.classList.toggle("is-under", layer === "menu");
    this.#stayOpen();
    this.#show();
    if (!isNew) return;
    if (layer === "menu") this.#menu.open(this.#channel, this.#onAir, this.#playback.nowMs());
    else if (layer === "banner") this.#focus.enter(this.#banner.element);
    else if (layer === "bar") this.#focus.enter(this.#bar.element);
    else if (!this.#card.element.hidden) this.#focus.enter(this.#card.element);
    else this.#root.focus();
  }

  /** Show the banner without its buttons, for a glance. */
  #showBriefly(): void {
    this.#open("none");
    // What cannot be shown is said on a card, in peace.
    if (this.#playback.viewing.kind === "unavailable") return;
    this.#layer = "banner";
    this.#isActive = false;
    this.#root.setAttribute("data-layer", "banner");
    this.#banner.setActive(false);
    this.#banner.element.hidden = false;
    this.#show();
    this.#closeAfter(GLANCE_MS);
  }

  #closeAfter(ms: number): void {
    window.clearTimeout(this.#timers.layer);
    this.#timers.layer = window.setTimeout(() => this.#open("none"), ms);
  }

  /** A key was pressed: what is open stays for its time from now. */
  #stayOpen(): void {
    if (this.#layer === "banner") this.#closeAfter(this.#isActive ? IDLE_MS : GLANCE_MS);
    if (this.#layer === "bar" && this.#playback.situation.kind !== "paused") this.#closeAfter(BAR_MS);
  }

  // Channels

  #zap(step: number): void {
    const index = stepFrom(this.#channels, this.#channel.id, step);
    this.#channel = this.#channels[index] as Channel;
    const now = performance.now();
    const isHurried = now - this.#zappedAtMs < HURRY_MS;
    this.#zappedAtMs = now;
    window.clearTimeout(this.#timers.zap);
    if (isHurried) this.#timers.zap = window.setTimeout(() => this.#watchLive(), HURRY_MS);
    else this.#watchLive();
    this.#showBriefly();
  }

  #watchLive(): void {
    window.clearTimeout(this.#timers.zap);
    this.#playback.watch(this.#channel, this.#neighbours());
  }

  /** Choose a channel: live, unless it plays live already. */
  #choose(channel: Channel): void {
    const isSame = channel === this.#channel && this.#playback.viewing.kind === "live" && this.#playback.situation.kind === "playing";
    this.#channel = channel;
    if (isSame) return this.#open("none");
    this.#watchLive();
    this.#showBriefly();
  }

  #watch(channel: Channel, programme: Programme): void {
    this.#channel = channel;
    this.#playback.watchProgramme(channel, programme);
    this.#showBriefly();
  }

  #startOver(): void {
    const item = this.#guide.knownAt(this.#channel, this.#playback.nowMs());
    if (item) this.#watch(this.#channel, item);
  }

  #goLive(): void {
    this.#forgetTarget();
    this.#playback.goLive();
    this.#showBriefly();
  }

  #toggle(): void {
    this.#playback.toggle();
    if (this.#layer !== "banner" || !this.#isActive) this.#open("bar");
  }

  #type(digit: number): void {
    if (this.#layer === "menu") this.#open("none");
    this.#typed += String(digit);
    this.#digits.hidden = false;
    put(this.#digits, this.#typed);
    window.clearTimeout(this.#timers.digits);
    if (isComplete(this.#channels, this.#typed)) this.#timers.digits = window.setTimeout(() => this.#enterNumber(), 300);
    else this.#timers.digits = window.setTimeout(() => this.#enterNumber(), DIGIT_PAUSE_MS);
  }

  #enterNumber(): void {
    const number = Number(this.#typed);
    const channel = this.#channels[indexOfNumber(this.#channels, number)];
    this.#typed = "";
    this.#digits.hidden = true;
    window.clearTimeout(this.#timers.digits);
    if (channel) this.#choose(channel);
    else this.#say(w("numberUnknown", { number }));
  }

  // Time

  /** Lead a step back or ahead; the picture follows when the keys rest. */
  #step(direction: number, repeats: number): void {
    const span = this.#playback.span();
    if (!span) {
      if (this.#layer === "menu") return;
      return this.#say(this.#playback.viewing.kind === "unavailable" ? t("faultExpired") : w("liveOnly"));
    }
    if (this.#layer !== "bar") this.#open("bar");
    this.#targetMs = moved(span, this.#targetMs ?? span.atMs, direction * stepMs(repeats));
    window.clearTimeout(this.#timers.seek);
    this.#timers.seek = window.setTimeout(() => { if (this.#targetMs !== null) this.#seek(this.#targetMs); }, SETTLE_MS);
    this.#show();
  }

  #seek(unixMs: number): void {
    this.#forgetTarget();
    this.#playback.seek(unixMs);
    this.#keepAddress(unixMs);
    this.#show();
    this.#stayOpen();
  }

  #forgetTarget(): void {
    window.clearTimeout(this.#timers.seek);
    this.#targetMs = null;
  }

  // What is shown

  #onViewing(): void {
    const { viewing } = this.#playback;
    keepChannel(this.#channel.id);
    this.#keepAddress(viewing.kind === "rewound" || viewing.kind === "span" ? viewing.momentMs : null);
    this.#sound.hidden = this.#channel.kind !== "radio";
    document.title = `${this.#channel.name} · ${this.#station.name}`;
    this.#learnGuide();
    if (viewing.kind === "unavailable" && this.#layer === "banner") this.#open("none");
    this.#showSituation();
  }

  #keepAddress(momentMs: number | null): void {
    const { viewing } = this.#playback;
    const programme = viewing.kind === "programme" ? viewing.programme.id : null;
    if (viewing.kind === "unavailable") return; // the address stays that of what was asked for
    const place = viewing.kind === "live" ? null : momentMs;
    this.#hash = hashOf({ channel: this.#channel.id, programme, momentMs: place }, stationZone());
    history.replaceState(history.state, "", this.#hash);
  }

  /** Have the guide of what is on screen, and of now. */
  #learnGuide(): void {
    const moments = [this.#playback.nowMs(), this.#playback.atMs(), this.#playback.nowMs() - this.#channel.dvrSeconds * 1000];
    for (const day of moments.map((ms) => dayOf(ms, stationZone()))) {
      this.#guide.day(this.#channel, day).then(() => this.#show(), () => undefined);
    }
  }

  #showSituation(): void {
    const { situation, viewing } = this.#playback;
    const isRadio = this.#channel.kind === "radio";
    const words = {
      loading: isRadio ? t("loadingSound") : t("loadingPicture"), buffering: t("buffering"),
      playing: "", paused: "", ended: "", fault: "",
    }[situation.kind];
    put(this.#busy, words);
    this.#busy.hidden = words === "";
    this.#root.setAttribute("data-situation", situation.kind);
    const wasHidden = this.#card.element.hidden;
    this.#card.show(situation, viewing.kind !== "live");
    const isFree = this.#layer === "none" || (this.#layer === "banner" && !this.#isActive);
    if (isFree && wasHidden && !this.#card.element.hidden) this.#focus.enter(this.#card.element);
    if (isFree && !wasHidden && this.#card.element.hidden) this.#root.focus();
    this.#show();
  }

  /** Show in each layer that is open how things stand. */
  #show(): void {
    const nowMs = this.#playback.nowMs();
    if (this.#channel.kind === "radio") this.#showSound();
    if (this.#layer === "banner") this.#showBanner(nowMs);
    if (this.#layer === "bar") this.#showBar(nowMs);
  }

  #showSound(): void {
    const onAir = this.#onAir.get(this.#channel.id);
    const song = onAir?.source === "slate" ? t("willReturn") : (onAir?.title ?? "");
    const words = `${this.#channel.name}\n${song}`;
    if (this.#sound.getAttribute("data-words") === words) return;
    this.#sound.setAttribute("data-words", words);
    this.#sound.replaceChildren(element("bdi", { class: "sound-name", dir: "auto" }, this.#channel.name),
      element("bdi", { class: "sound-song", dir: "auto" }, song));
  }

  #showBanner(nowMs: number): void {
    const playback = this.#playback;
    const { kind } = playback.viewing;
    const isHere = playback.channel === this.#channel;
    const onAir = this.#onAir.get(this.#channel.id) ?? null;
    const told = onNowAt(onAir?.programme ?? null, onAir?.next ?? null, nowMs / 1000);
    const isLive = !isHere || kind === "live" || kind === "unavailable";
    const known = this.#guide.knownAt(this.#channel, nowMs);
    const running = known ?? told.now;
    const isOver = kind === "span" || (kind === "programme" && !playback.viewing.isRunning);
    const isOnScreen = kind === "programme" && known !== null && playback.viewing.programme.id === known.id;
    this.#banner.show({
      channel: this.#channel,
      number: numberOf(this.#channels, this.#channels.indexOf(this.#channel)),
      programme: isLive ? running : playback.programmeOnScreen(),
      next: told.next,
      onAir,
      nowMs,
      atMs: isHere ? playback.atMs() : nowMs,
      behindS: !isHere ? 0 : isOver ? null : playback.isBehind() ? playback.behindS() : 0,
      isPaused: playback.situation.kind === "paused",
      canStartOver: known !== null && !isOnScreen && stateAt(known, nowMs / 1000) === "startover",
      canRewind: isHere && playback.span() !== null,
      canGoLive: isHere && (kind !== "live" || playback.isBehind()),
    });
  }

  #showBar(nowMs: number): void {
    const span = this.#playback.span();
    const { viewing, situation } = this.#playback;
    if (!span) return;
    const atMs = this.#targetMs ?? span.atMs;
    const zone = stationZone();
    const isOnAir = viewing.kind === "live" || viewing.kind === "rewound" || (viewing.kind === "programme" && viewing.isRunning);
    this.#bar.show({
      channel: this.#channel, span, targetMs: this.#targetMs, nowMs, isOnAir, isPaused: situation.kind === "paused",
      programme: viewing.kind === "programme" ? viewing.programme : this.#guide.knownAt(this.#channel, atMs),
      programmes: [dayOf(span.startMs, zone), dayOf(span.endMs, zone)]
        .filter((day, index, days) => days.indexOf(day) === index)
        .reduce<Programme[]>((all, day) => all.concat(this.#guide.knownDay(this.#channel, day)), []),
    });
  }

  #tick(): void {
    this.#playback.tick();
    this.#show();
    this.#menu.tick(this.#playback.nowMs(), this.#onAir);
  }

  /** Say something in passing. */
  #say(words: string): void {
    put(this.#note, words);
    window.clearTimeout(this.#timers.note);
    this.#timers.note = window.setTimeout(() => put(this.#note, ""), NOTE_MS);
  }

  #onMuted(): void {
    // After a first key press the browser lets sound through.
    if (this.#wasKey) return this.#unmute();
    this.#isMutedByBrowser = true;
    put(this.#note, w("pressForSound"));
  }

  #unmute(): void {
    this.#isMutedByBrowser = false;
    this.#media.muted = false;
    put(this.#note, "");
  }

  async #loadOnAir(): Promise<void> {
    try {
      this.#onAir = await loadOnAir();
    } catch {
      return; // what was known stays, and is asked for again soon
    }
    this.#learnGuide();
    this.#show();
  }

  async #correctClock(): Promise<void> {
    try {
      this.#playback.clockOffsetMs = await loadClockOffsetMs();
    } catch {
      // the clock of before is right enough
    }
  }
}
