/** The bar under the picture and the switches beside the name: buttons of our own, for TV and radio. */
import type { Channel } from "../base/api.ts";
import { element, icon } from "../base/dom.ts";
import type { Quality } from "../playing/player.ts";
import { fillQualityMenu } from "./quality_menu.ts";
import { recall, recallNumber, remember } from "../base/storage.ts";
import { type MessageKey, spanInWords, t } from "../base/text.ts";

export interface ControlActions {
  toggle(): void;
  goLive(): void;
  chooseQuality(index: number): void;
  setLowLatency(wanted: boolean): void;
  setSoundOnly(wanted: boolean): void;
}

interface Switch {
  label: HTMLLabelElement;
  input: HTMLInputElement;
  words: HTMLElement;
  hint: HTMLElement;
  names: [MessageKey, MessageKey];
}

export class Controls {
  readonly bar: HTMLElement;
  readonly switches: HTMLElement;
  readonly #media: HTMLMediaElement;
  readonly #stage: HTMLElement;
  readonly #play = element("button", { type: "button", class: "control play", "aria-keyshortcuts": "k" });
  readonly #live = element("button", { type: "button", class: "live", "aria-keyshortcuts": "l" });
  readonly #mute = element("button", { type: "button", class: "control", "aria-keyshortcuts": "m" });
  readonly #volume = element("input", { type: "range", min: 0, max: 100, step: 5, class: "volume" });
  readonly #quality = element("select", { class: "quality" });
  readonly #qualityName = element("span");
  readonly #menu = element("label", { class: "menu" }, this.#qualityName, this.#quality);
  readonly #pip = element("button", { type: "button", class: "control" }, icon("pip"));
  readonly #fullscreen = element(
    "button", { type: "button", class: "control", "aria-keyshortcuts": "f" }, icon("fullscreen"),
  );
  readonly #lowLatency = makeSwitch("low-latency", ["lowLatency", "lowLatencyHint"]);
  readonly #soundOnly = makeSwitch("sound-only", ["soundOnly", "soundOnlyHint"]);
  #isPlaying = false;
  #isLive = true;
  #behindS: number | null = 0;
  #qualities: { all: Quality[]; chosen: number; playing: number } = { all: [], chosen: -1, playing: -1 };

  constructor(media: HTMLMediaElement, stage: HTMLElement, channel: Channel, actions: ControlActions) {
    this.#media = media;
    this.#stage = stage;
    const isTv = channel.kind === "tv";
    this.bar = element(
      "div", { class: "bar" },
      this.#play, this.#live, element("span", { class: "loudness" }, this.#mute, this.#volume),
      element("span", { class: "space" }),
      isTv && document.pictureInPictureEnabled ? this.#pip : null, isTv ? this.#fullscreen : null,
    );
    this.switches = element(
      "div", { class: "switches" },
      channel.hlsLowLatency ? this.#lowLatency.label : null,
      isTv && channel.soundOnly ? this.#soundOnly.label : null,
      this.#menu,
    );
    this.#lowLatency.input.checked = recall("low_latency") === "yes";
    this.#menu.hidden = true;
    media.volume = Math.min(1, Math.max(0, (recallNumber("volume") ?? 100) / 100));
    media.muted = recall("muted") === "yes";
    this.#listen(actions);
    this.relabel();
  }

  relabel(): void {
    this.showPlaying(this.#isPlaying);
    this.showBehind(this.#behindS);
    this.#showVolume();
    name(this.#volume, t("volume"));
    this.#qualityName.textContent = t("quality");
    name(this.#pip, t("pictureInPicture"));
    name(this.#fullscreen, t("fullscreen"));
    for (const one of [this.#lowLatency, this.#soundOnly]) {
      one.words.textContent = t(one.names[0]);
      one.hint.textContent = t(this.#isLive ? one.names[1] : "liveOnlySwitch");
    }
    const { all, chosen, playing } = this.#qualities;
    if (all.length > 0) this.showQualities(all, chosen, playing);
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

  /** Show the switches as they stand; neither has a meaning for what is not live. */
  showSwitches(lowLatency: boolean, soundOnly: boolean, isLive: boolean): void {
    this.#lowLatency.input.checked = lowLatency;
    this.#soundOnly.input.checked = soundOnly;
    this.#isLive = isLive;
    for (const one of [this.#lowLatency, this.#soundOnly]) {
      one.input.disabled = !isLive;
      one.hint.textContent = t(isLive ? one.names[1] : "liveOnlySwitch");
    }
  }

  showQualities(all: Quality[], chosen: number, playing: number): void {
    this.#qualities = { all, chosen, playing };
    this.#menu.hidden = all.length < 2;
    if (document.activeElement !== this.#quality || this.#quality.value !== String(chosen)) {
      fillQualityMenu(this.#quality, all, chosen, playing);
    }
  }

  toggleMute(): void {
    this.#media.muted = !this.#media.muted;
    if (!this.#media.muted && this.#media.volume === 0) this.#media.volume = 0.5;
  }

  toggleFullscreen(): void {
    const video = this.#media as HTMLVideoElement & { webkitEnterFullscreen?: () => void };
    if (document.fullscreenElement) void document.exitFullscreen();
    else if (this.#stage.requestFullscreen) void this.#stage.requestFullscreen();
    else video.webkitEnterFullscreen?.(); // iPhones: the picture alone
  }

  #listen(actions: ControlActions): void {
    this.#play.addEventListener("click", () => actions.toggle());
    this.#live.addEventListener("click", () => actions.goLive());
    this.#mute.addEventListener("click", () => this.toggleMute());
    this.#volume.addEventListener("input", () => {
      this.#media.volume = Number(this.#volume.value) / 100;
      this.#media.muted = this.#media.volume === 0;
    });
    this.#quality.addEventListener("change", () => actions.chooseQuality(Number(this.#quality.value)));
    this.#fullscreen.addEventListener("click", () => this.toggleFullscreen());
    this.#pip.addEventListener("click", () => void this.#togglePip());
    this.#lowLatency.input.addEventListener("change", () => actions.setLowLatency(this.#lowLatency.input.checked));
    this.#soundOnly.input.addEventListener("change", () => actions.setSoundOnly(this.#soundOnly.input.checked));
    this.#media.addEventListener("volumechange", () => {
      remember("volume", String(Math.round(this.#media.volume * 100)));
      remember("muted", this.#media.muted ? "yes" : "no");
      this.#showVolume();
    });
  }

  async #togglePip(): Promise<void> {
    if (document.pictureInPictureElement) await document.exitPictureInPicture();
    else if (this.#media instanceof HTMLVideoElement && this.#media.readyState > 0) {
      await this.#media.requestPictureInPicture();
    }
  }

  #showVolume(): void {
    const isSilent = this.#media.muted || this.#media.volume === 0;
    const percent = isSilent ? 0 : Math.round(this.#media.volume * 100);
    this.#mute.replaceChildren(icon(isSilent ? "silent" : "sound"));
    name(this.#mute, t(isSilent ? "unmute" : "mute"));
    this.#volume.value = String(percent);
    this.#volume.setAttribute("aria-valuetext", t("volumeValue", { n: percent }));
  }
}

/** Name a control, for everybody. */
export function name(control: HTMLElement, text: string): void {
  control.setAttribute("aria-label", text);
  control.title = text;
}

function makeSwitch(id: string, names: [MessageKey, MessageKey]): Switch {
  const input = element("input", { type: "checkbox", role: "switch", id: `switch-${id}`, "aria-describedby": `hint-${id}` });
  const words = element("span", { class: "switch-name" });
  const hint = element("span", { class: "hint", id: `hint-${id}` });
  const label = element("label", { class: "switch" }, input, element("span", { class: "switch-text" }, words, hint));
  return { label, input, words, hint, names };
}
