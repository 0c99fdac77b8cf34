/** The days of the guide that were loaded, for a minute each: several parts of the page ask. */
import { type Channel, loadDay } from "../base/api.ts";
import { dayOf } from "../base/clock.ts";
import { type Programme, programmeAt } from "./guide.ts";
import { stationZone } from "../base/text.ts";

const FRESH_MS = 60_000;

export class GuideStore {
  #days = new Map<string, { askedMs: number; answer: Promise<Programme[]> }>();
  #known = new Map<string, Programme[]>();

  /** Return a day's programmes; `isStale` asks the server again whatever is known. */
  day(channel: Channel, day: string, isStale = false): Promise<Programme[]> {
    const key = `${channel.id} ${day}`;
    const held = this.#days.get(key);
    if (held && !isStale && performance.now() - held.askedMs < FRESH_MS) return held.answer;
    const answer = loadDay(channel, day, isStale);
    this.#days.set(key, { askedMs: performance.now(), answer });
    answer.then((items) => this.#known.set(key, items), () => this.#days.delete(key));
    return answer;
  }

  /** Return the programme at a moment; null where the guide has none. */
  async programmeAt(channel: Channel, unixMs: number): Promise<Programme | null> {
    return programmeAt(await this.day(channel, dayOf(unixMs, stationZone())), unixMs / 1000);
  }

  /** Return the programmes that begin between two moments as far as they are known already. */
  knownBetween(channel: Channel, startMs: number, endMs: number): Programme[] {
    const days = new Set([startMs, endMs].map((moment) => dayOf(moment, stationZone())));
    return [...days].reduce<Programme[]>((all, day) => all.concat(this.knownDay(channel, day)), [])
      .filter((item) => item.startS * 1000 >= startMs && item.startS * 1000 <= endMs);
  }

  /** Return the programme at a moment as far as it is known already. */
  knownAt(channel: Channel, unixMs: number): Programme | null {
    return programmeAt(this.knownDay(channel, dayOf(unixMs, stationZone())), unixMs / 1000);
  }

  /** Return a day's programmes as far as they are known already. */
  knownDay(channel: Channel, day: string): Programme[] {
    return this.#known.get(`${channel.id} ${day}`) ?? [];
  }
}
