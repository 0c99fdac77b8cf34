/** The focus on the screen: moved by arrows, kept by each rail, always in sight. */
import { type Direction, type Place, nextItem } from "./spatial.ts";

const FOCUSABLE = "button, [tabindex='0']";

const all = (root: ParentNode, selector: string): HTMLElement[] => Array.from(root.querySelectorAll<HTMLElement>(selector));
const isShown = (item: HTMLElement): boolean => item.getClientRects().length > 0;
const railOf = (item: HTMLElement): HTMLElement | null => item.closest<HTMLElement>("[data-rail]");

export class Focus {
  /** By the rail's name, what had the focus last. */
  readonly #kept = new Map<string, HTMLElement>();

  constructor(root: HTMLElement) {
    root.addEventListener("focusin", (event) => this.#keep(event.target as HTMLElement));
    // The pointer of a magic remote, a mouse: what it points at has the focus.
    root.addEventListener("mouseover", (event) => {
      const item = (event.target as HTMLElement).closest<HTMLElement>(FOCUSABLE);
      if (item && item !== document.activeElement) item.focus();
    });
  }

  /** Move the focus within `root`; false where the arrow leads nowhere. */
  move(root: HTMLElement, direction: Direction): boolean {
    const items = all(root, FOCUSABLE).filter(isShown);
    const places: Place<HTMLElement>[] = items.map((item) => (
      { item, box: item.getBoundingClientRect(), rail: railOf(item)?.getAttribute("data-rail") ?? null }
    ));
    const from = document.activeElement;
    if (!(from instanceof HTMLElement) || items.indexOf(from) < 0) return this.enter(root);
    const next = nextItem(places, from, direction, this.#remembered(root));
    if (next) this.to(next);
    return next !== null;
  }

  /** Put the focus where `root` begins: its entry, else its first control. */
  enter(root: HTMLElement): boolean {
    const items = all(root, FOCUSABLE).filter(isShown);
    const item = items.find((one) => one.hasAttribute("data-entry")) ?? items[0];
    if (item) this.to(item);
    return item !== undefined;
  }

  to(item: HTMLElement): void {
    reveal(item);
    item.focus();
  }

  /** Forget where a rail was left: it holds something else now. */
  forget(rail: string): void {
    this.#kept.delete(rail);
  }

  #keep(item: HTMLElement): void {
    const rail = railOf(item)?.getAttribute("data-rail");
    if (rail) this.#kept.set(rail, item);
  }

  /** What each rail leads to: where it was left, else its entry. */
  #remembered(root: HTMLElement): Map<string, HTMLElement> {
    const found = new Map<string, HTMLElement>();
    for (const rail of all(root, "[data-rail]")) {
      const name = rail.getAttribute("data-rail") ?? "";
      const kept = this.#kept.get(name);
      const entry = kept && rail.contains(kept) ? kept : rail.querySelector<HTMLElement>("[data-entry]");
      if (entry) found.set(name, entry);
    }
    return found;
  }
}

/** Scroll an item's rail so that the item stands in its middle. */
export function reveal(item: HTMLElement): void {
  const rail = railOf(item);
  if (!rail || rail.scrollHeight <= rail.clientHeight) return;
  const [box, frame] = [item.getBoundingClientRect(), rail.getBoundingClientRect()];
  rail.scrollTop += (box.top + box.bottom - frame.top - frame.bottom) / 2;
}
