/** Begins a radio's stream while the page is still on its way; the page's player takes it over as it plays. */
import { StreamFeed, canFeed } from "./stream_feed.ts";

export interface EarlyRadio {
  media: HTMLAudioElement;
  feed: StreamFeed;
  /** When it was heard, in milliseconds of `performance.now()`; null until then. */
  heardMs: number | null;
}

/** Play a channel's stream as loud as the listener had it last; a browser that wants a press first only loads. */
export function startRadio(channel: string, recall: (key: string) => string | null): EarlyRadio | null {
  // Who wished for another quality gets it from playlists.
  if (!canFeed() || recall("data_saver") === "yes" || recall("sound_quality")) return null;
  const media = document.createElement("audio");
  media.volume = Math.min(1, Math.max(0, Number(recall("volume") ?? 100) / 100 || 0));
  media.muted = recall("muted") === "yes";
  const radio: EarlyRadio = { media, feed: new StreamFeed(media, `/radio/${channel}.aac`), heardMs: null };
  media.addEventListener("playing", () => { radio.heardMs ??= performance.now(); });
  media.play().catch(() => undefined); // the page asks again, and says what is to be done
  return radio;
}
