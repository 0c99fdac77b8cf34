/** Which request the service worker answers, and from where; which caches it keeps. Values in, values out. */

/**
 * - `shell`: the app's own page, at once, as it was kept;
 * - `kept`: a file of the build, whose name changes with its content, as it was kept; else from the network;
 * - `asked`: a page of another build: from the network, and where there is none, a page that says so;
 * - `untouched`: as if there were no worker: all media, playlists, lists, reports, downloads, pages in frames.
 */
export type Way = "shell" | "kept" | "asked" | "untouched";

export interface Asked {
  method: string;
  /** The request is for a page to go to. */
  isNavigation: boolean;
  /** It is for this site, not another one. */
  isOwn: boolean;
  path: string;
}

/** The addresses of the app (`app/router.ts`); those who read them without a worker get link previews from the origin. */
const APP = /^\/$|^\/(?:xem|nghe)\/[a-z0-9-]+(?:\/[a-z0-9-]+)?\/?$|^\/(?:lich|nghe-lai)(?:\/[a-z0-9-]+){0,2}$|^\/(?:tim|cai-dat|clip\/[a-z0-9-]+)$/;
const TV = /^\/tv(?:\/[a-z0-9-]+)?$/;
/** The folder of the files whose names change with their content. */
const HASHED = "/assets/";

/** Say how a request is answered. */
export function wayOf({ method, isNavigation, isOwn, path }: Asked): Way {
  if (method !== "GET" || !isOwn) return "untouched";
  if (!isNavigation) return path.startsWith(HASHED) ? "kept" : "untouched";
  if (APP.test(path)) return "shell";
  return TV.test(path) ? "asked" : "untouched";
}

/** The same, for browsers that can be told beforehand: they need not wake the worker for what it leaves alone. */
export const ROUTES = [
  { condition: { urlPattern: { pathname: `${HASHED}*` }, requestMethod: "GET" }, source: "cache" },
  { condition: { not: { requestMode: "navigate" } }, source: "network" },
];

export const PREFIX = "lensong-";

/** A cache as it was found. */
export interface Found {
  name: string;
  /** It holds all files of its build: the page is put in last. */
  isComplete: boolean;
}

/**
 * Return the caches that go: all but this build's and the newest complete one before it, since a page that
 * was opened with that build may still import its files.  `found` is in the order in which they were made.
 */
export function cachesToDrop(found: readonly Found[], own: string): string[] {
  const others = found.filter(({ name }) => name.startsWith(PREFIX) && name !== own);
  const kept = others.filter(({ isComplete }) => isComplete).pop();
  return others.filter((one) => one !== kept).map(({ name }) => name);
}
