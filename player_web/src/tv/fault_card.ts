/** What went wrong, in a sentence, with its code, when it is tried again, and the ways on. */
import { element } from "../base/dom.ts";
import { t } from "../base/text.ts";
import { SENTENCE_OF } from "../playing/faults.ts";
import { put } from "./banner.ts";
import type { Situation } from "./tv_player.ts";
import { w } from "./words.ts";

export interface CardListener {
  onRetry(): void;
  onRestart(): void;
  onLive(): void;
  onMenu(): void;
}

export class FaultCard {
  readonly element: HTMLElement;
  readonly #sentence = element("p", { class: "sentence", role: "alert" });
  readonly #retry = element("p", { class: "retry" });
  readonly #code = element("p", { class: "code" });
  readonly #again: HTMLButtonElement;
  readonly #restart: HTMLButtonElement;
  readonly #live: HTMLButtonElement;

  constructor(listener: CardListener) {
    const button = (words: string, act: () => void): HTMLButtonElement => {
      const made = element("button", { type: "button", class: "tv-button" }, words);
      made.addEventListener("click", act);
      return made;
    };
    this.#again = button(t("retryNow"), () => listener.onRetry());
    this.#restart = button(t("fromStart"), () => listener.onRestart());
    this.#live = button(t("backToLive"), () => listener.onLive());
    this.element = element("section", { class: "card", "aria-label": t("channels"), hidden: true },
      this.#sentence, this.#retry,
      element("div", { class: "actions" }, this.#again, this.#restart, this.#live, button(w("openMenu"), () => listener.onMenu())),
      this.#code);
  }

  /** Show what is wrong, or that it has ended; hide where the picture is there. `isPast`: live is elsewhere. */
  show(situation: Situation, isPast: boolean): void {
    const isFault = situation.kind === "fault";
    const hasEnded = situation.kind === "ended";
    this.element.hidden = !isFault && !hasEnded;
    if (this.element.hidden) return;
    this.#restart.hidden = !hasEnded;
    this.#live.hidden = !isPast;
    const seconds = isFault ? situation.retryInS : null;
    this.#again.hidden = seconds === null;
    put(this.#sentence, isFault ? t(SENTENCE_OF[situation.code]) : t("ended"));
    put(this.#retry, seconds === null ? "" : t("retryIn", { n: seconds }));
    put(this.#code, isFault ? t("faultCode", { code: situation.code }) : "");
  }
}
