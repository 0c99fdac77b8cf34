/** One clip, at an address to share. */
import "../styles/pages.css";
import { type Recording, loadClip } from "../base/api.ts";
import type { PageAround, PageView } from "../app/page.ts";
import { type Page, addressOfPage } from "../app/router.ts";
import { element } from "../base/dom.ts";
import { t } from "../base/text.ts";
import { showOnLockScreen } from "../playing/file_lock_screen.ts";
import { keepRecording, resumeButton } from "../resume/recording.ts";
import { cutFrom, lengthText } from "./recordings.ts";

export const open = (page: Page, around: PageAround): PageView => new ClipPage(page.name === "clip" ? page.id : "", around);

class ClipPage implements PageView {
  readonly element = element("div", { class: "page clip-page" });
  readonly #around: PageAround;
  readonly #title = element("h1", {}, element("bdi", { dir: "auto" }, t("clips")));
  readonly #body = element("div", { class: "clip" });
  readonly #id: string;
  #media: HTMLMediaElement | null = null;
  #leaveLockScreen: () => void = () => undefined;

  constructor(id: string, around: PageAround) {
    this.#id = id;
    this.#around = around;
    around.setTitle(t("clips"));
    this.element.append(element("div", { class: "page-head" }, this.#title), this.#body);
    void this.#load();
  }

  close(): void {
    this.#leaveLockScreen();
    this.#media?.pause();
    this.#media?.removeAttribute("src");
    this.#media?.load();
  }

  async #load(): Promise<void> {
    this.#body.replaceChildren(element("p", { class: "empty", role: "status" }, t("loadingPage")));
    try {
      const clip = await loadClip(this.#id);
      if (clip) this.#draw(clip);
      else this.#body.replaceChildren(
        element("p", { class: "sentence", role: "status" }, t("clipMissing")),
        element("a", { class: "primary", href: addressOfPage({ name: "podcasts", series: null }), "data-route": true }, t("podcastsPage")));
    } catch {
      const again = element("button", { type: "button", class: "secondary" }, t("again"));
      again.addEventListener("click", () => void this.#load());
      this.#body.replaceChildren(element("p", { class: "sentence", role: "status" }, t("pageFailed")), again);
    }
  }

  #draw(clip: Recording): void {
    this.#title.replaceChildren(element("bdi", { dir: "auto" }, clip.title));
    this.#around.setTitle(clip.title);
    const media = this.#media = clip.kind === "tv" ? element("video", { playsinline: true }) : element("audio");
    media.controls = true;
    media.preload = "metadata";
    media.src = clip.url;
    media.setAttribute("aria-label", clip.title);
    media.addEventListener("play", () => this.#around.silence());
    const resume = resumeButton(clip, (atS) => {
      media.currentTime = atS;
      void media.play().catch(() => undefined); // the element itself shows what is wrong
      media.focus({ preventScroll: true });
    });
    keepRecording(media, () => (media.hasAttribute("src") ? { recording: clip, series: "" } : null));
    this.#leaveLockScreen = showOnLockScreen(media, this.#around.station, () => ({ recording: clip, podcast: "" }));
    const channel = this.#around.station.channels.find(({ id }) => id === clip.channel);
    this.#body.replaceChildren(
      element("div", { class: "clip-media" }, media),
      ...(resume ? [resume] : []),
      element("p", { class: "more" }, `${cutFrom(channel, clip.startS, this.#around.nowMs())} · ${lengthText(clip.durationS)}`),
      ...(clip.description ? [element("p", { class: "clip-about" }, element("bdi", { dir: "auto" }, clip.description))] : []),
      this.#share(clip),
    );
  }

  #share(clip: Recording): HTMLElement {
    const address = location.origin + addressOfPage({ name: "clip", id: clip.id });
    const field = element("input", { type: "text", readonly: true, value: address, id: "clip-address" });
    const done = element("p", { class: "note", role: "status" });
    const copy = element("button", { type: "button", class: "primary" }, t("clipCopy"));
    copy.addEventListener("click", async () => {
      field.select();
      try {
        await navigator.clipboard.writeText(address);
        done.textContent = t("clipCopied");
      } catch {
        // What is selected can be copied by hand: without HTTPS there is no clipboard.
      }
    });
    return element("div", { class: "clip-share" },
      element("label", { for: "clip-address", class: "label" }, t("clipShare")), field,
      element("div", { class: "ways" }, copy, element("a", { class: "offer", href: clip.url, download: "" }, t("clipDownload"))), done);
  }
}
