/** What the lock screen is told of what plays: names, pictures, and where in it one is. */
import type { Channel } from "../base/api.ts";
import { msnAt } from "../base/clock.ts";

/** What plays, as far as it has a name. */
export interface Played {
  channel: Channel;
  station: string;
  /** Title of the programme; empty when unknown. */
  programme: string;
  /** Title of the song; empty when unknown. */
  song: string;
  /** Words for what is not live, "Phát lại"; empty for live. */
  replayed: string;
  /** Wall clock of what is on screen, in UNIX milliseconds; null when unknown. */
  atMs: number | null;
}

export interface Artwork {
  src: string;
  sizes: string;
  type: string;
}

export interface Named {
  title: string;
  artist: string;
  album: string;
  artwork: Artwork[];
}

/** As the encoder makes them. */
const PICTURE_SIZE = "384x216";
const TYPES: Record<string, string> = { svg: "image/svg+xml", png: "image/png", jpg: "image/jpeg", jpeg: "image/jpeg", webp: "image/webp" };

/** Name what plays; `raster` is a picture for systems that draw no SVG. */
export function nameOf(played: Played, raster: Artwork): Named {
  const { channel, station, programme, song, replayed } = played;
  const title = song || programme || channel.name;
  const album = [song ? programme : "", replayed].filter((part) => part !== "").join(" · ");
  return {
    title,
    artist: title === channel.name ? station : channel.name,
    album: album || station,
    artwork: artworkOf(played, raster),
  };
}

function artworkOf({ channel, atMs }: Played, raster: Artwork): Artwork[] {
  const found: Artwork[] = [];
  if (channel.kind === "tv" && channel.thumbnail !== null && atMs !== null) {
    found.push({ src: channel.thumbnail.replace("{msn}", String(msnAt(atMs))), sizes: PICTURE_SIZE, type: "image/jpeg" });
  }
  const type = TYPES[channel.logo?.split(".").pop() ?? ""];
  if (channel.logo !== null && type !== undefined) found.push({ src: channel.logo, sizes: type.endsWith("xml") ? "any" : "512x512", type });
  // The system takes the first that it can draw and that is large enough.
  return type === undefined || type.endsWith("xml") ? [...found, raster] : found;
}

/** A place in what can be reached, all in UNIX milliseconds. */
export interface Reach {
  startMs: number;
  endMs: number;
  atMs: number;
}

/** Return where one is, as systems take it, in seconds; null where there is no valid answer. */
export function positionOf(reach: Reach | null): { duration: number; position: number; playbackRate: number } | null {
  if (!reach) return null;
  const duration = (reach.endMs - reach.startMs) / 1000;
  if (!Number.isFinite(duration) || duration <= 0) return null;
  const position = (reach.atMs - reach.startMs) / 1000;
  // Outside of its range the browser would throw; live may be a moment past the end that was told.
  return Number.isFinite(position) ? { duration, position: Math.min(Math.max(position, 0), duration), playbackRate: 1 } : null;
}

/** Return the channel `step` places further among those of its kind, round and round; null where it is alone. */
export function neighbour(channels: readonly Channel[], channel: Channel, step: 1 | -1): Channel | null {
  const kin = channels.filter((one) => one.kind === channel.kind);
  const at = kin.findIndex((one) => one.id === channel.id);
  const next = at < 0 ? undefined : kin[(at + step + kin.length) % kin.length];
  return next && next.id !== channel.id ? next : null;
}
