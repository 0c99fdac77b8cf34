/**
 * What a channel's player plays: live, rewound, or a programme; and every way between them.
 *
 * All places are moments of the wall clock, so one number means the same in the live playlist, in the
 * rewind window and in a programme's own.
 */
import { type Channel, loadProgramme } from "../base/api.ts";
import { askForChannel } from "../early/ask.ts";
import { NOTHING_KNOWN } from "../early/first_media.ts";
import { retryPauseS } from "./faults.ts";
import type { PlayerFacts, PlayerObserver } from "./facts.ts";
import type { GuideStore } from "../guide/guide_store.ts";
import { Player, type Quality, type Situation, type Source } from "./player.ts";
import { type Route, addressOf } from "../app/router.ts";
import { keepPlace, recall, remember } from "../base/storage.ts";
import { type MessageKey, stationZone } from "../base/text.ts";
import { type Watch, watchQuality } from "../qoe/watch.ts";
import { type Viewing, isInWindow, viewMoment, viewProgramme } from "./viewing.ts";
import { WeakNetwork } from "./weak_network.ts";

export interface PlaybackListener {
  onSituation(situation: Situation): void;
  onViewing(viewing: Viewing): void;
  onQualities(qualities: Quality[], chosen: number, playing: number): void;
  /** Something to say in passing; null takes it back. */
  onNote(note: MessageKey | null): void;
  onSwitches(lowLatency: boolean, soundOnly: boolean): void;
  /** Whether captions are shown; null where there are none. */
  onCaptions(isShown: boolean | null): void;
  /** The address of what plays now; a new one for the way back, or in place of the old. */
  onAddress(address: string, isNew: boolean): void;
}

/** Where the viewer is, in UNIX milliseconds: what can be reached, and what is on screen. */
export interface Position {
  startMs: number;
  endMs: number;
  atMs: number;
}

/** Further behind than this, the way back to live is offered; plain HLS starts up to 5 s behind. */
const BEHIND_S = { plain: 10, lowLatency: 5 };
/** How far behind the studio plain HLS plays, until it was seen. */
const USUAL_DELAY_MS = 17_000;
/** A pause of live that is longer goes on where it began, through the rewind window. */
const LONG_PAUSE_MS = 45_000;
const AT_EDGE_MS = 4_000;
/** The oldest segments leave the window while one watches them. */
const OLDEST_MARGIN_MS = 12_000;
/** So long after its end a segment is in the archive for certain. */
const ARCHIVED_AFTER_MS = 12_000;
/** A closed playlist reaches back so far before its moment, for a jump back. */
const CLOSED_BEFORE_MS = 300_000;
/** A stream without playlists begins with the newest seconds. */
const STREAM_DELAY_MS = 5_000;
/** What is ahead of the picture plays on, almost to its end, while two segments of sound are asked for; at most so long. */
const SOUND_WITHIN_MS = 8_000;
const ALMOST_S = 1.5;
const LIVE: Viewing = { kind: "live" };

/** Return the playlist of sound alone beside one of the past. */
const soundOf = (url: string): string => url.replace(/index\.m3u8$/, "sound.m3u8");

export class Playback {
  readonly #channel: Channel;
  readonly #guide: GuideStore;
  readonly #listener: PlaybackListener;
  readonly #player: Player;
  readonly #watch: Watch;
  #route: Route;
  #viewing: Viewing = LIVE;
  #situation: Situation = { kind: "connecting", again: false };
  #opening = 0;
  #isGoingOn = false;
  #failures = 0;
  #clockOffsetMs = 0;
  #delayMs = USUAL_DELAY_MS;
  /** Where a seek leads, until it is there. */
  #targetMs: number | null = null;
  #lowLatency: boolean;
  #soundOnly = false;
  /** The network carries no picture now: sound alone, until it does. */
  #isWeak = false;
  #isGivingUp = false;
  readonly #weakNetwork = new WeakNetwork();

