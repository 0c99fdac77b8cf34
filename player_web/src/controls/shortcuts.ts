/** What a key means where it was pressed. */

/** Where the focus was. */
export type Where =
  | "page" | "player"
  /** A button or a link: space and enter are its own. */
  | "button" | "playerButton"
  /** A slider: arrows and the keys of places are its own. */
  | "slider"
  /** A list that scrolls by its arrows. */
  | "list"
  /** What is typed or chosen there belongs to it. */
  | "field";

export interface Press {
  key: string;
  shift: boolean;
  /** Control, alternate or command was held: never ours. */
  modified: boolean;
  repeated: boolean;
}

export type Action =
  | { do: "toggle" | "mute" | "fullscreen" | "captions" | "pip" | "live" | "statistics" | "sleep" | "share" | "help" }
  | { do: "skip"; seconds: number }
  | { do: "volume"; percent: number }
  | { do: "digit"; digit: string };

const LETTERS: Record<string, Action> = {
  k: { do: "toggle" }, m: { do: "mute" }, f: { do: "fullscreen" }, c: { do: "captions" }, i: { do: "pip" },
  l: { do: "live" }, t: { do: "sleep" }, s: { do: "share" }, j: { do: "skip", seconds: -10 },
};
/** What a key that is held down may do again and again. */
const GOES_ON = new Set(["skip", "volume"]);

/** Return what a key means, or null; `letters` is false where the viewer wants no letters to act. */
export function actionOf(press: Press, where: Where, letters = true): Action | null {
  const action = press.modified || where === "field" ? null : meaningOf(press, where, letters);
  return action && press.repeated && !GOES_ON.has(action.do) ? null : action;
}

function meaningOf({ key, shift }: Press, where: Where, letters: boolean): Action | null {
  if (key === " ") return where === "page" || where === "player" ? { do: "toggle" } : null;
  if (key === "ArrowLeft" || key === "ArrowRight") {
    if (shift || where === "slider" || where === "list") return null;
    return { do: "skip", seconds: key === "ArrowLeft" ? -30 : 30 };
  }
  if (key === "ArrowUp" || key === "ArrowDown") {
    // Elsewhere these scroll the page, for those who have no wheel.
    const isPlayers = where === "player" || where === "playerButton";
    return isPlayers && !shift ? { do: "volume", percent: key === "ArrowUp" ? 5 : -5 } : null;
  }
  if (!letters) return null;
  if (key === "?") return { do: "help" };
  if (/^[0-9]$/.test(key)) return shift ? null : { do: "digit", digit: key };
  if (shift) return key.toLowerCase() === "s" ? { do: "statistics" } : null;
  return LETTERS[key.toLowerCase()] ?? null;
}

/**
 * Return what was typed of a channel's number after one more digit, and whether no longer number can be
 * meant; null where no channel's number begins so.
 */
export function typeNumber(
  typed: string, digit: string, numbers: readonly number[],
): { typed: string; isWhole: boolean } | null {
  const longer = `${typed}${digit}`;
  const meant = numbers.map(String).filter((number) => number.startsWith(longer));
  return meant.length === 0 ? null : { typed: longer, isWhole: meant.every((number) => number === longer) };
}
