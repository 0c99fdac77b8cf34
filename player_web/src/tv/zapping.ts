/** Which channel comes next, and which one is meant by a number. */

/** What zapping needs to know of a channel. */
export interface Numbered {
  id: string;
  number: number | null;
}

/** Digits are waited for so long. */
export const DIGIT_PAUSE_MS = 1500;
const MOST_DIGITS = 3;

/** Return the number of a channel: its own, else its place in the list. */
export const numberOf = (channels: readonly Numbered[], index: number): number => channels[index]?.number ?? index + 1;

/** Return the index `step` channels on from the one of `id`, around the ends; 0 where the id is unknown. */
export function stepFrom(channels: readonly Numbered[], id: string, step: number): number {
  const index = channels.findIndex((one) => one.id === id);
  return index < 0 ? 0 : (index + step + channels.length) % channels.length;
}

/** Return the index of the channel with a number; -1 where there is none. */
export function indexOfNumber(channels: readonly Numbered[], number: number): number {
  return channels.findIndex((_, index) => numberOf(channels, index) === number);
}

/** Say whether digits are complete: no channel's number goes on from them. */
export function isComplete(channels: readonly Numbered[], digits: string): boolean {
  if (digits.length >= MOST_DIGITS) return true;
  return !channels.some((_, index) => {
    const number = String(numberOf(channels, index));
    return number.length > digits.length && number.slice(0, digits.length) === digits;
  });
}
