/** The channels that a viewer starred, in the order in which that was done; kept in the browser. */
import { recall, remember } from "../base/storage.ts";

const MOST = 200;
const ID = /^[a-z0-9-]{1,64}$/;

/** Read what was kept; anything else is no favourite. */
export function parseFavourites(text: string | null): string[] {
  try {
    const kept: unknown = JSON.parse(text ?? "[]");
    const ids = Array.isArray(kept) ? kept.filter((one): one is string => typeof one === "string" && ID.test(one)) : [];
    return [...new Set(ids)].slice(0, MOST);
  } catch {
    return [];
  }
}

/** Return the list with a channel put at its end, or taken out. */
export function toggled(ids: readonly string[], id: string): string[] {
  return ids.includes(id) ? ids.filter((one) => one !== id) : [...ids, id].slice(-MOST);
}

/** Return the favourites among some channels, in their order, and the others in theirs. */
export function split<T extends { id: string }>(channels: readonly T[], ids: readonly string[]): { starred: T[]; others: T[] } {
  const starred = ids.map((id) => channels.find((one) => one.id === id)).filter((one) => one !== undefined);
  return { starred, others: channels.filter((one) => !ids.includes(one.id)) };
}

export const favourites = (): string[] => parseFavourites(recall("favourites"));

/** Star a channel, or take its star. */
export const toggleFavourite = (id: string): void => remember("favourites", JSON.stringify(toggled(favourites(), id)));
