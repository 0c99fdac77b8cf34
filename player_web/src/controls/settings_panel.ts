/** The panel behind the gear: what is seldom used, with plain buttons, switches and choices; a sheet on phones. */
import "../styles/settings.css";
import { element, icon } from "../base/dom.ts";
import type { Quality } from "../playing/player.ts";
import { CAPTION_CHOICES, CAPTION_PARTS, PLAIN_CAPTIONS, type CaptionStyle, captionProperties } from "./caption_style.ts";
import { captionStyle, chooseCaptionStyle } from "./captions.ts";
import { saverQuality, smallestRate } from "../playing/data_rate.ts";
import { autoName, fromTheBest, hourlyWords, qualityName } from "./quality_menu.ts";
import { SLEEP_CHOICES, type SleepChoice, type Stretch } from "./sleep_decision.ts";
import { sleepTimer } from "./sleep_timer.ts";
import { PRIVACY } from "../messages/privacy.ts";
import { type MessageKey, language, spanInWords, t, textOf } from "../base/text.ts";

export type PanelPage = "main" | "quality" | "sleep" | "captions";

/** What the panel shows; a switch that the channel does not have is null. */
export interface PanelState {
  isTv: boolean;
  isLive: boolean;
  qualities: { all: Quality[]; chosen: number; playing: number };
  lowLatency: boolean | null;
  soundOnly: boolean | null;
  soundOnlyUrl: string | null;
  dataSaver: boolean;
  captions: boolean | null;
}

export interface PanelActions {
  chooseQuality(index: number): void;
  setLowLatency(wanted: boolean): void;
  setSoundOnly(wanted: boolean): void;
  setDataSaver(wanted: boolean): void;
  setCaptions(wanted: boolean): void;
  setSleep(choice: SleepChoice | null): void;
  playedProgramme(): Stretch | null;
  openStatistics(): void;
  openHelp(): void;
}

const TITLES: Record<PanelPage, MessageKey> = {
  main: "settingsOf", quality: "quality", sleep: "sleepTimer", captions: "captionLook",
};

export class SettingsPanel {
  readonly dialog = element("dialog", { class: "settings", "aria-labelledby": "settings-title" });
  readonly #bar: HTMLElement;
  readonly #state: PanelState;
  readonly #actions: PanelActions;
  #page: PanelPage = "main";
  /** Opened at a page of its own: its way back is out. */
  #isDirect = false;
  #drawn = "";
  #opener: Element | null = null;
  #soundRateBps: number | null = null;
  readonly #place = (): void => this.#putBeside();

