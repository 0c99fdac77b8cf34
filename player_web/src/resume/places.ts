/** Where recorded things were left: what is kept of each, for how long, and in which order. */

/** One thing that was begun and not finished. */
export interface Place {
  kind: "programme" | "recording";
  /** Id of the programme, of the clip or of the episode. */
  id: string;
  /** The podcast of an episode; empty for all others. */
  series: string;
  channel: string;
  title: string;
  /** Whether there are pictures to it. */
  isTv: boolean;
  /** When it began on air, UNIX seconds. */
  startS: number;
  lengthS: number;
  /** Seconds from its start. */
  atS: number;
  /** When it was left, UNIX seconds. */
  leftS: number;
}

/** More is not kept: the oldest goes. */
export const MOST_PLACES = 20;
/** Who looked in for less has not begun. */
const BEGUN_S = 30;
/** From this share on only the closing titles are left. */
const FINISHED = 0.95;
/** What nobody came back to for so long is given up. */
const FORGOTTEN_S = 60 * 86_400;
/** Of a title of any length so much is kept. */
const TITLE_MAX = 200;

const isSame = (one: Pick<Place, "kind" | "id">, other: Pick<Place, "kind" | "id">): boolean => (
  one.kind === other.kind && one.id === other.id
);

/** Say whether it is worth going on with. */
export const isUnfinished = ({ atS, lengthS }: Pick<Place, "atS" | "lengthS">): boolean => (
  atS >= BEGUN_S && atS < lengthS * FINISHED
);

/** Return the places with a newer one of the same thing, newest first; what is finished goes. */
export function withPlace(places: readonly Place[], place: Place): readonly Place[] {
  // Who looks into the beginning again has not given up where one was.
  if (place.atS < BEGUN_S) return places;
  const others = withoutPlace(places, place);
  const cut = { ...place, title: [...place.title].slice(0, TITLE_MAX).join("") };
  return isUnfinished(place) ? [cut, ...others].slice(0, MOST_PLACES) : others;
}

export const withoutPlace = (places: readonly Place[], gone: Pick<Place, "kind" | "id">): Place[] => (
  places.filter((one) => !isSame(one, gone))
);

export const placeOf = (places: readonly Place[], kind: Place["kind"], id: string): Place | null => (
  places.find((one) => isSame(one, { kind, id })) ?? null
);

/** Return those that can still be played; `daysOf` gives the days for which a channel keeps what was on air, null for no such channel. */
export function playable(places: readonly Place[], daysOf: (channel: string) => number | null, nowS: number): Place[] {
  return places.filter((one) => {
    if (nowS - one.leftS > FORGOTTEN_S) return false;
    if (one.kind === "recording") return true;
    const days = daysOf(one.channel);
    return days !== null && one.startS + one.lengthS > nowS - days * 86_400;
  });
}

/** Read what was kept: whatever it is, only places come of it. */
export function parsePlaces(text: string | null): Place[] {
  let found: unknown;
  try {
    found = JSON.parse(text ?? "");
  } catch {
    return [];
  }
  return Array.isArray(found) ? found.filter(isPlace).slice(0, MOST_PLACES) : [];
}

function isPlace(value: unknown): value is Place {
  if (typeof value !== "object" || value === null) return false;
  const { kind, id, series, channel, title, isTv, startS, lengthS, atS, leftS } = value as Record<string, unknown>;
  return (kind === "programme" || kind === "recording")
    && [id, series, channel].every((one) => typeof one === "string" && /^[a-z0-9-]*$/.test(one))
    && id !== "" && typeof title === "string" && typeof isTv === "boolean"
    && [startS, lengthS, atS, leftS].every((one) => typeof one === "number" && Number.isFinite(one) && one >= 0)
    && isUnfinished(value as Place);
}
