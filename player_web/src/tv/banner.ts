/** The information banner: channel, programme, its time and progress, what follows, and what can be done. */
import type { Channel, OnAir } from "../base/api.ts";
import { element, icon } from "../base/dom.ts";
import { type MessageKey, clockTime, momentName, spanInWords, t } from "../base/text.ts";
import { type Brief, shareOf } from "../guide/guide.ts";
import { w } from "./words.ts";

/** What the banner tells. */
export interface Shown {
  channel: Channel;
  number: number;
  programme: Brief | null;
  next: Brief | null;
  onAir: OnAir | null;
  nowMs: number;
  /** The moment on screen. */
  atMs: number;
  /** Seconds behind live; 0 at its edge, null for what is over. */
  behindS: number | null;
  isPaused: boolean;
  canStartOver: boolean;
  canRewind: boolean;
  canGoLive: boolean;
}

export interface BannerListener {
  onMenu(): void;
  onStartOver(): void;
  onSkip(seconds: number): void;
  onToggle(): void;
  onLive(): void;
}

const text = (kind: string): HTMLElement => element("p", { class: kind });
const title = (words: string): HTMLElement => element("bdi", { dir: "auto" }, words);

function button(words: string, act: () => void, kind = ""): HTMLButtonElement {
  const made = element("button", { type: "button", class: `tv-button ${kind}` }, words);
  made.addEventListener("click", act);
  return made;
}

export class Banner {
  readonly element: HTMLElement;
  readonly #number = text("number");
  readonly #name = text("channel-name");
  readonly #place = text("place");
  readonly #clock = text("clock");
  readonly #title = text("title");
  readonly #times = text("times");
  readonly #fill = element("i");
  readonly #track = element("div", { class: "track", "aria-hidden": "true" }, this.#fill);
  readonly #next = text("next");
  readonly #menu: HTMLButtonElement;
  readonly #startOver: HTMLButtonElement;
  readonly #rewind: HTMLButtonElement;
  readonly #toggle: HTMLButtonElement;
  readonly #forward: HTMLButtonElement;
  readonly #live: HTMLButtonElement;
  readonly #buttons: HTMLElement;

  constructor(listener: BannerListener) {
    this.#menu = button(w("openMenu"), () => listener.onMenu());
    this.#menu.setAttribute("data-entry", "");
    this.#startOver = button("", () => listener.onStartOver(), "start-over");
    this.#rewind = button("", () => listener.onSkip(-30), "round");
    this.#rewind.append(icon("rewind"));
    this.#rewind.setAttribute("aria-label", t("rewind30"));
    this.#toggle = button("", () => listener.onToggle(), "toggle");
    this.#forward = button("", () => listener.onSkip(30), "round");
    this.#forward.append(icon("forward"));
    this.#forward.setAttribute("aria-label", t("forward30"));
    this.#live = button(t("backToLive"), () => listener.onLive(), "to-live");
    this.#buttons = element("div", { class: "actions" },
      this.#menu, this.#startOver, this.#rewind, this.#toggle, this.#forward, this.#live);
    this.element = element("section", { class: "banner", "aria-label": t("nowOnAir"), hidden: true },
      element("div", { class: "line head" }, this.#number, this.#name, this.#place, this.#clock),
      this.#title,
      element("div", { class: "line" }, this.#times, this.#track),
      this.#next,
      this.#buttons);
  }

  /** Show or hide the buttons: a banner that only informs has none. */
  setActive(isActive: boolean): void {
    this.#buttons.hidden = !isActive;
  }

  show(shown: Shown): void {
    const { channel, programme, next, nowMs } = shown;
    const isRadio = channel.kind === "radio";
    put(this.#number, String(shown.number));
    put(this.#name, channel.name);
    put(this.#clock, clockTime(nowMs));
    this.#showPlace(shown);
    const song = isRadio && shown.onAir?.source !== "slate" ? (shown.onAir?.title ?? "") : "";
    put(this.#title, programme?.title || song || w("nothingKnown"), true);
    put(this.#times, programme ? `${momentName(programme.startS * 1000, nowMs)} – ${clockTime(programme.stopS * 1000)}` : "");
    this.#track.hidden = programme === null;
    if (programme) this.#fill.style.width = `${(shareOf(programme, shown.atMs / 1000) * 100).toFixed(2)}%`;
    const following = next ? `${t("upNext")} ${clockTime(next.startS * 1000)}: ${next.title}` : "";
    put(this.#next, programme && song ? t("nowPlayingSong", { title: song }) : following, true);
    this.#showActions(shown, isRadio ? "listenFromStart" : "watchFromStart");
  }

  #showPlace({ behindS }: Shown): void {
    const isLate = behindS !== null && behindS > 0;
    const words = behindS === null ? t("replaying") : isLate ? w("behind", { time: spanInWords(behindS) }) : t("live");
    put(this.#place, words);
    this.#place.classList.toggle("is-live", behindS === 0);
  }

  #showActions(shown: Shown, startOver: MessageKey): void {
    put(this.#startOver, t(startOver));
    put(this.#toggle, t(shown.isPaused ? "play" : "pause"));
    const had = document.activeElement;
    this.#startOver.hidden = !shown.canStartOver;
    this.#rewind.hidden = this.#forward.hidden = !shown.canRewind;
    this.#live.hidden = !shown.canGoLive;
    // What can no longer be done leaves the focus to what can.
    if (had instanceof HTMLElement && had.hidden && this.#buttons.contains(had)) this.#menu.focus();
  }
}

/** Set a text, only when it is another; a title in a direction of its own. */
export function put(target: HTMLElement, words: string, isTitle = false): void {
  if (target.textContent === words) return;
  target.replaceChildren(isTitle ? title(words) : words);
}
