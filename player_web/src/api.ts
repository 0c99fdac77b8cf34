/** The public JSON of the origin. What arrives is read field by field: it is data, not our type. */

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
  /** Sound-only playlist, for the data saver. */
  soundOnly: string | null;
}

export interface Station {
  name: string;
  channels: Channel[];
}

export interface OnAir {
  /** Name of the input that is on air; `slate` when none is. */
  source: string;
  /** Title of the song; empty when unknown. */
  title: string;
  /** When the title began, in UNIX milliseconds. */
  sinceMs: number;
}

type Fields = Record<string, unknown>;
const fields = (value: unknown): Fields => (typeof value === "object" && value !== null ? (value as Fields) : {});
const text = (value: unknown): string => (typeof value === "string" ? value.normalize("NFC") : "");
const textOrNull = (value: unknown): string | null => text(value) || null;

async function load(path: string, signal?: AbortSignal): Promise<Fields> {
  const response = await fetch(path, {
    headers: { Accept: "application/json" },
    signal: signal ?? AbortSignal.timeout(10_000),
  });
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return fields(await response.json());
}

export async function loadStation(): Promise<Station> {
  const answer = await load("/api/v1/channels.json");
  const channels = Array.isArray(answer["channels"]) ? answer["channels"] : [];
  return { name: text(answer["station"]), channels: channels.map(readChannel).filter((one) => one.id && one.hls) };
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
    soundOnly: textOrNull(from["audio_only"]),
  };
}

/** Load what is on air on every channel, by the channel's id. */
export async function loadOnAir(): Promise<Map<string, OnAir>> {
  const answer = await load("/api/v1/now.json");
  return new Map(
    Object.entries(fields(answer["channels"])).map(([id, value]) => {
      const from = fields(value);
      const sinceNs = typeof from["since_ns"] === "number" ? from["since_ns"] : 0;
      return [id, { source: text(from["on_air"]), title: text(from["title"]), sinceMs: sinceNs / 1e6 }];
    }),
  );
}

/** Return how many milliseconds the server's clock is ahead of this device's. */
export async function loadClockOffsetMs(): Promise<number> {
  const asked = Date.now();
  const answer = await load("/api/v1/time");
  const answered = Date.now();
  const server = answer["unix_ms"];
  return typeof server === "number" ? server - (asked + answered) / 2 : 0;
}
