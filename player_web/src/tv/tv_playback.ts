/** What the TV plays: a channel live, rewound, or a programme; and the ways between them. */
import { type Channel, loadProgramme } from "../base/api.ts";
import type { GuideStore } from "../guide/guide_store.ts";
import type { Programme } from "../guide/guide.ts";
import { retryPauseS } from "../playing/faults.ts";
import { type Viewing, isInWindow, viewMoment, viewProgramme } from "../playing/viewing.ts";
import { AT_EDGE_MS, type Span } from "./timeline.ts";
import { type PlayerListener, type Situation, type Source, TvPlayer } from "./tv_player.ts";
import { WarmPlaylists } from "./warm_playlists.ts";

export interface PlaybackListener extends Omit<PlayerListener, "onHole"> {
  /** Another channel, programme or place plays now. */
  onViewing(): void;
  onHole(): void;
}

/** Further behind than this is late; plain HLS starts up to 5 s behind. */
const BEHIND_S = 10;
/** How far behind the studio live plays, until it was seen. */
const USUAL_DELAY_MS = 17_000;
const OLDEST_MARGIN_MS = 12_000;
/** After a pause this long, live goes on where it was left, through the rewind window. */
const LONG_PAUSE_MS = 45_000;
const WARM_AFTER_MS = 1500;

export class TvPlayback {
  readonly #player: TvPlayer;
  readonly #guide: GuideStore;
  readonly #listener: PlaybackListener;
  readonly #warm = new WarmPlaylists();
  #channel: Channel | null = null;
  #viewing: Viewing = { kind: "live" };
  #situation: Situation = { kind: "loading" };
  #opening = 0;
  #failures = 0;
  #delayMs = USUAL_DELAY_MS;
  #pausedAtMs: number | null = null;
  #warming = 0;
  clockOffsetMs = 0;

