"""The guide and the list of channels as others read them: XMLTV, M3U, JSON, search (I/O shell).

What everybody asks for is prepared when it changes and answered from the table: the channels, what
is on, the XMLTV, the list at a known address.  What is asked for one at a time (a day, a programme,
a search, the list at the name that an app asked for) is made then, by :meth:`Exports.answer`.
"""

from __future__ import annotations

import asyncio
import re
from collections import OrderedDict
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from aiohttp import web

from core.clock import unix_ns
from core.config import Settings
from core.errors import InputError, TimelineError
from core.guide import Programme
from origin.api import put_channels, put_now
from origin.documents import document, json_document, kept_for
from origin.guide import Guide
from origin.items import availability, full_item, is_taken_down, next_change_s
from origin.logos import Logo, draw_logo, logo_path, put_logos, read_logos
from origin.m3u import M3U_TYPE, M3uChannel, base_of_host, render_m3u
from origin.prepared import Resource, ResponseTable
from origin.previews import Picture, size_of
from origin.schedule import day_at, day_span
from origin.search import MAX_QUERY, TitleIndex
from origin.window import LiveWindow
from origin.xmltv import XmltvChannel, render_xmltv

__all__ = ["LIST_PATHS", "XMLTV_PATH", "Exports"]

LIST_PATHS: Final = ("/channels.m3u", "/channels.m3u8")
XMLTV_PATH: Final = "/guide.xml"

_DAY_PATH: Final = re.compile(r"/api/v1/epg/([a-z0-9-]{1,32})/([^/]*)\.json")
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_PROGRAMME_PATH: Final = re.compile(r"/api/v1/programmes/([a-z0-9-]{1,64})\.json")
_SEARCH_PATH: Final = "/api/v1/search.json"

_XMLTV_BACK: Final = timedelta(days=7)
_XMLTV_DAYS: Final = 15
_DAYS_BACK, _DAYS_AHEAD = 400, 60

_FRESH_S: Final = 60
_PAST_S: Final = 300
_MAX_DAYS_HELD: Final = 256
_LONGEST_WAIT_S: Final = 30
"""How late a step of the system clock may be noticed."""


@dataclass(frozen=True, slots=True)
class _Day:
    """The answer for one day of one channel."""

    until_s: int
    """When it must be made again, UNIX seconds."""

    answer: Resource


