/** What the script before ours (`early/early.ts`) asked for already. */
import type { EarlyAnswer } from "../early/ask.ts";
import type { EarlyRadio } from "../early/early_radio.ts";

/** A live playlist that lay longer would begin too far behind; on a slow network the player comes seconds after it. */
const FRESH_MS = 15_000;

/** Take the answer to an address, once; null where it was not asked for, or too long ago. */
export function takeEarly(address: string): Promise<EarlyAnswer | null> | null {
  const answers = window.lensongEarly?.answers;
  const url = new URL(address, location.href).href;
  const found = answers?.get(url);
  if (!found) return null;
  answers?.delete(url);
  return found.then((answer) => (answer && performance.now() - answer.endedMs < FRESH_MS ? answer : null));
}

/** Return the media playlist that was chosen to begin with; null where none was. */
export const earlyLevel = (): string | null => window.lensongEarly?.level ?? null;

/** Return the element on which this radio's stream plays already; one that plays something else is silenced. */
export function earlyRadioOf(stream: string | null): HTMLAudioElement | null {
  const radio = window.lensongEarly?.radio;
  if (!radio || radio.feed.url === stream) return radio?.media ?? null;
  takeEarlyRadio(radio.media)?.feed.close();
  radio.media.pause();
  return null;
}

/** Take over, once, what plays on an element already; null where nothing does. */
export function takeEarlyRadio(media: HTMLMediaElement): EarlyRadio | null {
  const early = window.lensongEarly;
  const radio = early?.radio;
  if (!early || radio?.media !== media) return null;
  early.radio = null;
  return radio;
}
