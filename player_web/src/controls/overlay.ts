/** What goes on, over the picture: waiting, a big button, or a fault in words with what can be done. */
import { element, icon } from "../base/dom.ts";
import type { Situation } from "../playing/player.ts";
import { t } from "../base/text.ts";

export interface OverlayActions {
  play(): void;
  retry(): void;
  goLive(): void;
}

export class Overlay {
  readonly element = element("div", { class: "overlay" });
  readonly #actions: OverlayActions;

  constructor(actions: OverlayActions) {
    this.#actions = actions;
  }

  /** Show a situation; `words` say it, `canGoLive` offers the way out of what is not live. */
  show(situation: Situation, words: string, canGoLive: boolean): void {
    this.element.dataset["kind"] = situation.kind;
    if (situation.kind === "fault") return this.#showFault(situation, words, canGoLive);
    this.element.removeAttribute("data-fault");
    const shown = element("span", { class: "words", "aria-hidden": "true" }, words);
    switch (situation.kind) {
      case "playing":
        return this.element.replaceChildren();
      case "blocked":
      case "paused":
        return this.element.replaceChildren(this.#bigButton(situation.kind === "paused" ? t("play") : words), shown);
      case "ended":
        return this.element.replaceChildren(
          this.#bigButton(t("fromStart")), shown, ...(canGoLive ? [this.#liveButton("primary")] : []),
        );
      default:
        this.element.replaceChildren(
          element("span", { class: "dots", "aria-hidden": "true" }, element("i"), element("i"), element("i")), shown,
        );
    }
  }

  #showFault(fault: Situation & { kind: "fault" }, sentence: string, canGoLive: boolean): void {
    const { code, retryInS } = fault;
    const words = retryInS === null ? "" : t("retryIn", { n: retryInS });
    const countdown = this.element.querySelector(".countdown");
    if (this.element.dataset["fault"] === `${code} ${sentence}` && countdown) {
      countdown.textContent = words; // keeps the button, and the focus on it
      return;
    }
    this.element.dataset["fault"] = `${code} ${sentence}`;
    const again = element("button", { type: "button", class: canGoLive ? "secondary" : "primary" }, t("retryNow"));
    again.addEventListener("click", () => this.#actions.retry());
    this.element.replaceChildren(
      element("p", { class: "sentence" }, sentence),
      element("p", { class: "countdown" }, words),
      element("div", { class: "ways" }, ...(canGoLive ? [this.#liveButton("primary")] : []), again),
      element("p", { class: "code" }, t("faultCode", { code })),
    );
  }

  #bigButton(name: string): HTMLElement {
    const button = element("button", { type: "button", class: "big", "aria-label": name }, icon("play"));
    button.addEventListener("click", () => this.#actions.play());
    return button;
  }

  #liveButton(kind: string): HTMLElement {
    const button = element("button", { type: "button", class: `${kind} to-live` }, t("backToLive"));
    button.addEventListener("click", () => this.#actions.goLive());
    return button;
  }
}
