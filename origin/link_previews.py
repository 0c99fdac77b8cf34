"""Say what each page of the web app shows where its link is shared (I/O shell).

Whatever the guide, the rights and the archive allow now, and no more: of what was taken down
nothing is said, and no picture is named that is not served.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol
from zoneinfo import ZoneInfo

from core.clip_records import ClipRecord
from core.clock import unix_ns
from core.config import ChannelSettings, Settings
from core.errors import FormatError
from core.guide import GuideSnapshot, Programme
from core.moments import parse_moment
from core.rights import Access, Restrictions
from core.timeline import UnixNs, msn_at
from origin.items import is_taken_down
from origin.pages import Page
from origin.previews import Picture, Preview, size_of
from origin.schedule import Schedule
from origin.span import oldest_moment
from origin.window import LiveWindow

__all__ = ["GuideFacts", "LinkPreviews", "Sources"]

_NS: Final = 1_000_000_000
_INTO_S: Final = 180
"""So far into a programme its picture is taken, since its first is often a title of the one before;
in a short one, half way."""

_CARD: Final = Picture("/card.png", 1_200, 630)
"""The build's own picture (``player_web/public``): no reader of previews draws SVG."""

_NEAR_EDGE: Final = 3
"""The picture of a segment comes this many segments late at most."""

# As the page itself reads them (``player_web/src/base/clock.ts``).
_MOMENT: Final = re.compile(r"[0-9]{9,11}|[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2})?")

_PLAIN_PAGES: Final = {
    "/lich": ("Lịch phát sóng", "Hôm nay có gì trên các kênh, và những ngày trước sau."),
    "/tim": ("Tìm chương trình", "Tìm chương trình theo tên, không cần dấu."),
    "/nghe-lai": ("Nghe lại", "Các chuyên mục phát thanh, nghe lại lúc nào cũng được."),
    "/cai-dat": ("Cài đặt", ""),
    "/tv": ("Xem trên TV", "Các kênh trực tiếp trên màn hình lớn."),
}
_UNLISTED: Final = ("/cai-dat", "/tim", "/tv", "/embed")


class GuideFacts(Protocol):
    """What is asked of the guide."""

    def snapshot(self, channel: str) -> GuideSnapshot:
        """Return what is known of a channel's guide."""
        ...

    def schedule(self, channel: str) -> Schedule:
        """Return a channel's programmes by time."""
        ...

    def programme(self, programme_id: str) -> Programme | None:
        """Return the programme of that id, of any channel."""
        ...

    def restrictions(self, channel: str, now_s: int) -> Restrictions:
        """Return what of a channel may not be served at ``now_s`` (UNIX seconds)."""
        ...


@dataclass(frozen=True, slots=True)
class Sources:
    """Where a preview's facts come from."""

    guide: GuideFacts
    window: LiveWindow
    logo: Callable[[str], Picture]
    """A channel's picture, by slug."""

    archived: Callable[[str, int], Awaitable[bytes | None]]
    """The picture of a segment that left the live window, where it may be shown."""

    clip: Callable[[str], Awaitable[ClipRecord | None]]
    """A clip that is public and may be shown."""


