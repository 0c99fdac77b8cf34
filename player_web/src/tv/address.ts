/** The part of `/tv#ch=hytv&t=…&p=…` after the hash: launchers of TV sets start with it. */
import { momentText, parseMoment } from "../base/clock.ts";

export interface Wanted {
  /** A channel's id; null for the one watched last. */
  channel: string | null;
  /** A programme's id. */
  programme: string | null;
  /** Where to begin, in UNIX milliseconds. */
  momentMs: number | null;
}

const NAME = /^[a-z0-9-]{1,64}$/;

/** Read an address: its hash, and `/tv/{channel}`; what is not understood is left out. */
export function parseHash(hash: string, zone: string, path = ""): Wanted {
  const found = new URLSearchParams(hash.replace(/^#/, ""));
  const name = (key: string): string | null => {
    const value = found.get(key);
    return value !== null && NAME.test(value) ? value : null;
  };
  // An id that cannot be one is an unknown channel, not none.
  const inPath = /^\/tv\/([a-z0-9-]{1,64})\/?$/.exec(path)?.[1] ?? null;
  const channel = found.get("ch") ? (name("ch") ?? "?") : inPath;
  return { channel, programme: name("p"), momentMs: parseMoment(found.get("t") ?? "", zone) };
}

/** Write the hash that leads back. */
export function hashOf(wanted: Wanted, zone: string): string {
  const { channel, programme, momentMs } = wanted;
  const parts = [
    ...(channel === null ? [] : [`ch=${channel}`]),
    ...(programme === null ? [] : [`p=${programme}`]),
    ...(momentMs === null ? [] : [`t=${momentText(momentMs, zone)}`]),
  ];
  return `#${parts.join("&")}`;
}
