/**
 * Where an arrow key leads: boxes on the screen in, the next one out.
 *
 * Some boxes stand in a rail (a list that scrolls). Up and down walk along a rail to its end; whoever
 * comes to a rail from elsewhere is taken to where it was left. What stands in no rail is a grid: the
 * nearest box in the direction wins.
 */

export type Direction = "left" | "right" | "up" | "down";

export interface Box {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

export interface Place<T> {
  item: T;
  box: Box;
  /** Name of its rail; null for a grid. */
  rail: string | null;
}

/** Boxes that touch or overlap by no more than this lie beside each other still, in pixels. */
const SLACK = 4;
/** A step aside costs this much more than a step ahead. */
const ASIDE = 3;

/** Turn a box so that the direction is always to the right. */
function turned(box: Box, direction: Direction): Box {
  switch (direction) {
    case "right": return box;
    case "left": return { left: -box.right, right: -box.left, top: box.top, bottom: box.bottom };
    case "down": return { left: box.top, right: box.bottom, top: box.left, bottom: box.right };
    case "up": return { left: -box.bottom, right: -box.top, top: box.left, bottom: box.right };
  }
}

/** Return how far a box lies ahead of another, both turned; null if it does not. */
function costOf(from: Box, to: Box): number | null {
  const ahead = to.left - from.right;
  if (ahead < -SLACK || to.left <= from.left) return null;
  const aside = Math.max(0, to.top - from.bottom, from.top - to.bottom);
  const offCentre = Math.abs((to.top + to.bottom - from.top - from.bottom) / 2);
  return Math.max(0, ahead) + ASIDE * aside + offCentre / 100;
}

const isLevel = (from: Box, to: Box): boolean => to.top < from.bottom - SLACK && to.bottom > from.top + SLACK;

/** Return the item that an arrow leads to; null where it leads nowhere. */
export function nextItem<T>(
  places: readonly Place<T>[], from: T, direction: Direction, remembered: ReadonlyMap<string, T>,
): T | null {
  const start = places.find((place) => place.item === from);
  if (!start) return places[0]?.item ?? null;
  const startBox = turned(start.box, direction);
  const isAcross = direction === "left" || direction === "right";
  const ahead = places
    .filter((place) => place !== start)
    .map((place) => ({ place, box: turned(place.box, direction) }))
    .map(({ place, box }) => ({ place, box, cost: costOf(startBox, box) }));
  const reached = ahead.filter(({ cost }) => cost !== null) as { place: Place<T>; box: Box; cost: number }[];
  // A row of a list may hold several buttons; across, only those of the same row are its own.
  const own = reached.filter(({ place, box }) => (
    start.rail !== null && place.rail === start.rail && (!isAcross || isLevel(startBox, box))
  ));
  // A rail ends where it ends; only across it leads to the others.
  const others = start.rail !== null && !isAcross ? [] : reached.filter(({ place }) => start.rail === null || place.rail !== start.rail);
  const candidates = own.length > 0 ? own : others;
  let best: { place: Place<T>; cost: number } | null = null;
  for (const one of candidates) if (!best || one.cost < best.cost) best = one;
  if (!best) return null;
  const { rail, item } = best.place;
  if (rail === null || rail === start.rail) return item;
  const kept = remembered.get(rail);
  return kept !== undefined && places.some((place) => place.item === kept && place.rail === rail) ? kept : item;
}
