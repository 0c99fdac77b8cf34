/**
 * A radio's stream without end, handed to the browser piece by piece as it arrives.
 *
 * Player: given the address alone, Chromium waits for blocks of 32 KiB, half a second on a slow network
 * and a minute of silence's few bits; its Media Source takes single frames.
 */

const TYPE = "audio/aac";
/** More is not read ahead of what plays: whoever is paused is not to pay for an evening of radio. */
const AHEAD_S = 20;
/** What was heard is let go. */
const BEHIND_S = 30;
/** With less than this left there is nothing to play out. */
const REST_S = 0.3;

const later = (ms: number): Promise<void> => new Promise((resolve) => { setTimeout(resolve, ms); });

export const canFeed = (): boolean => "MediaSource" in window && MediaSource.isTypeSupported(TYPE);

export class StreamFeed {
  readonly url: string;
  readonly #media: HTMLMediaElement;
  readonly #source = new MediaSource();
  readonly #address = URL.createObjectURL(this.#source);
  readonly #leaving = new AbortController();
  /** Called when nothing more will come and nothing is left; what is left ends with the media's own "ended". */
  onLost: () => void = () => undefined;
  #isLost = false;

  constructor(media: HTMLMediaElement, url: string) {
    this.#media = media;
    this.url = url;
    media.src = this.#address;
    void this.#run();
  }

  /** Nothing more will come. */
  get isLost(): boolean {
    return this.#isLost;
  }

  close(): void {
    this.onLost = () => undefined;
    this.#leaving.abort();
    URL.revokeObjectURL(this.#address);
  }

  async #run(): Promise<void> {
    const source = this.#source;
    const isOpen = new Promise((resolve) => { source.addEventListener("sourceopen", resolve, { once: true }); });
    try {
      const answer = await fetch(this.url, { signal: this.#leaving.signal, cache: "no-store" });
      if (answer.ok && answer.body) {
        const reader = answer.body.getReader();
        await isOpen;
        await this.#feed(source.addSourceBuffer(TYPE), reader);
      }
    } catch {
      // The network went, or another source took the element: it is over either way.
    }
    this.#end();
  }

  async #feed(buffer: SourceBuffer, reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>): Promise<void> {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      await this.#update(buffer, () => buffer.appendBuffer(value));
      const past = this.#media.currentTime - BEHIND_S;
      const { buffered } = buffer;
      if (past > BEHIND_S && buffered.length > 0 && buffered.start(0) < past - BEHIND_S) {
        await this.#update(buffer, () => buffer.remove(0, past));
      }
      while (this.#aheadS() > AHEAD_S && !this.#leaving.signal.aborted) await later(500);
    }
  }

  #update(buffer: SourceBuffer, begin: () => void): Promise<void> {
    return new Promise((resolve, reject) => {
      buffer.addEventListener("updateend", () => resolve(), { once: true });
      buffer.addEventListener("error", () => reject(new Error("no sound")), { once: true });
      begin();
    });
  }

  #aheadS(): number {
    const { buffered, currentTime } = this.#media;
    return buffered.length > 0 ? buffered.end(buffered.length - 1) - currentTime : 0;
  }

  #end(): void {
    if (this.#leaving.signal.aborted) return;
    this.#leaving.abort();
    this.#isLost = true;
    if (this.#source.readyState === "open" && this.#aheadS() > REST_S) this.#source.endOfStream();
    else this.onLost();
  }
}
