/** The bar to rewind with: its axis is the station's clock, its preview the segments' small pictures. */
import { msnAt } from "../base/clock.ts";
import { name } from "./controls.ts";
import { element, icon } from "../base/dom.ts";
import type { Position } from "../playing/playback.ts";
import type { Brief } from "../guide/guide.ts";
import { ticksIn } from "./ticks.ts";
import { clockTime, language, t } from "../base/text.ts";

const SKIP_S = 30;
const PAGE_S = 300;

export interface SeekActions {
  seek(unixMs: number): void;
  skip(seconds: number): void;
  /** Say in words where a moment lies: "19:02:10, trễ 4 phút, Thời sự". */
  describe(unixMs: number): string;
  /** Return the title of what was on air at a moment; empty where the guide does not say. */
  titleAt(unixMs: number): string;
}

export class SeekBar {
  readonly element = element("div", { class: "seek", hidden: true });
  readonly #actions: SeekActions;
  readonly #thumbnail: string | null;
  readonly #bar = element("input", { type: "range", class: "seek-bar", step: 1 });
  readonly #back = element(
    "button", { type: "button", class: "control skip", "aria-keyshortcuts": "ArrowLeft" }, icon("rewind"), "30",
  );
  readonly #forward = element(
    "button", { type: "button", class: "control skip", "aria-keyshortcuts": "ArrowRight" }, icon("forward"), "30",
  );
  readonly #picture = element("img", { alt: "", width: 160, height: 90, hidden: true });
  readonly #time = element("span", { class: "seek-time" });
  readonly #title = element("bdi", { class: "seek-title", dir: "auto" });
  readonly #preview = element(
    "div", { class: "preview", hidden: true, "aria-hidden": "true" }, this.#picture, this.#time, this.#title,
  );
  readonly #ticks = element("div", { class: "ticks", "aria-hidden": "true" });
  readonly #from = element("span");
  readonly #at = element("span", { class: "seek-at" });
  readonly #to = element("span");
  #position: Position | null = null;
  #isHeld = false;
  #drawnTicks = "";

  /** Make it; `thumbnail` is the path of a small picture, with `{msn}`. */
  constructor(thumbnail: string | null, actions: SeekActions) {
    this.#thumbnail = thumbnail;
    this.#actions = actions;
    this.element.append(
      this.#back,
      element("div", { class: "track" }, this.#preview, this.#bar, this.#ticks,
        element("div", { class: "times", "aria-hidden": "true" }, this.#from, this.#at, this.#to)),
      this.#forward,
    );
    this.#listen();
    this.relabel();
  }

  relabel(): void {
    name(this.#back, t("rewind30"));
    name(this.#forward, t("forward30"));
    this.#bar.setAttribute("aria-label", t("seekBar"));
    this.show(this.#position);
  }

  /** Show where the viewer is; null where nothing can be reached. */
  show(position: Position | null): void {
    this.#position = position;
    this.element.hidden = position === null;
    if (!position) return;
    const { startMs, endMs, atMs } = position;
    this.#from.textContent = clockTime(startMs);
    this.#to.textContent = clockTime(endMs);
    this.#bar.min = String(Math.floor(startMs / 1000));
    this.#bar.max = String(Math.ceil(Math.max(endMs, startMs + 1000) / 1000));
    if (this.#isHeld) return;
    this.#bar.value = String(Math.round(atMs / 1000));
    this.#showValue(atMs);
  }

  /** Mark where programmes begin. */
  showProgrammes(items: readonly Brief[]): void {
    const position = this.#position;
    const ticks = position ? ticksIn(items, position.startMs, position.endMs) : [];
    // A step of a thousandth of the bar is less than a pixel: the window slides all the time.
    const wanted = JSON.stringify([language(), ticks.map(({ share, title }) => [Math.round(share * 1000), title])]);
    if (wanted === this.#drawnTicks) return;
    this.#drawnTicks = wanted;
    this.#ticks.replaceChildren(...ticks.map(({ share, title }) => {
      const tick = element("i", { "data-title": title });
      tick.style.setProperty("--share", String(share));
      return tick;
    }));
  }

  /** Do what a key means on the page: arrows go 30 s; true if it meant something. */
  press(key: string): boolean {
    const position = this.#position;
    if (!position) return false;
    switch (key) {
      case "ArrowLeft": this.#actions.skip(-SKIP_S); break;
      case "ArrowRight": this.#actions.skip(SKIP_S); break;
      case "PageDown": this.#actions.skip(-PAGE_S); break;
      case "PageUp": this.#actions.skip(PAGE_S); break;
      case "Home": this.#actions.seek(position.startMs); break;
      case "End": this.#actions.seek(position.endMs); break;
      default: return false;
    }
    return true;
  }

  #listen(): void {
    const bar = this.#bar;
    this.#back.addEventListener("click", () => this.#actions.skip(-SKIP_S));
    this.#forward.addEventListener("click", () => this.#actions.skip(SKIP_S));
    bar.addEventListener("input", () => {
      this.#isHeld = true;
      this.#showValue(Number(bar.value) * 1000);
      this.#showPreview(Number(bar.value) * 1000);
    });
    bar.addEventListener("change", () => {
      this.#isHeld = false;
      this.#preview.hidden = true;
      this.#actions.seek(Number(bar.value) * 1000);
    });
    bar.addEventListener("keydown", (event) => {
      const key = { ArrowDown: "ArrowLeft", ArrowUp: "ArrowRight" }[event.key] ?? event.key;
      if (!event.ctrlKey && !event.metaKey && !event.altKey && this.press(key)) event.preventDefault();
    });
    bar.addEventListener("pointermove", (event) => {
      const { left, width } = bar.getBoundingClientRect();
      const share = Math.min(1, Math.max(0, (event.clientX - left) / width));
      const [min, max] = [Number(bar.min), Number(bar.max)];
      this.#showPreview(1000 * (this.#isHeld ? Number(bar.value) : min + share * (max - min)));
    });
    for (const kind of ["pointerleave", "blur", "pointercancel"]) {
      bar.addEventListener(kind, () => {
        this.#isHeld = false;
        this.#preview.hidden = true;
      });
    }
    // A picture that is not there is simply not shown.
    this.#picture.addEventListener("error", () => { this.#picture.hidden = true; });
    this.#picture.addEventListener("load", () => { this.#picture.hidden = false; });
  }

  #showValue(unixMs: number): void {
    this.#at.textContent = clockTime(unixMs, true);
    this.#bar.setAttribute("aria-valuetext", this.#actions.describe(unixMs));
    this.#bar.style.setProperty("--share", `${100 * this.#shareOf(unixMs)}%`);
  }

  #showPreview(unixMs: number): void {
    this.#preview.hidden = false;
    this.#preview.style.setProperty("--share", `${100 * this.#shareOf(unixMs)}%`);
    this.#time.textContent = clockTime(unixMs, true);
    this.#title.textContent = this.#actions.titleAt(unixMs);
    const address = this.#thumbnail?.replace("{msn}", String(msnAt(unixMs)));
    if (!address || this.#picture.getAttribute("src") === address) return;
    this.#picture.src = address;
  }

  #shareOf(unixMs: number): number {
    const [min, max] = [Number(this.#bar.min) * 1000, Number(this.#bar.max) * 1000];
    return Math.min(1, Math.max(0, (unixMs - min) / (max - min)));
  }
}
