/** The player alone, for a frame on somebody else's page. */
import { type Channel, type Recording, type Station, loadClip, loadClockOffsetMs, loadOnAir, loadStation } from "../base/api.ts";
import "../app/channel_view.ts";
import type { ChannelView } from "../app/channel_view.ts";
import { addressOf, addressOfPage } from "../app/router.ts";
import { element, icon } from "../base/dom.ts";
import { recall, remember } from "../base/storage.ts";
import { loadTexts, stationZone, t, useZone } from "../base/text.ts";
import { type Embedded, parseEmbedded } from "./address.ts";

const POLL_MS = 15_000;
const page = document.querySelector("main") ?? document.body;

async function start(): Promise<void> {
  await loadTexts(async () => (await import("../messages/en.ts")).en);
  const { clip, autoplay } = parseEmbedded(location.pathname, location.search, stationZone());
  if (clip !== null) return showClip(clip, autoplay);
  let station: Station;
  try {
    station = await loadStation();
  } catch {
    return say(t("faultList"), () => void start());
  }
  useZone(station.zone);
  const place = parseEmbedded(location.pathname, location.search, stationZone());
  const channel = station.channels.find((one) => one.id === place.channel);
  if (!channel) return say(t("faultUnknownChannel"), null);
  if (place.autoplay && channel.kind === "tv") return play(station, channel, place, true);
  invite(station, channel, place);
}

/** Wait to be asked: nothing is loaded but one picture, and nothing makes a noise. */
function invite(station: Station, channel: Channel, place: Embedded): void {
  const words = t(channel.kind === "radio" ? "tapToListen" : "tapToWatch");
  const button = element("button", { type: "button", class: "big", "aria-label": words }, icon("play"));
  const poster = channel.thumbnail === null ? null
    : element("img", { class: "poster", src: channel.thumbnail.replace("{msn}", "latest"), alt: "" });
  poster?.addEventListener("error", () => poster.remove());
  button.addEventListener("click", () => play(station, channel, place, false));
  const name = element("h1", { class: "invitation", dir: "auto" }, channel.name);
  page.replaceChildren(...(poster ? [poster] : []), name, button, wayOut(channel, place));
}

function play(station: Station, channel: Channel, place: Embedded, isMuted: boolean): void {
  const view = document.createElement("lensong-channel") as ChannelView;
  const name = element("h1", { class: "visually-hidden", dir: "auto" }, channel.name);
  page.replaceChildren(name, view, wayOut(channel, place));
  const { programme, momentMs } = place;
  view.open(channel, { channel: channel.id, programme, momentMs }, {
    station: station.name, clockOffsetMs: 0, channels: [], goTo: () => undefined, setAddress: () => undefined,
    setTitle: () => undefined, onChange: () => undefined,
  });
  if (isMuted) muteForNow(view);
  else view.querySelector<HTMLElement>(".bar .play")?.focus({ preventScroll: true });
  void loadClockOffsetMs().then((offset) => view.setClockOffsetMs(offset), () => undefined);
  const poll = (): void => void loadOnAir().then((onAir) => view.showOnAir(onAir), () => undefined);
  poll();
  window.setInterval(() => { if (!document.hidden || view.isPlaying) poll(); }, POLL_MS);
}

/** Without sound this once: what the viewer chose elsewhere stays as it was. */
function muteForNow(view: ChannelView): void {
  const media = view.querySelector<HTMLMediaElement>("video");
  if (!media || media.muted) return;
  const before = recall("muted") ?? "no";
  media.addEventListener("volumechange", () => remember("muted", before), { once: true });
  media.muted = true;
}

async function showClip(id: string, isAutoplay: boolean): Promise<void> {
  let clip: Recording | null;
  try {
    clip = await loadClip(id);
  } catch {
    return say(t("pageFailed"), () => void showClip(id, isAutoplay));
  }
  if (!clip) return say(t("clipMissing"), null);
  const isTv = clip.kind === "tv";
  const media = isTv ? element("video", { class: "clip", playsinline: true }) : element("audio", { class: "clip" });
  media.controls = true;
  media.preload = "metadata";
  media.setAttribute("aria-label", clip.title);
  media.addEventListener("error", () => say(t("clipMissing"), null));
  if (isTv && isAutoplay) media.muted = media.autoplay = true; // sound waits to be asked
  media.src = clip.url;
  const name = element("h1", { class: isTv ? "visually-hidden" : "invitation", dir: "auto" }, clip.title);
  const address = addressOfPage({ name: "clip", id: clip.id });
  page.replaceChildren(name, media, linkOut(address));
}

/** The way to the whole page, in a window of its own. */
function wayOut(channel: Channel, { programme, momentMs }: Embedded): HTMLElement {
  return linkOut(addressOf(channel, stationZone(), { programme, momentMs }));
}

function linkOut(address: string): HTMLElement {
  return element("a", { class: "way-out", href: address, target: "_blank", rel: "noopener" }, t("openWholePage"));
}

function say(words: string, retry: (() => void) | null): void {
  const message = element("div", { class: "message", role: "status" }, element("h1", { class: "sentence" }, words));
  if (retry) {
    const again = element("button", { type: "button", class: "primary" }, t("again"));
    again.addEventListener("click", retry);
    message.append(again);
  }
  page.replaceChildren(message);
}

void start();
