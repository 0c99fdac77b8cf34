/** The bar beside the small picture while one browses: what plays, pause, the way back, the end. */
import { element, icon } from "../base/dom.ts";
import { t } from "../base/text.ts";

/** What a channel says of itself in few words. */
export interface Summary {
  title: string;
  line: string;
  isOn: boolean;
}

export interface MiniPlayerActions {
  toggle(): void;
  close(): void;
}

export class MiniPlayer {
  readonly #title = element("bdi", { class: "mini-title", dir: "auto" });
  readonly #line = element("bdi", { class: "mini-line", dir: "auto" });
  readonly #back = element("a", { class: "mini-back", "data-route": true }, this.#title, this.#line);
  readonly #play = element("button", { type: "button", class: "control mini-play" });
  readonly #close = element("button", { type: "button", class: "control mini-close" }, icon("close"));
  readonly element = element("div", { class: "mini" }, this.#back, this.#play, this.#close);

  constructor(actions: MiniPlayerActions) {
    this.#play.addEventListener("click", () => actions.toggle());
    this.#close.addEventListener("click", () => actions.close());
  }

  /** Show what plays; the link leads back to its address. */
  show({ title, line, isOn }: Summary, address: string): void {
    if (this.#title.textContent !== title) this.#title.textContent = title;
    if (this.#line.textContent !== line) this.#line.textContent = line;
    this.#back.href = address;
    this.#back.title = t("miniBack", { name: title });
    const name = t(isOn ? "pause" : "play");
    if (this.#play.title !== name) this.#play.replaceChildren(icon(isOn ? "pause" : "play"));
    for (const [button, words] of [[this.#play, name], [this.#close, t("miniClose")]] as const) {
      button.title = words;
      button.setAttribute("aria-label", words);
    }
  }
}
