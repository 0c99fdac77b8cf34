/** The places in the browser's storage; without storage nothing is kept, and nothing else changes. */
import { recall, remember } from "../base/storage.ts";
import { type Place, parsePlaces, placeOf, withPlace, withoutPlace } from "./places.ts";

export const keptPlaces = (): Place[] => parsePlaces(recall("places"));

const write = (places: readonly Place[]): void => remember("places", JSON.stringify(places));

export const keptPlaceOf = (kind: Place["kind"], id: string): Place | null => placeOf(keptPlaces(), kind, id);

/** Keep where something was left, or that it is finished. */
export function keep(place: Place): void {
  const before = keptPlaces();
  const after = withPlace(before, place);
  if (after !== before) write(after);
}

export const drop = (gone: Pick<Place, "kind" | "id">): void => write(withoutPlace(keptPlaces(), gone));
