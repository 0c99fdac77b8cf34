/** Brings reports to the server: in batches, patiently, and never in the way of the pictures. */
import { CMCD_TYPE, type Report, encodeBody } from "./encode.ts";

/** The ways out; the browser's own, but for tests. */
export interface Ways {
  fetch(url: string, init: RequestInit): Promise<Response>;
  beacon(url: string, body: Blob): boolean;
  nowMs(): number;
  /** 0 to 1: viewers who lost the server together must not come back together. */
  chance(): number;
}

const BATCH_MAX = 32;
/** With no network for long, the oldest go. */
const KEPT_MAX = 128;
const PAUSE_MS = 30_000;
const PAUSE_MAX_MS = 600_000;

export class Sender {
  readonly #url: string;
  readonly #ways: Ways;
  #waiting: Report[] = [];
  #isSending = false;
  #isStopped = false;
  #failures = 0;
  #notBeforeMs = 0;
  /** The newest try met no server at all. */
  #isLost = false;

  constructor(url: string, ways: Ways) {
    this.#url = url;
    this.#ways = ways;
  }

  /** The server asked for no more, for as long as the page is open. */
  get isStopped(): boolean {
    return this.#isStopped;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  add(reports: readonly Report[]): void {
    if (this.#isStopped) return;
    this.#waiting = [...this.#waiting, ...reports].slice(-KEPT_MAX);
  }

  /** Send what waits, unless it is too early after a failure. */
  async flush(): Promise<void> {
    if (this.#isSending || this.#isStopped || this.#ways.nowMs() < this.#notBeforeMs) return;
    const batch = this.#waiting.slice(0, BATCH_MAX);
    if (batch.length === 0) return;
    this.#isSending = true;
    this.#waiting = this.#waiting.slice(batch.length);
    try {
      const answer = await this.#ways.fetch(this.#url, {
        method: "POST", body: encodeBody(batch), headers: { "Content-Type": CMCD_TYPE },
        keepalive: true, credentials: "omit", priority: "low",
      } as RequestInit);
      this.#isLost = false;
      this.#heed(answer.status, Number(answer.headers.get("Retry-After")), batch);
    } catch {
      this.#isLost = true;
      this.#putBack(batch, 0);
    } finally {
      this.#isSending = false;
    }
    if (this.#failures === 0 && this.#waiting.length > 0) await this.flush();
  }

  /** The network is back: what could not leave need not wait; what the server put off must. */
  async comeBack(): Promise<void> {
    if (this.#isLost) {
      this.#failures = 0;
      this.#notBeforeMs = 0;
    }
    await this.flush();
  }

  /** Send what waits while the page goes; nobody hears the answer. */
  leave(): void {
    if (this.#isStopped || this.#waiting.length === 0) return;
    const batch = this.#waiting.slice(-BATCH_MAX);
    this.#waiting = [];
    this.#ways.beacon(this.#url, new Blob([encodeBody(batch)], { type: CMCD_TYPE }));
  }

  #heed(status: number, retryAfterS: number, batch: Report[]): void {
    if (status === 410) {
      this.#isStopped = true;
      this.#waiting = [];
    } else if (status === 429 || status >= 500) {
      this.#putBack(batch, retryAfterS);
    } else {
      this.#failures = 0; // taken, or refused for good
    }
  }

  #putBack(batch: Report[], retryAfterS: number): void {
    const pauseMs = Math.min(PAUSE_MS * 2 ** this.#failures, PAUSE_MAX_MS) * (0.8 + 0.4 * this.#ways.chance());
    this.#failures += 1;
    this.#notBeforeMs = this.#ways.nowMs() + Math.max(pauseMs, Math.min(retryAfterS || 0, 3600) * 1000);
    this.#waiting = [...batch, ...this.#waiting].slice(-KEPT_MAX);
  }
}
