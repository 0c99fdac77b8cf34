"""The aiohttp application: whatever the fast path does not take (I/O shell).

HEAD and OPTIONS, ranges, odd headers, held parts, errors.  It reads the same table as the fast path
and gives the same answers, byte for byte.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Final, TypeAlias

from aiohttp import web
from multidict import CIMultiDict
from yarl import URL

from core.clock import monotonic_ns, unix_ns
from core.errors import InputError, TimelineError, http_status
from core.timeline import PartAddress
from origin import reload
from origin.archived_media import ArchivedMedia
from origin.documents import still_has
from origin.past import Which, parse_past
from origin.preparation import Preparation
from origin.prepared import (
    CORS_HEADERS,
    BlockingPlaylist,
    Hold,
    HostForms,
    Prepared,
    Resource,
    accepts_brotli,
    accepts_gzip,
    not_modified,
    prepare,
    response_headers,
    unavailable,
)
from origin.qoe import QoeDesk, peer_of, sender_of_request
from origin.qoe_requests import requested
from origin.recordings import Query, Recordings
from origin.tally import Tally
from origin.web import not_found
from origin.window import WINDOW_SEGMENTS, ChannelWindow

__all__ = ["Answer", "Past", "Place", "Site", "create_app", "locate", "parse_range"]

_ERROR_CACHE: Final = "max-age=4"
"""Errors are kept for a target duration (STANDARDS 90) where they will not be otherwise sooner."""

_TIME_PATH: Final = "/api/v1/time"
_TEXT: Final = "text/plain; charset=utf-8"

_PREFLIGHT: Final = (
    *CORS_HEADERS[:1],
    ("Access-Control-Allow-Methods", "GET, HEAD, OPTIONS"),
    (
        "Access-Control-Allow-Headers",
        "Range, Icy-MetaData, CMCD-Object, CMCD-Request, CMCD-Session, CMCD-Status",
    ),
    ("Access-Control-Max-Age", "86400"),
    ("Allow", "GET, HEAD, OPTIONS"),
    ("Server", "Lensong"),
)

_PLAYLIST: Final = re.compile(
    r"/(live|ll|sound)/([a-z0-9-]+)/(?:([a-z0-9-]+)/)?(?:index|iframes)\.m3u8"
)
_MEDIA: Final = re.compile(
    r"/media/([a-z0-9-]+)/([a-z0-9-]+)/(?:([0-9a-f]{16})\.mp4|([0-9]{1,15})(?:\.([0-9]))?\.m4s)"
)
_THUMBNAIL: Final = re.compile(r"/thumb/([a-z0-9-]+)/(?:([0-9]{1,15})|latest)\.jpg")
_RANGE: Final = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")
_NUMBER: Final = re.compile(r"[0-9]{1,15}")


Answer: TypeAlias = Callable[[web.Request, str], Awaitable[Resource | None]]
"""Answers what is in no table: given the request and its path, the answer, or None where the path
is not its own.  It raises InputError for a request that is wrong and TimelineError for what is not
there; the text is the viewer's."""


@dataclass(frozen=True, slots=True)
class Place:
    """What a path is, by its form alone."""

    handler: str
    """Label of the metrics."""

    channel: str = ""
    rendition: str = ""
    msn: int | None = None
    part: int | None = None
    header: str = ""
    """Hash of a header."""


@dataclass(frozen=True, slots=True)
class Past:
    """Who answers for what left the live window."""

    lists: Recordings
    media: ArchivedMedia


class _BadRequestError(Exception):
    """A directive that no conforming player sends."""


def locate(path: str) -> Place:
    """Tell what a path asks for; whether it exists is another question."""
    if match := _PLAYLIST.fullmatch(path):
        _, channel, rendition = match.groups()
        return Place("media_playlist" if rendition else "multivariant", channel, rendition or "")
    if match := _MEDIA.fullmatch(path):
        channel, rendition, header, msn, part = match.groups()
        if header:
            return Place("header", channel, rendition, header=header)
        number = None if part is None else int(part)
        return Place("segment" if part is None else "part", channel, rendition, int(msn), number)
    if match := _THUMBNAIL.fullmatch(path):
        channel, msn = match.groups()
        return Place("thumb", channel, msn=None if msn is None else int(msn))
    return Place("api" if path.startswith("/api/") else "static")


