/** The address of the embedded player: `/embed/{channel}[/{programme}]`, `?t=`, `?autoplay=1`. */
import { parseMoment } from "../base/clock.ts";

export interface Embedded {
  channel: string | null;
  programme: string | null;
  momentMs: number | null;
  /** A public clip in place of a channel. */
  clip: string | null;
  /** Begin by itself, without sound; otherwise it waits to be asked. */
  autoplay: boolean;
}

/** Read an address: its path, and its query. */
export function parseEmbedded(path: string, query: string, zone: string): Embedded {
  const [, clip = null] = /^\/embed\/clip\/([a-z0-9-]+)$/.exec(path) ?? [];
  const place = clip === null ? /^\/embed\/([a-z0-9-]+)(?:\/([a-z0-9-]+))?$/.exec(path) : null;
  const asked = new URLSearchParams(query);
  const moment = asked.get("t");
  return {
    channel: place?.[1] ?? null, programme: place?.[2] ?? null, clip, autoplay: asked.get("autoplay") === "1",
    momentMs: moment === null ? null : parseMoment(moment, zone),
  };
}
