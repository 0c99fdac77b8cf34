/** The bar under the picture: buttons of our own, for TV and radio; what is seldom used lies behind one of them. */
import type { Channel } from "../base/api.ts";
import { element, icon } from "../base/dom.ts";
import type { Quality } from "../playing/player.ts";
import type { PlayerFacts } from "../playing/facts.ts";
import { applyCaptionStyle } from "./captions.ts";
import type { HelpDialog } from "./help_dialog.ts";
import type { PanelPage, PanelState, SettingsPanel } from "./settings_panel.ts";
import type { Stretch } from "./sleep_decision.ts";
import { type Sleeper, sleepTimer } from "./sleep_timer.ts";
import type { StatisticsView } from "./statistics_view.ts";
import { recall, recallNumber, remember } from "../base/storage.ts";
import { spanInWords, t } from "../base/text.ts";

export interface ControlActions {
  toggle(): void;
  pause(): void;
  goLive(): void;
  chooseQuality(index: number): void;
  setLowLatency(wanted: boolean): void;
  setSoundOnly(wanted: boolean): void;
  setDataSaver(wanted: boolean): void;
  setCaptions(wanted: boolean): void;
  /** The server's time, in UNIX milliseconds. */
  nowMs(): number;
  /** The moment on air that plays; null when unknown. */
  playedMs(): number | null;
  /** The programme that plays, if the guide knows it. */
  playedProgramme(): Stretch | null;
  facts(): PlayerFacts;
}

/** A word on the picture stays this long. */
const TOAST_MS = 2_000;

