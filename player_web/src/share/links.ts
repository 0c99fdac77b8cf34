/** The addresses and the code that a viewer can give to others. */
import { momentText } from "../base/clock.ts";

/** What is open, as far as a link can name it. */
export interface Shared {
  channel: { id: string; name: string; kind: "tv" | "radio" };
  /** The programme that plays, or is on air; null when unknown. */
  programme: { id: string; title: string } | null;
  /** What is on screen, in UNIX milliseconds; null when it cannot be gone back to. */
  momentMs: number | null;
}

export interface Links {
  channel: string;
  moment: string | null;
  programme: string | null;
  embed: string;
}

const SIZES = { tv: [640, 416], radio: [480, 232] } as const;

const escaped = (text: string): string => (
  text.replace(/&/g, "&amp;").replace(/"/g, "&quot;").replace(/</g, "&lt;").replace(/>/g, "&gt;")
);

/** Return whole addresses, and the code for a page of one's own. */
export function linksOf(shared: Shared, origin: string, zone: string): Links {
  const { channel, programme, momentMs } = shared;
  const base = `${origin}/${channel.kind === "radio" ? "nghe" : "xem"}/${channel.id}`;
  const [width, height] = SIZES[channel.kind];
  return {
    channel: base,
    moment: momentMs === null ? null : `${base}?t=${momentText(momentMs, zone)}`,
    programme: programme === null ? null : `${base}/${programme.id}`,
    embed: `<iframe src="${origin}/embed/${channel.id}" width="${width}" height="${height}" `
      + `title="${escaped(channel.name)}" allow="autoplay; fullscreen; picture-in-picture" allowfullscreen></iframe>`,
  };
}
