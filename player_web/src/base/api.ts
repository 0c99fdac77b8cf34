/** The public JSON of the origin. What arrives is read field by field: it is data, not our type. */
import { takeEarly } from "./early_answers.ts";
import type { Available, Brief, Programme, Song } from "../guide/guide.ts";

export interface Channel {
  id: string;
  name: string;
  kind: "tv" | "radio";
  number: number | null;
  language: string;
  /** Playlist of ordinary HLS. */
  hls: string;
  /** Low-latency playlist, where there is one. */
  hlsLowLatency: string | null;
  /** A radio's AAC as one stream without end. */
  progressive: string | null;
  /** Sound-only playlist, for the data saver. */
  soundOnly: string | null;
  /** Playlist of the rewind window, where there is an archive. */
  dvr: string | null;
  /** Seconds that can be rewound. */
  dvrSeconds: number;
  /** Days for which what was on air is kept. */
  catchupDays: number;
  /** Path of the guide of a day, with `{date}`; null where there is none. */
  guide: string | null;
  /** Path of a segment's small picture, with `{msn}`; null where there is none. */
  thumbnail: string | null;
  /** Its picture; null where there is none. */
  logo: string | null;
}

export interface Station {
  name: string;
  /** Time zone of its clock, `Asia/Ho_Chi_Minh`. */
  zone: string;
  channels: Channel[];
}

export interface OnAir {
  /** Name of the input that is on air; `slate` when none is. */
  source: string;
  /** Title of the song; empty when unknown. */
  title: string;
  /** When the title began, in UNIX milliseconds. */
  sinceMs: number;
  /** The last songs of a radio, newest first. */
  history: Song[];
  programme: Brief | null;
  next: Brief | null;
}

/** The server has no such thing. */
export class NotThere extends Error {}

type Fields = Record<string, unknown>;
const fields = (value: unknown): Fields => (typeof value === "object" && value !== null ? (value as Fields) : {});
const text = (value: unknown): string => (typeof value === "string" ? value.normalize("NFC") : "");
const textOrNull = (value: unknown): string | null => text(value) || null;
const number = (value: unknown): number => (typeof value === "number" && Number.isFinite(value) ? value : 0);
const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

/** Return a path of this site; null for anything that would lead elsewhere. */
const pathOrNull = (value: unknown): string | null => (/^\/(?!\/)/.test(text(value)) ? text(value) : null);

/** Load JSON; `isFresh` asks the server even where the browser still holds an answer. */
async function load(path: string, signal?: AbortSignal, isFresh = false): Promise<Fields> {
  const response = await fetch(path, {
    cache: isFresh ? "no-cache" : "default",
    headers: { Accept: "application/json" },
    signal: signal ?? AbortSignal.timeout(10_000),
  });
  if (response.status === 404) throw new NotThere(path);
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return fields(await response.json());
}

export async function loadStation(): Promise<Station> {
  const early = await takeEarly("/api/v1/channels.json");
  const answer = early ? fields(JSON.parse(new TextDecoder().decode(early.bytes))) : await load("/api/v1/channels.json");
  return {
    name: text(answer["station"]),
    zone: text(answer["timezone"]),
    channels: list(answer["channels"]).map(readChannel).filter((one) => one.id && one.hls),
  };
}

function readChannel(value: unknown): Channel {
  const from = fields(value);
  return {
    id: text(from["id"]),
    name: text(from["name"]),
    kind: from["kind"] === "radio" ? "radio" : "tv",
    number: typeof from["number"] === "number" ? from["number"] : null,
    language: text(from["language"]) || "vi",
    hls: text(from["hls"]),
    hlsLowLatency: textOrNull(from["hls_ll"]),
    progressive: readStream(from["progressive"]),
    soundOnly: textOrNull(from["audio_only"]),
    dvr: pathOrNull(from["dvr"]),
    dvrSeconds: number(from["dvr_seconds"]),
    catchupDays: number(from["catchup_days"]),
    guide: pathOrNull(from["guide"]),
    thumbnail: pathOrNull(from["thumb_template"]),
    logo: pathOrNull(from["logo"]),
  };
}

/** Return the address of the AAC among the streams that players without playlists are offered. */
function readStream(value: unknown): string | null {
  const found = list(value).map(fields).find((one) => one["type"] === "audio/aac");
  return found ? pathOrNull(found["url"]) : null;
}

function readBrief(value: unknown): Brief | null {
  const from = fields(value);
  const [startS, stopS] = [number(from["start"]), number(from["stop"])];
  const id = text(from["id"]);
  return id && stopS > startS ? { id, title: text(from["title"]), startS, stopS } : null;
}

const AVAILABLE: readonly Available[] = ["live", "startover", "catchup", "upcoming", "expired", "refused"];

