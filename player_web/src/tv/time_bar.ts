/** The bar of clock time: where one is within what can be rewound, and where the keys are leading. */
import type { Channel } from "../base/api.ts";
import { msnAt } from "../base/clock.ts";
import { element } from "../base/dom.ts";
import { clockTime, momentName, spanInWords, t } from "../base/text.ts";
import type { Programme } from "../guide/guide.ts";
import { put } from "./banner.ts";
import { type Span, shareAt } from "./timeline.ts";
import { w } from "./words.ts";

/** What the bar tells. */
export interface Place {
  channel: Channel;
  span: Span;
  /** Where the keys lead; null where nothing was pressed. */
  targetMs: number | null;
  /** What was on at the place shown. */
  programme: Programme | null;
  /** What the guide has within the span. */
  programmes: readonly Programme[];
  nowMs: number;
  /** What plays is on air still: the end of the bar is live. */
  isOnAir: boolean;
  isPaused: boolean;
}

const percent = (share: number): string => `${(share * 100).toFixed(2)}%`;

export class TimeBar {
  readonly element: HTMLElement;
  readonly #title = element("p", { class: "title" });
  readonly #time = element("p", { class: "bar-time" });
  readonly #late = element("p", { class: "late" });
  readonly #start = element("p", { class: "edge" });
  readonly #end = element("p", { class: "edge" });
  readonly #fill = element("i", { class: "fill" });
  readonly #ticks = element("div", { class: "ticks", "aria-hidden": "true" });
  readonly #knob = element("b");
  readonly #track: HTMLElement;
  readonly #live: HTMLButtonElement;
  readonly #picture = element("img", { class: "bar-picture", alt: "", hidden: true });
  #drawnTicks = "";
  #shownPicture = "";
  #span: Span | null = null;

  /** `onSeek` gets the moment of a click on the bar, in UNIX milliseconds. */
  constructor(onSeek: (unixMs: number) => void, onLive: () => void) {
    this.#track = element("div", { class: "time-track", role: "slider", tabindex: 0, "aria-label": w("timeBar"), "data-entry": true },
      this.#fill, this.#ticks, this.#knob);
    this.#track.addEventListener("click", (event) => {
      const { left, width } = this.#track.getBoundingClientRect();
      // A key's click has no place.
      if (event.detail === 0 || !this.#span || width === 0) return;
      onSeek(this.#span.startMs + ((event.clientX - left) / width) * (this.#span.endMs - this.#span.startMs));
    });
    this.#live = element("button", { type: "button", class: "tv-button to-live" }, t("backToLive"));
    this.#live.addEventListener("click", onLive);
    this.#picture.addEventListener("load", () => { this.#picture.hidden = false; });
    this.#picture.addEventListener("error", () => { this.#picture.hidden = true; });
    this.element = element("section", { class: "bar", "aria-label": w("timeBar"), hidden: true },
      this.#picture,
      element("div", { class: "line head" }, this.#time, this.#title, this.#late),
      element("div", { class: "line" }, this.#start, this.#track, this.#end),
      element("div", { class: "actions" }, this.#live));
  }

  /** Say whether the focus is on the bar itself, rather than on its button. */
  get isOnTrack(): boolean {
    return document.activeElement !== this.#live;
  }

  show(place: Place): void {
    const { span, nowMs, programme } = place;
    this.#span = span;
    const atMs = place.targetMs ?? span.atMs;
    const lateS = Math.max(0, (span.endMs - atMs) / 1000);
    const isLate = place.isOnAir && lateS >= 10;
    put(this.#time, `${place.isPaused && place.targetMs === null ? "❚❚ " : ""}${clockTime(atMs, true)}`);
    put(this.#title, programme?.title ?? place.channel.name, true);
    put(this.#late, isLate ? w("behind", { time: spanInWords(lateS) }) : place.isOnAir ? t("live") : t("replaying"));
    put(this.#start, momentName(span.startMs, nowMs));
    put(this.#end, place.isOnAir ? t("live") : clockTime(span.endMs));
    const share = percent(shareAt(span, atMs));
    this.#fill.style.width = share;
    this.#knob.style.left = share;
    this.#live.textContent = place.isOnAir ? t("backToLive") : t("watchLive");
    this.#track.setAttribute("aria-valuemin", String(Math.round(span.startMs / 1000)));
    this.#track.setAttribute("aria-valuemax", String(Math.round(span.endMs / 1000)));
    this.#track.setAttribute("aria-valuenow", String(Math.round(atMs / 1000)));
    const words = [momentName(atMs, nowMs), this.#late.textContent ?? "", programme?.title ?? ""];
    this.#track.setAttribute("aria-valuetext", words.filter((one) => one !== "").join(", "));
    this.#drawTicks(place);
    this.#showPicture(place, atMs, share);
  }

  #drawTicks({ programmes, span }: Place): void {
    const inside = programmes.map((one) => one.startS * 1000).filter((ms) => ms > span.startMs && ms < span.endMs);
    const shares = inside.map((ms) => percent(shareAt(span, ms)));
    if (shares.join() === this.#drawnTicks) return;
    this.#drawnTicks = shares.join();
    this.#ticks.replaceChildren(...shares.map((share) => {
      const tick = element("i");
      tick.style.left = share;
      return tick;
    }));
  }

  /** While the keys lead elsewhere, a small picture shows what was on there. */
  #showPicture({ channel, targetMs }: Place, atMs: number, share: string): void {
    if (!channel.thumbnail || targetMs === null) {
      this.#picture.hidden = true;
      this.#shownPicture = "";
      return;
    }
    const address = channel.thumbnail.replace("{msn}", String(msnAt(atMs)));
    this.#picture.style.left = share;
    if (address === this.#shownPicture) return;
    this.#shownPicture = address;
    this.#picture.src = address;
  }
}
