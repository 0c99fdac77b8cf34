/**
 * The addresses of the page: `/`, `/xem/{channel}` to watch, `/nghe/{channel}` to listen, either with
 * `/{programme}` for one programme and `?t=` for a moment of the station's clock.
 */
import type { Channel } from "../base/api.ts";
import { momentText, parseMoment } from "../base/clock.ts";

export interface Route {
  /** The channel's id; null on the front page. */
  channel: string | null;
  /** The programme's id; null for the channel itself. */
  programme: string | null;
  /** Where to begin, in UNIX milliseconds; null for the edge, or the programme's first frame. */
  momentMs: number | null;
}

/** Read an address: its path, and its query. */
export function parseRoute(path: string, query: string, zone: string): Route {
  const [, channel = null, programme = null] = /^\/(?:xem|nghe)\/([a-z0-9-]+)(?:\/([a-z0-9-]+))?\/?$/.exec(path) ?? [];
  const moment = channel === null ? null : new URLSearchParams(query).get("t");
  return { channel, programme, momentMs: moment === null ? null : parseMoment(moment, zone) };
}

/** Write the address of a channel, of a programme on it, of a moment. */
export function addressOf(
  channel: Channel, zone: string, place: { programme?: string | null; momentMs?: number | null } = {},
): string {
  const { programme = null, momentMs = null } = place;
  const path = `/${channel.kind === "radio" ? "nghe" : "xem"}/${channel.id}${programme === null ? "" : `/${programme}`}`;
  return momentMs === null ? path : `${path}?t=${momentText(momentMs, zone)}`;
}
