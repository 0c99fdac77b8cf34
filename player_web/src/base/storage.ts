/** The viewer's choices, kept in the browser; a browser that keeps nothing works as well. */

type Key = "language" | "volume" | "muted" | "low_latency" | "sound_only" | "quality_height" | "sound_quality" | "bandwidth_bps"
  | "data_saver" | "captions" | "caption_style" | "letter_keys"
  | "favourites" | "theme" | "text_size" | "places" | "install_declined";

export function recall(key: Key): string | null {
  try {
    return localStorage.getItem(`lensong.${key}`);
  } catch {
    return null; // storage is switched off
  }
}

export function remember(key: Key, value: string): void {
  try {
    localStorage.setItem(`lensong.${key}`, value);
  } catch {
    // storage is switched off or full: the choice lasts as long as the page
  }
}

export function recallNumber(key: Key): number | null {
  const text = recall(key);
  const value = text === null ? Number.NaN : Number(text);
  return Number.isFinite(value) ? value : null;
}

/** Keep what an address is being watched at, for a reload of the page in this tab. */
export function keepPlace(address: string, unixMs: number): void {
  try {
    sessionStorage.setItem("lensong.place", JSON.stringify([address, Math.round(unixMs)]));
  } catch {
    // then a reload begins where the address says
  }
}

/** Return the moment at which an address was left, in UNIX milliseconds; null when unknown. */
export function keptPlace(address: string): number | null {
  try {
    const kept: unknown = JSON.parse(sessionStorage.getItem("lensong.place") ?? "null");
    return Array.isArray(kept) && kept[0] === address && typeof kept[1] === "number" ? kept[1] : null;
  } catch {
    return null;
  }
}
