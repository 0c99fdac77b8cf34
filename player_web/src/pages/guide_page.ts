/** The guide of all channels: what is on and what follows at a glance, and every programme of a day. */
import "../styles/pages.css";
import type { Channel, OnAir } from "../base/api.ts";
import { favourites, split } from "../app/favourites.ts";
import type { PageAround, PageView } from "../app/page.ts";
import { type Page, addressOf, addressOfPage } from "../app/router.ts";
import { dayOf } from "../base/clock.ts";
import { element, icon } from "../base/dom.ts";
import { clockTime, stationZone, t } from "../base/text.ts";
import { dayChips, daysAround } from "../guide/day_chips.ts";
import { onNowAt } from "../guide/guide.ts";
import { GuideStore } from "../guide/guide_store.ts";
import "../guide/guide_view.ts";
import type { GuideView } from "../guide/guide_view.ts";

const TICK_MS = 5_000;
/** On a wider screen every channel's day lies open. */
const WIDE = "(min-width: 720px)";

export const open = (page: Page, around: PageAround): PageView => new GuidePage(page, around);

interface Column {
  channel: Channel;
  element: HTMLElement;
  details: HTMLDetailsElement;
  now: HTMLElement;
  next: HTMLElement;
  /** Null until it was looked at: each day of each channel is a request. */
  guide: GuideView | null;
}

class GuidePage implements PageView {
  readonly element = element("div", { class: "page guide-page" });
  readonly #around: PageAround;
  readonly #store = new GuideStore();
  readonly #days = element("div", { class: "guide-days" });
  readonly #columns: Column[];
  readonly #timer: number;
  readonly #watch = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) if (isIntersecting) this.#fill(target);
  }, { rootMargin: "200px" });
  #onAir: Map<string, OnAir>;
  readonly #alone: string | null;
  #day: string | null;
  #drawnToday = "";

  constructor(page: Page, around: PageAround) {
    this.#around = around;
    this.#onAir = around.onAir;
    this.#day = page.name === "guide" ? page.day : null;
    this.#alone = page.name === "guide" ? page.channel : null;
    around.setTitle(t("guidePage"));
    const shown = around.station.channels.filter((one) => one.guide !== null && (this.#alone === null || one.id === this.#alone));
    const { starred, others } = split(shown, favourites());
    this.#columns = [...starred, ...others].map((channel) => this.#column(channel));
    this.element.append(
      element("div", { class: "page-head" }, element("h1", {}, t("guidePage"))),
      this.#days,
      this.#columns.length === 0
        ? element("p", { class: "empty" }, t("noChannels"))
        : element("div", { class: "columns" }, ...this.#columns.map((column) => column.element)),
    );
    this.#timer = window.setInterval(() => this.#tick(), TICK_MS);
    this.#tick();
    for (const { details } of this.#columns) this.#watch.observe(details);
  }

  showOnAir(onAir: Map<string, OnAir>): void {
    this.#onAir = onAir;
    this.#tick();
  }

  go(page: Page): boolean {
    if (page.name !== "guide" || page.channel !== this.#alone) return false;
    this.#day = page.day;
    this.#drawnToday = "";
    for (const { guide } of this.#columns) guide?.showDay(this.#day);
    this.#tick();
    return true;
  }

  close(): void {
    window.clearInterval(this.#timer);
    this.#watch.disconnect();
  }

  #tick(): void {
    const nowMs = this.#around.nowMs();
    this.#drawDays(dayOf(nowMs, stationZone()));
    for (const column of this.#columns) {
      const onAir = this.#onAir.get(column.channel.id);
      const { now, next } = onNowAt(onAir?.programme ?? null, onAir?.next ?? null, nowMs / 1000);
      showLine(column.now, t("nowOnAir"), now?.title ?? "");
      showLine(column.next, next ? t("nextAt", { time: clockTime(next.startS * 1000) }) : "", next?.title ?? "");
      if (column.details.open) column.guide?.tick(nowMs, now);
    }
  }

  #drawDays(today: string): void {
    if (today === this.#drawnToday) return;
    this.#drawnToday = today;
    const chosen = this.#day ?? today;
    const back = Math.max(1, ...this.#columns.map(({ channel }) => channel.catchupDays));
    const hadFocus = this.#days.contains(document.activeElement);
    const chips = dayChips(daysAround(today, back, chosen), chosen, today, (day) => this.#choose(day === today ? null : day));
    this.#days.replaceChildren(chips);
    const pressed = chips.querySelector<HTMLElement>("[aria-pressed=true]");
    // The page is in the document only after this.
    requestAnimationFrame(() => {
      if (pressed) chips.scrollLeft = pressed.offsetLeft - chips.clientWidth / 2 + pressed.offsetWidth / 2;
    });
    if (hadFocus) pressed?.focus({ preventScroll: true });
  }

  #choose(day: string | null): void {
    const page: Page = { name: "guide", channel: this.#alone, day };
    this.#around.setAddress(addressOfPage(page), true);
    this.go(page);
  }

  #column(channel: Channel): Column {
    const now = element("p", { class: "glance" });
    const next = element("p", { class: "glance" });
    const details = element("details", { open: this.#alone !== null || matchMedia(WIDE).matches }, element("summary", {}, t("wholeDay")));
    details.addEventListener("toggle", () => { if (details.open) this.#fill(details); });
    const picture = channel.logo ? element("img", { class: "column-logo", src: channel.logo, alt: "", loading: "lazy" }) : icon(channel.kind);
    const section = element(
      "section", { class: "panel column", "aria-label": channel.name, "data-column": channel.id },
      element("h2", {}, element("a", { class: "column-name", href: addressOf(channel, stationZone()), "data-route": true },
        picture, element("bdi", { dir: "auto" }, channel.name))),
      element("div", { class: "glances" }, now, next), details);
    return { channel, element: section, details, now, next, guide: null };
  }

  /** Show a channel's day once it is looked at. */
  #fill(details: Element): void {
    const column = this.#columns.find((one) => one.details === details);
    if (!column || column.guide || !column.details.open) return;
    column.guide = document.createElement("lensong-guide") as GuideView;
    column.details.append(column.guide);
    column.guide.open(column.channel, this.#store, this.#around.nowMs());
    column.guide.classList.remove("panel");
    column.guide.showDay(this.#day);
  }
}

function showLine(line: HTMLElement, label: string, title: string): void {
  line.hidden = title === "";
  if (line.dataset["shown"] === `${label} ${title}`) return;
  line.dataset["shown"] = `${label} ${title}`;
  line.replaceChildren(element("span", { class: "label" }, label), " ", element("bdi", { class: "title", dir: "auto" }, title));
}
