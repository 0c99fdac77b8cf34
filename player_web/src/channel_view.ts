/** `<lensong-channel>`: one channel's picture or card, its controls, and what goes on, in words. */
import type { Channel, OnAir } from "./api.ts";
import { Controls } from "./controls.ts";
import { element, icon } from "./dom.ts";
import { SENTENCE_OF } from "./faults.ts";
import { LivePlayer, type Quality, type Situation, type Source } from "./live_player.ts";
import { announceToSystem } from "./media_session.ts";
import { recall, remember } from "./storage.ts";
import { type MessageKey, clockTime, spanInWords, t } from "./text.ts";

/** Further behind than this, the way back to live is offered; plain HLS starts up to 5 s behind. */
const BEHIND_S = { plain: 10, lowLatency: 5 };

export class ChannelView extends HTMLElement {
  #channel: Channel | null = null;
  #station = "";
  #media: HTMLMediaElement = document.createElement("video");
  #player: LivePlayer | null = null;
  #controls: Controls | null = null;
  #situation: Situation = { kind: "connecting", again: false };
  #onAir: OnAir | null = null;
  #clockOffsetMs = 0;
  #lowLatency = false;
  #soundOnly = false;
  #dropped = false;
  #tick = 0;
  readonly #stage = element("section", { class: "stage" });
  readonly #overlay = element("div", { class: "overlay" });
  readonly #status = element("p", { class: "visually-hidden", role: "status" });
  readonly #cardName = element("bdi", { class: "card-name", dir: "auto" });
  readonly #cardSong = element("bdi", { class: "card-song", dir: "auto" });
  readonly #title = element("bdi", { dir: "auto" });
  readonly #songLine = element("p", { class: "song-line" });
  readonly #delay = element("p", { class: "delay" });
  readonly #note = element("p", { class: "note", role: "status" });
  readonly #onKey = (event: KeyboardEvent): void => this.#press(event);

  get isPlaying(): boolean {
    return this.#situation.kind === "playing";
  }

  setClockOffsetMs(offset: number): void {
    this.#clockOffsetMs = offset;
  }

