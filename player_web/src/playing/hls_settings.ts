/** Settings of hls.js for our channels: a function of values, so that the judges use the same. */
import type { HlsConfig, RetryConfig } from "hls.js";

/** What decides about the settings. */
export interface ViewingConditions {
  /** The viewer asked for the low-latency playlist. */
  lowLatency: boolean;
  /** Bits a second measured in an earlier visit, or told by the browser; null when unknown. */
  bandwidthBps: number | null;
  /** The playlist is of the past: a span, a programme, the rewind window. */
  recorded?: boolean;
}

/** Below this the first picture comes from the lowest rung: 360p would take seconds to arrive. */
const SLOW_LINK_BPS = 900_000;

/**
 * In low latency two seconds are buffered: a server that starts anew is to be met when it is there.  With
 * pauses that double, the try after the one at 7 s was at 15 s.
 */
const SOON: RetryConfig = { maxNumRetry: 60, retryDelayMs: 1_000, maxRetryDelayMs: 1_000 };

/** Playlists of pictures and of sound are counted together. */
const GENTLY: RetryConfig = { maxNumRetry: 16, retryDelayMs: 1_000, maxRetryDelayMs: 4_000, backoff: "exponential" };

/**
 * Return the settings that differ from hls.js's own.
 *
 * Never `liveSyncDuration` nor `liveSyncDurationCount`: given either, even with its default, hls.js
 * ignores the HOLD-BACK and PART-HOLD-BACK of the server.
 */
export function hlsSettings(conditions: ViewingConditions): Partial<HlsConfig> {
  const { lowLatency, bandwidthBps, recorded = false } = conditions;
  const slow = bandwidthBps !== null && bandwidthBps < SLOW_LINK_BPS;
  return {
    lowLatencyMode: lowLatency,
    // A late player plays 5 % faster until it is back; plain HLS has no hurry.
    maxLiveSyncPlaybackRate: lowLatency ? 1.05 : 1,
    // The default start, 12 s back, lies 0.48 s before a boundary of 3.84 s and stalls there.
    // In the past it would undo EXT-X-START, which says where within the first segment to begin.
    startOnSegmentBoundary: !lowLatency && !recorded,
    testBandwidth: false,
    startFragPrefetch: true,
    ...(bandwidthBps === null ? {} : { abrEwmaDefaultEstimate: Math.round(bandwidthBps * 0.7) }),
    ...(slow ? { startLevel: 0 } : {}),
    capLevelToPlayerSize: true,
    maxDevicePixelRatio: 2,
    // Never `abrSwitchInterval`: hls.js 1.7.4 waits for the playlist of the level that it does not allow itself to
    // switch to, and loads no picture until the interval is over.
    // hls.js takes a start in a segment's last quarter of a second for the next segment's: it would
    // show the programme from up to 0.25 s after its first frame.
    ...(recorded ? { maxFragLookUpTolerance: 0.005 } : {}),
    maxBufferLength: 30,
    maxMaxBufferLength: 60,
    // hls.js 1.7.4: throwing away what was played, while a part is being appended, marks that segment's
    // parts as never loaded, and the sound stops for two segments.  The browser throws away by itself.
    backBufferLength: lowLatency ? Infinity : recorded ? 60 : 30,
    // A packager that is frozen is a fault that viewers are told about (default: never noticed).
    liveMaxUnchangedPlaylistRefresh: 5,
    errorPenaltyExpireMs: 30_000,
    liveDurationInfinity: true,
    // No worker: for CMAF it buys nothing, and its file competes with the first segment.
    enableWorker: false,
    fragLoadPolicy: {
      default: {
        maxTimeToFirstByteMs: 10_000,
        maxLoadTimeMs: 60_000,
        timeoutRetry: { maxNumRetry: 4, retryDelayMs: 0, maxRetryDelayMs: 0 },
        errorRetry: lowLatency ? SOON : { ...GENTLY, retryDelayMs: 500 },
      },
    },
    playlistLoadPolicy: {
      default: {
        maxTimeToFirstByteMs: 10_000,
        maxLoadTimeMs: 20_000,
        timeoutRetry: { maxNumRetry: 6, retryDelayMs: 0, maxRetryDelayMs: 0 },
        errorRetry: lowLatency ? SOON : GENTLY,
      },
    },
  };
}
