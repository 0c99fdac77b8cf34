/** A loader of hls.js that lets playlists begin at a moment. */
import type Hls from "hls.js";
import type { LoaderCallbacks, LoaderConfiguration, PlaylistLoaderConstructor, PlaylistLoaderContext } from "hls.js";
import { startAt } from "./playlist_start.ts";

/** Return a loader class for `pLoader`; what it loads starts at the moment, or where it says if that is null. */
export function loaderStartingAt(HlsClass: typeof Hls, unixMs: number | null): PlaylistLoaderConstructor {
  const Plain = HlsClass.DefaultConfig.loader as unknown as PlaylistLoaderConstructor;
  return class extends Plain {
    override load(
      context: PlaylistLoaderContext, config: LoaderConfiguration, callbacks: LoaderCallbacks<PlaylistLoaderContext>,
    ): void {
      const onSuccess: typeof callbacks.onSuccess = (response, ...rest) => {
        const { data } = response;
        callbacks.onSuccess(typeof data === "string" ? { ...response, data: startAt(data, unixMs) } : response, ...rest);
      };
      super.load(context, config, { ...callbacks, onSuccess });
    }
  };
}
