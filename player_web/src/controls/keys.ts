/** The keyboard of a channel's page: keys become actions, digits become channels. */
import { recall } from "../base/storage.ts";
import { type Action, type Where, actionOf, typeNumber } from "./shortcuts.ts";

export interface KeyActions {
  act(action: Exclude<Action, { do: "digit" }>): void;
  restart(): void;
  /** The numbers of the station's channels. */
  numbers(): number[];
  openNumber(number: number): void;
  /** Show what was typed of a number; empty takes it away. */
  showTyped(typed: string): void;
}

/** A number may grow as long as this after its last digit. */
const TYPING_MS = 1_500;

export class Keys {
  readonly #stage: HTMLElement;
  readonly #actions: KeyActions;
  readonly #leaving = new AbortController();
  #typed = "";
  #typing = 0;

  constructor(stage: HTMLElement, actions: KeyActions) {
    this.#stage = stage;
    this.#actions = actions;
    document.addEventListener("keydown", (event) => this.#press(event), { signal: this.#leaving.signal });
  }

  close(): void {
    this.#leaving.abort();
    window.clearTimeout(this.#typing);
  }

  #press(event: KeyboardEvent): void {
    if (event.defaultPrevented || event.isComposing) return;
    const { key, shiftKey: shift, ctrlKey, metaKey, altKey, repeat: repeated } = event;
    const modified = ctrlKey || metaKey || altKey;
    const action = actionOf({ key, shift, modified, repeated }, this.#where(event.target), recall("letter_keys") !== "no");
    if (!action) return;
    // Beside another page the player is small: only what can be heard of it answers.
    if (this.#isSmall() && key !== "k" && key !== "m") return;
    event.preventDefault();
    if (action.do === "digit") this.#type(action.digit);
    else this.#actions.act(action);
  }

  #isSmall(): boolean {
    return this.#stage.closest(".docked") !== null;
  }

  #where(target: EventTarget | null): Where {
    // What had the focus in a dialog keeps it until the next picture is drawn, though the dialog is closed.
    const at = target instanceof Element && !target.closest("dialog:not([open])") ? target : document.body;
    if (document.querySelector("dialog[open]") || at.closest("dialog, textarea, select, [contenteditable]")) return "field";
    if (at.matches("input")) return (at as HTMLInputElement).type === "range" ? "slider" : "field";
    if (at.closest(".panel, .side")) return "list";
    const isButton = at.closest("button, a, summary") !== null;
    if (this.#stage.contains(at)) return isButton ? "playerButton" : "player";
    if (isButton) return "button";
    return document.fullscreenElement ? "player" : "page";
  }

  #type(digit: string): void {
    window.clearTimeout(this.#typing);
    if (digit === "0" && this.#typed === "") return this.#actions.restart();
    const next = typeNumber(this.#typed, digit, this.#actions.numbers());
    this.#typed = next?.typed ?? "";
    this.#actions.showTyped(this.#typed);
    if (!next) return;
    if (next.isWhole) this.#openTyped();
    else this.#typing = window.setTimeout(() => this.#openTyped(), TYPING_MS);
  }

  #openTyped(): void {
    const number = Number(this.#typed);
    this.#typed = "";
    this.#actions.showTyped("");
    if (this.#actions.numbers().includes(number)) this.#actions.openNumber(number);
  }
}
