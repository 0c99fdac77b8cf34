/** Lets the browser keep the app, so that the next visit starts at once: the service worker of `src/worker`. */

/**
 * Ask for the worker, and mark the page as kept when all its files are.
 *
 * A browser without workers, a private window, a full disk, a policy against it: the page works as it did
 * and says nothing, since there is nothing that the viewer would have to do.
 */
export async function keepApp(): Promise<void> {
  try {
    await navigator.serviceWorker.register("/sw.js");
    await navigator.serviceWorker.ready;
    if (await caches.match("/index.html")) document.documentElement.dataset["kept"] = "yes";
  } catch {
    // see above
  }
}