class LinkPreviews:
    """Makes previews."""

    def __init__(self, settings: Settings, sources: Sources) -> None:
        """Prepare; nothing is read.

        Args:
            settings: Station and channels.
            sources: Where the facts come from.
        """
        self._sources = sources
        self.configure(settings)

    def configure(self, settings: Settings) -> None:
        """Speak of these channels from now on."""
        self._station = settings.station.name
        self._zone = ZoneInfo(settings.station.timezone)
        self._channels = {channel.slug: channel for channel in settings.channels}

    def fixed(self, page: Page, path: str, slug: str) -> Preview:
        """Return what a page shows that names nothing but a channel, or not even that.

        Args:
            page: The page.
            path: Its address.
            slug: The channel's; empty for none.
        """
        channel = self._channels.get(slug)
        listed = not page.address.startswith(_UNLISTED)
        if channel is None:
            names = ", ".join(item.name for item in self._channels.values())
            title, words = _PLAIN_PAGES.get(
                page.address, (self._station, f"Xem và nghe trực tiếp, xem lại: {names}.")
            )
            return Preview(
                title=title,
                description=words,
                site=self._station,
                path=path,
                picture=next((self._logo(slug) for slug in self._channels), None),
                listed=listed,
            )
        if page.address.startswith("/lich/"):
            return Preview(
                title=f"Lịch phát sóng · {channel.name}",
                description=_PLAIN_PAGES["/lich"][1],
                site=self._station,
                path=path,
                picture=self._logo(slug),
            )
        return self._of_channel(channel, listed=listed)

    async def of(self, page: Page, steps: Mapping[str, str], moment: str) -> Preview:
        """Return what any page shows.  Cancelling is safe.

        Args:
            page: The page.
            steps: What its address names.
            moment: ``t`` of its query; empty for none.
        """
        slug = steps.get("channel", "")
        channel = self._channels.get(slug)
        if "clip" in steps:
            return await self._of_clip(page, steps["clip"])
        if channel is None or page.address.startswith(("/lich", "/tv")):
            path = re.sub(r"\{([a-z]+)\}", lambda match: steps[match[1]], page.address)
            return self.fixed(page, path, slug)
        now, at = UnixNs(unix_ns()), self.moment(moment)
        if at is not None and not self._is_shown(channel, at, now):
            at = None
        programme = self._sources.guide.programme(steps.get("programme", ""))
        if programme is not None and programme.channel == slug and not self._is_gone(programme):
            return await self._of_programme(channel, programme, at, now)
        if at is not None:
            return await self._of_moment(channel, at)
        return self._of_channel(channel, listed=not page.address.startswith(_UNLISTED))

    def kind(self, steps: Mapping[str, str]) -> str:
        """Return ``clip``, ``tv`` or ``radio``, by what an address names."""
        if "clip" in steps:
            return "clip"
        return self._channels[steps["channel"]].kind

    def moment(self, text: str) -> UnixNs | None:
        """Return the moment that an address names, as the page reads it; None if it names none."""
        if not _MOMENT.fullmatch(text):
            return None
        try:
            return parse_moment(text, self._zone, UnixNs(unix_ns()))
        except FormatError:
            return None

    # What is shown

    def _of_channel(self, channel: ChannelSettings, *, listed: bool = True) -> Preview:
        slug, is_tv = channel.slug, channel.kind == "tv"
        now_s = unix_ns() // _NS
        schedule = self._sources.guide.schedule(slug)
        on, following = schedule.at(now_s), schedule.after(now_s)
        words = [f"{'Xem' if is_tv else 'Nghe'} trực tiếp {channel.name}."]
        live = self._sources.window.channels.get(slug)
        song = "" if live is None or live.state is None else live.state.title
        if song and not is_tv:
            words.append(f"Đang phát bài: {song}.")
        elif on is not None and not self._is_gone(on):
            words.append(f"Đang phát: {on.title} ({self._clock(on.began_s)}).")
        if following is not None and not self._is_gone(following):
            words.append(f"Tiếp theo: {following.title} ({self._clock(following.began_s)}).")
        picture = self._logo(slug)
        newest = max(live.thumbnails, default=None) if live is not None else None
        if live is not None and newest is not None:
            size = size_of(live.thumbnails[newest])
            picture = Picture(f"/thumb/{slug}/latest.jpg", *size, wide=True)
        return Preview(
            title=f"{channel.name}: trực tiếp",
            description=" ".join(words),
            site=self._station,
            path=_path(channel),
            kind="video.other" if is_tv else "music.radio_station",
            picture=picture,
            embed=f"/embed/{slug}",
            listed=listed,
        )

    async def _of_programme(
        self, channel: ChannelSettings, item: Programme, at: UnixNs | None, now: UnixNs
    ) -> Preview:
        into_s = min(_INTO_S, (item.ended_s - item.began_s) // 2)
        wanted = UnixNs((item.began_s + into_s) * _NS) if at is None else at
        picture = None if wanted > now else await self._picture(channel, wanted)
        if picture is None:
            address = item.image if at is None else ""
            picture = Picture(address) if address else self._logo(channel.slug)
        title = f"{item.title}: {item.subtitle}" if item.subtitle else item.title
        span = f"{self._clock(item.began_s)} – {self._clock(item.ended_s)}"
        words = [f"{channel.name}, {span}, {self._day(item.began_s)}."]
        if at is not None:
            words.insert(0, f"Từ {self._clock(at // _NS, seconds=True)}.")
        step, query = f"/{item.id}", "" if at is None else f"?t={self._written(at)}"
        return Preview(
            title=title,
            description=" ".join([*words, item.description]).strip(),
            site=self._station,
            path=f"{_path(channel)}{step}{query}",
            kind="video.episode" if channel.kind == "tv" else "website",
            picture=picture,
            embed=f"/embed/{channel.slug}{step}{query}",
        )

    async def _of_moment(self, channel: ChannelSettings, at: UnixNs) -> Preview:
        moment_s = at // _NS
        item = self._sources.guide.schedule(channel.slug).at(moment_s)
        words = f"{'Xem' if channel.kind == 'tv' else 'Nghe'} lại {channel.name} từ"
        when = f"{self._clock(moment_s, seconds=True)}, {self._day(moment_s)}"
        query = f"?t={self._written(at)}"
        return Preview(
            title=f"{channel.name} · {when}" if item is None else f"{item.title} · {channel.name}",
            description=f"{words} {when}." + ("" if item is None else f" {item.description}"),
            site=self._station,
            path=f"{_path(channel)}{query}",
            kind="video.other" if channel.kind == "tv" else "website",
            picture=await self._picture(channel, at) or self._logo(channel.slug),
            embed=f"/embed/{channel.slug}{query}",
        )

    async def _of_clip(self, page: Page, clip_id: str) -> Preview:
        found, path = await self._sources.clip(clip_id), f"/clip/{clip_id}"
        if found is None:
            return Preview(title=self._station, path=path, site=self._station, listed=False)
        channel = self._channels.get(found.channel)
        name = "" if channel is None else f"{channel.name}, "
        start = UnixNs(found.start_ns)
        picture = None if channel is None else await self._picture(channel, start)
        return Preview(
            title=found.title,
            description=f"{name}{self._clock(start // _NS)}, {self._day(start // _NS)}."
            f" {found.description}",
            site=self._station,
            path=path,
            kind="video.other" if found.kind == "tv" else "website",
            picture=picture or (self._logo(found.channel) if channel else None),
            video=f"/clips/{clip_id}.mp4" if found.kind == "tv" else "",
            embed=f"/embed{path}",
            listed=not page.framed,
        )

    # What may be said

    def _logo(self, slug: str) -> Picture:
        """Return a channel's picture, as readers of previews take it."""
        logo = self._sources.logo(slug)
        return _CARD if logo.address.endswith(".svg") else logo

    def _is_gone(self, item: Programme) -> bool:
        """Tell whether the whole of a programme was taken down."""
        return is_taken_down(item, self._sources.guide.snapshot(item.channel).takedowns)

    def _is_shown(self, channel: ChannelSettings, at: UnixNs, now: UnixNs) -> bool:
        """Tell whether a moment can be watched: not to come, not expired, not refused."""
        if not oldest_moment(channel.archive_days, now=now) <= at <= now:
            return False
        restrictions = self._sources.guide.restrictions(channel.slug, now // _NS)
        return restrictions.access(msn_at(at)) is Access.OPEN

    async def _picture(self, channel: ChannelSettings, at: UnixNs) -> Picture | None:
        """Return the picture of a moment, where there is one that may be shown."""
        slug, msn = channel.slug, msn_at(at)
        live = self._sources.window.channels.get(slug)
        restrictions = self._sources.guide.restrictions(slug, unix_ns() // _NS)
        if channel.kind != "tv" or restrictions.access(msn) is not Access.OPEN:
            return None
        data = None if live is None else live.thumbnails.get(msn)
        if data is None and live is not None and live.thumbnails:
            newest = max(live.thumbnails)
            if newest < msn <= newest + _NEAR_EDGE:
                msn, data = newest, live.thumbnails[newest]
        if data is None:
            data = await self._sources.archived(slug, msn)
        return (
            None if data is None else Picture(f"/thumb/{slug}/{msn}.jpg", *size_of(data), wide=True)
        )

    # Times in words

    def _local(self, moment_s: int) -> datetime:
        return datetime.fromtimestamp(moment_s, self._zone)

    def _clock(self, moment_s: int, *, seconds: bool = False) -> str:
        return f"{self._local(moment_s):{'%H:%M:%S' if seconds else '%H:%M'}}"

    def _day(self, moment_s: int) -> str:
        day = self._local(moment_s)
        return f"{day.day}/{day.month}/{day.year}"

    def _written(self, at: UnixNs) -> str:
        return f"{self._local(at // _NS):%Y-%m-%dT%H:%M:%S}"


def _path(channel: ChannelSettings) -> str:
    return f"/{'xem' if channel.kind == 'tv' else 'nghe'}/{channel.slug}"
