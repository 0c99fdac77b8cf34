/** Keeps the browser's offer to install the app until somebody wants it: it comes before anybody could. */

/** **Source:** Web App Manifest incubations, BeforeInstallPromptEvent; Chromium browsers have it. */
export interface InstallPrompt extends Event {
  prompt(): Promise<unknown>;
  userChoice: Promise<{ outcome: "accepted" | "dismissed" }>;
}

/** Sent to the document when the app can be installed, or was. */
export const INSTALLABLE = "lensong-installable";

let offered: InstallPrompt | null = null;

/** How the app can be installed here: by the browser's own question, by hand (iOS), or not, or it already is. */
export function wayToInstall(): InstallPrompt | "by-hand" | null {
  if (matchMedia("(display-mode: standalone)").matches) return null;
  // iOS: only Safari and its kin can; apps' own browsers call themselves no Safari.
  const { standalone } = navigator as Navigator & { standalone?: boolean };
  return offered ?? (standalone === false && /Safari\//.test(navigator.userAgent) ? "by-hand" : null);
}

export function watchInstalling(): void {
  const tell = (prompt: InstallPrompt | null): void => {
    offered = prompt;
    document.dispatchEvent(new Event(INSTALLABLE));
  };
  window.addEventListener("beforeinstallprompt", (event) => {
    event.preventDefault(); // no bar of the browser's over the player
    tell(event as InstallPrompt);
  });
  window.addEventListener("appinstalled", () => tell(null));
}
