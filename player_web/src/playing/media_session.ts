/** What the lock screen and headphones' buttons know about the channel. */
import type { Channel, OnAir } from "../base/api.ts";

let shown = "";

export function announceToSystem(
  channel: Channel | null, station: string, onAir: OnAir | null, isPlaying: boolean, toggle: () => void,
): void {
  if (!("mediaSession" in navigator) || !channel) return;
  const title = onAir?.title || channel.name;
  const artist = onAir?.title ? channel.name : station;
  navigator.mediaSession.playbackState = isPlaying ? "playing" : "paused";
  if (shown === `${channel.id} ${title}`) return;
  shown = `${channel.id} ${title}`;
  navigator.mediaSession.metadata = new MediaMetadata({ title, artist });
  navigator.mediaSession.setActionHandler("play", toggle);
  navigator.mediaSession.setActionHandler("pause", toggle);
}
