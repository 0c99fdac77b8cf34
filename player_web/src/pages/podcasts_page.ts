/** What can be heard and seen again as files: the podcasts with their episodes, and the clips. */
import "../styles/pages.css";
import { type Podcast, type Recording, loadClips, loadPodcasts } from "../base/api.ts";
import type { PageAround, PageView } from "../app/page.ts";
import { type Page, addressOfPage } from "../app/router.ts";
import { dayOf } from "../base/clock.ts";
import { element, icon } from "../base/dom.ts";
import { dayName, stationZone, t } from "../base/text.ts";
import { showOnLockScreen } from "../playing/file_lock_screen.ts";
import { keepRecording, resumeButton } from "../resume/recording.ts";
import { cutFrom, lengthText } from "./recordings.ts";

/** The newest are shown of each podcast; the others at its own address. */
const MOST_SHOWN = 5;

export const open = (page: Page, around: PageAround): PageView => new PodcastsPage(page, around);

class PodcastsPage implements PageView {
  readonly element = element("div", { class: "page podcasts-page" });
  readonly #around: PageAround;
  readonly #title = element("h1");
  readonly #list = element("div", { class: "groups" });
  readonly #audio = element("audio", { controls: true, preload: "none" });
  #playing: { recording: Recording; series: string } | null = null;
  #all: { podcasts: Podcast[]; clips: Recording[] } | null = null;
  #series: string | null;
  #isClosed = false;
  readonly #leaveLockScreen: () => void;

  constructor(page: Page, around: PageAround) {
    this.#around = around;
    this.#series = page.name === "podcasts" ? page.series : null;
    this.element.append(element("div", { class: "page-head" }, this.#title), this.#list);
    this.#audio.addEventListener("play", () => around.silence());
    keepRecording(this.#audio, () => this.#playing);
    this.#leaveLockScreen = showOnLockScreen(this.#audio, around.station, () => this.#playing && {
      recording: this.#playing.recording,
      podcast: this.#all?.podcasts.find(({ series }) => series === this.#playing?.series)?.title ?? "",
    });
    void this.#load();
  }

  go(page: Page): boolean {
    this.#series = page.name === "podcasts" ? page.series : null;
    this.#draw();
    return true;
  }

  close(): void {
    this.#isClosed = true;
    this.#leaveLockScreen();
    this.#audio.pause();
    this.#playing = null;
    this.#audio.removeAttribute("src");
    this.#audio.load();
  }

  async #load(): Promise<void> {
    this.#name(t("podcastsPage"));
    this.#list.replaceChildren(element("p", { class: "empty", role: "status" }, t("episodesLoading")));
    try {
      const [podcasts, clips] = await Promise.all([loadPodcasts(), loadClips()]);
      this.#all = { podcasts, clips };
      if (!this.#isClosed) this.#draw();
    } catch {
      const again = element("button", { type: "button", class: "secondary" }, t("again"));
      again.addEventListener("click", () => void this.#load());
      this.#list.replaceChildren(element("p", { class: "empty", role: "status" }, t("episodesFailed")), again);
    }
  }

  #name(title: string): void {
    this.#title.replaceChildren(element("bdi", { dir: "auto" }, title));
    this.#around.setTitle(title);
  }

  #draw(): void {
    if (!this.#all) return;
    const { podcasts, clips } = this.#all;
    const one = this.#series === null ? null : podcasts.find(({ series }) => series === this.#series);
    this.#name(one ? one.title : t("podcastsPage"));
    if (one) return this.#list.replaceChildren(this.#podcast(one, true));
    const parts = podcasts.map((podcast) => this.#podcast(podcast, false));
    if (clips.length > 0) parts.push(this.#clips(clips));
    this.#list.replaceChildren(...(parts.length > 0 ? parts : [element("p", { class: "empty" }, t("noPodcasts"))]));
  }

  #podcast(podcast: Podcast, isAlone: boolean): HTMLElement {
    const shown = isAlone ? podcast.episodes : podcast.episodes.slice(0, MOST_SHOWN);
    const title = element("bdi", { dir: "auto" }, podcast.title);
    const address = addressOfPage({ name: "podcasts", series: podcast.series });
    return element(
      "section", { class: "podcast", "aria-label": podcast.title, "data-series": podcast.series },
      isAlone ? null : element("h2", {}, element("a", { href: address, "data-route": true }, title)),
      element("p", { class: "podcast-about" }, element("bdi", { dir: "auto" }, podcast.description)),
      podcast.feed ? element("a", { class: "offer feed", href: podcast.feed }, t("podcastFeed")) : null,
      shown.length === 0
        ? element("p", { class: "empty" }, t("noEpisodes"))
        : element("ol", { class: "episodes" }, ...shown.map((episode) => this.#episode(episode, podcast.series))),
    );
  }

  #episode(episode: Recording, series: string): HTMLElement {
    const name = [episode.title, episode.subtitle].filter((part) => part !== "").join(": ");
    const play = element("button", { type: "button", class: "control episode-play", "aria-label": t("playEpisode", { title: name }) }, icon("play"));
    const day = dayName(dayOf(episode.startS * 1000, stationZone()), dayOf(this.#around.nowMs(), stationZone()));
    const entry = element(
      "li", { class: "episode", "data-episode": episode.id }, play,
      element("div", { class: "episode-words" },
        element("p", { class: "name" }, element("bdi", { dir: "auto" }, name)),
        element("p", { class: "more" }, `${day} · ${lengthText(episode.durationS)}`),
        episode.description ? element("p", { class: "desc" }, element("bdi", { dir: "auto" }, episode.description)) : null,
        resumeButton(episode, (atS) => this.#play(episode, series, entry, name, atS))));
    play.addEventListener("click", () => this.#play(episode, series, entry, name, null));
    return entry;
  }

  /** One player for all: it goes to the episode that is heard. */
  #play(episode: Recording, series: string, entry: HTMLElement, name: string, atS: number | null): void {
    if (this.#audio.parentElement !== entry) {
      this.#playing = null; // the pause of the one before is told later
      this.#audio.pause();
      this.#audio.src = episode.url;
      this.#audio.setAttribute("aria-label", name);
      entry.append(this.#audio);
      this.#playing = { recording: episode, series };
    }
    if (atS !== null) this.#audio.currentTime = atS;
    void this.#audio.play().catch(() => undefined); // the element itself shows what is wrong
  }

  #clips(clips: Recording[]): HTMLElement {
    const { channels } = this.#around.station;
    return element(
      "section", { class: "podcast", "aria-label": t("clips") },
      element("h2", {}, t("clips")),
      element("ul", { class: "results" }, ...clips.map((clip) => element("li", {}, element(
        "a", { class: "result", href: addressOfPage({ name: "clip", id: clip.id }), "data-route": true, "data-clip": clip.id },
        element("bdi", { class: "title", dir: "auto" }, clip.title),
        element("span", { class: "more" },
          `${cutFrom(channels.find(({ id }) => id === clip.channel), clip.startS, this.#around.nowMs())} · ${lengthText(clip.durationS)}`),
      )))),
    );
  }
}