class Exports:
    """Makes what others read of the guide and the channels."""

    def __init__(
        self, table: ResponseTable, window: LiveWindow, guide: Guide, settings: Settings
    ) -> None:
        """Prepare; nothing is read before :meth:`refresh`.

        Args:
            table: Where prepared answers go.
            window: What is on air.
            guide: The programmes; its changes are listened to.
            settings: The channels.
        """
        self._table, self._window, self._guide = table, window, guide
        self._logos: dict[str, Logo] = {}
        self._take(settings)
        self._titles = TitleIndex()
        self._days: OrderedDict[tuple[str, date], _Day] = OrderedDict()
        self._made_on: date | None = None  # the day for which the XMLTV was made
        self._told_s = 0  # the second for which what is on air was told
        self._stale = True
        self._changed = asyncio.Event()
        self._making = asyncio.Lock()
        guide.listen(self._guide_changed)

    def configure(self, settings: Settings) -> None:
        """Serve these channels from now on."""
        self._take(settings)
        self._put_fixed()
        self._guide_changed(frozenset())

    def _take(self, settings: Settings) -> None:
        self._settings = settings
        self._zone = ZoneInfo(settings.station.timezone)
        self._archive_days = {item.slug: item.archive_days for item in settings.channels}
        self._logos = {
            channel.slug: self._logos.get(channel.slug) or draw_logo(channel)
            for channel in settings.channels
        }

    def put_now(self) -> None:
        """Prepare what is on air, now."""
        now_s = self._told_s = _now_s()
        schedules = {
            channel.slug: self._guide.schedule(channel.slug) for channel in self._settings.channels
        }
        told = {slug: (item.at(now_s), item.after(now_s)) for slug, item in schedules.items()}
        put_now(self._table, self._window, told)

    async def run(self) -> None:
        """Keep everything in step with the guide and the time, for ever.  Cancelling is safe."""
        while True:
            await self.refresh()
            try:
                async with asyncio.timeout(self._wait_s()):
                    await self._changed.wait()
            except TimeoutError:
                continue

    async def refresh(self) -> None:
        """Make again what the guide's or the day's change has made old.  Cancelling is safe."""
        async with self._making:
            self._changed.clear()
            today = day_at(_now_s(), self._zone)
            if self._stale:
                self._stale = False
                await self._make_slow_ones(today)
            elif today != self._made_on:
                await self._make_xmltv(today)
            self.put_now()

    async def _make_slow_ones(self, today: date) -> None:
        settings = self._settings
        logos = await asyncio.to_thread(read_logos, settings.channels)
        if settings is not self._settings:
            return  # and it is stale again
        self._logos = logos
        self._put_fixed()
        programmes = [
            item
            for channel in self._settings.channels
            for item in self._guide.snapshot(channel.slug).programmes
        ]
        self._titles = await asyncio.to_thread(TitleIndex, programmes)
        await self._make_xmltv(today)

    async def _make_xmltv(self, today: date) -> None:
        span = day_span(today - _XMLTV_BACK, self._zone, _XMLTV_DAYS)
        base = self._settings.station.public_url
        channels = [
            XmltvChannel(
                slug=channel.slug,
                name=channel.name,
                logo=f"{base}{self._logo_path(channel.slug)}" if base else "",
                programmes=self._guide.schedule(channel.slug).between(*span),
            )
            for channel in self._settings.channels
        ]
        plain, packed = await asyncio.to_thread(
            _xmltv, channels, self._settings.station.name, self._zone
        )
        self._table.put(XMLTV_PATH.encode(), plain.identity, plain.gzip)
        self._table.put(f"{XMLTV_PATH}.gz".encode(), packed.identity)
        self._made_on = today

    def _put_fixed(self) -> None:
        paths = {slug: logo_path(slug, logo) for slug, logo in self._logos.items()}
        put_logos(self._table, self._logos)
        put_channels(self._table, self._settings, paths)
        base = self._settings.station.public_url
        for path in LIST_PATHS:
            if base is None:
                self._table.remove(path.encode())
            else:
                made = document(
                    self._list(base), content_type=M3U_TYPE, cache_control=kept_for(_PAST_S)
                )
                self._table.put(path.encode(), made.identity, made.gzip)
        self.put_now()

    def _guide_changed(self, _: frozenset[str]) -> None:
        self._days.clear()
        self._stale = True
        self._changed.set()

    def _wait_s(self) -> float:
        """Return how long what was told last stays true by the passing of time alone.

        A timer may wake a little early and find the old second, and a boundary may pass after that:
        what counts is what was told, not the time now.
        """
        tomorrow_s = day_span(self._made_on or day_at(self._told_s, self._zone), self._zone)[1]
        boundaries = [
            self._guide.schedule(channel.slug).next_boundary_s(self._told_s)
            for channel in self._settings.channels
        ]
        due_s = min([tomorrow_s, *(moment for moment in boundaries if moment is not None)])
        return max(0.0, min(due_s - unix_ns() / 1e9, _LONGEST_WAIT_S))

    def logo(self, slug: str) -> Picture:
        """Return where a channel's picture is, and its size where that is known."""
        logo = self._logos[slug]
        return Picture(logo_path(slug, logo), *size_of(logo.data))

    def _logo_path(self, slug: str) -> str:
        return logo_path(slug, self._logos[slug])

    def _list(self, base: str) -> bytes:
        return render_m3u(
            (
                M3uChannel(
                    slug=channel.slug,
                    name=channel.name,
                    kind=channel.kind,
                    logo=self._logo_path(channel.slug),
                    catchup_days=channel.archive_days,
                )
                for channel in self._settings.channels
            ),
            base=base,
        )

    async def answer(self, request: web.Request, path: str) -> Resource | None:
        """Answer what is asked for one at a time; see ``origin.http.Answer``."""
        if path in LIST_PATHS:
            return self._list_for(request.headers.getall("Host", ()))
        if path == _SEARCH_PATH:
            return self._search(request.query.getall("q", ()))
        if match := _DAY_PATH.fullmatch(path):
            return self._day(*match.groups())
        if match := _PROGRAMME_PATH.fullmatch(path):
            return self._programme(match[1])
        return None

    def _list_for(self, hosts: list[str] | tuple[str, ...]) -> Resource:
        base = base_of_host(hosts[0]) if len(hosts) == 1 else None
        if base is None:
            raise InputError("no list for a request without a plain Host")
        return document(
            self._list(base),
            content_type=M3U_TYPE,
            cache_control=f"private, max-age={_FRESH_S}",
            vary=("Host",),
        )

    def _search(self, queries: list[str] | tuple[str, ...]) -> Resource:
        query = queries[0].strip() if len(queries) == 1 else ""
        if not 0 < len(query) <= MAX_QUERY:
            raise InputError(f"q must be one text of 1 to {MAX_QUERY} characters")
        now_s = _now_s()
        found = [self._item(programme, now_s) for programme in self._titles.find(query)]
        return json_document({"programmes": found}, cache_control=kept_for(_FRESH_S))

    def _programme(self, programme_id: str) -> Resource:
        programme = self._guide.programme(programme_id)
        takedowns = () if programme is None else self._guide.snapshot(programme.channel).takedowns
        # Of what was taken down nothing is said, as its media answer: as if it had never been.
        if programme is None or is_taken_down(programme, takedowns):
            raise TimelineError("no such programme")
        return json_document(self._item(programme, _now_s()), cache_control=kept_for(_FRESH_S))

    def _day(self, slug: str, text: str) -> Resource:
        now_s = _now_s()
        today = day_at(now_s, self._zone)
        day = _parse_day(text)
        if not -_DAYS_BACK <= (day - today).days <= _DAYS_AHEAD:
            raise InputError(f"a day between {_DAYS_BACK} days ago and {_DAYS_AHEAD} ahead, please")
        held = self._days.get((slug, day))
        if held is None or held.until_s <= now_s:
            held = self._make_day(slug, day, now_s, is_past=day < today)
            self._days[slug, day] = held
            if len(self._days) > _MAX_DAYS_HELD:
                self._days.popitem(last=False)
        self._days.move_to_end((slug, day))
        return held.answer

    def _make_day(self, slug: str, day: date, now_s: int, *, is_past: bool) -> _Day:
        programmes = self._guide.schedule(slug).between(*day_span(day, self._zone))
        if not programmes:
            raise TimelineError("no guide for this channel and day")
        kept_days = self._archive_days[slug]
        changes = (next_change_s(item, now_s=now_s, archive_days=kept_days) for item in programmes)
        tomorrow_s = day_span(day_at(now_s, self._zone), self._zone)[1]
        answer = {
            "channel": slug,
            "date": day.isoformat(),
            "programmes": [self._item(programme, now_s) for programme in programmes],
        }
        cache = kept_for(_PAST_S if is_past else _FRESH_S)
        return _Day(
            min([tomorrow_s, *(moment for moment in changes if moment is not None)]),
            json_document(answer, cache_control=cache),
        )

    def _item(self, programme: Programme, now_s: int) -> dict[str, Any]:
        available = availability(
            programme,
            now_s=now_s,
            archive_days=self._archive_days[programme.channel],
            takedowns=self._guide.snapshot(programme.channel).takedowns,
        )
        return full_item(programme, available)


def _xmltv(channels: list[XmltvChannel], station: str, zone: ZoneInfo) -> tuple[Resource, Resource]:
    """Return the XMLTV as it is and as a compressed file; blocks."""
    data = render_xmltv(channels, station=station, language="vi", zone=zone)
    cache = kept_for(_PAST_S)
    plain = document(data, content_type="application/xml; charset=utf-8", cache_control=cache)
    assert plain.gzip is not None  # noqa: S101
    return plain, document(
        b"".join(plain.gzip.body),
        content_type="application/gzip",
        cache_control=cache,
        packed=False,
    )


def _parse_day(text: str) -> date:
    try:
        return date.fromisoformat(text if _DAY.fullmatch(text) else "")
    except ValueError:
        raise InputError("a day has the form 2026-10-24") from None


def _now_s() -> int:
    return unix_ns() // 1_000_000_000
