/** What the TV set itself offers a page: its keys, the way out, and a memory. */
import { TIZEN_KEYS } from "./keys.ts";

interface SetWindow extends Window {
  tizen?: {
    tvinputdevice?: { registerKey(name: string): void };
    application?: { getCurrentApplication(): { exit(): void } };
  };
  webOS?: { platformBack?: () => void };
}

const set = window as SetWindow;
const KEY = "lensong.tv_channel";

/** Ask Tizen for the keys that it keeps for itself otherwise. */
export function registerKeys(): void {
  const device = set.tizen?.tvinputdevice;
  if (!device) return;
  for (const name of TIZEN_KEYS) {
    try {
      device.registerKey(name);
    } catch {
      // this remote control has no such key
    }
  }
}

/** Leave the app as the set expects at its first screen; in a browser the key keeps its meaning. */
export function leavePage(event: KeyboardEvent): void {
  if (set.tizen?.application) {
    event.preventDefault();
    set.tizen.application.getCurrentApplication().exit();
  } else if (set.webOS?.platformBack) {
    event.preventDefault();
    set.webOS.platformBack();
  }
}

export function lastChannel(): string | null {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null; // storage is switched off
  }
}

export function keepChannel(id: string): void {
  try {
    localStorage.setItem(KEY, id);
  } catch {
    // then the first channel opens next time
  }
}
