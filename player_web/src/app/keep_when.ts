/** Chooses the moment to keep the app for the next visit: when nothing that is waited for is still on its way. */

const AFTER_PICTURE_MS = 2_000;
/** On a page on which nothing plays by itself. */
const AFTER_START_MS = 6_000;
/** Of a player that does not play, such as one that waits for a press. */
const AT_LAST_MS = 20_000;

/** Keep the app a little after the first picture or sound; where there is none, a while after the start. */
export function keepWhenQuiet(): void {
  if (!("serviceWorker" in navigator)) return;
  const keepIn = (ms: number): number => (
    window.setTimeout(() => void import("./keep.ts").then(({ keepApp }) => keepApp(), () => undefined), ms)
  );
  const timer = keepIn(/^\/(xem|nghe)\//.test(location.pathname) ? AT_LAST_MS : AFTER_START_MS);
  document.addEventListener("playing", () => {
    window.clearTimeout(timer);
    keepIn(AFTER_PICTURE_MS);
  }, { capture: true, once: true });
}
