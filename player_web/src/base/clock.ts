/** The station's clock: days and times of day in its own zone, wherever the viewer may be. */

/** A segment lasts this long; number n begins n times this after 1970. */
const SEGMENT_MS = 3840;

const readers = new Map<string, Intl.DateTimeFormat>();

/** Return the wall clock of `zone` at a moment, as if it were UTC, in milliseconds (whole seconds). */
function wallMs(unixMs: number, zone: string): number {
  let reader = readers.get(zone);
  if (!reader) {
    reader = new Intl.DateTimeFormat("en-CA", {
      // Not `hourCycle`: TV sets with Chrome below 73 would answer in twelve hours.
      timeZone: zone, hour12: false, year: "numeric", month: "2-digit", day: "2-digit",
      hour: "2-digit", minute: "2-digit", second: "2-digit",
    });
    readers.set(zone, reader);
  }
  const found: Record<string, number> = {};
  for (const { type, value } of reader.formatToParts(unixMs)) found[type] = Number(value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = found;
  return Date.UTC(year, month - 1, day, hour % 24, minute, second); // midnight may be called 24
}

/** Return the moment at which the clock of `zone` shows `wall`; of two, one of them. */
function momentOfWall(wall: number, zone: string): number {
  let moment = wall;
  // The second step matters where the zone's offset changed in between.
  for (let step = 0; step < 2; step += 1) moment += wall - wallMs(moment, zone);
  return moment;
}

/** Say whether the browser knows a time zone. */
export function isZone(zone: string): boolean {
  try {
    return Boolean(new Intl.DateTimeFormat("en", { timeZone: zone }));
  } catch {
    return false;
  }
}

/** Return the station's date at a moment, `2026-11-23`. */
export const dayOf = (unixMs: number, zone: string): string => new Date(wallMs(unixMs, zone)).toISOString().slice(0, 10);

/** Return the date `count` days after a date; earlier if negative. */
export function addDays(day: string, count: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + count * 86_400_000).toISOString().slice(0, 10);
}

/** Write a moment as the addresses do: the station's time, `2026-11-23T19:00:05`. */
export const momentText = (unixMs: number, zone: string): string => new Date(wallMs(unixMs, zone)).toISOString().slice(0, 19);

/**
 * Read a moment of an address: the station's time (`2026-11-23T19:00` or with seconds), or UNIX
 * seconds. Null for anything else.
 */
export function parseMoment(text: string, zone: string): number | null {
  if (/^\d{9,11}$/.test(text)) return Number(text) * 1000;
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?$/.test(text)) return null;
  const whole = text.length === 16 ? `${text}:00` : text;
  const wall = Date.parse(`${whole}Z`);
  // Date.parse would take the 31st of February for a day of March.
  if (Number.isNaN(wall) || new Date(wall).toISOString().slice(0, 19) !== whole) return null;
  return momentOfWall(wall, zone);
}

/** Return the number of the segment that is on air at a moment. */
export const msnAt = (unixMs: number): number => Math.floor(unixMs / SEGMENT_MS);