def parse_range(header: str, length: int) -> tuple[int, int] | None:
    """Read a Range header of one range.

    Returns:
        (first, one past the last) byte; None if the header is to be ignored, as RFC 9110, 14.2
        allows for what is malformed and for several ranges.

    Raises:
        ValueError: If no byte of the range exists (416).
    """
    match = _RANGE.fullmatch(header.strip())
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if not first:
        begin, end = max(0, length - int(last)), length
    else:
        begin, end = int(first), min(int(last) + 1 if last else length, length)
        if last and int(last) < begin:
            return None
    if begin >= end:
        raise ValueError("no such bytes")
    return begin, end


class Site:
    """Answers requests from the table that a preparation keeps."""

    def __init__(
        self,
        preparation: Preparation,
        tally: Tally,
        answers: Iterable[Answer] = (),
        past: Past | None = None,
        desk: QoeDesk | None = None,
    ) -> None:
        """Prepare; nothing is opened.

        Args:
            preparation: Window and table.
            tally: Counts the answers.
            answers: Asked one after the other for what is not in the table.
            past: Answers for what left the live window; None where there is no archive.
            desk: Counts the viewings; without it nobody does.
        """
        self._desk = desk
        self._past = past
        self._answers = tuple(answers)
        self._preparation, self._table, self._tally = preparation, preparation.table, tally

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer one request, count it.  Cancelling is safe: it frees a held slot."""
        started_ns = monotonic_ns()
        # The target as it was sent: two spellings of one path are two paths, as in the fast one.
        target = request.raw_path
        path = target.partition("?")[0] if target[:1] == "/" else URL(target).raw_path
        place = locate(path)
        held_ns = 0
        if request.method == "OPTIONS":
            return web.Response(status=204, headers=CIMultiDict(_PREFLIGHT))
        if request.method not in {"GET", "HEAD"}:
            return _method_not_allowed()
        try:
            prepared, held_ns = await self._find(request, path, place)
        except _BadRequestError as error:
            prepared = _error(400, str(error), place)
        except (InputError, TimelineError) as error:
            prepared = _error(http_status(error), str(error), place)
        if still_has(prepared, ",".join(request.headers.getall("If-None-Match", ()))):
            prepared = not_modified(prepared)
        if request.method == "GET" and "Range" in request.headers:
            prepared = _cut(prepared, request)
        response = web.Response(
            status=prepared.status,
            headers=CIMultiDict(prepared.headers),
            body=b"".join(prepared.body),
        )
        await response.prepare(request)
        await response.write_eof()
        length = 0 if request.method == "HEAD" else prepared.length
        self._tally.answered(
            prepared.handler,
            prepared.channel,
            prepared.status,
            length,
            monotonic_ns() - started_ns - held_ns,
        )
        if self._desk is not None and request.method == "GET" and prepared.status < 400:  # noqa: PLR2004
            _count_viewing(self._desk, request, prepared, target)
        return response

    async def _find(self, request: web.Request, path: str, place: Place) -> tuple[Prepared, int]:
        """Return the answer, and for how many nanoseconds it was held."""
        accepted = ",".join(request.headers.getall("Accept-Encoding", ()))
        gzip, brotli = accepts_gzip(accepted), accepts_brotli(accepted)
        if self._past is not None and (which := _which(request, path)) is not None:
            return await self._list_of_past(request, self._past, which, gzip=gzip)
        entry = self._table.entries.get(path.encode("utf-8", "surrogateescape"))
        if path == _TIME_PATH:
            entry = Resource(_time())
        elif place.handler in {"api", "static"} and (
            # A page of a moment, or whose links bear the name it was asked by, is made for it.
            entry is None or isinstance(entry, HostForms) or "t" in request.query
        ):
            entry = await self._ask(request, path) or entry
        if isinstance(entry, BlockingPlaylist) and entry.edge is not None:
            return await self._playlist(request, entry, entry.edge, gzip=gzip)
        if isinstance(entry, Resource):
            return entry.choose(gzip=gzip, brotli=brotli), 0
        if place.handler == "static":
            # Whoever opens an unknown address in a browser is told in words, with a way on.
            wants_page = "text/html" in ",".join(request.headers.getall("Accept", ()))
            return not_found() if wants_page else _nothing_here(place), 0
        return await self._absent(path, place)

    async def _absent(self, path: str, place: Place) -> tuple[Prepared, int]:
        """Answer for what is not in the table."""
        window = self._preparation.window.channels.get(place.channel)
        if window is not None and self._past is not None:
            found = await self._archived(self._past.media, place, window)
            if found is not None:
                return found, 0
        if window is None or (place.rendition and place.rendition not in window.tracks):
            return _error(404, "no such thing here", Place(place.handler)), 0
        if place.handler == "thumb":
            prepared = self._missing_thumbnail(place)
        elif place.msn is not None:
            return await self._missing_media(path, place, place.msn)
        elif place.handler == "header" or not self._preparation.announces(path):
            prepared = _error(404, "no such thing here", place)
        else:
            prepared = self._empty(place.handler, place.channel)
        return prepared, 0

    async def _list_of_past(
        self, request: web.Request, past: Past, which: Which, *, gzip: bool
    ) -> tuple[Prepared, int]:
        query, held_ns = request.query, 0
        blocking = which.kind == "dvr" and bool(which.rendition) and "_HLS_msn" in query
        if blocking:
            live = self._live_playlist(which)
            if live is None or live.edge is None:
                return self._empty(which.handler, which.subject), 0
            try:
                outcome, held_ns = await self._reload(request, live, live.edge)
            except _BadRequestError as error:
                return _error(400, str(error), Place(which.handler, which.subject)), 0
            if outcome != "released":
                return unavailable(which.handler, which.subject), held_ns
        asked = Query(
            utc=tuple(query.getall("utc", ())),
            lutc=tuple(query.getall("lutc", ())),
            duration=tuple(query.getall("duration", ())),
            skip=_skips(request),
            blocking=blocking,
        )
        return await past.lists.answer(which, asked, gzip=gzip), held_ns

    def _live_playlist(self, which: Which) -> BlockingPlaylist | None:
        """Return the plain playlist of a rendition, with whose edge the rewind window moves."""
        for folder in ("live", "sound"):
            path = f"/{folder}/{which.subject}/{which.rendition}/index.m3u8"
            found = self._table.playlist(path.encode())
            if found is not None:
                return found
        return None

    async def _archived(
        self, media: ArchivedMedia, place: Place, window: ChannelWindow
    ) -> Prepared | None:
        """Answer from the archive; None for what is the live window's to answer."""
        if place.handler == "header":
            return await media.header(place.channel, place.rendition, place.header)
        if place.msn is None or place.part is not None:
            return None
        lived = window.newest < 0 or place.msn <= window.newest - WINDOW_SEGMENTS
        if place.handler == "thumb":
            return await media.thumbnail(place.channel, place.msn) if lived else None
        if place.handler != "segment":
            return None
        if lived or media.was_told(place.channel, place.rendition, place.msn):
            return await media.segment(place.channel, place.rendition, place.msn)
        return None

    def _empty(self, handler: str, channel: str) -> Prepared:
        """Answer for a channel that has no segment yet."""
        self._tally.empty(channel)
        return unavailable(handler, channel)

    async def _ask(self, request: web.Request, path: str) -> Resource | None:
        for answer in self._answers:
            found = await answer(request, path)
            if found is not None:
                return found
        return None

    async def _missing_media(self, path: str, place: Place, msn: int) -> tuple[Prepared, int]:
        """Answer for media that are not in the table: too early, too late, or a hole."""
        window = self._preparation.window.channels[place.channel]
        edge = window.tracks[place.rendition].edge
        playlist = self._table.playlist(
            f"/ll/{place.channel}/{place.rendition}/index.m3u8".encode()
        )
        if place.part is not None and edge is not None and playlist is not None:
            address = PartAddress(msn, place.part)
            if address == edge.next():  # hinted: it is held (STANDARDS 83)
                before_ns = monotonic_ns()
                if await self._wait(playlist, address) == "limit":
                    return unavailable(place.handler, place.channel), 0
                held_ns = monotonic_ns() - before_ns
                entry = self._table.entries.get(path.encode())
                if isinstance(entry, Resource):
                    return entry.identity, held_ns
                # "404 for a hint later withdrawn" (STANDARDS 84).
                return _error(404, "not published", place, cache="no-store"), held_ns
        if msn > window.newest - WINDOW_SEGMENTS:
            # It may come, or come again (a hole's refill): no cache keeps this.
            return _error(404, "not published", place, cache="no-store"), 0
        return _error(404, "no longer here", place), 0

    def _missing_thumbnail(self, place: Place) -> Prepared:
        """Answer for a thumbnail that is not in the table."""
        if not self._preparation.has_picture(place.channel):
            return _error(404, "no such thing here", place)
        newest = self._preparation.window.channels[place.channel].newest
        if place.msn is None or place.msn > newest - WINDOW_SEGMENTS:
            return _error(404, "not published", place, cache="no-store")
        return _error(404, "no longer here", place)

    async def _playlist(
        self, request: web.Request, playlist: BlockingPlaylist, edge: PartAddress, *, gzip: bool
    ) -> tuple[Prepared, int]:
        outcome, held_ns = await self._reload(request, playlist, edge)
        if outcome != "released":
            return unavailable("media_playlist", playlist.channel), held_ns
        blocking = "_HLS_msn" in request.query
        return playlist.choose(blocking=blocking, skip=_skips(request), gzip=gzip), held_ns

    async def _reload(
        self, request: web.Request, playlist: BlockingPlaylist, edge: PartAddress
    ) -> tuple[str, int]:
        """Wait until the playlist holds what is asked for.

        Returns:
            ``released`` or why it is not to be had, and for how many nanoseconds it was held.
        """
        msn, part = (_directive(request, name) for name in ("_HLS_msn", "_HLS_part"))
        match reload.decide_reload(msn=msn, part=part, edge=edge, now=unix_ns()):
            case reload.Refuse(reason):
                if msn is not None:
                    self._tally.rejected("far_future")
                raise _BadRequestError(reason)
            case reload.Hold(until):
                before_ns = monotonic_ns()
                outcome = await self._wait(playlist, until)
                held_ns = monotonic_ns() - before_ns
                if outcome != "released":
                    self._tally.rejected(outcome)
                return outcome, held_ns
            case reload.ServeNow():
                return "released", 0

    async def _wait(self, playlist: BlockingPlaylist, until: PartAddress) -> str:
        """Wait for a part; return ``released``, ``limit`` or ``timeout``.  Cancelling is safe."""
        released: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        def release(stored_ns: int) -> None:
            if not released.done():
                released.set_result(stored_ns)

        hold = Hold(until, release)
        if not self._table.hold(playlist, hold):
            return "limit"
        try:
            async with asyncio.timeout(reload.HOLD_NS / 1e9):
                stored_ns = await released
        except TimeoutError:
            return "timeout"
        finally:
            self._table.release(hold)
        self._tally.released(playlist.channel, monotonic_ns() - stored_ns)
        return "released"