function readProgramme(value: unknown): Programme | null {
  const from = fields(value);
  const brief = readBrief(value);
  return brief && {
    ...brief,
    channel: text(from["channel"]),
    subtitle: text(from["subtitle"]),
    description: text(from["desc"]),
    episode: text(from["episode"]),
    available: AVAILABLE.find((one) => one === from["available"]) ?? "refused",
    playlist: pathOrNull(from["startover_url"]) ?? pathOrNull(from["catchup_url"]),
  };
}

/** Load a channel's programmes of a day, in the order of time; none where the guide has none. */
export async function loadDay(channel: Channel, day: string, isFresh: boolean): Promise<Programme[]> {
  if (!channel.guide) return [];
  try {
    const answer = await load(channel.guide.replace("{date}", day), undefined, isFresh);
    return list(answer["programmes"]).map(readProgramme).filter((one) => one !== null);
  } catch (error) {
    if (error instanceof NotThere) return [];
    throw error;
  }
}

/** Load one programme; null where there is none of that id. */
export async function loadProgramme(id: string): Promise<Programme | null> {
  try {
    return readProgramme(await load(`/api/v1/programmes/${id}.json`));
  } catch (error) {
    if (error instanceof NotThere) return null;
    throw error;
  }
}

/** Search the titles of every channel's guide, newest first. */
export async function searchProgrammes(query: string, signal: AbortSignal): Promise<Programme[]> {
  const answer = await load(`/api/v1/search.json?q=${encodeURIComponent(query)}`, signal);
  return list(answer["programmes"]).map(readProgramme).filter((one) => one !== null);
}

/** Load what is on air on every channel, by the channel's id. */
export async function loadOnAir(): Promise<Map<string, OnAir>> {
  const answer = await load("/api/v1/now.json");
  return new Map(
    Object.entries(fields(answer["channels"])).map(([id, value]) => {
      const from = fields(value);
      return [id, {
        source: text(from["on_air"]),
        title: text(from["title"]),
        sinceMs: number(from["since_ns"]) / 1e6,
        history: list(from["history"]).map(readSong).filter((song) => song.title !== ""),
        programme: readBrief(from["programme"]),
        next: readBrief(from["next"]),
      }];
    }),
  );
}

function readSong(value: unknown): Song {
  const from = fields(value);
  return { title: text(from["title"]), sinceMs: number(from["since_ns"]) / 1e6 };
}

/** Return how many milliseconds the server's clock is ahead of this device's. */
export async function loadClockOffsetMs(): Promise<number> {
  const asked = Date.now();
  const answer = await load("/api/v1/time");
  const answered = Date.now();
  const server = answer["unix_ms"];
  return typeof server === "number" ? server - (asked + answered) / 2 : 0;
}

/** An episode of a podcast, or a clip: a file that is played as it is. */
export interface Recording {
  id: string;
  title: string;
  subtitle: string;
  description: string;
  channel: string;
  kind: "tv" | "radio";
  /** When it was on air, UNIX seconds. */
  startS: number;
  durationS: number;
  url: string;
}

export interface Podcast {
  series: string;
  title: string;
  description: string;
  author: string;
  feed: string;
  episodes: Recording[];
}

function readRecording(value: unknown): Recording | null {
  const from = fields(value);
  const [id, url] = [text(from["id"]), pathOrNull(from["url"])];
  return id && url ? {
    id, url,
    title: text(from["title"]),
    subtitle: text(from["subtitle"]),
    description: text(from["desc"]),
    channel: text(from["channel"]),
    kind: from["kind"] === "tv" ? "tv" : "radio",
    startS: number(from["start"]),
    durationS: number(from["duration_s"]),
  } : null;
}

const recordings = (value: unknown): Recording[] => list(value).map(readRecording).filter((one) => one !== null);

/** Load the podcasts with their episodes, the newest first. */
export async function loadPodcasts(): Promise<Podcast[]> {
  const answer = await load("/api/v1/podcasts.json");
  return list(answer["podcasts"]).map(fields).map((from) => ({
    series: text(from["series"]),
    title: text(from["title"]),
    description: text(from["desc"]),
    author: text(from["author"]),
    feed: pathOrNull(from["feed"]) ?? "",
    episodes: recordings(from["episodes"]),
  })).filter((one) => one.series !== "");
}

/** Load the clips that the station shows to everybody, the newest first. */
export async function loadClips(): Promise<Recording[]> {
  return recordings((await load("/api/v1/clips.json"))["clips"]);
}

/** Load one clip; null where there is none of that id. */
export async function loadClip(id: string): Promise<Recording | null> {
  try {
    return readRecording(await load(`/api/v1/clips/${id}.json`));
  } catch (error) {
    if (error instanceof NotThere) return null;
    throw error;
  }
}
