/** What the app and a page without a channel know of each other; each page comes in a file of its own. */
import type { OnAir, Station } from "../base/api.ts";
import type { Page } from "./router.ts";

/** What a page is given. */
export interface PageAround {
  station: Station;
  onAir: Map<string, OnAir>;
  /** The server's time, in UNIX milliseconds. */
  nowMs(): number;
  /** Put another address there: in place of the present one, or as a step that Back undoes. */
  setAddress(address: string, isNew: boolean): void;
  setTitle(title: string): void;
  /** Stop the small player: something else is to be heard. */
  silence(): void;
}

/** A page that is shown. */
export interface PageView {
  element: HTMLElement;
  /** Take the newest answer of what is on air. */
  showOnAir?(onAir: Map<string, OnAir>): void;
  /** Show another address of the same page; where it says false, or cannot, the page is made anew. */
  go?(page: Page): boolean;
  close?(): void;
}

export type OpenPage = (page: Page, around: PageAround) => PageView;

const LOADERS: Record<Page["name"], () => Promise<{ open: OpenPage }>> = {
  home: () => import("../pages/home.ts"),
  guide: () => import("../pages/guide_page.ts"),
  search: () => import("../pages/search_page.ts"),
  podcasts: () => import("../pages/podcasts_page.ts"),
  clip: () => import("../pages/clip_page.ts"),
};
const loaded = new Map<Page["name"], OpenPage>();

/** Return how to open a page, if its file is here: Back then shows it at once, where it was scrolled to. */
export const loadedPage = (name: Page["name"]): OpenPage | null => loaded.get(name) ?? null;

/** Load a page's file. */
export async function loadPage(name: Page["name"]): Promise<OpenPage> {
  const { open } = await LOADERS[name]();
  loaded.set(name, open);
  return open;
}