def create_app(site: Site, *more: Callable[[web.UrlDispatcher], None]) -> web.Application:
    """Build the public application; it starts no task and opens no socket.

    Args:
        site: Answers every path that nobody else does.
        more: Add routes of their own.
    """
    app = web.Application()
    for add in more:
        add(app.router)
    app.router.add_route("*", "/{path:.*}", site.answer)
    return app


def _count_viewing(desk: QoeDesk, request: web.Request, prepared: Prepared, target: str) -> None:
    """Count what a request that was answered tells of a viewing."""
    path, _, query = target.encode("utf-8", "surrogateescape").partition(b"?")
    wanted = requested(prepared.handler, prepared.channel, path)
    if wanted is None or path[:1] != b"/":
        return
    sender, client = sender_of_request(request), peer_of(request)
    if desk.tells(sender, query):
        desk.hear(sender, client, query, wanted)
    if wanted.kind is not None and prepared.handler != "multivariant":
        desk.ask(sender, client, prepared.channel)


def _time() -> Prepared:
    """Tell the time, for players that measure their latency."""
    return prepare(
        f'{{"unix_ms": {unix_ns() // 1_000_000}}}'.encode(),
        content_type="application/json",
        cache_control="no-store",
        handler="api",
        channel="",
    )


def _which(request: web.Request, path: str) -> Which | None:
    """Return which list of the past is asked for; None for the live ones and all else."""
    which = parse_past(path)
    if which is not None and which.kind == "client" and which.name == "index.m3u8":
        return which if "utc" in request.query else None
    return which


