/** The row of the front page with what was begun and not finished. */
import { type Channel, loadProgramme } from "../base/api.ts";
import type { PageAround } from "../app/page.ts";
import { addressOf, addressOfPage } from "../app/router.ts";
import { msnAt } from "../base/clock.ts";
import { element, icon } from "../base/dom.ts";
import { spanInWords, stationZone, textOf } from "../base/text.ts";
import { stateAt } from "../guide/guide.ts";
import { RESUME } from "../messages/resume.ts";
import { drop, keptPlaces } from "../resume/kept.ts";
import { type Place, playable } from "../resume/places.ts";

/** So many are shown; of each programme the station is asked whether it still may be seen. */
const MOST_SHOWN = 6;

export class ResumeRow {
  readonly element = element("section", { class: "row resume", hidden: true });
  readonly #around: PageAround;
  readonly #said = element("p", { class: "visually-hidden", role: "status" });
  #shown: Place[] = [];

  constructor(around: PageAround) {
    this.#around = around;
    void this.#load();
  }

  async #load(): Promise<void> {
    const { channels } = this.#around.station;
    const nowS = this.#around.nowMs() / 1000;
    const days = (id: string): number | null => channels.find((one) => one.id === id)?.catchupDays ?? null;
    const found = playable(keptPlaces(), days, nowS).slice(0, MOST_SHOWN);
    const there = await Promise.all(found.map(async (place) => {
      if (place.kind === "recording") return true;
      try {
        const programme = await loadProgramme(place.id);
        return programme !== null && ["startover", "catchup"].includes(stateAt(programme, nowS));
      } catch {
        return true; // without an answer, its own page says what is wrong
      }
    }));
    for (const [index, place] of found.entries()) if (!there[index]) drop(place);
    this.#shown = found.filter((_, index) => there[index]);
    this.#draw();
  }

  #draw(): void {
    const kinds = new Set(this.#shown.map(({ isTv }) => isTv));
    const title = textOf(RESUME, kinds.size > 1 ? "goOn" : kinds.has(true) ? "watchOn" : "listenOn");
    this.element.hidden = this.#shown.length === 0;
    this.element.setAttribute("aria-label", title);
    this.element.replaceChildren(
      element("h2", {}, title), element("ul", { class: "strip" }, ...this.#shown.map((place) => this.#card(place))), this.#said,
    );
  }

  #card(place: Place): HTMLElement {
    const channel = this.#around.station.channels.find(({ id }) => id === place.channel);
    const picture = element("span", { class: "past-picture" }, icon(place.isTv ? "play" : "radio"));
    if (place.isTv && channel?.thumbnail) {
      const src = channel.thumbnail.replace("{msn}", String(msnAt((place.startS + place.atS) * 1000)));
      const image = element("img", { src, alt: "", loading: "lazy", width: 320, height: 180 });
      image.addEventListener("error", () => image.remove());
      picture.append(image);
    }
    const more = [channel?.name ?? "", textOf(RESUME, "left", { time: spanInWords(place.lengthS - place.atS) })];
    const remove = element(
      "button", { type: "button", class: "control", "aria-label": textOf(RESUME, "remove", { title: place.title }) }, icon("close"));
    remove.addEventListener("click", () => this.#remove(place));
    return element("li", { class: "past" },
      element("a", { class: "past-card", href: addressOfPlace(place, channel), "data-route": true, "data-resume": place.id },
        picture, element("progress", { max: 1, value: place.atS / place.lengthS, "aria-hidden": "true" }),
        element("bdi", { class: "past-title", dir: "auto" }, place.title),
        element("span", { class: "past-more" }, element("bdi", { dir: "auto" }, more.filter((part) => part !== "").join(" · ")))),
      remove);
  }

  #remove(place: Place): void {
    const at = this.#shown.indexOf(place);
    drop(place);
    this.#shown = this.#shown.filter((one) => one !== place);
    this.#draw();
    this.#said.textContent = textOf(RESUME, "removed", { title: place.title });
    const rest = this.element.querySelectorAll<HTMLElement>(".control");
    const next = rest[Math.min(at, rest.length - 1)] ?? document.querySelector<HTMLElement>(".home .tile");
    next?.focus();
  }
}

function addressOfPlace(place: Place, channel: Channel | undefined): string {
  if (place.kind === "recording") {
    return addressOfPage(place.series === "" ? { name: "clip", id: place.id } : { name: "podcasts", series: place.series });
  }
  return channel ? addressOf(channel, stationZone(), { programme: place.id, momentMs: (place.startS + place.atS) * 1000 }) : "/";
}
