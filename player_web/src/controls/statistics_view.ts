/** The figures behind the picture, once a second, to look at and to copy into a letter. */
import "../styles/settings.css";
import type { Channel } from "../base/api.ts";
import { element, icon } from "../base/dom.ts";
import type { PlayerFacts } from "../playing/facts.ts";
import { decimal, spanInWords, t, textOf } from "../base/text.ts";
import { STATISTICS } from "../messages/statistics.ts";
import { mayReport, sessionId } from "../qoe/watch.ts";

type Key = keyof typeof STATISTICS.vi;
const s = (key: Key): string => textOf(STATISTICS, key);

const EVERY_MS = 1_000;
const COPIED_MS = 2_000;

interface StatisticsSource {
  facts(): PlayerFacts;
  /** The server's time, in UNIX milliseconds. */
  nowMs(): number;
}

const ENGINES: Record<NonNullable<PlayerFacts["engine"]>, string> = { hls: "hls.js", native: "HLS", progressive: "HTTP" };

interface Connection {
  effectiveType?: string;
  downlink?: number;
  rtt?: number;
  saveData?: boolean;
}

const rate = (bps: number): string => (bps >= 1e6 ? `${decimal(bps / 1e6)} Mbit/s` : `${Math.round(bps / 1000)} kbit/s`);

export class StatisticsView {
  readonly element = element("section", { class: "statistics" });
  readonly #media: HTMLMediaElement;
  readonly #source: StatisticsSource;
  readonly #channel: Channel;
  readonly #title = element("h2");
  readonly #list = element("dl");
  readonly #copy = element("button", { type: "button", class: "secondary" });
  readonly #close = element("button", { type: "button", class: "control" }, icon("close"));
  #tick = 0;
  #copied = 0;

  constructor(media: HTMLMediaElement, source: StatisticsSource, channel: Channel) {
    this.#media = media;
    this.#source = source;
    this.#channel = channel;
    this.#copy.addEventListener("click", () => void this.#copyAll());
    this.#close.addEventListener("click", () => this.close());
    this.element.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || document.fullscreenElement) return;
      event.stopPropagation();
      this.close();
    });
  }

  get isOpen(): boolean {
    return this.element.isConnected;
  }

  open(screen: Element): void {
    this.element.replaceChildren(element("header", {}, this.#title, this.#copy, this.#close), this.#list);
    screen.append(this.element);
    this.relabel();
    this.#tick = window.setInterval(() => this.#show(), EVERY_MS);
    this.#close.focus({ preventScroll: true });
  }

  close(): void {
    window.clearInterval(this.#tick);
    window.clearTimeout(this.#copied);
    const hadFocus = this.element.contains(document.activeElement);
    const stage = this.element.closest<HTMLElement>(".stage");
    this.element.remove();
    if (hadFocus) stage?.querySelector<HTMLElement>(".gear")?.focus({ preventScroll: true });
  }

  relabel(): void {
    this.element.setAttribute("aria-label", t("statistics"));
    this.#title.textContent = t("statistics");
    this.#close.setAttribute("aria-label", t("close"));
    this.#copy.textContent = s("copy");
    this.#show();
  }

  #show(): void {
    this.#list.replaceChildren(...this.#lines().flatMap(([key, value]) => [
      element("dt", {}, s(key)), element("dd", { "data-statistic": key }, value),
    ]));
  }

  #lines(): [Key, string][] {
    const now = this.#source.facts();
    const { all, chosen, playing } = now.qualities;
    const quality = all.find((one) => one.index === playing);
    const video = this.#media instanceof HTMLVideoElement && this.#media.videoWidth > 0 ? this.#media : null;
    const { connection } = navigator as Navigator & { connection?: Connection };
    const words = (...parts: (string | number | boolean | null | undefined)[]): string => parts.filter(Boolean).join(" · ");
    const behindS = now.playingUnixMs === null || now.source?.isArchive ? null : (this.#source.nowMs() - now.playingUnixMs) / 1000;
    const lines: [Key, string][] = [
      ["channel", words(this.#channel.id, now.source?.url)],
      ["quality", words(
        quality && quality.height > 0 && `${quality.height}p`, quality && rate(quality.averageBps), chosen < 0 && t("qualityAuto"),
      )],
      ["screen", video ? `${video.videoWidth} × ${video.videoHeight}` : ""],
      ["bandwidth", now.bandwidthBps === null ? "" : rate(now.bandwidthBps)],
      ["buffer", spanInWords(now.bufferS)],
      ["latency", behindS === null ? "" : spanInWords(behindS)],
      ["frames", now.frames ? `${now.frames.dropped} / ${now.frames.dropped + now.frames.shown}` : ""],
      ["stalls", words(String(now.stalls), now.stalledMs > 0 && spanInWords(now.stalledMs / 1000))],
      ["start", now.startupMs === null ? "" : `${Math.round(now.startupMs)} ms`],
      ["engine", now.engine === null ? "" : ENGINES[now.engine]],
      ["network", words(
        connection?.effectiveType, connection?.downlink && `${decimal(connection.downlink)} Mbit/s`,
        connection?.rtt && `${connection.rtt} ms`, !navigator.onLine && "offline",
      )],
      // By this name, and no other, the station can find what this viewing reported.
      ["session", mayReport(navigator) ? (sessionId() ?? "") : s("sessionNone")],
    ];
    return lines.filter(([, value]) => value !== "");
  }

  async #copyAll(): Promise<void> {
    const text = [
      ...this.#lines().map(([key, value]) => `${s(key)}: ${value}`),
      location.href, new Date().toISOString(), navigator.userAgent,
    ].join("\n");
    if (!(await copyText(text, this.element))) return;
    this.#copy.textContent = s("copied");
    window.clearTimeout(this.#copied);
    this.#copied = window.setTimeout(() => { this.#copy.textContent = s("copy"); }, COPIED_MS);
  }
}

/** Copy a text; a page without TLS has no clipboard of its own, and copies what is marked. */
async function copyText(text: string, near: HTMLElement): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const field = element("textarea", { class: "visually-hidden", "aria-hidden": "true", tabindex: -1 });
    const focused = document.activeElement;
    field.value = text;
    near.append(field);
    field.select();
    const isDone = document.execCommand("copy");
    field.remove();
    if (focused instanceof HTMLElement) focused.focus({ preventScroll: true });
    return isDone;
  }
}
