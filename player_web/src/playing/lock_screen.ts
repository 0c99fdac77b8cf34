/** The lock screen, headphones' buttons, a car's screen: what plays there, and their keys for it. */
import type { Channel } from "../base/api.ts";
import { t } from "../base/text.ts";
import type { Situation } from "./facts.ts";
import type { Playback } from "./playback.ts";
import { type Reach, nameOf, positionOf } from "./system_facts.ts";

/** What is known of what plays, beside the playback. */
export interface Known {
  channel: Channel;
  station: string;
  situation(): Situation["kind"];
  /** Titles; empty when unknown. */
  song(): string;
  programme(): string;
  /** How to open the next or the previous channel; null where there is none. */
  open(step: 1 | -1): (() => void) | null;
}

export type Key = "play" | "pause" | "stop" | "seekbackward" | "seekforward" | "seekto" | "previoustrack" | "nexttrack";
export type Press = (details: MediaSessionActionDetails) => void;

/** A small one: browsers ask for it several times, also on a network that hardly carries the sound. */
export const RASTER = { src: "/icon-192.png", sizes: "192x192", type: "image/png" };
/** So far one goes where the key does not say. */
export const SKIP_S = 10;
/** Television's picture is not older than this. */
const PICTURE_MS = 300_000;
/** The system counts on by itself; it is told again when it would be wrong by more. */
const DRIFT_S = 2;

/** Have a key pressed; null gives it back to the browser. */
export function takeKey(key: Key, press: Press | null): void {
  try {
    navigator.mediaSession.setActionHandler(key, press);
  } catch {
    // An older browser does not know this key.
  }
}

export class LockScreen {
  readonly #playback: Playback;
  readonly #known: Known;
  #shown = "";
  #reach: Reach | null = null;
  /** What was told of the position last, and when. */
  #told: { duration: number; position: number; isMoving: boolean; atMs: number } | null = null;
  #canSeek: boolean | null = null;

  constructor(playback: Playback, known: Known) {
    this.#playback = playback;
    this.#known = known;
    takeKey("play", () => playback.play());
    takeKey("pause", () => playback.pause());
    takeKey("stop", () => playback.pause());
    takeKey("previoustrack", known.open(-1));
    takeKey("nexttrack", known.open(1));
  }

  /** Tell what changed since the last time. */
  update(): void {
    const { mediaSession } = navigator;
    const kind = this.#known.situation();
    const isMoving = kind === "playing";
    const isOn = isMoving || kind === "buffering" || kind === "loading";
    mediaSession.playbackState = isOn ? "playing" : "paused";
    this.#name();
    this.#place(isMoving);
  }

  /** Take everything back. */
  close(): void {
    const keys: Key[] = ["play", "pause", "stop", "seekbackward", "seekforward", "seekto", "previoustrack", "nexttrack"];
    for (const key of keys) takeKey(key, null);
    navigator.mediaSession.metadata = null;
    navigator.mediaSession.playbackState = "none";
    this.#tellPosition(null);
  }

  #name(): void {
    const { channel, station, song, programme } = this.#known;
    const atMs = this.#playback.playingUnixMs();
    const replayed = this.#playback.viewing.kind === "live" ? "" : t("replaying");
    const named = nameOf({ channel, station, song: song(), programme: programme(), replayed, atMs }, RASTER);
    const picture = channel.kind === "tv" && atMs !== null ? Math.floor(atMs / PICTURE_MS) : 0;
    const key = JSON.stringify([named.title, named.artist, named.album, picture]);
    if (key === this.#shown) return;
    this.#shown = key;
    navigator.mediaSession.metadata = new MediaMetadata(named);
  }

  #place(isMoving: boolean): void {
    this.#reach = this.#playback.position();
    const position = positionOf(this.#reach);
    this.#takeSeeks(position !== null);
    const [told, nowMs] = [this.#told, performance.now()];
    if (position === null) {
      if (told) this.#tellPosition(null);
      this.#told = null;
      return;
    }
    const expected = told ? told.position + (told.isMoving ? (nowMs - told.atMs) / 1000 : 0) : Number.NaN;
    const isRight = told !== null && told.isMoving === isMoving
      && Math.abs(expected - position.position) < DRIFT_S && Math.abs(told.duration - position.duration) < DRIFT_S;
    if (isRight) return;
    this.#told = { ...position, isMoving, atMs: nowMs };
    this.#tellPosition(position);
  }

  #takeSeeks(canSeek: boolean): void {
    if (canSeek === this.#canSeek) return;
    this.#canSeek = canSeek;
    const skip = (sign: 1 | -1): Press => ({ seekOffset }) => this.#playback.skip(sign * (seekOffset ?? SKIP_S));
    takeKey("seekbackward", canSeek ? skip(-1) : null);
    takeKey("seekforward", canSeek ? skip(1) : null);
    takeKey("seekto", canSeek ? ({ seekTime }) => {
      if (this.#reach && seekTime !== undefined && Number.isFinite(seekTime)) this.#playback.seek(this.#reach.startMs + seekTime * 1000);
    } : null);
  }

  #tellPosition(position: { duration: number; position: number } | null): void {
    if (!("setPositionState" in navigator.mediaSession)) return;
    if (position) navigator.mediaSession.setPositionState({ duration: position.duration, position: position.position, playbackRate: 1 });
    else navigator.mediaSession.setPositionState();
  }
}
