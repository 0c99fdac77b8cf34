/** The playlist loader of the TV: what is warm is there at once, and the past begins at its moment. */
import type Hls from "hls.js";
import type { LoaderCallbacks, LoaderConfiguration, PlaylistLoaderConstructor, PlaylistLoaderContext } from "hls.js";
import { startAt } from "../playing/playlist_start.ts";
import type { WarmPlaylists } from "./warm_playlists.ts";

/**
 * Return a loader class for `pLoader`.
 *
 * Args:
 *   past: Null for what is on air now; else the moment to begin with, in UNIX milliseconds, null where
 *     the playlist says itself.
 */
export function loaderFor(
  HlsClass: typeof Hls, warm: WarmPlaylists, past: { startMs: number | null } | null,
): PlaylistLoaderConstructor {
  const Plain = HlsClass.DefaultConfig.loader as unknown as PlaylistLoaderConstructor;
  return class extends Plain {
    #isGone = false;

    override destroy(): void {
      this.#isGone = true;
      super.destroy();
    }

    override abort(): void {
      this.#isGone = true;
      super.abort();
    }

    override load(
      context: PlaylistLoaderContext, config: LoaderConfiguration, callbacks: LoaderCallbacks<PlaylistLoaderContext>,
    ): void {
      const held = past || context.levelDetails ? null : warm.get(context.url);
      if (held !== null) return this.#answer(held, context, callbacks);
      if (!past) return super.load(context, config, callbacks);
      const onSuccess: typeof callbacks.onSuccess = (response, ...rest) => {
        const { data } = response;
        const text = typeof data === "string" ? startAt(data, past.startMs) : data;
        callbacks.onSuccess({ ...response, ...(text === undefined ? {} : { data: text }) }, ...rest);
      };
      super.load(context, config, { ...callbacks, onSuccess });
    }

    #answer(data: string, context: PlaylistLoaderContext, callbacks: LoaderCallbacks<PlaylistLoaderContext>): void {
      const { stats } = this;
      const now = performance.now();
      stats.loading = { start: now, first: now, end: now };
      stats.loaded = stats.total = data.length;
      // As after a request: hls.js is not through with this one yet.
      void Promise.resolve().then(() => {
        if (!this.#isGone) callbacks.onSuccess({ url: context.url, data, code: 200 }, stats, context, null);
      });
    }
  };
}
