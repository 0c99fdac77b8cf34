/** `<lensong-channel>`: one channel's picture or card, its controls, its guide, and what goes on, in words. */
import type { Channel, OnAir } from "../base/api.ts";
import { Controls } from "../controls/controls.ts";
import { Gestures } from "../controls/gestures.ts";
import { Keys } from "../controls/keys.ts";
import type { Action } from "../controls/shortcuts.ts";
import type { Stretch } from "../controls/sleep_decision.ts";
import { dayOf } from "../base/clock.ts";
import { earlyRadioOf } from "../base/early_answers.ts";
import { element, icon } from "../base/dom.ts";
import type { Summary } from "./mini_player.ts";
import type { Resumer } from "../resume/resumer.ts";
import { starButton } from "./star.ts";
import { SENTENCE_OF } from "../playing/faults.ts";
import { type Brief, songAt, stateAt } from "../guide/guide.ts";
import { GuideStore } from "../guide/guide_store.ts";
import { GuidePlace } from "../guide/guide_place.ts";
import { NowNext, timesOf } from "../guide/now_next.ts";
import { Overlay } from "../controls/overlay.ts";
import { Playback } from "../playing/playback.ts";
import type { LockScreen } from "../playing/lock_screen.ts";
import type { Situation } from "../playing/player.ts";
import { neighbour } from "../playing/system_facts.ts";
import { type Route, addressOf } from "./router.ts";
import { SeekBar } from "../controls/seek_bar.ts";
import { type MessageKey, clockTime, momentName, spanInWords, stationZone, t } from "../base/text.ts";
import type { Viewing } from "../playing/viewing.ts";

/** A word in passing stays this long. */
const NOTE_MS = 8_000;
/** These stay as long as they are true. */
const LASTING_NOTES: ReadonlySet<MessageKey> = new Set(["latencyDropped", "weakNetwork"]);
/** How often the guide is asked for the programmes on the bar. */
const GUIDE_MS = 60_000;
/** Where other apps have browsers of their own. */
const PHONE = /Android|iPhone|iPad|iPod/;

/** What the page around does for a channel. */
export interface Surroundings {
  station: string;
  clockOffsetMs: number;
  channels: readonly Channel[];
  setAddress(address: string, isNew: boolean): void;
  /** Go to another address of the page. */
  goTo(address: string): void;
  setTitle(title: string): void;
  /** Something of `summary()` may have changed. */
  onChange(): void;
}