export class Controls {
  readonly bar: HTMLElement;
  /** Words about what was just done, over the picture. */
  readonly toast = element("p", { class: "toast", role: "status" });
  /** The offer to save data, where the device asks for it. */
  readonly offer = element("div", { class: "saver-offer", hidden: true });
  readonly #channel: Channel;
  readonly #actions: ControlActions;
  readonly #media: HTMLMediaElement;
  readonly #stage: HTMLElement;
  readonly #play = element("button", { type: "button", class: "control play", "aria-keyshortcuts": "k" });
  readonly #live = element("button", { type: "button", class: "live", "aria-keyshortcuts": "l" });
  readonly #mute = element("button", { type: "button", class: "control", "aria-keyshortcuts": "m" });
  readonly #volume = element("input", { type: "range", min: 0, max: 100, step: 5, class: "volume" });
  readonly #sleepLeft = element("span", { "aria-hidden": "true" });
  readonly #sleep = element(
    "button", { type: "button", class: "sleep-chip", "aria-keyshortcuts": "t", hidden: true }, icon("sleep"), this.#sleepLeft,
  );
  readonly #captions = element(
    "button", { type: "button", class: "control captions", "aria-keyshortcuts": "c", hidden: true }, icon("captions"),
  );
  readonly #settings = element("button", { type: "button", class: "control gear", "aria-haspopup": "dialog" }, icon("settings"));
  readonly #pip = element("button", { type: "button", class: "control pip", "aria-keyshortcuts": "i" }, icon("pip"));
  readonly #fullscreen = element(
    "button", { type: "button", class: "control", "aria-keyshortcuts": "f" }, icon("fullscreen"),
  );
  readonly #sleeper: Sleeper;
  readonly #state: PanelState;
  #panel: SettingsPanel | null = null;
  #help: HelpDialog | null = null;
  #statistics: StatisticsView | null = null;
  #isPlaying = false;
  #behindS: number | null = 0;
  #forgetting = 0;

  constructor(media: HTMLMediaElement, stage: HTMLElement, channel: Channel, actions: ControlActions) {
    this.#media = media;
    this.#stage = stage;
    this.#channel = channel;
    this.#actions = actions;
    const isTv = channel.kind === "tv";
    this.#state = {
      isTv, isLive: true, qualities: { all: [], chosen: -1, playing: -1 },
      lowLatency: channel.hlsLowLatency ? recall("low_latency") === "yes" : null,
      soundOnly: isTv && channel.soundOnly ? false : null, soundOnlyUrl: channel.soundOnly,
      dataSaver: recall("data_saver") === "yes", captions: null,
    };
    this.bar = element(
      "div", { class: "bar" },
      this.#play, this.#live, element("span", { class: "loudness" }, this.#mute, this.#volume),
      element("span", { class: "space" }), this.#sleep,
      this.#captions, this.#settings,
      isTv && document.pictureInPictureEnabled ? this.#pip : null, isTv ? this.#fullscreen : null,
    );
    media.volume = Math.min(1, Math.max(0, (recallNumber("volume") ?? 100) / 100));
    media.muted = recall("muted") === "yes";
    this.#listen(actions);
    this.#sleeper = {
      media, nowMs: () => actions.nowMs(), playedMs: () => actions.playedMs(), pause: () => actions.pause(),
      onSleep: (isOver) => this.#showSleep(isOver),
    };
    sleepTimer.attach(this.#sleeper);
    this.relabel();
  }

  /** End: the sleep timer goes on without this channel. */
  close(): void {
    window.clearTimeout(this.#forgetting);
    sleepTimer.detach(this.#sleeper);
    this.#statistics?.close();
    this.#panel?.close();
    this.#help?.close();
  }

  relabel(): void {
    this.showPlaying(this.#isPlaying);
    this.showBehind(this.#behindS);
    this.#showVolume();
    this.#showSleep(false);
    this.#showCaptions();
    this.#showOffer();
    this.#volume.setAttribute("aria-label", t("volume"));
    name(this.#settings, t("settings"));
    name(this.#pip, t("pictureInPicture"));
    name(this.#fullscreen, t("fullscreen"));
    this.#panel?.refresh();
    this.#statistics?.relabel();
  }

  showPlaying(isPlaying: boolean): void {
    if (this.#isPlaying !== isPlaying || this.#play.childElementCount === 0) {
      this.#play.replaceChildren(icon(isPlaying ? "pause" : "play"));
    }
    this.#isPlaying = isPlaying;
    name(this.#play, t(isPlaying ? "pause" : "play"));
  }

  /** Show how far behind the live edge the viewer is; 0 is at the edge, null is not live at all. */
  showBehind(behindS: number | null): void {
    this.#behindS = behindS;
    const isLive = behindS === 0;
    this.#live.classList.toggle("at-edge", isLive && this.#isPlaying);
    const late = behindS ? ` · ${t("behindBy", { time: spanInWords(Math.round(behindS)) })}` : "";
    const words = isLive ? t("live") : `${t("backToLive")}${late}`;
    if (this.#live.textContent !== words) this.#live.textContent = words;
  }

  /** Show the switches as they stand; low latency has no meaning for what is not live. */
  showSwitches(lowLatency: boolean, soundOnly: boolean, isLive: boolean): void {
    if (this.#state.lowLatency !== null) this.#state.lowLatency = lowLatency;
    if (this.#state.soundOnly !== null) this.#state.soundOnly = soundOnly;
    this.#state.isLive = isLive;
    this.#panel?.refresh();
  }

  showQualities(all: Quality[], chosen: number, playing: number): void {
    this.#state.qualities = { all, chosen, playing };
    this.#showOffer();
    this.#panel?.refresh();
  }

  /** Show whether captions are on; null where the playlist has none. */
  showCaptions(captions: boolean | null): void {
    this.#state.captions = captions;
    if (captions) applyCaptionStyle();
    this.#showCaptions();
    this.#panel?.refresh();
  }

  /** Say what was just done. */
  say(words: string): void {
    this.toast.textContent = words;
    window.clearTimeout(this.#forgetting);
    this.#forgetting = window.setTimeout(() => { this.toast.textContent = ""; }, TOAST_MS);
  }

  toggleMute(): void {
    this.#media.muted = !this.#media.muted;
    if (!this.#media.muted && this.#media.volume === 0) this.#media.volume = 0.5;
    this.#showVolume(); // the slider's next key may be there before the event
  }

  /** Make it louder, or softer if negative; and say so. */
  turnVolume(percent: number): void {
    const now = this.#media.muted ? 0 : Math.round(this.#media.volume * 100);
    const wanted = Math.min(100, Math.max(0, now + percent));
    this.#media.volume = wanted / 100;
    this.#media.muted = wanted === 0;
    this.say(wanted === 0 ? t("muted") : t("volumeNow", { n: wanted }));
  }

  toggleCaptions(): void {
    const { captions } = this.#state;
    if (captions === null) return this.say(t("captionsNone"));
    this.#actions.setCaptions(!captions);
    this.say(t(captions ? "captionsHidden" : "captionsShown"));
  }

  toggleFullscreen(): void {
    const video = this.#media as HTMLMediaElement & { webkitEnterFullscreen?: () => void };
    if (this.#channel.kind === "radio") return;
    if (document.fullscreenElement) void document.exitFullscreen();
    else if (this.#stage.requestFullscreen) void this.#stage.requestFullscreen();
    else video.webkitEnterFullscreen?.(); // iPhones: the picture alone
  }

  async togglePip(): Promise<void> {
    if (document.pictureInPictureElement) await document.exitPictureInPicture();
    else if (this.#media instanceof HTMLVideoElement && this.#media.readyState > 0 && document.pictureInPictureEnabled) {
      await this.#media.requestPictureInPicture();
    }
  }

  async openSettings(page: PanelPage = "main"): Promise<void> {
    if (!this.#panel) {
      const { SettingsPanel: Panel } = await import("./settings_panel.ts");
      this.#panel ??= new Panel(this.#stage, this.bar, this.#state, {
        ...this.#actions,
        setDataSaver: (wanted) => this.#setDataSaver(wanted),
        setSleep: (choice) => this.#setSleep(choice),
        openStatistics: () => void this.toggleStatistics(),
        openHelp: () => void this.openHelp(),
      });
    }
    this.#panel.open(page);
  }

  async openHelp(): Promise<void> {
    if (!this.#help) {
      const { HelpDialog: Dialog } = await import("./help_dialog.ts");
      this.#help ??= new Dialog(this.#stage);
    }
    this.#help.open(this.#channel.kind === "tv");
  }

  async toggleStatistics(): Promise<void> {
    if (!this.#statistics) {
      const { StatisticsView: View } = await import("./statistics_view.ts");
      this.#statistics ??= new View(this.#media, this.#actions, this.#channel);
    }
    const screen = this.#stage.querySelector(".screen");
    if (this.#statistics.isOpen) {
      this.#statistics.close();
      this.#settings.focus();
    } else if (screen) {
      this.#statistics.open(screen);
    }
  }

  #setSleep(choice: Parameters<typeof sleepTimer.choose>[0]): void {
    const hadTimer = sleepTimer.choice !== null;
    sleepTimer.choose(choice, this.#actions.playedProgramme());
    const left = sleepTimer.remainingS;
    if (left !== null) this.say(t("sleepSet", { time: spanInWords(left) }));
    else if (hadTimer) this.say(t("sleepCancelled"));
  }

  #setDataSaver(wanted: boolean): void {
    this.#state.dataSaver = wanted;
    this.#actions.setDataSaver(wanted);
    this.say(t("choiceNow", { name: t("dataSaver"), value: t(wanted ? "choiceOn" : "choiceOff") }));
    this.#showOffer();
    this.#panel?.refresh();
  }

  #listen(actions: ControlActions): void {
    this.#play.addEventListener("click", () => actions.toggle());
    this.#live.addEventListener("click", () => actions.goLive());
    this.#mute.addEventListener("click", () => this.toggleMute());
    this.#volume.addEventListener("input", () => {
      this.#media.volume = Number(this.#volume.value) / 100;
      this.#media.muted = this.#media.volume === 0;
    });
    this.#fullscreen.addEventListener("click", () => this.toggleFullscreen());
    this.#pip.addEventListener("click", () => void this.togglePip());
    this.#captions.addEventListener("click", () => this.toggleCaptions());
    this.#settings.addEventListener("click", () => void this.openSettings());
    this.#sleep.addEventListener("click", () => void this.openSettings("sleep"));
    this.#media.addEventListener("volumechange", () => {
      if (sleepTimer.isFading) return; // the timer's loudness is not the viewer's
      remember("volume", String(Math.round(this.#media.volume * 100)));
      remember("muted", this.#media.muted ? "yes" : "no");
      this.#showVolume();
    });
  }

  #showVolume(): void {
    const isSilent = this.#media.muted || this.#media.volume === 0;
    const percent = isSilent ? 0 : Math.round(this.#media.volume * 100);
    this.#mute.replaceChildren(icon(isSilent ? "silent" : "sound"));
    name(this.#mute, t(isSilent ? "unmute" : "mute"));
    this.#volume.value = String(percent);
    this.#volume.setAttribute("aria-valuetext", t("volumeValue", { n: percent }));
  }

  #showCaptions(): void {
    const { captions } = this.#state;
    this.#captions.hidden = captions === null;
    this.#captions.setAttribute("aria-pressed", String(captions === true));
    name(this.#captions, t("captions"));
  }

  #showSleep(isOver: boolean): void {
    const left = sleepTimer.remainingS;
    this.#sleep.hidden = left === null;
    if (left === null) name(this.#sleep, t("sleepTimer"));
    else {
      const words = t("sleepLeft", { time: spanInWords(left) });
      this.#sleepLeft.textContent = left < 60 ? `${left}` : `${Math.ceil(left / 60)}′`;
      name(this.#sleep, t("choiceNow", { name: t("sleepTimer"), value: words }));
    }
    if (isOver) this.say(t("sleepDone"));
    this.#panel?.refresh();
  }

  /** Offer to save data to whom the device's own switch says that it matters, until it is answered. */
  #showOffer(): void {
    const { connection } = navigator as Navigator & { connection?: { saveData?: boolean } };
    const isDue = connection?.saveData === true && recall("data_saver") === null && this.#state.qualities.all.length > 1;
    this.offer.hidden = !isDue;
    if (!isDue) return;
    const yes = element("button", { type: "button", class: "primary" }, t("turnOn"));
    const no = element("button", { type: "button", class: "secondary" }, t("noThanks"));
    yes.addEventListener("click", () => this.#setDataSaver(true));
    no.addEventListener("click", () => {
      remember("data_saver", "no");
      this.#showOffer();
    });
    this.offer.replaceChildren(
      element("p", {}, t(this.#state.isTv ? "dataSaverOffer" : "dataSaverOfferSound")),
      element("div", { class: "ways" }, yes, no),
    );
  }
}

/** Name a control, for everybody. */
export function name(control: HTMLElement, text: string): void {
  if (control.getAttribute("aria-label") === text) return;
  control.setAttribute("aria-label", text);
  control.title = text;
}
