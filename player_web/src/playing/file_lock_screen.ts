/** A clip or an episode on the lock screen: what it is, and the keys that a browser has not by itself. */
import type { Recording, Station } from "../base/api.ts";
import { RASTER, SKIP_S, takeKey } from "./lock_screen.ts";
import { nameOf } from "./system_facts.ts";

/** What a media element plays, and the podcast that it is of; empty when of none. */
export interface PlayedFile {
  recording: Recording;
  podcast: string;
}

/** Tell the system what `playing()` says whenever `media` begins to play; returns how to take it back. */
export function showOnLockScreen(media: HTMLMediaElement, station: Station, playing: () => PlayedFile | null): () => void {
  if (!("mediaSession" in navigator)) return () => undefined;
  let isTold = false;
  const goTo = (s: number): void => { media.currentTime = Math.max(0, Math.min(s, media.duration || 0)); };
  const tell = (): void => {
    const played = playing();
    const channel = station.channels.find(({ id }) => id === played?.recording.channel);
    if (!played || !channel) return;
    const { recording, podcast } = played;
    isTold = true;
    navigator.mediaSession.metadata = new MediaMetadata(nameOf({
      channel, station: station.name, song: "", programme: recording.title, replayed: podcast, atMs: recording.startS * 1000,
    }, RASTER));
    // Play, pause and the position of a file are the browser's own affair.
    takeKey("seekbackward", ({ seekOffset }) => goTo(media.currentTime - (seekOffset ?? SKIP_S)));
    takeKey("seekforward", ({ seekOffset }) => goTo(media.currentTime + (seekOffset ?? SKIP_S)));
    takeKey("seekto", ({ seekTime }) => { if (seekTime !== undefined) goTo(seekTime); });
  };
  media.addEventListener("playing", tell);
  return () => {
    media.removeEventListener("playing", tell);
    if (!isTold) return;
    navigator.mediaSession.metadata = null;
    for (const key of ["seekbackward", "seekforward", "seekto"] as const) takeKey(key, null);
  };
}
