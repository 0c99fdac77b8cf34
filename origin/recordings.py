"""Answer for the lists of the past: spans, programmes, the rewind window (I/O shell).

Every list is a pure function of the archive, the live window, the rights and the moment; here
these are fetched, and what was written is kept for the next who asks.  Long lists are written in
a thread, so that the viewers of low latency are not kept waiting.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Final, Protocol

from core.archive_store import ArchiveError
from core.config import ChannelSettings
from core.errors import InputError, NotYetAvailableError, RefusedError, TimelineError, http_status
from core.guide import Programme
from core.rights import Access, Restriction, Restrictions, access_to
from core.timeline import SEGMENT_NS, UnixNs, end_of_segment, msn_at
from origin.archive import ArchiveReader
from origin.iptv_forms import Delay, Form, Live, parse_name, parse_query
from origin.list_writer import ListWriter
from origin.multivariant import render_multivariant, render_sound
from origin.past import Which
from origin.preparation import Preparation
from origin.prepared import (
    BLOCKING_CACHE,
    PLAYLIST_CACHE,
    BlockingPlaylist,
    Prepared,
    Resource,
    prepare,
    unavailable,
)
from origin.recorded import Recording
from origin.recorded_multivariant import (
    RecordedRendition,
    render_recorded_multivariant,
    render_recorded_sound,
)
from origin.recorded_playlist import render_delayed, render_rewind, render_span
from origin.shelf import NOTHING_THERE, UNKNOWN, Shelf
from origin.span import (
    MAX_SPAN_S,
    Span,
    access_to_span,
    oldest_moment,
    parse_span,
    require_span,
)
from origin.window import WINDOW_SEGMENTS, ChannelWindow

__all__ = ["SETTLED_CACHE", "Query", "Recordings", "Rights", "refuse"]

SETTLED_CACHE: Final = "max-age=3600, immutable"
"""A span that is whole, or a day old, changes no more; but a takedown must take hold."""

_PROGRAMME_CACHE: Final = "max-age=10"
"""A programme's times may still be corrected."""

_NO_STORE: Final = "no-store"
_SETTLED_NS: Final = 86_400_000_000_000
_DELAYED_SEGMENTS: Final = 10
_NS: Final = 1_000_000_000

_REFUSED: Final = "Chương trình này không có bản xem lại.\nThis programme cannot be watched again."


