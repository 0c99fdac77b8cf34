/** A loader of hls.js that hands over what was loaded before hls.js itself was there. */
import type Hls from "hls.js";
import type { HlsConfig, LoaderCallbacks, LoaderConfiguration, LoaderContext } from "hls.js";
import type { EarlyAnswer } from "../early/ask.ts";
import { takeEarly } from "../base/early_answers.ts";

/** Return a loader class for the `loader` of hls.js. */
export function loaderOfEarly(HlsClass: typeof Hls): HlsConfig["loader"] {
  const Plain = HlsClass.DefaultConfig.loader;
  return class extends Plain {
    #isGone = false;

    override load(context: LoaderContext, config: LoaderConfiguration, callbacks: LoaderCallbacks<LoaderContext>): void {
      const early = context.rangeEnd ? null : takeEarly(context.url);
      if (!early) return super.load(context, config, callbacks);
      void early.then((answer) => {
        if (this.#isGone) return;
        if (answer) this.#hand(answer, context, callbacks);
        else super.load(context, config, callbacks);
      });
    }

    override abort(): void {
      this.#isGone = true;
      super.abort();
    }

    override destroy(): void {
      this.#isGone = true;
      super.destroy();
    }

    #hand(answer: EarlyAnswer, context: LoaderContext, callbacks: LoaderCallbacks<LoaderContext>): void {
      const { stats } = this;
      const { bytes, startedMs, firstMs, endedMs } = answer;
      const isPlaylist = context.responseType !== "arraybuffer";
      // From its age hls.js would reckon that the segment which is here by now is no longer the one to begin with.
      const laterMs = isPlaylist ? performance.now() - endedMs : 0;
      Object.assign(stats.loading, { start: startedMs + laterMs, first: firstMs + laterMs, end: endedMs + laterMs });
      stats.loaded = stats.total = bytes.byteLength;
      const data = isPlaylist ? new TextDecoder().decode(bytes) : bytes;
      callbacks.onSuccess({ url: answer.url, data, code: 200 }, stats, context, null);
    }
  };
}
