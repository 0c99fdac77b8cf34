/** The viewer's choices, kept in the browser; a browser that keeps nothing works as well. */

type Key = "language" | "volume" | "muted" | "low_latency" | "quality_height" | "bandwidth_bps";

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
