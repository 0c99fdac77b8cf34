/** Which failed requests of hls.js are repeated. */
import type { HlsConfig, LoaderResponse, RetryConfig } from "hls.js";

/**
 * Player: hls.js takes a request that nobody answered for one that was forbidden, and does not repeat it.
 * A server that starts anew and a phone between two cells are such; what was answered hls.js judges itself.
 */
function triesAgain(
  config: RetryConfig | null | undefined, count: number, _: boolean, answer: LoaderResponse | undefined, isWorthwhile: boolean,
): boolean {
  return isWorthwhile || (answer?.code === 0 && count < (config?.maxNumRetry ?? 0));
}

/** Return settings in which a request that nobody answered is repeated as well. */
export function persistent(settings: Partial<HlsConfig>): Partial<HlsConfig> {
  for (const policy of [settings.fragLoadPolicy, settings.playlistLoadPolicy]) {
    const retry = policy?.default.errorRetry;
    if (policy && retry) policy.default.errorRetry = { ...retry, shouldRetry: triesAgain };
  }
  return settings;
}