def _skips(request: web.Request) -> bool:
    # Other values of _HLS_skip mean nothing; "v2" asks to leave out DATERANGEs too, of which
    # there are none and whose skipping is not offered.
    return request.query.get("_HLS_skip") in {"YES", "v2"}


def _directive(request: web.Request, name: str) -> int | None:
    values = request.query.getall(name, [])
    if not values:
        return None
    if len(values) > 1 or not _NUMBER.fullmatch(values[0]):  # STANDARDS 82
        raise _BadRequestError(f"{name} is not one number")
    return int(values[0])


def _cut(prepared: Prepared, request: web.Request) -> Prepared:
    """Return the bytes that a Range header asks for, of media; of all else, everything."""
    headers = dict(prepared.headers)
    # "If-Range": we give no validators, so it cannot match and the whole is sent.
    if "Accept-Ranges" not in headers or "If-Range" in request.headers:
        return prepared
    place = Place(prepared.handler, prepared.channel)
    try:
        span = parse_range(request.headers["Range"], prepared.length)
    except ValueError:
        total = ("Content-Range", f"bytes */{prepared.length}")
        return _error(416, "no such bytes", place, extra=(total,))
    if span is None:
        return prepared
    begin, end = span
    return prepare(
        memoryview(b"".join(prepared.body))[begin:end],
        status=206,
        content_type=headers["Content-Type"],
        cache_control=headers["Cache-Control"],
        handler=prepared.handler,
        channel=prepared.channel,
        extra=(
            ("Accept-Ranges", "bytes"),
            ("Content-Range", f"bytes {begin}-{end - 1}/{prepared.length}"),
        ),
    )


def _nothing_here(place: Place) -> Prepared:
    return _error(404, "no such thing here", place, extra=(("Vary", "Accept"),))


def _error(
    status: int,
    sentence: str,
    place: Place,
    *,
    cache: str = _ERROR_CACHE,
    extra: tuple[tuple[str, str], ...] = (),
) -> Prepared:
    return prepare(
        f"{sentence}\n".encode(),
        status=status,
        content_type=_TEXT,
        cache_control=cache,
        handler=place.handler,
        channel=place.channel,
        extra=extra,
    )


def _method_not_allowed() -> web.Response:
    body = b"only GET, HEAD and OPTIONS\n"
    allow = ("Allow", "GET, HEAD, OPTIONS")
    headers = response_headers(_TEXT, len(body), "no-store", (allow,))
    return web.Response(status=405, body=body, headers=CIMultiDict(headers))