export class ChannelView extends HTMLElement {
  #channel: Channel | null = null;
  #station = "";
  #playback: Playback | null = null;
  #controls: Controls | null = null;
  #seekBar: SeekBar | null = null;
  #situation: Situation = { kind: "connecting", again: false };
  #onAir: OnAir | null = null;
  #note: { key: MessageKey; untilMs: number } | null = null;
  #soundOnly = false;
  #tick = 0;
  readonly #guide = new GuideStore();
  readonly #guideView = new GuidePlace(this.#guide);
  readonly #nowNext = new NowNext();
  #lockScreen: LockScreen | null = null;
  #isTelling = false;
  /** Play was asked for with a press since it last played. */
  #pressed = false;
  #resumer: Resumer | null = null;
  readonly #resume = element("div", { class: "saver-offer", hidden: true });
  readonly #outside = element("section", { class: "outside", hidden: true });
  readonly #overlay = new Overlay({
    play: () => { this.#pressed = true; this.#playback?.play(); },
    retry: () => this.#playback?.retryNow(),
    goLive: () => this.#playback?.goLive(),
  });
  #around: Surroundings | null = null;
  #keys: Keys | null = null;
  #guideAskedMs = -GUIDE_MS;
  /** A press on the picture brings the focus here, and with it the arrows for the volume. */
  readonly #stage = element("section", { class: "stage", tabindex: -1 });
  readonly #gestures = new Gestures(this.#stage, {
    toggle: () => this.#playback?.toggle(),
    fullscreen: () => this.#controls?.toggleFullscreen(),
    isPlaying: () => this.isPlaying,
  });
  readonly #typed = element("p", { class: "typed", hidden: true });
  readonly #status = element("p", { class: "visually-hidden", role: "status" });
  readonly #cardName = element("bdi", { class: "card-name", dir: "auto" });
  readonly #cardSong = element("bdi", { class: "card-song", dir: "auto" });
  readonly #title = element("bdi", { dir: "auto" });
  readonly #watching = element("p", { class: "watching", hidden: true });
  readonly #songLine = element("p", { class: "song-line" });
  readonly #delay = element("p", { class: "delay" });
  readonly #shareWord = element("span");
  readonly #share = element(
    "button", { type: "button", class: "share-button", "aria-keyshortcuts": "s" }, icon("share"), this.#shareWord,
  );
  readonly #noteLine = element("p", { class: "note", role: "status" });

  get isPlaying(): boolean {
    return this.#situation.kind === "playing";
  }

  setClockOffsetMs(offset: number): void {
    this.#playback?.setClockOffsetMs(offset);
  }

  /** Show a channel and begin to play what the address says. */
  open(channel: Channel, route: Route, around: Surroundings): void {
    this.#channel = channel;
    this.#around = around;
    this.#station = around.station;
    const early = earlyRadioOf(channel.progressive);
    const media = channel.kind === "radio" ? (early ?? element("audio")) : element("video", { playsinline: true });
    media.setAttribute("aria-label", channel.name);
    const playback = new Playback(media, channel, this.#guide, {
      onSituation: (situation) => this.#onSituation(situation),
      onViewing: (viewing) => this.#onViewing(viewing),
      onQualities: (qualities, chosen, playing) => this.#controls?.showQualities(qualities, chosen, playing),
      onCaptions: (isShown) => this.#controls?.showCaptions(isShown),
      onNote: (note) => this.#showNote(note),
      onSwitches: (lowLatency, soundOnly) => this.#onSwitches(lowLatency, soundOnly),
      onAddress: (address, isNew) => around.setAddress(address, isNew),
    });
    this.#playback = playback;
    playback.setClockOffsetMs(around.clockOffsetMs);
    this.#controls = new Controls(media, this.#stage, channel, {
      toggle: () => playback.toggle(),
      goLive: () => playback.goLive(),
      chooseQuality: (index) => playback.chooseQuality(index),
      setLowLatency: (wanted) => playback.setLowLatency(wanted),
      setSoundOnly: (wanted) => playback.setSoundOnly(wanted),
      setDataSaver: (wanted) => playback.setDataSaver(wanted),
      setCaptions: (wanted) => playback.showCaptions(wanted),
      pause: () => playback.pause(),
      nowMs: () => playback.nowMs(),
      playedMs: () => playback.playingUnixMs(),
      playedProgramme: () => this.#playedProgramme(),
      facts: () => playback.facts(),
    });
    this.#seekBar = new SeekBar(channel.thumbnail, {
      seek: (unixMs) => { playback.seek(unixMs); this.#showTime(); },
      skip: (seconds) => { playback.skip(seconds); this.#showTime(); },
      describe: (unixMs) => this.#describe(unixMs),
      titleAt: (unixMs) => this.#guide.knownAt(channel, unixMs)?.title ?? "",
    });
    this.#build(channel, media, this.#controls, this.#seekBar);
    this.#guideView.open(channel, playback.nowMs());
    this.#keys = new Keys(this.#stage, {
      act: (action) => this.#act(action),
      restart: () => this.#restart(),
      numbers: () => around.channels.map((one) => one.number ?? 0).filter((number) => number > 0),
      openNumber: (number) => this.#openNumber(number),
      showTyped: (typed) => this.#showTyped(typed),
    });
    this.#tick = window.setInterval(() => this.#onTick(), 1000);
    void playback.go(route);
  }

  /** Play what another address of the same channel says. */
  go(route: Route): void {
    void this.#playback?.go(route);
  }

  /** Be small beside a page, with a bar of its own; null is large again. The picture stays in its place and plays on. */
  dock(bar: HTMLElement | null): void {
    this.classList.toggle("docked", bar !== null);
    this.querySelector(":scope > .mini")?.remove();
    if (bar) this.append(bar);
    // A region with a name of its own, where the page around is another one.
    if (bar) this.setAttribute("role", "region");
    else this.removeAttribute("role");
    if (bar) this.setAttribute("aria-label", t("miniPlayer"));
    else this.removeAttribute("aria-label");
  }

  toggle(): void {
    this.#playback?.toggle();
  }

  /** Say in few words what plays, and whether it is meant to go on. */
  summary(): Summary {
    const { kind } = this.#situation;
    const isOn = kind === "playing" || kind === "buffering" || kind === "loading";
    const viewing = this.#playback?.viewing;
    const onNow = this.#playback ? this.#nowNext.onNow(this.#playback.nowMs())?.title : "";
    const title = viewing?.kind === "programme" ? viewing.programme.title : this.#heard()?.title || onNow;
    const isQuiet = kind === "playing" || kind === "paused";
    return { title: this.#channel?.name ?? "", line: isQuiet && title ? title : this.#words(this.#situation), isOn };
  }

  /** End: nothing plays and nothing is loaded any more. */
  close(): void {
    window.clearInterval(this.#tick);
    this.#keys?.close();
    this.#gestures.close();
    this.#controls?.close();
    this.#lockScreen?.close();
    this.#resumer?.close();
    this.#playback?.close();
    this.#playback = null;
  }

  /** Put every text into the language that is chosen now. */
  relabel(): void {
    this.#shareWord.textContent = t("share");
    this.#controls?.relabel();
    this.#seekBar?.relabel();
    this.#gestures.relabel();
    this.#guideView.relabel();
    this.#resumer?.relabel();
    this.#outside.hidden = true;
    this.#outside.replaceChildren(); // comes back in the new language
    this.#onSituation(this.#situation);
    this.#noteLine.textContent = this.#note ? t(this.#note.key) : "";
    if (this.classList.contains("docked")) this.setAttribute("aria-label", t("miniPlayer"));
    if (this.#channel) this.querySelector(".title-line .star")?.replaceWith(starButton(this.#channel));
    this.#showSong();
    this.#onTick();
  }

  showOnAir(onAir: Map<string, OnAir>): void {
    const [channel, playback] = [this.#channel, this.#playback];
    if (!channel || !playback) return;
    this.#onAir = onAir.get(channel.id) ?? null;
    this.#nowNext.show(this.#onAir, channel, playback.nowMs());
    this.#showSong();
  }

  #build(channel: Channel, media: HTMLMediaElement, controls: Controls, seekBar: SeekBar): void {
    this.#stage.classList.toggle("radio", channel.kind === "radio");
    this.#stage.setAttribute("aria-label", channel.name);
    this.#title.textContent = channel.name;
    this.#shareWord.textContent = t("share");
    this.#share.onclick = () => void this.#openShare();
    this.#cardName.textContent = channel.name;
    const bars = element("span", { class: "bars", "aria-hidden": "true" }, ...[0, 1, 2, 3, 4].map(() => element("i")));
    const screen = element("div", { class: "screen" },
      media,
      element("div", { class: "card" }, bars, this.#cardName, this.#cardSong),
      this.#overlay.element, this.#gestures.pause, controls.toast, this.#typed);
    this.#stage.replaceChildren(
      screen, element("div", { class: "controls" }, seekBar.element, controls.bar), controls.offer, this.#resume, this.#outside,
    );
    if (channel.kind === "tv") this.#gestures.listen(screen);
    this.replaceChildren(
      this.#stage,
      element("div", { class: "about" },
        element("div", { class: "heading" },
          element("div", { class: "title-line" }, element("h1", {}, this.#title), starButton(channel)), this.#watching, this.#songLine, this.#delay, this.#noteLine,
          this.#nowNext.element, this.#share)),
      this.#nowNext.songs,
      this.#guideView.element,
      this.#status,
    );
    this.#showSong();
  }

  #onViewing(viewing: Viewing): void {
    this.#stage.classList.toggle("archive", viewing.kind !== "live");
    this.#guideView.showOpen(viewing.kind === "programme" || viewing.kind === "unavailable" ? viewing.programme : null);
    this.#showTime();
    this.#showSong();
    void this.#keepPlace();
    const title = viewing.kind === "programme" ? `${viewing.programme.title} · ` : "";
    this.#around?.setTitle(`${title}${this.#channel?.name ?? ""} · ${t("product")}`);
  }

  #onSwitches(lowLatency: boolean, soundOnly: boolean): void {
    this.#soundOnly = soundOnly;
    this.#stage.classList.toggle("sound-only", soundOnly);
    this.#controls?.showSwitches(lowLatency, soundOnly, this.#playback?.viewing.kind === "live");
  }

  #onSituation(situation: Situation): void {
    this.#situation = situation;
    if (situation.kind !== "connecting" && situation.kind !== "loading") void this.#guideView.load();
    const isMoving = situation.kind === "playing" || situation.kind === "buffering";
    this.#stage.classList.toggle("moving", situation.kind === "playing");
    this.#stage.classList.toggle("covered", !isMoving);
    this.#controls?.showPlaying(isMoving || situation.kind === "loading");
    const words = this.#words(situation);
    this.#overlay.show(situation, words, this.#playback?.viewing.kind !== "live");
    const announced = situation.kind === "fault" ? `${words} ${t("faultCode", { code: situation.code })}` : words;
    // Announced once a change, not with every second of a countdown.
    if (this.#status.textContent !== announced) this.#status.textContent = announced;
    this.#offerOutside(situation);
    void this.#tellSystem();
    this.#around?.onChange();
  }

  /** In the browser of another app, offer the phone's own where nothing plays. */
  #offerOutside(situation: Situation): void {
    if (situation.kind === "playing") {
      this.#pressed = false;
      this.#outside.hidden = true;
      this.#outside.replaceChildren();
    } else if ((situation.kind === "fault" || situation.kind === "blocked") && PHONE.test(navigator.userAgent)) {
      import("../share/open_outside.ts").then(
        ({ offerOutside }) => offerOutside(this.#outside, this.#situation, this.#pressed), () => undefined, // no network: nor has another browser
      );
    }
  }

  /** Keep where a programme is left, and offer to go on from there; what does that comes with the first programme. */
  async #keepPlace(): Promise<void> {
    const [channel, playback] = [this.#channel, this.#playback];
    if (!channel || !playback) return;
    if (!this.#resumer && "programme" in playback.viewing) {
      const { Resumer } = await import("../resume/resumer.ts").catch(() => ({ Resumer: null }));
      if (Resumer && this.#playback === playback) this.#resumer ??= new Resumer(channel, playback, this.#resume);
    }
    this.#resumer?.opened(playback.viewing);
  }

  /** Tell the lock screen and headphones' buttons; what does that comes with the first picture. */
  async #tellSystem(): Promise<void> {
    const [channel, playback, around] = [this.#channel, this.#playback, this.#around];
    if (!channel || !playback || !around || !("mediaSession" in navigator)) return;
    if (!this.#lockScreen) {
      if (!this.isPlaying || this.#isTelling) return;
      this.#isTelling = true;
      try {
        const { LockScreen } = await import("../playing/lock_screen.ts");
        if (this.#playback !== playback) return;
        this.#lockScreen = new LockScreen(playback, {
          channel, station: this.#station,
          situation: () => this.#situation.kind,
          song: () => { const heard = this.#heard(); return heard?.source === "slate" ? "" : (heard?.title ?? ""); },
          programme: () => this.#playedItem()?.title ?? "",
          open: (step) => {
            const next = neighbour(around.channels, channel, step);
            return next && (() => around.goTo(addressOf(next, stationZone())));
          },
        });
      } catch {
        this.#isTelling = false; // without the network; the next change tries again
        return;
      }
    }
    this.#lockScreen.update();
  }

  #words(situation: Situation): string {
    const viewing = this.#playback?.viewing;
    const isSound = this.#channel?.kind === "radio" || this.#soundOnly;
    if (situation.kind === "fault") {
      const isWaiting = situation.code === "LS-G2" && viewing?.kind === "unavailable" && viewing.programme;
      if (!isWaiting || !this.#playback) return t(SENTENCE_OF[situation.code]);
      return t("faultNotYetAt", { time: momentName(isWaiting.startS * 1000, this.#playback.nowMs()) });
    }
    if (situation.kind === "connecting") return t(situation.again ? "retrying" : "connecting");
    const keys: Record<Exclude<Situation["kind"], "fault" | "connecting">, MessageKey> = {
      loading: isSound ? "loadingSound" : "loadingPicture",
      playing: viewing?.kind === "live" ? "playing" : "replaying",
      buffering: "buffering", paused: "paused", ended: "ended",
      blocked: isSound ? "tapToListen" : "tapToWatch",
    };
    return t(keys[situation.kind]);
  }

  #showNote(key: MessageKey | null): void {
    this.#note = key ? { key, untilMs: performance.now() + NOTE_MS } : null;
    this.#noteLine.textContent = key ? t(key) : "";
  }

  #onTick(): void {
    const playback = this.#playback;
    if (!playback) return;
    playback.tick();
    this.#resumer?.tick();
    this.#nowNext.tick(playback.nowMs());
    this.#guideView.tick(playback.nowMs(), this.#nowNext.onNow(playback.nowMs()));
    if (this.#note && !LASTING_NOTES.has(this.#note.key) && performance.now() > this.#note.untilMs) this.#showNote(null);
    this.#showTime();
    this.#offerStart(playback);
    if (playback.viewing.kind === "rewound") this.#showSong();
    else void this.#tellSystem();
    this.#around?.onChange();
  }

  /** Offer what is on from its start, where the guide says that it may be. */
  #offerStart(playback: Playback): void {
    const channel = this.#channel;
    if (!channel) return;
    const { viewing } = playback;
    const onNow = this.#guide.knownAt(channel, playback.nowMs());
    const isOpen = viewing.kind === "programme" && viewing.programme.id === onNow?.id;
    const isOffered = onNow !== null && !isOpen && stateAt(onNow, playback.nowMs() / 1000) === "startover";
    const address = isOffered ? addressOf(channel, stationZone(), { programme: onNow.id }) : null;
    this.#nowNext.offer(address, t(channel.kind === "radio" ? "listenFromStart" : "watchFromStart"));
  }

  /** Show where the viewer is: on the bar, beside the button, and in words. */
  #showTime(): void {
    const playback = this.#playback;
    if (!playback) return;
    const { kind } = playback.viewing;
    const position = playback.position();
    this.#seekBar?.show(position);
    if (position) this.#showProgrammes(position.startMs, position.endMs);
    const behindS = playback.behindS();
    const isOn = ["playing", "paused", "buffering"].includes(this.#situation.kind);
    if (kind === "live") this.#controls?.showBehind(playback.isBehind() && isOn ? behindS : 0);
    else this.#controls?.showBehind(playback.isBehind() ? behindS : null);
    this.#showDelay(kind === "live", playback);
    this.#showWatching(playback);
  }

  #showDelay(isLive: boolean, playback: Playback): void {
    const at = playback.playingUnixMs();
    const delayS = at === null ? 0 : (playback.nowMs() - at) / 1000;
    const isKnown = isLive && this.isPlaying && delayS > 0 && delayS < 86_400;
    this.#delay.textContent = isKnown ? t("delayBehindStudio", { time: spanInWords(delayS) }) : "";
    this.#delay.hidden = !isLive;
  }

  /** Name what plays where that is not what is on air. */
  #showWatching(playback: Playback): void {
    const { viewing } = playback;
    const isLive = viewing.kind === "live" || viewing.kind === "unavailable";
    const atMs = playback.position()?.atMs ?? playback.nowMs();
    const known = this.#channel && !isLive ? this.#guide.knownAt(this.#channel, atMs) : null;
    const item: Brief | null = viewing.kind === "programme" ? viewing.programme : known;
    // What is on air is named below already.
    this.#watching.hidden = isLive || (item !== null && item.id === this.#nowNext.onNow(playback.nowMs())?.id);
    if (this.#watching.hidden || !this.#channel) return void this.#watching.replaceChildren();
    const label = t(this.#channel.kind === "radio" ? "listeningNow" : "watchingNow");
    const time = item
      ? `${momentName(item.startS * 1000, playback.nowMs())} – ${timesOf(item).split(" – ")[1] ?? ""}`
      : t("replayingFrom", { time: momentName(atMs, playback.nowMs()) });
    const wanted = `${label} ${item?.title ?? ""} ${time}`;
    if (this.#watching.textContent === wanted) return;
    this.#watching.replaceChildren(
      element("span", { class: "label" }, label), " ",
      element("bdi", { class: "title", dir: "auto" }, item?.title ?? ""), " ",
      element("span", { class: "times" }, time),
    );
  }

  /** Say in words where a moment lies, for those who do not see the bar. */
  #describe(unixMs: number): string {
    const playback = this.#playback;
    if (!playback || !this.#channel) return clockTime(unixMs, true);
    const atMs = playback.position()?.atMs ?? unixMs;
    const behindS = Math.round(playback.behindS() + (atMs - unixMs) / 1000);
    const isLate = playback.isBehind() || unixMs < atMs - 5_000;
    const late = behindS > 0 && isLate && playback.viewing.kind !== "span" ? t("behindBy", { time: spanInWords(behindS) }) : "";
    const { viewing } = playback;
    const item = viewing.kind === "programme" ? viewing.programme : this.#guide.knownAt(this.#channel, unixMs);
    return [clockTime(unixMs, true), late, item?.title ?? ""].filter((part) => part !== "").join(", ");
  }

  /** Return what the viewer hears: the song of the moment that plays, not of the studio's. */
  #heard(): OnAir | null {
    const [now, playback] = [this.#onAir, this.#playback];
    if (!now || !playback || playback.viewing.kind === "live") return now;
    const at = playback.playingUnixMs();
    const song = at === null ? null : songAt(now.history, at);
    return { ...now, source: "", title: song?.title ?? "", sinceMs: song?.sinceMs ?? 0 };
  }

  #showSong(): void {
    const now = this.#heard();
    const isSlate = now?.source === "slate";
    const title = isSlate ? "" : (now?.title ?? "");
    this.#cardSong.textContent = isSlate ? t("willReturn") : title;
    if (isSlate) this.#songLine.textContent = t("willReturn");
    else if (title === "") this.#songLine.textContent = "";
    else {
      const since = now && now.sinceMs > 0 ? ` · ${t("sinceTime", { time: clockTime(now.sinceMs) })}` : "";
      const song = element("bdi", { dir: "auto", class: "title" }, title);
      this.#songLine.replaceChildren(t("nowPlayingSong", { title: "" }).trimEnd(), " ", song, since);
    }
    this.#songLine.hidden = this.#songLine.textContent === "";
    void this.#tellSystem();
  }

  async #openShare(): Promise<void> {
    const [channel, playback] = [this.#channel, this.#playback];
    if (!channel || !playback) return;
    const { viewing } = playback;
    const momentMs = channel.catchupDays > 0 ? playback.playingUnixMs() : null;
    const onNow = this.#guide.knownAt(channel, momentMs ?? playback.nowMs());
    const programme = viewing.kind === "programme" ? viewing.programme : onNow;
    const { openShare } = await import("../share/share_dialog.ts");
    openShare({ channel, programme, momentMs });
  }

  /** Mark on the bar where programmes begin; the window may reach into yesterday. */
  #showProgrammes(startMs: number, endMs: number): void {
    const channel = this.#channel;
    if (!channel?.guide) return;
    if (this.isPlaying && performance.now() - this.#guideAskedMs >= GUIDE_MS) {
      this.#guideAskedMs = performance.now();
      const days = new Set([startMs, endMs].map((moment) => dayOf(moment, stationZone())));
      // Without an answer there are no ticks; the guide below says what went wrong.
      for (const day of days) this.#guide.day(channel, day).catch(() => undefined);
    }
    this.#seekBar?.showProgrammes(this.#guide.knownBetween(channel, startMs, endMs));
  }

  #playedProgramme(): Stretch | null {
    const item = this.#playedItem();
    return item && { startMs: item.startS * 1000, stopMs: item.stopS * 1000 };
  }

  /** Return the programme of the moment that plays; null where the guide has none there. */
  #playedItem(): Brief | null {
    const [playback, channel] = [this.#playback, this.#channel];
    if (!playback || !channel) return null;
    const { viewing } = playback;
    const atMs = playback.position()?.atMs ?? playback.playingUnixMs() ?? playback.nowMs();
    const onNow = viewing.kind === "live" ? this.#nowNext.onNow(playback.nowMs()) : null;
    return viewing.kind === "programme" ? viewing.programme : (this.#guide.knownAt(channel, atMs) ?? onNow);
  }

  #act(action: Exclude<Action, { do: "digit" }>): void {
    const controls = this.#controls;
    switch (action.do) {
      case "toggle": return this.#playback?.toggle();
      case "live": return this.#playback?.goLive();
      case "skip": this.#playback?.skip(action.seconds); return this.#showTime();
      case "volume": return controls?.turnVolume(action.percent);
      case "mute": return controls?.toggleMute();
      case "fullscreen": return controls?.toggleFullscreen();
      case "captions": return controls?.toggleCaptions();
      case "pip": return void controls?.togglePip();
      case "sleep": return void controls?.openSettings("sleep");
      case "statistics": return void controls?.toggleStatistics();
      case "share": return void this.#openShare();
      case "help": return void controls?.openHelp();
    }
  }

  /** Begin the programme again; of live, the one that is on, where it is offered from its start. */
  #restart(): void {
    const address = this.#nowNext.offered;
    if (this.#playback?.viewing.kind === "live" && address) this.#around?.goTo(address);
    else this.#playback?.restart();
  }

  #openNumber(number: number): void {
    const wanted = this.#around?.channels.find((one) => one.number === number);
    if (wanted && wanted.id !== this.#channel?.id) this.#around?.goTo(addressOf(wanted, stationZone()));
  }

  #showTyped(typed: string): void {
    this.#typed.textContent = typed;
    this.#typed.hidden = typed === "";
  }
}

customElements.define("lensong-channel", ChannelView);
