/** The pointer on the picture, and controls that go out of its way in full screen. */
import { element, icon } from "../base/dom.ts";
import { t } from "../base/text.ts";
import { IDLE_MS, mayHide } from "./idle_decision.ts";

/** Two presses within this are one double press. */
const DOUBLE_MS = 280;

export interface GestureActions {
  toggle(): void;
  fullscreen(): void;
  isPlaying(): boolean;
}

export class Gestures {
  /** For fingers, which would not hit a hidden bar: shown for a while after a tap on the picture. */
  readonly pause = element("button", { type: "button", class: "big peek", tabindex: -1 }, icon("pause"));
  readonly #stage: HTMLElement;
  readonly #actions: GestureActions;
  #movedMs = 0;
  #pressedMs = -DOUBLE_MS;
  #single = 0;
  #watching = 0;

  constructor(stage: HTMLElement, actions: GestureActions) {
    this.#stage = stage;
    this.#actions = actions;
    this.pause.addEventListener("click", () => {
      this.#peek(false);
      actions.toggle();
    });
    this.relabel();
    for (const kind of ["pointermove", "pointerdown", "keydown", "focusin"]) {
      stage.addEventListener(kind, () => this.#wake());
    }
    stage.addEventListener("fullscreenchange", () => this.#wake());
  }

  relabel(): void {
    this.pause.setAttribute("aria-label", t("pause"));
  }

  /** End: nothing is hidden any more. */
  close(): void {
    window.clearTimeout(this.#single);
    window.clearTimeout(this.#watching);
  }

  /** Take the presses on a television's picture. */
  listen(screen: HTMLElement): void {
    screen.addEventListener("click", (event) => {
      if ((event.target as Element).closest("button, a, .statistics")) return;
      const isDouble = event.timeStamp - this.#pressedMs < DOUBLE_MS;
      this.#pressedMs = isDouble ? -DOUBLE_MS : event.timeStamp;
      window.clearTimeout(this.#single);
      const isTouch = (event as PointerEvent).pointerType === "touch";
      if (isDouble) this.#actions.fullscreen();
      else if (isTouch) this.#peek(!this.#stage.classList.contains("peeked"));
      else this.#single = window.setTimeout(() => this.#actions.toggle(), DOUBLE_MS);
    });
  }

  #peek(isShown: boolean): void {
    this.#stage.classList.toggle("peeked", isShown);
    this.#movedMs = performance.now();
    this.#watch(IDLE_MS);
  }

  #wake(): void {
    this.#movedMs = performance.now();
    this.#stage.classList.remove("idle");
    this.#watch(IDLE_MS);
  }

  #watch(afterMs: number): void {
    window.clearTimeout(this.#watching);
    this.#watching = window.setTimeout(() => this.#judge(), afterMs);
  }

  #judge(): void {
    const idleMs = performance.now() - this.#movedMs;
    if (idleMs >= IDLE_MS) this.#stage.classList.remove("peeked");
    const isFullscreen = document.fullscreenElement === this.#stage;
    const isHidden = mayHide({
      isFullscreen,
      isPlaying: this.#actions.isPlaying(),
      hasFocus: this.#stage.querySelector(":focus-visible") !== null,
      isMenuOpen: document.querySelector("dialog[open]") !== null,
      idleMs,
    });
    this.#stage.classList.toggle("idle", isHidden);
    if (isFullscreen && !isHidden) this.#watch(Math.max(200, IDLE_MS - idleMs));
  }
}
