/** hls.js, which is loaded with the first source. */
import type Hls from "hls.js";
import type { ErrorData, Fragment } from "hls.js";
import { earlyLevel } from "../base/early_answers.ts";
import { recall, recallNumber, remember } from "../base/storage.ts";
import { addCaptions, clearCaptions, showCaptionTrack } from "./caption_track.ts";
import { saverQuality } from "./data_rate.ts";
import { loaderOfEarly } from "./early_loader.ts";
import { type Engine, type EngineListener, NO_QUALITIES, type Qualities, type Source, type Span } from "./engine.ts";
import { isHopeless, networkFault, retryAfterS } from "./faults.ts";
import { persistent } from "./hls_retries.ts";
import { hlsSettings } from "./hls_settings.ts";
import { type DatedFragment, spanOf, timeOf, unixMsOf } from "./media_clock.ts";
import { loaderStartingAt } from "./playlist_loader.ts";

type HlsClass = typeof Hls;

export class HlsEngine implements Engine {
  readonly kind = "hls";
  readonly forgetsWhilePaused = false;
  readonly #media: HTMLMediaElement;
  readonly #source: Source;
  readonly #startMs: number | null;
  readonly #listener: EngineListener;
  #hls: Hls | null = null;
  #isClosed = false;
  #hasPlayed = false;
  #arrivedBytes = 0;
  #fragmentBps: number | null = null;
  /** What of each fragment under way is counted already. */
  readonly #counted = new Map<Fragment, number>();
  #recovered = false;
  #dataSaver = recall("data_saver") === "yes";
  #captionsWanted = recall("captions") === "yes";
  readonly #leaving = new AbortController();

