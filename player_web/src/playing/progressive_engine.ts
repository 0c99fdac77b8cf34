/**
 * A radio's sound as one answer without end: it begins with the newest seconds, long before a
 * playlist and its first segment would have arrived.  It has no past and no wall clock.
 *
 * Where the browser takes pieces it gets them (`early/stream_feed.ts`), else the address.
 */
import { takeEarlyRadio } from "../base/early_answers.ts";
import { remember } from "../base/storage.ts";
import { StreamFeed, canFeed } from "../early/stream_feed.ts";
import { type Engine, type EngineListener, NO_QUALITIES, type Qualities, type Source } from "./engine.ts";
import { soundQualities } from "./playlist_clock.ts";

/** Once it plays for so long, what rewinding and other qualities need is fetched. */
const SETTLED_MS = 5_000;

export class ProgressiveEngine implements Engine {
  readonly kind = "progressive";
  readonly bandwidthBps = null;
  readonly forgetsWhilePaused = true;
  readonly #media: HTMLMediaElement;
  readonly #source: Source;
  readonly #listener: EngineListener;
  readonly #isNative: boolean;
  readonly #leaving = new AbortController();
  #qualities = NO_QUALITIES;
  #settling = 0;
  #feed: StreamFeed | null = null;

  /** `isNative` where playlists are the browser's own affair, and hls.js is not needed for them. */
  constructor(media: HTMLMediaElement, source: Source, listener: EngineListener, isNative: boolean) {
    this.#media = media;
    this.#source = source;
    this.#listener = listener;
    this.#isNative = isNative;
  }

  get qualities(): Qualities {
    return this.#qualities;
  }

  start(): void {
    const until = { signal: this.#leaving.signal };
    this.#media.addEventListener("progress", () => this.#listener.onMedia(), until);
    this.#media.addEventListener("playing", () => this.#settleSoon(), until);
    // It never ends by itself: the server went away, or the network did.
    this.#media.addEventListener("ended", () => this.#listener.onLost(), until);
    const url = this.#source.progressive ?? "";
    const early = takeEarlyRadio(this.#media);
    if (!early && !canFeed()) {
      this.#media.src = url;
      return this.#listener.onReady();
    }
    const feed = this.#feed = early?.feed ?? new StreamFeed(this.#media, url);
    if (feed.isLost) return this.#listener.onLost();
    feed.onLost = () => this.#listener.onLost();
    this.#listener.onReady(early?.heardMs ?? undefined);
    if (!this.#media.paused && this.#media.readyState >= HTMLMediaElement.HAVE_FUTURE_DATA) this.#settleSoon();
  }

  stopLoading(): void {
    if (this.#feed) this.#feed.close();
    else this.#media.removeAttribute("src");
  }

  close(): void {
    window.clearTimeout(this.#settling);
    this.#leaving.abort();
    this.#feed?.close();
    this.#media.removeAttribute("src");
    this.#media.load();
  }

  /** Remember it: playlists have it, the stream has not. */
  chooseQuality(index: number): void {
    remember("sound_quality", this.#qualities.all[index]?.rendition ?? "");
  }

  livePositionS(): number | null {
    return null;
  }

  playingUnixMs(): number | null {
    return null;
  }

  timeOf(): number | null {
    return null;
  }

  span(): null {
    return null;
  }

  onMediaError(): void {
    this.#listener.onLost();
  }

  #settleSoon(): void {
    window.clearTimeout(this.#settling);
    this.#settling = window.setTimeout(() => this.#settle(), SETTLED_MS);
  }

  /** Get what rewinding needs before it is asked for, except where every byte counts. */
  #settle(): void {
    if (this.#isNative) return; // there the browser chooses the quality
    void this.#askForQualities();
    const { connection } = navigator as Navigator & { connection?: { saveData?: boolean } };
    if (connection?.saveData) return;
    const fetchIt = (): void => { import("hls.js").catch(() => undefined); };
    if ("requestIdleCallback" in window) window.requestIdleCallback(fetchIt, { timeout: 10_000 });
    else fetchIt();
  }

  async #askForQualities(): Promise<void> {
    try {
      const answer = await fetch(this.#source.url, { signal: this.#leaving.signal });
      if (!answer.ok) return;
      const all = soundQualities(await answer.text());
      // The stream carries the best of them.
      this.#qualities = { all, chosen: -1, playing: all.length - 1 };
      this.#listener.onQualities();
    } catch {
      // then there is no choice
    }
  }
}
