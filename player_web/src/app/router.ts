/**
 * The addresses of the page: `/`, `/xem/{channel}` to watch, `/nghe/{channel}` to listen, either with
 * `/{programme}` for one programme and `?t=` for a moment of the station's clock; beside them the pages
 * without a channel: `/lich` (guide; `/lich/{channel}/{day}` of one), `/tim?q=` (search), `/nghe-lai` (podcasts and clips), `/clip/{id}`.
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

/** A page that is no channel. */
export type Page =
  | { name: "home" }
  | { name: "guide"; channel: string | null; day: string | null }
  | { name: "search"; query: string }
  | { name: "podcasts"; series: string | null }
  | { name: "clip"; id: string };

const dayOrNull = (text: string): string | null => (
  /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(text)) ? text : null
);

/** Read the address of a page; anything that is none is the front page. */
export function parsePage(path: string, query: string): Page {
  const asked = new URLSearchParams(query);
  const clip = /^\/clip\/([a-z0-9-]{1,80})$/.exec(path)?.[1];
  if (clip !== undefined) return { name: "clip", id: clip };
  const series = /^\/nghe-lai(?:\/([a-z0-9-]{1,64}))?$/.exec(path);
  if (series) return { name: "podcasts", series: series[1] ?? null };
  const guide = /^\/lich(?:\/([a-z0-9-]{1,32})(?:\/([0-9-]{10}))?)?$/.exec(path);
  if (guide) return { name: "guide", channel: guide[1] ?? null, day: dayOrNull(guide[2] ?? asked.get("ngay") ?? "") };
  if (path === "/tim") return { name: "search", query: (asked.get("q") ?? "").normalize("NFC").trim().slice(0, 100) };
  return { name: "home" };
}

/** Write the address of a page. */
export function addressOfPage(page: Page): string {
  switch (page.name) {
    case "home": return "/";
    case "guide":
      if (page.channel !== null) return `/lich/${page.channel}${page.day === null ? "" : `/${page.day}`}`;
      return page.day === null ? "/lich" : `/lich?ngay=${page.day}`;
    case "search": return page.query === "" ? "/tim" : `/tim?q=${encodeURIComponent(page.query)}`;
    case "podcasts": return page.series === null ? "/nghe-lai" : `/nghe-lai/${page.series}`;
    case "clip": return `/clip/${page.id}`;
  }
}