  /** `startMs` is the moment to begin with, in UNIX milliseconds; null where the playlist says. */
  constructor(media: HTMLMediaElement, source: Source, startMs: number | null, listener: EngineListener) {
    this.#media = media;
    this.#source = source;
    this.#startMs = source.isArchive ? startMs : null;
    this.#listener = listener;
    const until = { signal: this.#leaving.signal };
    media.addEventListener("playing", () => { this.#hasPlayed = true; }, until);
    window.addEventListener("pagehide", () => this.#keepBandwidth(), until);
  }

  get qualities(): Qualities {
    const hls = this.#hls;
    if (!hls) return NO_QUALITIES;
    const all = hls.levels.map(({ height, bitrate, averageBitrate, url }, index) => ({
      index, height: height ?? 0, bitrateBps: bitrate, averageBps: averageBitrate || bitrate, rendition: renditionOf(url[0]),
    }));
    return { all, chosen: hls.autoLevelEnabled ? -1 : hls.nextLevel, playing: hls.currentLevel };
  }

  get bandwidthBps(): number | null {
    const estimate = this.#hls?.bandwidthEstimate;
    return estimate && Number.isFinite(estimate) ? estimate : null;
  }

  get arrivedBytes(): number {
    for (const [fragment, counted] of this.#counted) {
      const { loaded, loading, aborted } = fragment.stats;
      this.#arrivedBytes += Math.max(0, loaded - counted);
      if (loading.end > 0 || aborted) this.#counted.delete(fragment);
      else this.#counted.set(fragment, loaded);
    }
    return this.#arrivedBytes;
  }

  get fragmentBps(): number | null {
    return this.#fragmentBps;
  }

  get captions(): boolean | null {
    return this.#hls && this.#hls.subtitleTracks.length > 0 ? this.#captionsWanted : null;
  }

  start(): void {
    void this.#load();
  }

  stopLoading(): void {
    this.#hls?.stopLoad();
  }

  resumeLoading(): void {
    // hls.js waits between tries up to 8 s, whatever the network does in the meantime.
    this.#hls?.stopLoad();
    this.#hls?.startLoad();
  }

  close(): void {
    this.#keepBandwidth();
    this.#isClosed = true;
    this.#leaving.abort();
    this.#hls?.destroy();
    this.#hls = null;
    clearCaptions(this.#media);
  }

  chooseQuality(index: number): void {
    const hls = this.#hls;
    if (!hls) return;
    hls.nextLevel = index;
    const level = index < 0 ? undefined : hls.levels[index];
    if (hls.levels.some(({ height }) => height > 0)) remember("quality_height", String(level?.height ?? 0));
    else remember("sound_quality", renditionOf(level?.url[0]) ?? "");
    this.#listener.onQualities();
  }

  setDataSaver(wanted: boolean): void {
    this.#dataSaver = wanted;
    const hls = this.#hls;
    if (!hls) return;
    // A large quality that was chosen is given up.
    if (!hls.autoLevelEnabled && this.#isTooMuch(hls, hls.nextLevel)) this.chooseQuality(-1);
    hls.capLevelToPlayerSize = !wanted;
    this.#capForSaver(hls);
    this.#listener.onQualities();
  }

  showCaptions(wanted: boolean): void {
    this.#captionsWanted = wanted;
    this.#applyCaptions();
  }

  livePositionS(): number | null {
    return this.#hls?.liveSyncPosition ?? null;
  }

  playingUnixMs(): number | null {
    return this.#hasPlayed ? unixMsOf(this.#media.currentTime, this.#fragments()) : null;
  }

  timeOf(unixMs: number): number | null {
    return this.#hasPlayed ? timeOf(unixMs, this.#fragments()) : null;
  }

  span(): Span | null {
    return spanOf(this.#fragments());
  }

  onMediaError(): void {
    if (!this.#hls) this.#listener.onFault("LS-D1"); // hls.js tells its own
  }

  #fragments(): readonly DatedFragment[] {
    return this.#hls?.latestLevelDetails?.fragments ?? [];
  }

  async #load(): Promise<void> {
    let module: typeof import("hls.js");
    try {
      module = await import("hls.js");
    } catch {
      if (!this.#isClosed) this.#listener.onFault(networkFault(0, "", navigator.onLine));
      return;
    }
    if (this.#isClosed) return; // a newer source took over
    const { default: HlsClass } = module;
    if (!HlsClass.isSupported()) return this.#listener.onFault("LS-D1");
    const { lowLatency, isArchive, url } = this.#source;
    const hls = new HlsClass({
      ...persistent(hlsSettings({ lowLatency, bandwidthBps: this.#source.carriesBps ?? knownBandwidth(), recorded: isArchive })),
      ...(this.#dataSaver ? { capLevelToPlayerSize: false } : {}),
      // Captions are the viewer's choice, not the playlist's: no track is called so, hence none is loaded unasked.
      subtitlePreference: { lang: "none" },
      renderTextTracksNatively: false,
      ...(isArchive ? { pLoader: loaderStartingAt(HlsClass, this.#startMs) } : { loader: loaderOfEarly(HlsClass) }),
    });
    this.#hls = hls;
    this.#listen(hls, HlsClass);
    hls.loadSource(url);
    hls.attachMedia(this.#media);
  }

  #listen(hls: Hls, HlsClass: HlsClass): void {
    const { Events } = HlsClass;
    hls.on(Events.CUES_PARSED, (_, { cues }) => {
      if (hls === this.#hls) addCaptions(this.#media, cues as VTTCue[]);
    });
    hls.on(Events.SUBTITLE_TRACKS_UPDATED, () => {
      // Player: hls.js makes its own choice just after this event.
      queueMicrotask(() => { if (hls === this.#hls) this.#applyCaptions(); });
    });
    hls.on(Events.MANIFEST_PARSED, () => {
      this.#capForSaver(hls);
      const early = earlyLevel();
      const first = early === null ? -1 : hls.levels.findIndex((level) => level.uri === early);
      if (first >= 0) hls.startLevel = first;
      this.#chooseRememberedQuality(hls);
      this.#listener.onReady();
      this.#listener.onQualities();
    });
    hls.on(Events.LEVEL_SWITCHED, () => this.#listener.onQualities());
    hls.on(Events.FRAG_LOADING, (_, { frag }) => { this.#counted.set(frag, 0); });
    hls.on(Events.FRAG_LOADED, (_, { frag }) => {
      const { loaded, loading } = frag.stats;
      this.#fragmentBps = (loaded * 8000) / Math.max(10, loading.end - loading.first);
    });
    hls.on(Events.FRAG_BUFFERED, () => this.#listener.onMedia());
    hls.on(Events.ERROR, (_, data) => this.#onError(hls, HlsClass, data));
  }

  #onError(hls: Hls, { ErrorTypes, ErrorDetails }: HlsClass, data: ErrorData): void {
    const isNetwork = data.type === ErrorTypes.NETWORK_ERROR;
    const status = data.response?.code ?? 0;
    if (isNetwork) this.#listener.onTrouble({ status, details: data.details });
    if (data.details === ErrorDetails.BUFFER_SEEK_OVER_HOLE && this.#source.isArchive) this.#listener.onHole();
    if (!data.fatal) return;
    if (isNetwork) {
      const code = networkFault(status, data.details, navigator.onLine, this.#source.isArchive);
      this.#listener.onFault(code, retryAfterOf(data.networkDetails));
    } else if (data.details === ErrorDetails.BUFFER_FULL_ERROR) {
      this.#listener.onFault("LS-D2");
    } else if (data.type === ErrorTypes.MEDIA_ERROR && !this.#recovered && !isHopeless(data.details)) {
      this.#recovered = true; // once; a second time the player is built anew
      hls.recoverMediaError();
    } else {
      this.#listener.onFault("LS-D1");
    }
  }

  #chooseRememberedQuality(hls: Hls): void {
    const height = recallNumber("quality_height") ?? 0;
    const sound = recall("sound_quality") ?? "";
    const index = hls.levels.findIndex((level) => (
      level.height > 0 ? level.height === height : sound !== "" && renditionOf(level.url[0]) === sound
    ));
    if (index >= 0 && !this.#isTooMuch(hls, index)) hls.nextLevel = index;
  }

  /** Return the best quality that the data saver allows; null without it. */
  #saverLevel(): number | null {
    return this.#dataSaver ? saverQuality(this.qualities.all) : null;
  }

  #isTooMuch(hls: Hls, index: number): boolean {
    const best = this.#saverLevel();
    return best !== null && (hls.levels[index]?.bitrate ?? 0) > (hls.levels[best]?.bitrate ?? 0);
  }

  #capForSaver(hls: Hls): void {
    const best = this.#saverLevel();
    // Player: while hls.js caps by the picture's size, it writes this number itself.
    if (best !== null) hls.autoLevelCapping = best;
  }

  #applyCaptions(): void {
    const hls = this.#hls;
    if (!hls) return;
    if (hls.subtitleTracks.length > 0) {
      showCaptionTrack(this.#media, this.#captionsWanted);
      // Player: hls.js loads a track that is chosen even while it is not displayed.
      hls.subtitleTrack = this.#captionsWanted ? Math.max(0, hls.subtitleTrack) : -1;
    }
    this.#listener.onCaptions();
  }

  #keepBandwidth(): void {
    const { bandwidthBps } = this;
    if (this.#hasPlayed && bandwidthBps !== null) remember("bandwidth_bps", String(Math.round(bandwidthBps)));
  }
}

/** Read the rendition's name from the address of its playlist: `/live/hytv/360p/index.m3u8`. */
const renditionOf = (url = ""): string | undefined => /\/([a-z0-9-]+)\/[a-z]+\.m3u8/.exec(url)?.[1];

/** Return the seconds for which the server asks to be left alone; null where it does not. */
function retryAfterOf(details: unknown): number | null {
  return details instanceof XMLHttpRequest ? retryAfterS(details.getResponseHeader("Retry-After")) : null;
}

/** Return what an earlier visit measured, else what the browser tells; null when unknown. */
function knownBandwidth(): number | null {
  const kept = recallNumber("bandwidth_bps");
  if (kept !== null) return kept;
  const { connection } = navigator as Navigator & { connection?: { downlink?: number } };
  return connection?.downlink ? connection.downlink * 1e6 : null;
}
