/**
 * What the modules of the page use and Chrome 63 (TV sets of 2019) does not have yet. Loaded before all else.
 *
 * `tests/player_web/test_tv_bundle.py` holds the list of what is too new, and which of it stands here.
 */

/** Give an object a method, unless it has one. */
function give(target: object, name: string, method: unknown): void {
  if (!(name in target)) Object.defineProperty(target, name, { value: method, writable: true, configurable: true });
}

/** Array.prototype.at: Chrome 92. */
give(Array.prototype, "at", function at(this: unknown[], index: number): unknown {
  return this[index < 0 ? this.length + index : index];
});

/** ParentNode.replaceChildren: Chrome 86. */
give(Element.prototype, "replaceChildren", function replaceChildren(this: Element, ...children: (Node | string)[]): void {
  while (this.lastChild) this.removeChild(this.lastChild);
  this.append(...children);
});

/** AbortSignal.timeout: Chrome 103. Before Chrome 66 nothing can be cut short: `undefined` then means no limit. */
if (typeof AbortSignal === "undefined") {
  Object.defineProperty(window, "AbortSignal", { value: { timeout: () => undefined }, configurable: true });
} else {
  give(AbortSignal, "timeout", (ms: number): AbortSignal => {
    const controller = new AbortController();
    window.setTimeout(() => controller.abort(), ms);
    return controller.signal;
  });
}

export {};