  constructor(media: HTMLMediaElement, channel: Channel, guide: GuideStore, listener: PlaybackListener) {
    this.#channel = channel;
    this.#guide = guide;
    this.#listener = listener;
    this.#route = { channel: channel.id, programme: null, momentMs: null };
    this.#soundOnly = recall("sound_only") === "yes" && channel.kind === "tv" && channel.soundOnly !== null;
    this.#lowLatency = !this.#soundOnly && recall("low_latency") === "yes" && channel.hlsLowLatency !== null;
    media.addEventListener("seeked", () => { this.#targetMs = null; });
    this.#player = new Player(media, {
      onSituation: (situation) => this.#onSituation(situation),
      onQualities: (qualities, chosen, playing) => listener.onQualities(qualities, chosen, playing),
      onCaptions: (isShown) => listener.onCaptions(isShown),
      onUnsteady: () => this.#dropLowLatency(),
      onHole: () => listener.onNote("holeSkipped"),
    });
    this.#watch = watchQuality({
      channel: channel.id, media, nowMs: () => this.nowMs(),
      observe: (observer) => this.#player.observe(observer), facts: () => this.#player.facts(),
    });
  }

  get viewing(): Viewing {
    return this.#viewing;
  }

  get isLowLatency(): boolean {
    return this.#lowLatency;
  }

  setClockOffsetMs(offset: number): void {
    this.#clockOffsetMs = offset;
  }

  /** Return the server's time, in UNIX milliseconds. */
  nowMs(): number {
    return Date.now() + this.#clockOffsetMs;
  }

  close(): void {
    this.#opening += 1;
    this.#player.close();
    this.#watch.end();
  }

  /** Play what an address says. */
  async go(route: Route): Promise<void> {
    this.#route = route;
    const opening = ++this.#opening;
    let viewing: Viewing;
    try {
      viewing = await this.#viewingOf(route, opening);
      this.#failures = 0;
    } catch {
      const retryAtMs = this.nowMs() + retryPauseS(this.#failures++, Math.random()) * 1000;
      viewing = { kind: "unavailable", code: navigator.onLine ? "LS-G4" : "LS-O1", programme: null, retryAtMs };
    }
    if (opening !== this.#opening) return;
    this.#show(viewing);
    // Where the address said more or less than what became of it, it is put right.
    if (viewing.kind === "live" && (route.programme !== null || route.momentMs !== null)) this.#address(null, null, false);
    if (viewing.kind === "programme" && route.programme === null) {
      this.#address(viewing.programme.id, viewing.momentMs, false);
    }
  }

  /** Go to a moment, the nearest that can be reached. */
  seek(unixMs: number): void {
    const position = this.position();
    const viewing = this.#viewing;
    if (!position) return;
    const isAtEnd = unixMs >= position.endMs - AT_EDGE_MS;
    if (isAtEnd && (viewing.kind === "live" || viewing.kind === "rewound")) return this.goLive();
    if (isAtEnd && viewing.kind === "programme" && viewing.isRunning) return this.#player.goLive();
    const target = Math.min(Math.max(unixMs, position.startMs), position.endMs);
    this.#opening += 1;
    this.#targetMs = target;
    if (viewing.kind === "live") {
      this.#address(null, target, true);
      return this.#show({ kind: "rewound", momentMs: target });
    }
    this.#address(this.#route.programme, target, false);
    const wasEnded = this.#situation.kind === "ended";
    if (!this.#player.seekTo(target)) this.#show({ ...viewing, momentMs: target } as Viewing);
    else if (wasEnded) void this.#player.play();
  }

  /** Go so many seconds forward, back if negative. */
  skip(seconds: number): void {
    const position = this.position();
    if (position) this.seek(position.atMs + seconds * 1000);
  }

  goLive(): void {
    if (this.#viewing.kind !== "live") {
      this.#address(null, null, true);
      this.#opening += 1;
      return this.#show(LIVE);
    }
    // At the edge already, a jump would only stall.
    if (this.isBehind()) this.#player.goLive();
    else void this.#player.play();
  }

  toggle(): void {
    const { kind } = this.#situation;
    if (kind === "playing" || kind === "buffering" || kind === "loading") this.#player.pause();
    else this.play();
  }

  /** Play, try again, or begin again, whichever is due. */
  play(): void {
    const viewing = this.#viewing;
    if (viewing.kind === "unavailable") return void this.go(this.#route);
    if (this.#situation.kind === "fault") return this.retryNow();
    if (this.#situation.kind === "ended") return this.restart();
    const at = this.#player.playingUnixMs();
    if (this.#situation.kind === "paused" && at !== null) {
      const wasLong = viewing.kind === "live" && this.nowMs() - at > LONG_PAUSE_MS + this.#delayMs;
      if (wasLong && isInWindow(this.#channel, at, this.nowMs())) return this.seek(at);
      if (viewing.kind === "rewound" && !isInWindow(this.#channel, at, this.nowMs())) {
        return void this.go({ ...this.#route, momentMs: at }); // the window has moved past it
      }
    }
    void this.#player.play();
  }

  retryNow(): void {
    if (this.#viewing.kind === "unavailable") void this.go(this.#route);
    else if (this.#situation.kind === "fault" && this.#situation.retryInS === null) this.#show(this.#viewing);
    else this.#player.retryNow();
  }

  /** Play a programme from its first frame. */
  restart(): void {
    const viewing = this.#viewing;
    if (viewing.kind === "span") return this.#show({ ...viewing, momentMs: viewing.startMs });
    if (viewing.kind !== "programme") return;
    this.#address(viewing.programme.id, null, false);
    this.#show({ ...viewing, momentMs: null });
  }

  chooseQuality(index: number): void {
    this.#player.chooseQuality(index);
  }

  setDataSaver(wanted: boolean): void {
    this.#player.setDataSaver(wanted);
  }

  showCaptions(wanted: boolean): void {
    this.#player.showCaptions(wanted);
  }

  pause(): void {
    if (["playing", "buffering", "loading"].includes(this.#situation.kind)) this.#player.pause();
  }

  setLowLatency(wanted: boolean): void {
    this.#lowLatency = wanted;
    this.#soundOnly &&= !wanted;
    this.#isWeak &&= !wanted;
    this.#listener.onNote(null);
    remember("low_latency", wanted ? "yes" : "no");
    this.#reopen();
  }

  setSoundOnly(wanted: boolean): void {
    this.#soundOnly = wanted;
    this.#isWeak = false;
    this.#lowLatency &&= !wanted;
    this.#listener.onNote(null);
    remember("sound_only", wanted ? "yes" : "no");
    this.#reopen();
  }

  /** Return where the viewer is; null where nothing can be reached but what plays. */
  position(): Position | null {
    const viewing = this.#viewing;
    const nowMs = this.nowMs();
    const isStream = this.#player.facts().engine === "progressive";
    const liveMs = nowMs - (isStream ? STREAM_DELAY_MS : this.#delayMs);
    const at = this.#targetMs ?? this.#player.playingUnixMs();
    switch (viewing.kind) {
      case "live":
      case "rewound": {
        if (!this.#channel.dvr) return null;
        const known = viewing.kind === "rewound" ? (this.#player.span()?.startMs ?? 0) : 0;
        const startMs = Math.max(nowMs - this.#channel.dvrSeconds * 1000, known) + OLDEST_MARGIN_MS;
        return { startMs, endMs: liveMs, atMs: at ?? (viewing.kind === "live" ? liveMs : viewing.momentMs) };
      }
      case "programme": {
        const { startS, stopS } = viewing.programme;
        const endMs = Math.max(startS * 1000, viewing.isRunning ? Math.min(stopS * 1000, liveMs) : stopS * 1000);
        return { startMs: startS * 1000, endMs, atMs: at ?? viewing.momentMs ?? startS * 1000 };
      }
      case "span":
        return { startMs: viewing.startMs, endMs: viewing.endMs, atMs: at ?? viewing.momentMs };
      default:
        return null;
    }
  }

  /** Tell an observer what the player does from now on; returns what ends that. */
  observe(observer: PlayerObserver): () => void {
    return this.#player.observe(observer);
  }

  /** Return how the player stands now. */
  facts(): PlayerFacts {
    return this.#player.facts();
  }

  /** Return the wall clock of what is on screen, in UNIX milliseconds; null when unknown. */
  playingUnixMs(): number | null {
    return this.#player.playingUnixMs();
  }

  /** Return seconds behind live; 0 for what is over. */
  behindS(): number {
    const viewing = this.#viewing;
    if (viewing.kind === "live") return this.#player.behindS();
    const isLate = viewing.kind === "rewound" || (viewing.kind === "programme" && viewing.isRunning);
    const at = this.position()?.atMs;
    return isLate && at !== undefined ? Math.max(0, (this.nowMs() - this.#delayMs - at) / 1000) : 0;
  }

  isBehind(): boolean {
    return this.behindS() >= (this.#lowLatency ? BEHIND_S.lowLatency : BEHIND_S.plain);
  }

  /** Once a second: keep the place, learn the delay, try again what is due. */
  tick(): void {
    const viewing = this.#viewing;
    const at = this.#player.playingUnixMs();
    if (viewing.kind === "unavailable") {
      if (viewing.retryAtMs !== null && this.nowMs() >= viewing.retryAtMs) void this.go(this.#route);
      else this.#tellUnavailable(viewing);
    } else if (viewing.kind === "live") {
      this.#watchNetwork();
      if (at === null) return;
      const isOnTime = this.#situation.kind === "playing" && !this.#lowLatency && !this.isBehind();
      if (isOnTime) this.#delayMs = Math.min(60_000, Math.max(0, this.nowMs() - at));
    } else if (at !== null && this.#situation.kind !== "ended") {
      keepPlace(location.pathname + location.search, at);
    }
  }

  async #viewingOf(route: Route, opening: number): Promise<Viewing> {
    if (route.programme === null && route.momentMs === null) return LIVE;
    const asking = window.setTimeout(() => {
      if (opening === this.#opening) this.#onSituation({ kind: "connecting", again: false });
    }, 200);
    try {
      if (route.programme !== null) {
        const found = await loadProgramme(route.programme);
        return viewProgramme(found?.channel === this.#channel.id ? found : null, route.momentMs, this.nowMs());
      }
      const moment = route.momentMs ?? 0;
      const isNear = moment > this.nowMs() || isInWindow(this.#channel, moment, this.nowMs());
      const around = isNear ? null : await this.#guide.programmeAt(this.#channel, moment);
      return viewMoment(this.#channel, moment, this.nowMs(), around);
    } finally {
      window.clearTimeout(asking);
    }
  }

  #show(viewing: Viewing): void {
    const wasLive = this.#viewing.kind === "live" && this.#situation.kind !== "connecting";
    this.#viewing = viewing;
    this.#targetMs = null;
    this.#isWeak = false;
    this.#weakNetwork.restart();
    this.#listener.onNote(null);
    const source = this.#source();
    if (!source) this.#player.stop();
    else if (!(wasLive && viewing.kind === "live")) this.#player.open(source);
    this.#listener.onViewing(viewing);
    this.#listener.onSwitches(this.#lowLatency, this.#isSoundOnly);
    if (viewing.kind === "unavailable") {
      this.#watch.fault(viewing.code);
      this.#tellUnavailable(viewing);
    }
  }

  #tellUnavailable(viewing: Viewing & { kind: "unavailable" }): void {
    const { code, retryAtMs } = viewing;
    const isCounted = retryAtMs !== null && code !== "LS-G2";
    const retryInS = isCounted ? Math.max(1, Math.ceil((retryAtMs - this.nowMs()) / 1000)) : null;
    this.#onSituation({ kind: "fault", code, retryInS });
  }

  #source(): Source | null {
    const channel = this.#channel;
    const viewing = this.#viewing;
    const live = { lowLatency: false, isArchive: false, startMs: null, progressive: null, closedUrl: null, carriesBps: null };
    const { startMs, archiveUrl } = this.#pastOf(viewing);
    if (archiveUrl !== null) {
      const url = this.#soundOnly ? soundOf(archiveUrl) : archiveUrl;
      return { ...live, isArchive: true, url, startMs, closedUrl: this.#closedUrl(viewing) };
    }
    if (viewing.kind !== "live") return null;
    if (this.#isSoundOnly && channel.soundOnly) {
      return { ...live, url: channel.soundOnly, carriesBps: this.#isWeak ? this.#weakNetwork.carriedBps : null };
    }
    if (this.#lowLatency && channel.hlsLowLatency) return { ...live, url: channel.hlsLowLatency, lowLatency: true };
    // What follows on from the past goes on where that ended; a stream would skip to the newest seconds.
    return { ...live, url: channel.hls, progressive: this.#isGoingOn ? null : channel.progressive };
  }

  #pastOf(viewing: Viewing): { startMs: number | null; archiveUrl: string | null } {
    switch (viewing.kind) {
      case "rewound": return { startMs: viewing.momentMs, archiveUrl: this.#channel.dvr ?? this.#channel.hls };
      case "programme":
      case "span": return { startMs: viewing.momentMs, archiveUrl: viewing.url };
      default: return { startMs: null, archiveUrl: null };
    }
  }

  /** Return a playlist that ends with what is archived by now; null where what plays has ended anyway. */
  #closedUrl(viewing: Viewing): string | null {
    let firstMs: number;
    if (viewing.kind === "rewound") firstMs = viewing.momentMs - CLOSED_BEFORE_MS;
    else if (viewing.kind === "programme" && viewing.isRunning) firstMs = viewing.programme.startS * 1000;
    else return null;
    const oldestMs = this.nowMs() - this.#channel.catchupDays * 86_400_000 + OLDEST_MARGIN_MS;
    const [startS, endS] = [Math.max(firstMs, oldestMs), this.nowMs() - ARCHIVED_AFTER_MS].map((ms) => Math.floor(ms / 1000));
    if (startS === undefined || endS === undefined || endS - startS < 1) return null;
    const url = `/catchup/${this.#channel.id}/${startS}-${endS}/index.m3u8`;
    return this.#soundOnly ? soundOf(url) : url;
  }

  get #isSoundOnly(): boolean {
    return this.#soundOnly || this.#isWeak;
  }

  #reopen(): void {
    this.#weakNetwork.restart();
    this.#listener.onSwitches(this.#lowLatency, this.#isSoundOnly);
    const viewing = this.#viewing;
    if (viewing.kind === "unavailable") return;
    if (viewing.kind !== "live") return this.#show({ ...viewing, momentMs: this.position()?.atMs ?? viewing.momentMs } as Viewing);
    const source = this.#source();
    if (source) this.#player.open(source);
  }

  /** The network does not carry low latency: plain HLS for now; the viewer's choice is kept. */
  #dropLowLatency(): void {
    this.#lowLatency = false;
    this.#reopen();
    this.#listener.onNote("latencyDropped");
  }

  /** Sound alone where the network does not carry the picture; the picture again when it does. */
  #watchNetwork(): void {
    const { arrivedBytes, bufferS, fragmentBps, qualities } = this.#player.facts();
    const isOn = ["playing", "buffering", "loading"].includes(this.#situation.kind);
    if (!isOn || arrivedBytes === null || !this.#channel.soundOnly || this.#soundOnly || this.#isGivingUp) return;
    const pictures = qualities.all.filter(({ height }) => height > 0).map(({ averageBps }) => averageBps);
    const smallestBps = pictures.length > 0 ? Math.min(...pictures) : null;
    const second = { atMs: performance.now(), arrivedBytes, bufferS, fragmentBps, smallestBps };
    const wish = this.#isWeak ? this.#weakNetwork.seeSound(second) : this.#weakNetwork.seePicture(second);
    if (wish === "sound") void this.#giveUpPicture(this.#channel.soundOnly);
    else if (wish === "picture") this.#turnWeak(false);
  }

  /** Ask for the sound while what is loaded plays on; then turn to it. */
  async #giveUpPicture(sound: string): Promise<void> {
    const opening = this.#opening;
    const isWanted = (): boolean => opening === this.#opening && this.#viewing.kind === "live" && !this.#soundOnly;
    this.#isGivingUp = true;
    this.#player.stopLoading();
    const pause = (ms: number): Promise<void> => new Promise((resolve) => { window.setTimeout(resolve, ms); });
    const end = performance.now() + SOUND_WITHIN_MS;
    await Promise.race([askForChannel(sound, NOTHING_KNOWN, 2), pause(SOUND_WITHIN_MS)]);
    while (isWanted() && performance.now() < end && this.#player.facts().bufferS > ALMOST_S) await pause(200);
    this.#isGivingUp = false;
    if (isWanted()) this.#turnWeak(true);
  }

  #turnWeak(isWeak: boolean): void {
    this.#isWeak = isWeak;
    this.#lowLatency &&= !isWeak;
    this.#reopen();
    this.#listener.onNote(isWeak ? "weakNetwork" : null);
  }

  #address(programme: string | null, momentMs: number | null, isNew: boolean): void {
    this.#route = { channel: this.#channel.id, programme, momentMs };
    this.#listener.onAddress(addressOf(this.#channel, stationZone(), { programme, momentMs }), isNew);
  }

  #onSituation(situation: Situation): void {
    this.#situation = situation;
    if (situation.kind === "playing" || situation.kind === "fault") this.#targetMs = null;
    const viewing = this.#viewing;
    if (situation.kind === "ended" && viewing.kind === "programme" && viewing.isRunning) {
      // It was on air when it was opened: what followed it on air follows here.
      return void this.#goOn(viewing.programme.stopS * 1000);
    }
    if (situation.kind === "ended" && viewing.kind === "rewound") {
      const endMs = this.#player.span()?.endMs;
      return void this.#goOn(endMs ?? this.nowMs());
    }
    this.#listener.onSituation(situation);
  }

  async #goOn(momentMs: number): Promise<void> {
    this.#address(null, momentMs, false);
    this.#isGoingOn = true;
    await this.go(this.#route);
    this.#isGoingOn = false;
  }
}