  /** Show a channel and begin to play it. */
  open(channel: Channel, station: string): void {
    this.#channel = channel;
    this.#station = station;
    this.#lowLatency = recall("low_latency") === "yes" && channel.hlsLowLatency !== null;
    this.#media = channel.kind === "radio" ? element("audio") : element("video", { playsinline: true });
    this.#media.setAttribute("aria-label", channel.name);
    this.#media.addEventListener("click", () => this.#toggle());
    this.#player = new LivePlayer(this.#media, {
      onSituation: (situation) => this.#onSituation(situation),
      onQualities: (qualities, chosen, playing) => this.#onQualities(qualities, chosen, playing),
      onUnsteady: () => this.#dropLowLatency(),
    });
    this.#controls = new Controls(this.#media, this.#stage, channel, {
      toggle: () => this.#toggle(),
      goLive: () => this.#goLive(),
      chooseQuality: (index) => this.#player?.chooseQuality(index),
      setLowLatency: (wanted) => this.#setLowLatency(wanted),
      setSoundOnly: (wanted) => this.#setSoundOnly(wanted),
    });
    this.#build(channel);
    this.#player.open(this.#source());
    document.addEventListener("keydown", this.#onKey);
    this.#tick = window.setInterval(() => this.#showDelay(), 1000);
  }

  /** End: nothing plays and nothing is loaded any more. */
  close(): void {
    window.clearInterval(this.#tick);
    document.removeEventListener("keydown", this.#onKey);
    this.#player?.close();
    this.#player = null;
  }

  /** Put every text into the language that is chosen now. */
  relabel(): void {
    this.#controls?.relabel();
    this.#onSituation(this.#situation);
    this.#note.textContent = this.#dropped ? t("latencyDropped") : "";
    this.#showSong();
    this.#showDelay();
  }

  showOnAir(onAir: Map<string, OnAir>): void {
    this.#onAir = this.#channel ? (onAir.get(this.#channel.id) ?? null) : null;
    this.#showSong();
  }

  #build(channel: Channel): void {
    this.#stage.classList.toggle("radio", channel.kind === "radio");
    this.#stage.setAttribute("aria-label", channel.name);
    this.#title.textContent = channel.name;
    this.#cardName.textContent = channel.name;
    const bars = element("span", { class: "bars", "aria-hidden": "true" }, ...[0, 1, 2, 3, 4].map(() => element("i")));
    this.#stage.replaceChildren(
      element("div", { class: "screen" },
        this.#media,
        element("div", { class: "card" }, bars, this.#cardName, this.#cardSong),
        this.#overlay),
      ...(this.#controls ? [this.#controls.bar] : []),
    );
    this.replaceChildren(
      this.#stage,
      element("div", { class: "about" },
        element("div", { class: "heading" }, element("h1", {}, this.#title), this.#songLine, this.#delay, this.#note),
        this.#controls ? this.#controls.switches : null),
      this.#status,
    );
    this.#showSong();
  }

  #source(): Source {
    const channel = this.#channel;
    if (!channel) return { url: "", lowLatency: false };
    if (this.#soundOnly && channel.soundOnly) return { url: channel.soundOnly, lowLatency: false };
    if (this.#lowLatency && channel.hlsLowLatency) return { url: channel.hlsLowLatency, lowLatency: true };
    return { url: channel.hls, lowLatency: false };
  }

  #reopen(): void {
    this.#stage.classList.toggle("sound-only", this.#soundOnly);
    this.#controls?.showSwitches(this.#lowLatency, this.#soundOnly);
    this.#player?.open(this.#source());
  }

  #setLowLatency(wanted: boolean): void {
    this.#lowLatency = wanted;
    this.#soundOnly &&= !wanted;
    this.#dropped = false;
    this.#note.textContent = "";
    remember("low_latency", wanted ? "yes" : "no");
    this.#reopen();
  }

  #setSoundOnly(wanted: boolean): void {
    this.#soundOnly = wanted;
    this.#lowLatency &&= !wanted;
    this.#reopen();
  }

  /** The network does not carry low latency: plain HLS for now; the viewer's choice is kept. */
  #dropLowLatency(): void {
    this.#lowLatency = false;
    this.#dropped = true;
    this.#note.textContent = t("latencyDropped");
    this.#reopen();
  }

  #toggle(): void {
    const { kind } = this.#situation;
    if (kind === "playing" || kind === "buffering" || kind === "loading") this.#player?.pause();
    else void this.#player?.play();
  }

  #isBehind(behindS: number): boolean {
    return behindS >= (this.#lowLatency ? BEHIND_S.lowLatency : BEHIND_S.plain);
  }

  /** At the edge already, a jump would only stall. */
  #goLive(): void {
    const player = this.#player;
    if (player && this.#isBehind(player.behindS())) player.goLive();
    else void player?.play();
  }

  #onSituation(situation: Situation): void {
    this.#situation = situation;
    const isMoving = situation.kind === "playing" || situation.kind === "buffering";
    this.#stage.classList.toggle("moving", situation.kind === "playing");
    this.#stage.classList.toggle("covered", situation.kind !== "playing" && situation.kind !== "buffering");
    this.#controls?.showPlaying(isMoving || situation.kind === "loading");
    this.#showOverlay(situation);
    const words = this.#words(situation);
    // Announced once a change, not with every second of a countdown.
    if (this.#status.textContent !== words) this.#status.textContent = words;
    announceToSystem(this.#channel, this.#station, this.#onAir, isMoving, () => this.#toggle());
  }

  #words(situation: Situation): string {
    const isSound = this.#channel?.kind === "radio" || this.#soundOnly;
    if (situation.kind === "fault") {
      return `${t(SENTENCE_OF[situation.code])} ${t("faultCode", { code: situation.code })}`;
    }
    if (situation.kind === "connecting") return t(situation.again ? "retrying" : "connecting");
    const keys: Record<Exclude<Situation["kind"], "fault" | "connecting">, MessageKey> = {
      loading: isSound ? "loadingSound" : "loadingPicture",
      playing: "playing", buffering: "buffering", paused: "paused",
      blocked: isSound ? "tapToListen" : "tapToWatch",
    };
    return t(keys[situation.kind]);
  }

  #showOverlay(situation: Situation): void {
    this.#overlay.dataset["kind"] = situation.kind;
    if (situation.kind === "fault") return this.#showFault(situation.code, situation.retryInS);
    this.#overlay.removeAttribute("data-code");
    if (situation.kind === "playing") return this.#overlay.replaceChildren();
    if (situation.kind === "blocked" || situation.kind === "paused") {
      const name = situation.kind === "paused" ? t("play") : this.#words(situation);
      const button = element("button", { type: "button", class: "big", "aria-label": name }, icon("play"));
      button.addEventListener("click", () => void this.#player?.play());
      const words = element("span", { class: "words", "aria-hidden": "true" }, this.#words(situation));
      return this.#overlay.replaceChildren(button, words);
    }
    this.#overlay.replaceChildren(
      element("span", { class: "dots", "aria-hidden": "true" }, element("i"), element("i"), element("i")),
      element("span", { class: "words", "aria-hidden": "true" }, this.#words(situation)),
    );
  }

  #showFault(code: keyof typeof SENTENCE_OF, retryInS: number): void {
    const countdown = this.#overlay.querySelector(".countdown");
    const wanted = `${code} ${document.documentElement.lang}`;
    const words = t("retryIn", { n: retryInS });
    if (this.#overlay.dataset["code"] === wanted && countdown) {
      countdown.textContent = words; // keeps the button, and the focus on it
      return;
    }
    this.#overlay.dataset["code"] = wanted;
    const again = element("button", { type: "button", class: "primary" }, t("retryNow"));
    again.addEventListener("click", () => this.#player?.retryNow());
    this.#overlay.replaceChildren(
      element("p", { class: "sentence" }, t(SENTENCE_OF[code])),
      element("p", { class: "countdown" }, words),
      again,
      element("p", { class: "code" }, t("faultCode", { code })),
    );
  }

  #onQualities(qualities: Quality[], chosen: number, playing: number): void {
    this.#controls?.showQualities(qualities, chosen, playing);
  }

  #showSong(): void {
    const now = this.#onAir;
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
    announceToSystem(this.#channel, this.#station, now, this.isPlaying, () => this.#toggle());
  }

  #showDelay(): void {
    const player = this.#player;
    if (!player) return;
    const behindS = player.behindS();
    const isBehind = this.#isBehind(behindS) && ["playing", "paused", "buffering"].includes(this.#situation.kind);
    this.#controls?.showBehind(isBehind ? behindS : 0);
    const at = player.playingUnixMs();
    const delayS = at === null ? 0 : (Date.now() + this.#clockOffsetMs - at) / 1000;
    const isKnown = this.isPlaying && delayS > 0 && delayS < 86_400;
    this.#delay.textContent = isKnown ? t("delayBehindStudio", { time: spanInWords(delayS) }) : "";
  }

  #press(event: KeyboardEvent): void {
    const target = event.target as Element;
    if (event.ctrlKey || event.metaKey || event.altKey || target.closest("input, select, button, a")) return;
    const actions: Record<string, () => void> = {
      " ": () => this.#toggle(), k: () => this.#toggle(), m: () => this.#controls?.toggleMute(),
      f: () => this.#controls?.toggleFullscreen(), l: () => this.#goLive(),
    };
    const action = actions[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  }
}

customElements.define("lensong-channel", ChannelView);
