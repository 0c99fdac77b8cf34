/** Asks for what a player will want, and keeps the answers in `window.lensongEarly` for it (`base/early_answers.ts`). */
import type { EarlyRadio } from "./early_radio.ts";
import { type Outlook, firstMedia, firstVariant, soundOf, variantsOf } from "./first_media.ts";

export interface EarlyAnswer {
  url: string;
  bytes: ArrayBuffer;
  /** When it was asked for, answered and whole, in milliseconds of `performance.now()`. */
  startedMs: number;
  firstMs: number;
  endedMs: number;
}

export interface Early {
  /** By absolute address; null where it did not come. */
  answers: Map<string, Promise<EarlyAnswer | null>>;
  /** Absolute address of the media playlist to begin with. */
  level: string | null;
  /** A radio that plays already; null where there is none. */
  radio: EarlyRadio | null;
}

declare global {
  interface Window { lensongEarly?: Early }
}

const absolute = (path: string, base: string): string => new URL(path, base).href;
const textOf = (answer: EarlyAnswer): string => new TextDecoder().decode(answer.bytes);

/** Return what was begun so far. */
export const kept = (): Early => (window.lensongEarly ??= { answers: new Map(), level: null, radio: null });

/** Ask for a file of our own; what goes wrong is found out again by who asks in earnest. */
export function ask(path: string): Promise<EarlyAnswer | null> {
  const address = absolute(path, location.href);
  const startedMs = performance.now();
  const answer = fetch(address).then(async (response) => {
    if (!response.ok) return null;
    const firstMs = performance.now();
    const bytes = await response.arrayBuffer();
    return { url: response.url, bytes, startedMs, firstMs, endedMs: performance.now() };
  }).catch(() => null);
  kept().answers.set(address, answer);
  return answer;
}

async function askForMedia(playlist: string, count: number): Promise<void> {
  const answer = await ask(playlist);
  if (answer) await Promise.all(firstMedia(textOf(answer), count).map((uri) => ask(absolute(uri, playlist))));
}

/** Ask for what a multivariant playlist begins with. */
async function askForFirst(list: string, address: string, outlook: Outlook, count: number): Promise<void> {
  const variant = firstVariant(variantsOf(list), outlook);
  const sound = soundOf(list);
  if (!variant) return;
  const level = absolute(variant.uri, address);
  kept().level = level;
  await Promise.all([askForMedia(level, count), sound ? askForMedia(absolute(sound, address), count) : null]);
}

/**
 * Ask for a live channel's playlists and its first `count` segments; resolves, with the multivariant playlist,
 * when all have come, or none will.  With `known`, what that playlist was, nothing waits for it.
 */
export async function askForChannel(path: string, outlook: Outlook, count = 1, known = ""): Promise<string> {
  const address = absolute(path, location.href);
  const guessed = known ? askForFirst(known, address, outlook, count) : null;
  const answer = await ask(address);
  const list = answer ? textOf(answer) : "";
  if (list && list !== known) await askForFirst(list, address, outlook, count);
  await guessed;
  return list;
}
