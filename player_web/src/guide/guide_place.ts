/** Where a channel's guide stands: its code comes when the picture is there, or will not come. */
import type { Channel } from "../base/api.ts";
import type { Brief, Programme } from "./guide.ts";
import type { GuideStore } from "./guide_store.ts";
import type { GuideView } from "./guide_view.ts";

export class GuidePlace {
  readonly element = document.createElement("lensong-guide") as GuideView;
  readonly #store: GuideStore;
  #channel: Channel | null = null;
  #nowMs = 0;
  #open: Programme | null = null;
  #isThere = false;

  constructor(store: GuideStore) {
    this.#store = store;
  }

  /** Say whose guide it is, before it is loaded. */
  open(channel: Channel, nowMs: number): void {
    this.#channel = channel;
    this.#nowMs = nowMs;
    this.element.hidden = true;
  }

  /** Load the guide's code and draw it; what did not come is tried again by the next call. */
  async load(): Promise<void> {
    if (this.#isThere) return;
    try {
      await import("./guide_view.ts");
    } catch {
      return;
    }
    if (this.#isThere || !this.#channel) return;
    this.#isThere = true;
    customElements.upgrade(this.element);
    this.element.open(this.#channel, this.#store, this.#nowMs);
    this.element.showOpen(this.#open);
  }

  tick(nowMs: number, onNow: Brief | null): void {
    this.#nowMs = nowMs;
    if (this.#isThere) this.element.tick(nowMs, onNow);
  }

  /** Mark the programme that plays. */
  showOpen(programme: Programme | null): void {
    this.#open = programme;
    if (this.#isThere) this.element.showOpen(programme);
  }

  relabel(): void {
    if (this.#isThere) this.element.relabel();
  }
}