  /** Make it inside `stage`, so that it is there in full screen too; on desktops it stands above `bar`. */
  constructor(stage: HTMLElement, bar: HTMLElement, state: PanelState, actions: PanelActions) {
    this.#bar = bar;
    this.#state = state;
    this.#actions = actions;
    stage.append(this.dialog);
    this.dialog.addEventListener("close", () => this.#onClose());
    // The page behind is covered: a press on it closes, and does nothing else.
    this.dialog.addEventListener("click", (event) => { if (event.target === this.dialog) this.dialog.close(); });
    this.dialog.addEventListener("cancel", (event) => {
      if (this.#page === "main" || this.#isDirect) return;
      event.preventDefault();
      this.#turn("main");
    });
  }

  open(page: PanelPage): void {
    if (this.dialog.open) return;
    this.#opener = document.activeElement;
    this.#page = page;
    this.#isDirect = page !== "main";
    this.#drawn = "";
    this.refresh(true);
    this.dialog.showModal();
    this.#putBeside();
    window.addEventListener("resize", this.#place);
    window.addEventListener("scroll", this.#place, { passive: true });
    void this.#askForSoundRate();
  }

  close(): void {
    if (this.dialog.open) this.dialog.close();
    this.dialog.remove();
  }

  /** Show the state as it stands now; the focus stays where it was. */
  refresh(isOpening = false): void {
    if (!isOpening && !this.dialog.open) return;
    const left = sleepTimer.remainingS;
    const wanted = JSON.stringify([
      this.#page, language(), this.#state, this.#soundRateBps, sleepTimer.choice, left && spanInWords(left),
      this.#actions.playedProgramme() !== null,
    ]);
    if (wanted === this.#drawn) return;
    this.#drawn = wanted;
    const focused = this.dialog.contains(document.activeElement) ? (document.activeElement?.id ?? "") : "";
    const scrolled = this.dialog.querySelector(".settings-page")?.scrollTop ?? 0;
    const page = element("div", { class: "settings-page" }, ...this.#contents());
    this.dialog.replaceChildren(this.#header(), page);
    page.scrollTop = scrolled;
    if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
  }

  #contents(): (HTMLElement | null)[] {
    switch (this.#page) {
      case "quality": return this.#qualityPage();
      case "sleep": return this.#sleepPage();
      case "captions": return this.#captionPage();
      default: return this.#mainPage();
    }
  }

  #turn(page: PanelPage): void {
    const from = this.#page;
    this.#page = page;
    this.refresh();
    const next = page === "main" ? `settings-${from}` : "settings-back";
    document.getElementById(next)?.focus({ preventScroll: true });
    this.#putBeside();
  }

  #onClose(): void {
    window.removeEventListener("resize", this.#place);
    window.removeEventListener("scroll", this.#place);
    // The browser gives the focus back, but not to what was drawn anew meanwhile.
    if (this.#opener instanceof HTMLElement && this.#opener.isConnected) this.#opener.focus({ preventScroll: true });
  }

  /** Stand above the bar at the player's right edge; a narrow screen has it at its bottom, by style. */
  #putBeside(): void {
    const bar = this.#bar.getBoundingClientRect();
    const bottom = Math.max(8, window.innerHeight - Math.max(bar.top, 220) + 6);
    this.dialog.style.setProperty("--right", `${Math.max(8, window.innerWidth - bar.right + 8)}px`);
    this.dialog.style.setProperty("--bottom", `${bottom}px`);
    this.dialog.style.setProperty("--room", `${window.innerHeight - bottom - 12}px`);
  }

  #header(): HTMLElement {
    const close = element("button", { type: "button", class: "control", id: "settings-close", "aria-label": t("close") }, icon("close"));
    close.addEventListener("click", () => this.dialog.close());
    const back = element("button", { type: "button", class: "control", id: "settings-back", "aria-label": t("goBack") }, icon("back"));
    back.addEventListener("click", () => this.#turn("main"));
    return element(
      "header", { class: "settings-top" },
      this.#page === "main" ? null : back,
      element("h2", { id: "settings-title" }, t(TITLES[this.#page])), close,
    );
  }

  #mainPage(): (HTMLElement | null)[] {
    const { all, chosen, playing } = this.#state.qualities;
    const { lowLatency, soundOnly, dataSaver, captions, isLive, isTv } = this.#state;
    const named = all.find((one) => one.index === chosen);
    const quality = named ? qualityName(named, fromTheBest(all)) : autoName(all, playing, true);
    const left = sleepTimer.remainingS;
    const sound = this.#soundRateBps === null ? t("soundOnlyHint") : hourlyWords(this.#soundRateBps);
    return [
      all.length > 1 ? this.#row("quality", t("quality"), quality) : null,
      all.length > 1 ? this.#switch("data-saver", "dataSaver", t(isTv ? "dataSaverHint" : "dataSaverSoundHint"), dataSaver,
        (wanted) => this.#actions.setDataSaver(wanted)) : null,
      soundOnly === null ? null : this.#switch("sound-only", "soundOnly", sound, soundOnly,
        (wanted) => this.#actions.setSoundOnly(wanted)),
      lowLatency === null ? null : this.#switch("low-latency", "lowLatency", t(isLive ? "lowLatencyHint" : "liveOnlySwitch"),
        lowLatency, (wanted) => this.#actions.setLowLatency(wanted), !isLive),
      captions === null ? null : this.#switch("captions", "captions", "", captions, (wanted) => this.#actions.setCaptions(wanted)),
      captions === null ? null : this.#row("captions", t("captionLook"), ""),
      this.#row("sleep", t("sleepTimer"), left === null ? t("sleepOff") : t("sleepLeft", { time: spanInWords(left) })),
      this.#command("statistics", t("statistics"), "Shift S", () => this.#actions.openStatistics()),
      this.#command("shortcuts", t("shortcuts"), "?", () => this.#actions.openHelp()),
      privacyRow(),
    ];
  }

  #qualityPage(): (HTMLElement | null)[] {
    const { all, chosen, playing } = this.#state.qualities;
    const sorted = fromTheBest(all);
    const saved = this.#state.dataSaver ? saverQuality(all) : null;
    const best = all.find((one) => one.index === saved);
    const hint = best ? t("qualitySaverHint", { rate: hourlyWords(best.averageBps) }) : t("qualityAutoHint");
    const choose = (index: number): void => {
      // Whoever asks for a large picture saves no data any more.
      if (saved !== null && index >= 0 && (all[index]?.bitrateBps ?? 0) > (best?.bitrateBps ?? 0)) this.#actions.setDataSaver(false);
      this.#actions.chooseQuality(index);
    };
    return [this.#choices("quality", t("quality"), [
      { value: "-1", words: autoName(all, playing, chosen < 0), hint },
      ...sorted.map((one) => ({
        value: String(one.index), words: qualityName(one, sorted), hint: hourlyWords(one.averageBps),
      })),
    ], String(chosen), (value) => choose(Number(value)))];
  }

  #sleepPage(): (HTMLElement | null)[] {
    const left = sleepTimer.remainingS;
    const hasProgramme = this.#actions.playedProgramme() !== null || sleepTimer.choice === "programme";
    const hintOf = (choice: SleepChoice | null): string => (
      left !== null && sleepTimer.choice === choice ? t("sleepLeft", { time: spanInWords(left) }) : ""
    );
    const offered = SLEEP_CHOICES.filter((choice) => choice !== "programme" || hasProgramme);
    return [
      this.#choices("sleep", t("sleepTimer"), [
        { value: "", words: t("sleepOff"), hint: "" },
        ...offered.map((choice) => ({
          value: choice, hint: hintOf(choice),
          words: choice === "programme" ? t("sleepProgramme") : t("sleepMinutes", { n: choice }),
        })),
      ], sleepTimer.choice ?? "", (value) => this.#actions.setSleep(value === "" ? null : value as SleepChoice)),
      element("p", { class: "settings-note" }, t("sleepHint")),
    ];
  }

  #captionPage(): (HTMLElement | null)[] {
    const words = element("span", {}, t("captionSample"));
    const sample = element("div", { class: "caption-sample", "aria-hidden": "true" }, words);
    const show = (style: CaptionStyle): void => {
      for (const [property, value] of Object.entries(captionProperties(style))) words.style.setProperty(property, value);
    };
    let style = captionStyle();
    show(style);
    const groups = CAPTION_PARTS.map((part) => {
      const group = element("fieldset", { class: "chips" }, element("legend", {}, t(`caption_${part}`)));
      for (const choice of CAPTION_CHOICES[part]) {
        const id = `caption-${part}-${choice}`;
        const input = element("input", { type: "radio", name: `caption-${part}`, id, value: choice });
        input.checked = style[part] === choice;
        input.addEventListener("change", () => {
          style = { ...style, [part]: choice };
          chooseCaptionStyle(style);
          show(style);
        });
        group.append(element("label", {}, input, element("span", {}, t(`caption_${part}_${choice}` as MessageKey))));
      }
      return group;
    });
    const plain = element("button", { type: "button", class: "secondary", id: "caption-plain" }, t("captionPlain"));
    plain.addEventListener("click", () => {
      chooseCaptionStyle(PLAIN_CAPTIONS);
      this.#drawn = "";
      this.refresh();
    });
    return [sample, ...groups, plain];
  }

  /** A way to a page of the panel. */
  #row(page: PanelPage, words: string, value: string): HTMLElement {
    const row = element(
      "button", { type: "button", class: "settings-row", id: `settings-${page}` },
      element("span", { class: "switch-name" }, words), element("span", { class: "settings-value" }, value), icon("onward"),
    );
    row.addEventListener("click", () => { this.#isDirect = false; this.#turn(page); });
    return row;
  }

  /** What is done elsewhere: the panel closes first. */
  #command(id: string, words: string, key: string, act: () => void): HTMLElement {
    const row = element(
      "button", { type: "button", class: `settings-row for-${id}`, id: `settings-${id}` },
      element("span", { class: "switch-name" }, words), element("kbd", { "aria-hidden": "true" }, key),
    );
    row.addEventListener("click", () => { this.dialog.close(); act(); });
    return row;
  }

  #switch(
    id: string, key: MessageKey, hint: string, isOn: boolean, set: (wanted: boolean) => void, isDisabled = false,
  ): HTMLElement {
    const input = element("input", {
      type: "checkbox", role: "switch", id: `switch-${id}`, disabled: isDisabled, "aria-describedby": hint ? `hint-${id}` : null,
    });
    input.checked = isOn;
    input.addEventListener("change", () => set(input.checked));
    return element(
      "label", { class: "switch" },
      element("span", { class: "switch-text" }, element("span", { class: "switch-name" }, t(key)),
        hint ? element("span", { class: "hint", id: `hint-${id}` }, hint) : null),
      input,
    );
  }

  #choices(
    group: string, legend: string, all: { value: string; words: string; hint: string }[], chosen: string,
    choose: (value: string) => void,
  ): HTMLElement {
    return element(
      "fieldset", { class: "choices" }, element("legend", { class: "visually-hidden" }, legend),
      ...all.map(({ value, words, hint }) => {
        const id = `${group}-${value || "none"}`;
        const input = element("input", { type: "radio", name: group, id, value });
        input.checked = value === chosen;
        input.addEventListener("change", () => choose(value));
        return element(
          "label", { class: "choice" }, input,
          element("span", { class: "switch-text" }, element("span", { class: "switch-name" }, words),
            hint ? element("span", { class: "hint" }, hint) : null),
        );
      }),
    );
  }

  /** What sound alone costs stands in its own playlist. */
  async #askForSoundRate(): Promise<void> {
    const { soundOnlyUrl } = this.#state;
    if (!soundOnlyUrl || this.#soundRateBps !== null) return;
    try {
      const answer = await fetch(soundOnlyUrl);
      this.#soundRateBps = answer.ok ? smallestRate(await answer.text()) : null;
      this.refresh();
    } catch {
      // then the hint stays as it is
    }
  }
}

/** The way to the page that tells viewers what is counted, in a tab of its own: here it plays on. */
function privacyRow(): HTMLElement {
  return element(
    "a", { class: "settings-row", id: "settings-privacy", href: "/rieng-tu", target: "_blank", rel: "noopener" },
    element("span", { class: "switch-name" }, textOf(PRIVACY, "privacy")), icon("onward"),
  );
}