  constructor(media: HTMLVideoElement, guide: GuideStore, listener: PlaybackListener) {
    this.#guide = guide;
    this.#listener = listener;
    this.#player = new TvPlayer(media, this.#warm, {
      onSituation: (situation) => this.#onSituation(situation),
      onMuted: () => listener.onMuted(),
      onHole: () => listener.onHole(),
    });
  }

  get channel(): Channel | null {
    return this.#channel;
  }

  get viewing(): Viewing {
    return this.#viewing;
  }

  get situation(): Situation {
    return this.#situation;
  }

  /** Return the server's time, in UNIX milliseconds. */
  nowMs(): number {
    return Date.now() + this.clockOffsetMs;
  }

  /** Play a channel live; its neighbours' playlists are fetched when it plays. */
  watch(channel: Channel, neighbours: readonly Channel[]): void {
    this.#channel = channel;
    this.#delayMs = USUAL_DELAY_MS;
    this.#show({ kind: "live" });
    this.#warmUp(neighbours);
  }

  /** Play a programme of a channel, from its first frame or from a moment. */
  watchProgramme(channel: Channel, programme: Programme, momentMs: number | null = null): void {
    this.#channel = channel;
    this.#show(viewProgramme(programme, momentMs, this.nowMs()));
  }

  /** Play what an address asks for; `neighbours` as for live. */
  async open(channel: Channel, programme: string | null, momentMs: number | null, neighbours: readonly Channel[]): Promise<void> {
    if (programme === null && momentMs === null) return this.watch(channel, neighbours);
    this.#channel = channel;
    const opening = ++this.#opening;
    let viewing: Viewing;
    try {
      viewing = await this.#viewingOf(channel, programme, momentMs);
      this.#failures = 0;
    } catch {
      const retryAtMs = this.nowMs() + retryPauseS(this.#failures++, Math.random()) * 1000;
      viewing = { kind: "unavailable", code: navigator.onLine ? "LS-G4" : "LS-O1", programme: null, retryAtMs };
      window.setTimeout(() => {
        if (this.#viewing === viewing) void this.open(channel, programme, momentMs, neighbours);
      }, retryAtMs - this.nowMs());
    }
    if (opening !== this.#opening) return;
    this.#show(viewing);
    this.#warmUp(neighbours);
  }

  goLive(): void {
    const channel = this.#channel;
    if (!channel) return;
    if (this.#viewing.kind !== "live" || this.isBehind() || this.#situation.kind === "ended") this.#show({ kind: "live" });
    else this.play();
  }

  toggle(): void {
    if (this.#situation.kind === "playing" || this.#situation.kind === "buffering") this.pause();
    else this.play();
  }

  pause(): void {
    this.#pausedAtMs = this.nowMs();
    this.#player.pause();
  }

  /** Play on, try again, or begin again, whichever is due. */
  play(): void {
    const pausedMs = this.#pausedAtMs;
    this.#pausedAtMs = null;
    if (this.#situation.kind === "ended") return this.restart();
    const at = this.#player.playingUnixMs();
    const isLong = pausedMs !== null && this.nowMs() - pausedMs > LONG_PAUSE_MS;
    if (isLong && this.#viewing.kind === "live" && at !== null && this.#canRewindTo(at)) {
      return this.#show({ kind: "rewound", momentMs: at });
    }
    void this.#player.play();
  }

  /** Try again without waiting for the pause to pass. */
  retryNow(): void {
    if (this.#viewing.kind === "unavailable") return this.goLive();
    this.#player.retryNow();
  }

  /** Play what is open from its first frame. */
  restart(): void {
    const viewing = this.#viewing;
    if (viewing.kind === "programme") this.#show({ ...viewing, momentMs: null });
    else if (viewing.kind === "span") this.#show({ ...viewing, momentMs: viewing.startMs });
  }

  /** Go to a moment of what can be reached. */
  seek(unixMs: number): void {
    const span = this.span();
    const viewing = this.#viewing;
    if (!span) return;
    const isAtEnd = unixMs >= span.endMs - AT_EDGE_MS;
    const isOnAir = viewing.kind === "live" || viewing.kind === "rewound" || (viewing.kind === "programme" && viewing.isRunning);
    if (isAtEnd && isOnAir) return this.goLive();
    const target = Math.min(Math.max(unixMs, span.startMs), span.endMs);
    this.#opening += 1;
    this.#pausedAtMs = null;
    if (viewing.kind === "live") return this.#show({ kind: "rewound", momentMs: target });
    const hasEnded = this.#situation.kind === "ended";
    if (hasEnded || !this.#player.seekTo(target)) this.#show({ ...viewing, momentMs: target } as Viewing);
    else void this.#player.play();
  }

  /** Return where the viewer is and what can be reached; null where that is only what plays. */
  span(): Span | null {
    const [viewing, channel, nowMs] = [this.#viewing, this.#channel, this.nowMs()];
    const liveMs = nowMs - this.#delayMs;
    const at = this.#player.playingUnixMs();
    switch (viewing.kind) {
      case "live":
      case "rewound": {
        if (!channel?.dvr) return null;
        const known = viewing.kind === "rewound" ? (this.#player.span()?.startMs ?? 0) : 0;
        const startMs = Math.max(nowMs - channel.dvrSeconds * 1000, known) + OLDEST_MARGIN_MS;
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

  /** Return the moment that is on screen, in UNIX milliseconds. */
  atMs(): number {
    return this.#player.playingUnixMs() ?? this.span()?.atMs ?? this.nowMs();
  }

  /** Return seconds behind live; 0 for what is over. */
  behindS(): number {
    const viewing = this.#viewing;
    if (viewing.kind === "live") return this.#player.behindS();
    const isLate = viewing.kind === "rewound" || (viewing.kind === "programme" && viewing.isRunning);
    const span = isLate ? this.span() : null;
    return span ? Math.max(0, (this.nowMs() - this.#delayMs - span.atMs) / 1000) : 0;
  }

  isBehind(): boolean {
    return this.behindS() >= BEHIND_S;
  }

  /** Return the programme that is on screen, as far as the guide is known. */
  programmeOnScreen(): Programme | null {
    if (this.#viewing.kind === "programme") return this.#viewing.programme;
    return this.#channel && this.#guide.knownAt(this.#channel, this.atMs());
  }

  /** Once a second: learn how far behind the studio live plays. */
  tick(): void {
    const at = this.#player.playingUnixMs();
    if (at === null || this.#viewing.kind !== "live" || this.#situation.kind !== "playing" || this.isBehind()) return;
    this.#delayMs = Math.min(60_000, Math.max(0, this.nowMs() - at));
  }

  async #viewingOf(channel: Channel, programme: string | null, momentMs: number | null): Promise<Viewing> {
    if (programme !== null) {
      const found = await loadProgramme(programme);
      return viewProgramme(found?.channel === channel.id ? found : null, momentMs, this.nowMs());
    }
    const moment = momentMs ?? 0;
    const isNear = moment > this.nowMs() || isInWindow(channel, moment, this.nowMs());
    const around = isNear ? null : await this.#guide.programmeAt(channel, moment);
    return viewMoment(channel, moment, this.nowMs(), around);
  }

  #canRewindTo(unixMs: number): boolean {
    return this.#channel !== null && isInWindow(this.#channel, unixMs, this.nowMs());
  }

  #show(viewing: Viewing): void {
    this.#opening += 1;
    this.#viewing = viewing;
    this.#pausedAtMs = null;
    const source = this.#sourceOf(viewing);
    if (source) this.#player.open(source);
    else this.#player.stop();
    if (viewing.kind === "unavailable") this.#onSituation({ kind: "fault", code: viewing.code, retryInS: null });
    this.#listener.onViewing();
  }

  #sourceOf(viewing: Viewing): Source | null {
    const channel = this.#channel;
    if (!channel) return null;
    switch (viewing.kind) {
      case "live": return { url: channel.hls, isArchive: false, startMs: null };
      case "rewound": return { url: channel.dvr ?? channel.hls, isArchive: true, startMs: viewing.momentMs };
      case "programme":
      case "span": return { url: viewing.url, isArchive: true, startMs: viewing.momentMs };
      default: return null;
    }
  }

  #warmUp(neighbours: readonly Channel[]): void {
    window.clearTimeout(this.#warming);
    this.#warming = window.setTimeout(() => {
      for (const one of neighbours) void this.#warm.warm(one.hls);
    }, WARM_AFTER_MS);
  }

  #onSituation(situation: Situation): void {
    this.#situation = situation;
    const viewing = this.#viewing;
    if (situation.kind === "ended" && viewing.kind === "programme" && viewing.isRunning) {
      // It was on air when it was opened: what followed it on air follows here.
      const momentMs = viewing.programme.stopS * 1000;
      return this.#show(this.#canRewindTo(momentMs) ? { kind: "rewound", momentMs } : { kind: "live" });
    }
    this.#listener.onSituation(situation);
  }
}
