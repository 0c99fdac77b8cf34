/** Keeps where a programme was left while it plays, and offers to go on from there when it is opened again. */
import type { Channel } from "../base/api.ts";
import { element } from "../base/dom.ts";
import { momentName, textOf } from "../base/text.ts";
import { RESUME } from "../messages/resume.ts";
import type { Playback } from "../playing/playback.ts";
import type { Viewing } from "../playing/viewing.ts";
import { drop, keep, keptPlaceOf } from "./kept.ts";

const KEEP_EVERY_MS = 5_000;

export class Resumer {
  readonly #channel: Channel;
  readonly #playback: Playback;
  readonly #place: HTMLElement;
  /** The programme whose offer was made, and the moment that it offers, in UNIX milliseconds. */
  #offered: { id: string; atMs: number } | null = null;
  readonly #leaving = new AbortController();
  #keptAtMs = -KEEP_EVERY_MS;

  /** `place` takes the offer. */
  constructor(channel: Channel, playback: Playback, place: HTMLElement) {
    this.#channel = channel;
    this.#playback = playback;
    this.#place = place;
    window.addEventListener("pagehide", () => this.keep(), { signal: this.#leaving.signal });
  }

  /** Something else is open. */
  opened(viewing: Viewing): void {
    if (viewing.kind === "unavailable" && viewing.programme && viewing.retryAtMs === null) drop({ kind: "programme", id: viewing.programme.id });
    if (viewing.kind !== "programme") return this.#hide();
    const { id } = viewing.programme;
    if (this.#offered?.id === id) return;
    this.#hide();
    const found = keptPlaceOf("programme", id);
    const atMs = found ? (found.startS + found.atS) * 1000 : 0;
    this.#offered = { id, atMs };
    // An address with a moment says already where to begin.
    if (found && viewing.momentMs === null) this.#show();
  }

  /** Once a second. */
  tick(): void {
    const atMs = this.#playback.playingUnixMs();
    // Who came there without it needs it no more.
    if (this.#offered && atMs !== null && atMs > this.#offered.atMs && !this.#place.contains(document.activeElement)) this.#hide();
    if (performance.now() - this.#keptAtMs >= KEEP_EVERY_MS) this.keep();
  }

  /** Keep the place now. */
  keep(): void {
    const { viewing } = this.#playback;
    const atMs = this.#playback.playingUnixMs();
    if (viewing.kind !== "programme" || atMs === null) return;
    this.#keptAtMs = performance.now();
    const { id, title, startS, stopS } = viewing.programme;
    keep({
      kind: "programme", id, series: "", channel: this.#channel.id, title, isTv: this.#channel.kind === "tv",
      startS, lengthS: stopS - startS, atS: Math.max(0, Math.round(atMs / 1000 - startS)), leftS: Math.round(this.#playback.nowMs() / 1000),
    });
  }

  close(): void {
    this.keep();
    this.#leaving.abort();
  }

  relabel(): void {
    if (!this.#place.hidden) this.#show();
  }

  #hide(): void {
    this.#place.hidden = true;
    this.#place.replaceChildren();
  }

  #show(): void {
    if (!this.#offered) return;
    const { atMs } = this.#offered;
    const isRadio = this.#channel.kind === "radio";
    const time = momentName(atMs, this.#playback.nowMs());
    const on = element("button", { type: "button", class: "primary" }, textOf(RESUME, isRadio ? "listenOnFrom" : "watchOnFrom", { time }));
    const anew = element("button", { type: "button", class: "secondary" }, textOf(RESUME, isRadio ? "listenFromStart" : "watchFromStart"));
    on.addEventListener("click", () => this.#answer(() => this.#playback.seek(atMs)));
    anew.addEventListener("click", () => this.#answer(() => this.#playback.restart()));
    this.#place.hidden = false;
    this.#place.replaceChildren(
      element("p", {}, textOf(RESUME, "leftAt", { time })), element("div", { class: "ways" }, on, anew),
    );
  }

  #answer(act: () => void): void {
    const hadFocus = this.#place.contains(document.activeElement);
    const stage = this.#place.closest<HTMLElement>(".stage");
    this.#hide();
    act();
    if (hadFocus) stage?.querySelector<HTMLElement>(".bar .play")?.focus({ preventScroll: true });
  }
}