class Rights(Protocol):
    """What is asked of the guide."""

    def programme(self, programme_id: str) -> Programme | None:
        """Return the programme of that id, of any channel."""
        ...

    def restrictions(self, channel: str, now_s: int) -> Restrictions:
        """Return what of a channel may not be served at ``now_s`` (UNIX seconds)."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What of a request's query means something here."""

    utc: tuple[str, ...] = ()
    lutc: tuple[str, ...] = ()
    duration: tuple[str, ...] = ()
    skip: bool = False
    """``_HLS_skip``."""

    blocking: bool = False
    """``_HLS_msn`` was given, and what it waited for is there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """One request."""

    which: Which
    query: Query
    now: UnixNs
    gzip: bool


class _UpcomingError(NotYetAvailableError):
    """It is known when to ask again."""

    code = "upcoming"

    def __init__(self, message: str, *, after_s: int) -> None:
        super().__init__(message)
        self.after_s = after_s


def refuse(error: Exception, handler: str, channel: str) -> Prepared:
    """Return the answer to what cannot be served.

    Args:
        error: Of the tree of ``core.errors``; its text is the viewer's.
        handler: Label of the metrics.
        channel: Label of the metrics.
    """
    if isinstance(error, ArchiveError):
        return unavailable(handler, channel)
    assert isinstance(error, InputError | TimelineError)  # noqa: S101
    cache, extra = "max-age=4", []
    if isinstance(error, RefusedError):
        cache = _NO_STORE
    elif isinstance(error, NotYetAvailableError):
        cache = _NO_STORE
        after_s = error.after_s if isinstance(error, _UpcomingError) else 4
        extra = [("Retry-After", str(after_s))]
    return prepare(
        f"{error}\n".encode(),
        status=http_status(error),
        content_type="text/plain; charset=utf-8",
        cache_control=cache,
        handler=handler,
        channel=channel,
        extra=extra,
    )


class Recordings:
    """Writes the lists of the past."""

    def __init__(
        self,
        preparation: Preparation,
        reader: ArchiveReader,
        rights: Rights,
        channels: Iterable[ChannelSettings],
        *,
        now: Callable[[], UnixNs],
    ) -> None:
        """Prepare; nothing is read.

        Args:
            preparation: The live window and its table.
            reader: The archive.
            rights: The guide.
            channels: The channels that are served.
            now: Tells the moment of a request.
        """
        self._table, self._rights, self._now = preparation.table, rights, now
        self._shelf = Shelf(preparation.window, reader)
        self._writer = ListWriter()
        self._rewind_first: dict[tuple[str, str], int] = {}
        self.configure(channels)

    def configure(self, channels: Iterable[ChannelSettings]) -> None:
        """Serve these channels from now on."""
        self._channels = {channel.slug: channel for channel in channels}

    async def answer(self, which: Which, query: Query, *, gzip: bool) -> Prepared:
        """Return the answer to a request for a list.  Cancelling is safe.

        Args:
            which: The list.
            query: What the request's query says.
            gzip: The request accepts gzip.
        """
        channel = which.subject if which.subject in self._channels else ""
        asked = _Asked(which=which, query=query, now=self._now(), gzip=gzip)
        try:
            if which.kind == "programme":
                programme = self._programme(which.subject, asked.now)
                channel = programme.channel
                return await self._of_programme(asked, programme)
            settings = self._settings(which.subject)
            if which.kind == "dvr":
                return await self._rewind(asked, settings)
            if which.kind == "catchup":
                span = parse_span(which.span)
                require_span(span, settings.archive_days, now=asked.now)
                return await self._of_span(asked, settings, span)
            return await self._of_client(asked, settings)
        except (InputError, TimelineError, ArchiveError) as error:
            return refuse(error, which.handler, channel)

    def _settings(self, slug: str) -> ChannelSettings:
        settings = self._channels.get(slug)
        if settings is None:
            raise TimelineError(UNKNOWN)
        return settings

    # Programmes and clients' forms

    def _programme(self, programme_id: str, now: UnixNs) -> Programme:
        programme = self._rights.programme(programme_id)
        if programme is None or programme.channel not in self._channels:
            raise TimelineError("Không có chương trình này.\nThere is no such programme.")
        ahead_s = programme.began_s - now // _NS
        if ahead_s > 0:
            raise _UpcomingError(
                "Chương trình chưa phát sóng.\nThe programme is not on air yet.",
                after_s=min(ahead_s, 3_600),
            )
        if access_to(programme, now_s=now // _NS) is Access.REFUSED:
            raise RefusedError(_REFUSED)
        return programme

    async def _of_programme(self, asked: _Asked, programme: Programme) -> Prepared:
        settings = self._channels[programme.channel]
        end_s = min(programme.ended_s, programme.began_s + MAX_SPAN_S)
        span = Span(programme.began_s, end_s)
        require_span(span, settings.archive_days, now=asked.now)
        return await self._of_span(asked, settings, span, settled=_PROGRAMME_CACHE)

    async def _of_client(self, asked: _Asked, settings: ChannelSettings) -> Prepared:
        which, query, now = asked.which, asked.query, asked.now
        form: Form | None
        if which.name == "index.m3u8":
            form = parse_query(query.utc, query.lutc, query.duration, now=now)
        else:
            form = parse_name(which.name, now=now)
        match form:
            case None:
                raise TimelineError(UNKNOWN)
            case Live():
                return self._live(which, gzip=asked.gzip)
            case Delay(seconds):
                span = Span(now // _NS - seconds, None)
                require_span(span, settings.archive_days, now=now)
                return await self._delayed(asked, settings, span)
            case Span():
                require_span(form, settings.archive_days, now=now)
                end = "now" if form.end_s is None else form.end_s
                folder = f"../../catchup/{settings.slug}/{form.start_s}-{end}"
                return await self._of_span(asked, settings, form, folder=f"{folder}/")

    def _live(self, which: Which, *, gzip: bool) -> Prepared:
        steps = [which.folder, which.subject, *([which.rendition] if which.rendition else [])]
        entry = self._table.entries.get(f"/{'/'.join(steps)}/index.m3u8".encode())
        if isinstance(entry, Resource):
            return entry.choose(gzip=gzip)
        if isinstance(entry, BlockingPlaylist) and entry.edge is not None:
            return entry.choose(blocking=False, skip=False, gzip=gzip)
        return unavailable(which.handler, which.subject)

    # Spans

    async def _of_span(
        self,
        asked: _Asked,
        settings: ChannelSettings,
        span: Span,
        *,
        settled: str = SETTLED_CACHE,
        folder: str = "",
    ) -> Prepared:
        """Answer with a list of a span.

        Args:
            asked: The request.
            settings: The channel's.
            span: What is asked for.
            settled: How long a list is kept that changes no more.
            folder: Where its media playlists lie, relative to a multivariant one.
        """
        which, now = asked.which, asked.now
        window = self._shelf.window(settings.slug)
        restrictions = self._rights.restrictions(settings.slug, now // _NS)
        until = self._shelf.until(window, span.last, now)
        if until < span.first and not span.is_over(self._shelf.edge(window), now=now):
            raise NotYetAvailableError(NOTHING_THERE)
        match access_to_span(span, max(until, span.first), restrictions):
            case Access.REFUSED:
                raise RefusedError(_REFUSED)
            case Access.TAKEN_DOWN:
                raise TimelineError(NOTHING_THERE)
            case Access.OPEN:
                pass
        if which.rendition:
            return await self._media_of_span(asked, settings, span, restrictions, settled=settled)
        found = await self._shelf.beginning(settings, span.first, until, restrictions)
        offset_ms = span.offset_ms if found.first == span.first else 0
        over = span.is_over(self._shelf.edge(window), now=now) and found.closed
        old = now >= end_of_segment(span.last) + _SETTLED_NS
        text = self._multivariant(
            which,
            settings,
            found.renditions,
            uri=lambda name: f"{folder}{name}/index.m3u8",
            offset_ms=offset_ms,
        )
        cache = settled if (over or old) and not folder else PLAYLIST_CACHE
        return await self._writer.write(which, settings.slug, text, cache, gzip=asked.gzip)

    def _multivariant(
        self,
        which: Which,
        settings: ChannelSettings,
        renditions: Iterable[RecordedRendition],
        *,
        uri: Callable[[str], str],
        offset_ms: int | None,
    ) -> Callable[[], str]:
        items = tuple(renditions)
        if which.sound:
            items = tuple(item for item in items if item.track.kind == "audio")
            if items:
                return partial(render_recorded_sound, items, uri=uri, offset_ms=offset_ms)
        if not items:
            raise TimelineError(NOTHING_THERE)
        return partial(
            render_recorded_multivariant,
            items,
            language=settings.language,
            uri=uri,
            offset_ms=offset_ms,
        )

    async def _media_of_span(
        self,
        asked: _Asked,
        settings: ChannelSettings,
        span: Span,
        restrictions: Restrictions,
        *,
        settled: str,
    ) -> Prepared:
        which, now, slug, name = asked.which, asked.now, settings.slug, asked.which.rendition
        window = self._shelf.window(slug)
        until = self._shelf.until(window, span.last, now)
        await self._shelf.require_rendition(settings, name)
        found = await self._shelf.record(slug, name, span.first, until, restrictions)
        if not found.runs:
            raise TimelineError(NOTHING_THERE)
        over = span.is_over(self._shelf.edge(window), now=now)
        # No list ends with a hole, unless another rendition goes on: what a list has shown is
        # never taken away from it, and players wait for ever for the end of a hole at the end.
        last = await self._shelf.last_of_channel(settings, name, found.last, until, restrictions)
        offset_ms = span.offset_ms if found.first == span.first else 0
        whole = found.segments == span.last - span.first + 1
        old = now >= end_of_segment(span.last) + _SETTLED_NS
        media = _media(which, slug)
        return await self._writer.write(
            which,
            slug,
            partial(render_span, found, last, media=media, over=over, offset_ms=offset_ms),
            settled if over and (whole or old) else PLAYLIST_CACHE,
            gzip=asked.gzip,
            key=("span", media, found, last, over, offset_ms),
            segments=last - found.first + 1,
        )

    # What slides

    async def _delayed(self, asked: _Asked, settings: ChannelSettings, span: Span) -> Prepared:
        """Answer with the list that was live at the span's start."""
        which, now, slug = asked.which, asked.now, settings.slug
        window = self._shelf.window(slug)
        restrictions = self._rights.restrictions(slug, now // _NS)
        last = self._shelf.until(window, span.first - 1, now)
        wanted = last - _DELAYED_SEGMENTS + 1
        reach = wanted - _DELAYED_SEGMENTS
        if not which.rendition:
            found = await self._shelf.beginning(settings, wanted, last, restrictions)
            text = self._multivariant(
                which,
                settings,
                found.renditions,
                uri=lambda name: f"{name}/{which.name}",
                offset_ms=None,
            )
            return await self._writer.write(which, slug, text, PLAYLIST_CACHE, gzip=asked.gzip)
        await self._shelf.require_rendition(settings, which.rendition)
        recording = await self._shelf.record(slug, which.rendition, reach, last, restrictions)
        # As the live list does, it reaches back to a segment that is there, so the number of
        # its first segment never decreases.
        before = recording.between(reach, wanted)
        first = before.last if before.runs else reach
        recording = recording.between(first, last)
        if not recording.runs:
            raise NotYetAvailableError(NOTHING_THERE)
        sequence = _sequence(window, recording, last)
        return await self._writer.write(
            which,
            slug,
            partial(
                render_delayed,
                recording,
                last,
                media=_media(which, slug),
                discontinuity_sequence=sequence,
            ),
            PLAYLIST_CACHE,
            gzip=asked.gzip,
        )

    async def _rewind(self, asked: _Asked, settings: ChannelSettings) -> Prepared:
        """Answer with a list of the last hours, up to the live edge."""
        which, query, now = asked.which, asked.query, asked.now
        slug, name = settings.slug, which.rendition
        window = self._shelf.window(slug)
        if not name:
            if which.sound:
                text = render_sound(settings, window)
            else:
                text = render_multivariant(settings, window, i_frames=False)
            if text is None:
                return unavailable(which.handler, slug)
            return await self._writer.write(
                which, slug, lambda: text, PLAYLIST_CACHE, gzip=asked.gzip
            )
        track = window.tracks.get(name)
        if track is None:
            raise TimelineError(UNKNOWN)
        last = track.last_whole
        if last is None:
            return unavailable(which.handler, slug)
        oldest = msn_at(oldest_moment(settings.archive_days, now=now)) + 1
        wanted = last + 1 - settings.dvr_minutes * 60 * _NS // SEGMENT_NS
        # What anybody may see live is not refused to those who rewind.
        restrictions = _but_live(
            self._rights.restrictions(slug, now // _NS), window.newest - WINDOW_SEGMENTS
        )
        found = await self._shelf.record(slug, name, max(wanted, oldest), last, restrictions)
        # A hole at the head that is refilled must not bring the list's first number down.
        first = max(self._rewind_first.get((slug, name), 0), found.first if found.runs else 0)
        found = found.between(first, last)
        if not found.runs:
            return unavailable(which.handler, slug)
        self._rewind_first[slug, name] = found.first
        sequence, media = _sequence(window, found, last), _media(which, slug)

        def text_of() -> str:
            form = partial(render_rewind, found, last, media=media, discontinuity_sequence=sequence)
            delta = form(delta=True) if query.skip else None
            whole = delta or form(delta=False)
            assert whole is not None  # noqa: S101
            return whole

        return await self._writer.write(
            which,
            slug,
            text_of,
            BLOCKING_CACHE if query.blocking else PLAYLIST_CACHE,
            gzip=asked.gzip,
            key=("dvr", media, found, last, sequence, query.skip),
            segments=0 if query.skip else last - found.first + 1,
        )


def _media(which: Which, channel: str) -> str:
    # Relative by depth, so that a path prefix carries over (DESIGN 3.5).
    return f"{'../' * which.depth}media/{channel}/{which.rendition}/"


def _sequence(window: ChannelWindow, recording: Recording, last: int) -> int:
    """Return EXT-X-DISCONTINUITY-SEQUENCE of a list that slides."""
    within = sum(1 for msn in recording.discontinuities if msn > recording.first)
    return max(0, window.discontinuity_sequence(last) - within)


def _but_live(restrictions: Restrictions, oldest_live: int) -> Restrictions:
    return Restrictions(
        item
        if item.access is Access.TAKEN_DOWN
        else Restriction(item.first, min(item.last, oldest_live), item.access)
        for item in restrictions.runs
        if item.access is Access.TAKEN_DOWN or item.first <= oldest_live
    )
