/**
 * The service worker: keeps the files of one build, so that the next visit starts without asking for them.
 *
 * `scripts/worker.mjs` writes the list of files into it, so it changes with every build and never otherwise.
 * A browser looks for a new one by itself with each visit. The new one fetches what is new in the
 * background, takes over when it has everything, and answers from the next navigation on: a page that is
 * open goes on with its own files, of which the newest two sets are kept.
 */
import { PREFIX, ROUTES, cachesToDrop, wayOf } from "./ways.ts";

/** What the build tells: its name, its files, the page's digest, the page for no network with its policy. */
declare const BUILD: { name: string; files: string[]; digest: string; offline: string; policy: string };
declare const self: ServiceWorkerGlobalScope;

const CACHE = PREFIX + BUILD.name;
/** The page as it was built: without the head that the origin writes for those who share an address. */
const SHELL = "/index.html";
/** So many files are asked for at a time: somebody is watching. */
const AT_ONCE = 4;

interface InstallEvent extends ExtendableEvent {
  addRoutes?(rules: typeof ROUTES): Promise<void>;
}

self.addEventListener("install", (event: InstallEvent) => {
  // Not in every browser, and not needed: `fetch` below decides the same.
  event.addRoutes?.(ROUTES).catch(() => undefined);
  event.waitUntil(keepAll().then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  event.waitUntil(dropOld().then(() => self.clients.claim()));
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname: path } = new URL(request.url);
  const isNavigation = request.mode === "navigate";
  const way = wayOf({ method: request.method, isNavigation, isOwn: origin === self.location.origin, path });
  if (way === "shell") event.respondWith(shell(request));
  else if (way === "kept") event.respondWith(kept(request));
  else if (way === "asked") event.respondWith(asked(request));
});

async function keepAll(): Promise<void> {
  try {
    const cache = await caches.open(CACHE);
    for (let done = 0; done < BUILD.files.length; done += AT_ONCE) {
      await Promise.all(BUILD.files.slice(done, done + AT_ONCE).map((path) => keep(cache, path)));
    }
    // Last, and only this build's: with it the cache counts as complete.
    const page = await fetch(SHELL, { cache: "no-cache", integrity: BUILD.digest, priority: "low" });
    await cache.put(SHELL, usable(page));
  } catch (error) {
    // Half of a build, or no room for it: the visitor goes on without, and the next visit tries again.
    await caches.delete(CACHE).catch(() => false);
    throw error;
  }
}

async function keep(cache: Cache, path: string): Promise<void> {
  if (await cache.match(path)) return;
  // An older build may have the very same file; else the browser has most of them from this visit.
  await cache.put(path, await caches.match(path) ?? usable(await fetch(path, { priority: "low" })));
}

/** An answer by somebody in between, such as the page on which a hotel asks for one's name, is none. */
function usable(answer: Response): Response {
  if (!answer.ok || answer.redirected) throw new TypeError(`${answer.url}: ${answer.status}`);
  return answer;
}

async function dropOld(): Promise<void> {
  const found = await Promise.all((await caches.keys()).map(async (name) => (
    { name, isComplete: (await caches.match(SHELL, { cacheName: name })) !== undefined }
  )));
  await Promise.all(cachesToDrop(found, CACHE).map((name) => caches.delete(name)));
}

/** Return what is kept; nothing where the browser took it away, or its storage fails. */
async function found(path: string, options?: MultiCacheQueryOptions): Promise<Response | undefined> {
  try {
    return await caches.match(path, options);
  } catch {
    return undefined;
  }
}

async function shell(request: Request): Promise<Response> {
  return await found(SHELL, { cacheName: CACHE }) ?? asked(request);
}

async function kept(request: Request): Promise<Response> {
  return await found(request.url) ?? fetch(request);
}

async function asked(request: Request): Promise<Response> {
  try {
    return await fetch(request);
  } catch {
    return new Response(BUILD.offline, {
      status: 503,
      headers: { "Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": BUILD.policy },
    });
  }
}
