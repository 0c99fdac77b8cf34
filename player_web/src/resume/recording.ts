/** Keeps where a clip or an episode was left, and makes the button to go on from there. */
import type { Recording } from "../base/api.ts";
import { element } from "../base/dom.ts";
import { textOf } from "../base/text.ts";
import { RESUME } from "../messages/resume.ts";
import { lengthText } from "../pages/recordings.ts";
import { keep, keptPlaceOf } from "./kept.ts";

const KEEP_EVERY_MS = 5_000;

/** Keep the place of what `playing()` says that the media element plays; null while it plays something else. */
export function keepRecording(media: HTMLMediaElement, playing: () => { recording: Recording; series: string } | null): void {
  let keptAtMs = 0;
  const keepNow = (): void => {
    const played = playing();
    if (!played || media.readyState < 1) return;
    const { recording, series } = played;
    keptAtMs = performance.now();
    keep({
      kind: "recording", id: recording.id, series, channel: recording.channel, title: recording.title, isTv: recording.kind === "tv",
      startS: recording.startS, lengthS: Math.round(recording.durationS), atS: Math.round(media.currentTime), leftS: Math.round(Date.now() / 1000),
    });
  };
  media.addEventListener("timeupdate", () => { if (!media.paused && performance.now() - keptAtMs >= KEEP_EVERY_MS) keepNow(); });
  media.addEventListener("pause", keepNow);
  media.addEventListener("ended", keepNow);
}

/** Make the button that goes on where a recording was left; null where it was not begun, or is finished. */
export function resumeButton(recording: Recording, goOn: (atS: number) => void): HTMLElement | null {
  const place = keptPlaceOf("recording", recording.id);
  if (!place) return null;
  const words = textOf(RESUME, recording.kind === "tv" ? "watchOnFrom" : "listenOnFrom", { time: lengthText(place.atS) });
  const button = element("button", { type: "button", class: "offer resume" }, words);
  button.addEventListener("click", () => {
    button.remove();
    goOn(place.atS);
  });
  return button;
}
