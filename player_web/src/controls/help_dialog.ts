/** The keyboard shortcuts in a dialog, and the switch for those that are letters. */
import "../styles/settings.css";
import { element, icon } from "../base/dom.ts";
import { recall, remember } from "../base/storage.ts";
import { type MessageKey, t } from "../base/text.ts";

interface Line {
  keys: string[];
  words: MessageKey;
  tvOnly?: boolean;
}

const LINES: readonly Line[] = [
  { keys: ["keySpace", "K"], words: "keyToggle" },
  { keys: ["←", "→"], words: "keySkip" },
  { keys: ["J"], words: "keyBack10" },
  { keys: ["Page Up", "Page Down", "Home", "End"], words: "keyRange" },
  { keys: ["0"], words: "keyStart" },
  { keys: ["L"], words: "backToLive" },
  { keys: ["M"], words: "mute" },
  { keys: ["↑", "↓"], words: "keyVolume" },
  { keys: ["F"], words: "fullscreen", tvOnly: true },
  { keys: ["I"], words: "pictureInPicture", tvOnly: true },
  { keys: ["C"], words: "captions", tvOnly: true },
  { keys: ["T"], words: "sleepTimer" },
  { keys: ["S"], words: "share" },
  { keys: ["1", "…", "9"], words: "keyNumber" },
  { keys: ["Shift S"], words: "statistics" },
  { keys: ["?"], words: "keyHelp" },
];

export class HelpDialog {
  readonly dialog = element("dialog", { class: "settings help", "aria-labelledby": "help-title" });

  /** Make it inside `stage`, so that it is there in full screen too. */
  constructor(stage: HTMLElement) {
    stage.append(this.dialog);
    this.dialog.addEventListener("click", (event) => { if (event.target === this.dialog) this.dialog.close(); });
  }

  open(isTv: boolean): void {
    if (this.dialog.open) return;
    const close = element("button", { type: "button", class: "control", "aria-label": t("close") }, icon("close"));
    close.addEventListener("click", () => this.dialog.close());
    const list = element("dl", { class: "keys" });
    for (const { keys, words, tvOnly } of LINES) {
      if (tvOnly && !isTv) continue;
      const names = keys.map((key) => (key === "…" ? "…" : element("kbd", {}, key === "keySpace" ? t("keySpace") : key)));
      list.append(element("div", {}, element("dt", {}, ...names.flatMap((one) => [one, " "])), element("dd", {}, t(words))));
    }
    this.dialog.replaceChildren(
      element("header", { class: "settings-top" }, element("h2", { id: "help-title" }, t("shortcuts")), close),
      // It scrolls, so the keyboard must reach it.
      element("div", { class: "settings-page", tabindex: 0, role: "group", "aria-labelledby": "help-title" }, list, this.#letters()),
    );
    this.dialog.showModal();
  }

  close(): void {
    if (this.dialog.open) this.dialog.close();
    this.dialog.remove();
  }

  /** Who dictates to the computer must be able to stop single letters from acting (WCAG 2.1.4). */
  #letters(): HTMLElement {
    const input = element("input", { type: "checkbox", role: "switch", id: "switch-letters", "aria-describedby": "hint-letters" });
    input.checked = recall("letter_keys") !== "no";
    input.addEventListener("change", () => remember("letter_keys", input.checked ? "yes" : "no"));
    return element(
      "label", { class: "switch" },
      element("span", { class: "switch-text" },
        element("span", { class: "switch-name" }, t("shortcutsLetters")),
        element("span", { class: "hint", id: "hint-letters" }, t("shortcutsLettersHint"))),
      input,
    );
  }
}
