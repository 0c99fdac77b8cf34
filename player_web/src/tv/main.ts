import "./polyfills.ts";
import { loadClockOffsetMs, loadStation } from "../base/api.ts";
import { element } from "../base/dom.ts";
import { loadTexts, t, useZone } from "../base/text.ts";
import { en } from "../messages/en.ts";
import { retryPauseS } from "../playing/faults.ts";
import { TvApp } from "./tv_app.ts";

/** Load the channels, again and again until they are there. */
async function start(root: HTMLElement, attempt: number): Promise<void> {
  try {
    const [station, offset] = await Promise.all([loadStation(), loadClockOffsetMs().catch(() => 0)]);
    if (station.channels.length === 0) return say(root, t("noChannels"), "");
    useZone(station.zone);
    root.replaceChildren();
    new TvApp(root, station, offset).start();
  } catch {
    const pauseS = retryPauseS(attempt, Math.random());
    const isOnline = navigator.onLine;
    say(root, t(isOnline ? "faultList" : "faultOffline"),
      `${t("retryIn", { n: pauseS })} ${t("faultCode", { code: isOnline ? "LS-A1" : "LS-O1" })}`);
    window.setTimeout(() => void start(root, attempt + 1), pauseS * 1000);
  }
}

function say(root: HTMLElement, sentence: string, more: string): void {
  root.replaceChildren(element("div", { class: "card" },
    element("h1", { class: "sentence", role: "status" }, sentence), element("p", { class: "retry" }, more)));
}

const root = document.querySelector<HTMLElement>("main.tv");
if (root) void loadTexts(() => Promise.resolve(en)).then(() => start(root, 0));
