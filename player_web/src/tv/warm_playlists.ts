/** The playlists of the neighbouring channels, fetched before anybody zaps to them. */

/** A multivariant playlist changes only when the operator changes the ladder. */
const FRESH_MS = 5 * 60_000;

/** Return the addresses that a playlist names: of its first variant and its sounds, or of its header. */
export function namedIn(playlist: string, base: string): string[] {
  const found: string[] = [];
  for (const [, path = ""] of matches(/^#EXT-X-(?:MAP|MEDIA):.*\bURI="([^"]+)"/gm, playlist)) found.push(path);
  const variant = /^#EXT-X-STREAM-INF:[^\n]*\n([^#\s][^\n]*)/m.exec(playlist);
  if (variant?.[1]) found.push(variant[1].trim());
  return found.map((path) => new URL(path, base).href);
}

function matches(pattern: RegExp, text: string): RegExpExecArray[] {
  const found: RegExpExecArray[] = [];
  for (let one = pattern.exec(text); one; one = pattern.exec(text)) found.push(one);
  return found;
}

export class WarmPlaylists {
  readonly #held = new Map<string, { text: string; atMs: number }>();

  /** Return a multivariant playlist that is held and fresh; null otherwise. */
  get(url: string): string | null {
    const one = this.#held.get(url);
    return one && performance.now() - one.atMs < FRESH_MS ? one.text : null;
  }

  /** Forget a playlist: what it led to failed. */
  forget(url: string): void {
    this.#held.delete(url);
  }

  /** Fetch a channel's multivariant playlist, and what it leads to first, into the browser's cache. */
  async warm(path: string): Promise<void> {
    const url = new URL(path, location.href).href;
    if (this.get(url) !== null) return;
    try {
      const text = await read(url);
      if (!text.startsWith("#EXTM3U")) return;
      this.#held.set(url, { text, atMs: performance.now() });
      // Headers of segments are for ever: a zap finds them in the cache.
      for (const media of namedIn(text, url)) {
        const playlist = await read(media);
        for (const header of namedIn(playlist, media)) await fetch(header);
      }
    } catch {
      // then the zap fetches them itself
    }
  }
}

async function read(url: string): Promise<string> {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
  return answer.text();
}
