/** What the keys of remote controls and keyboards mean: one table for Tizen, webOS, Android TV and PCs. */

export type Action =
  | "up" | "down" | "left" | "right" | "ok" | "back"
  | "channelUp" | "channelDown" | "rewind" | "forward" | "play" | "pause" | "toggle" | "live"
  | "guide" | "info"
  | { digit: number };

/** The numbers of keys; remote controls often send nothing else. */
const BY_CODE: Readonly<Record<number, Action>> = {
  37: "left", 38: "up", 39: "right", 40: "down", 13: "ok", 32: "toggle",
  // Back: keyboards, Android TV, webOS, Tizen.
  8: "back", 27: "back", 166: "back", 461: "back", 10009: "back",
  33: "channelUp", 34: "channelDown", 427: "channelUp", 428: "channelDown",
  412: "rewind", 417: "forward", 415: "play", 19: "pause", 413: "live", 10252: "toggle", 179: "toggle", 178: "live",
  10232: "rewind", 10233: "forward", 177: "rewind", 176: "forward",
  // Yellow and blue, where there is no key for the guide.
  405: "guide", 406: "info", 458: "guide", 457: "info",
  71: "guide", 73: "info", 76: "live",
};

/** Names, where a number is missing or 0: Android TV's browsers. */
const BY_NAME: Readonly<Record<string, Action>> = {
  ArrowLeft: "left", ArrowUp: "up", ArrowRight: "right", ArrowDown: "down", Enter: "ok", Select: "ok",
  GoBack: "back", BrowserBack: "back", Escape: "back", XF86Back: "back",
  ChannelUp: "channelUp", ChannelDown: "channelDown", PageUp: "channelUp", PageDown: "channelDown",
  MediaRewind: "rewind", MediaFastForward: "forward", MediaTrackPrevious: "rewind", MediaTrackNext: "forward",
  MediaPlay: "play", MediaPause: "pause", MediaPlayPause: "toggle", MediaStop: "live",
  Guide: "guide", Info: "info",
};

/** Return what a key asks for; null for keys that are none of ours. */
export function actionOf(event: { key: string; keyCode: number }): Action | null {
  const { key, keyCode } = event;
  if (keyCode >= 48 && keyCode <= 57) return { digit: keyCode - 48 };
  if (keyCode >= 96 && keyCode <= 105) return { digit: keyCode - 96 };
  return BY_CODE[keyCode] ?? BY_NAME[key] ?? null;
}

/** Names by which Tizen hands its keys to a page; without them the TV keeps those for itself. */
export const TIZEN_KEYS: readonly string[] = [
  "0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "ChannelUp", "ChannelDown",
  "MediaRewind", "MediaFastForward", "MediaPlay", "MediaPause", "MediaPlayPause", "MediaStop",
  "MediaTrackPrevious", "MediaTrackNext", "ColorF2Yellow", "ColorF3Blue", "Guide", "Info",
];
