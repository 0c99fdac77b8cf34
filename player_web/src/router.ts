/** The addresses of the page: `/`, `/xem/{channel}` to watch, `/nghe/{channel}` to listen. */
import type { Channel } from "./api.ts";

/** Return the channel's id in a path; null on the front page. */
export function channelInPath(path: string): string | null {
  const found = /^\/(?:xem|nghe)\/([^/]+)\/?$/.exec(path);
  return found?.[1] ? decodeURIComponent(found[1]) : null;
}

export function pathOf(channel: Channel): string {
  return `/${channel.kind === "radio" ? "nghe" : "xem"}/${encodeURIComponent(channel.id)}`;
}
