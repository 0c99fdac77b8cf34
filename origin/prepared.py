"""Responses made once and sent many times, and the playlists that requests wait for.  Sans-I/O.

Every answer about the live window is prepared when a part is published: a head of bytes and a
body that is shared with the window.  The fast path writes head, date and body as they are; the
aiohttp path gives the same ``status``, ``headers`` and body to ``web.Response``, so that the two
send the same bytes in the same order.

One header is not in the head: ``Date``, which "an origin server with a clock MUST generate"
(RFC 9110, 6.6.1) and which changes each second.  It stands last, because that is where aiohttp
puts it, and it brings the blank line: a response on the wire is ``head + date_line(now) + body``.

How it is used: after each publication the origin calls :meth:`ResponseTable.put` for media and
plain playlists, and :meth:`BlockingPlaylist.publish` for each low-latency media playlist.  A
request that must wait joins with :meth:`ResponseTable.hold`; whoever waits (a transport of the
fast path, a future of the aiohttp path) is told by its ``released`` callback.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Final, TypeAlias

from core.timeline import PartAddress

__all__ = [
    "BLOCKING_CACHE",
    "CORS_HEADERS",
    "PLAYLIST_CACHE",
    "PLAYLIST_TYPE",
    "BlockingPlaylist",
    "Body",
    "Entry",
    "Hold",
    "HostForms",
    "PlaylistBytes",
    "Prepared",
    "Resource",
    "ResponseTable",
    "accepts_brotli",
    "accepts_gzip",
    "date_line",
    "not_modified",
    "prepare",
    "render_head",
    "response_headers",
    "unavailable",
]

PLAYLIST_TYPE: Final = "application/vnd.apple.mpegurl"

# "Cache lifetimes: blocking playlist OK 6xTD ... non-blocking playlist OK TD/2" (STANDARDS 90).
BLOCKING_CACHE: Final = "max-age=24"
PLAYLIST_CACHE: Final = "max-age=2"

CORS_HEADERS: Final = (
    ("Access-Control-Allow-Origin", "*"),
    # Player: hls.js reads Age and Date only when they are exposed (STANDARDS 89, 183).
    (
        "Access-Control-Expose-Headers",
        "Age, Date, Content-Length, Content-Range, CMSD-Static, CMSD-Dynamic",
    ),
)

_REASONS: Final = {
    200: "OK",
    206: "Partial Content",
    304: "Not Modified",
    400: "Bad Request",
    403: "Forbidden",
    404: "Not Found",
    410: "Gone",
    416: "Range Not Satisfiable",
    501: "Not Implemented",
    503: "Service Unavailable",
}

_OF_CONTENT: Final = frozenset({"Content-Type", "Content-Length", "Content-Encoding"})

Body: TypeAlias = tuple[bytes | memoryview, ...]
"""Buffers that follow each other; they are written without being joined."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """One response, ready to be written."""

    status: int
    headers: tuple[tuple[str, str], ...]
    """All headers but ``Date``, in the order of the wire; for the aiohttp path."""

    head: bytes
    """Status line and header lines, each with its line end; without ``Date`` and blank line."""

    body: Body
    length: int
    """Bytes of the body."""

    handler: str
    """Label ``handler`` of the metrics."""

    channel: str
    """Label ``channel`` of the metrics."""


def response_headers(
    content_type: str,
    length: int,
    cache_control: str,
    extra: Iterable[tuple[str, str]] = (),
) -> tuple[tuple[str, str], ...]:
    """Return every header of a public response but ``Date``, in the order of the wire."""
    return (
        ("Content-Type", content_type),
        ("Content-Length", str(length)),
        ("Cache-Control", cache_control),
        *extra,
        *CORS_HEADERS,
        ("X-Content-Type-Options", "nosniff"),
        ("Server", "Lensong"),
    )


def render_head(
    status: int,
    content_type: str,
    length: int,
    cache_control: str,
    extra: Iterable[tuple[str, str]] = (),
) -> bytes:
    """Return status line and header lines, without ``Date`` and the blank line."""
    headers = response_headers(content_type, length, cache_control, extra)
    return _render(status, headers)


def _render(status: int, headers: Iterable[tuple[str, str]]) -> bytes:
    lines = [f"HTTP/1.1 {status} {_REASONS[status]}\r\n"]
    lines += [f"{name}: {value}\r\n" for name, value in headers]
    return "".join(lines).encode("ascii")


def prepare(
    body: bytes | memoryview | Body,
    *,
    content_type: str,
    cache_control: str,
    handler: str,
    channel: str,
    status: int = 200,
    extra: Iterable[tuple[str, str]] = (),
) -> Prepared:
    """Make a response of a body, which is kept as it is and never copied."""
    buffers = body if isinstance(body, tuple) else (body,)
    length = sum(map(len, buffers))
    headers = response_headers(content_type, length, cache_control, extra)
    return Prepared(
        status=status,
        headers=headers,
        head=_render(status, headers),
        body=buffers,
        length=length,
        handler=handler,
        channel=channel,
    )


def not_modified(prepared: Prepared) -> Prepared:
    """Return the 304 that stands for ``prepared``.

    **Source:** RFC 9110, 15.4.5: it carries Cache-Control, ETag and Vary as the whole answer would,
    and nothing that describes a content which it does not have.
    """
    headers = tuple(item for item in prepared.headers if item[0] not in _OF_CONTENT)
    return Prepared(
        status=304,
        headers=headers,
        head=_render(304, headers),
        body=(),
        length=0,
        handler=prepared.handler,
        channel=prepared.channel,
    )


def unavailable(handler: str, channel: str) -> Prepared:
    """Return the answer to a request that was held in vain, or that cannot be held.

    "If the Server cannot deliver after blocking more than three target durations: 503"
    (STANDARDS 78); an error is kept for a target duration at most (STANDARDS 90), and this one
    not at all, since the next part may come at any moment.
    """
    return prepare(
        b"not available now, try again\n",
        status=503,
        content_type="text/plain; charset=utf-8",
        cache_control="no-store",
        handler=handler,
        channel=channel,
        extra=(("Retry-After", "1"),),
    )


def date_line(now_s: float) -> bytes:
    """Return the ``Date`` header of a moment (UNIX seconds) and the blank line that ends a head."""
    return f"Date: {formatdate(now_s, usegmt=True)}\r\n\r\n".encode("ascii")


def accepts_gzip(accept_encoding: str) -> bool:
    """Tell whether a request's ``Accept-Encoding`` admits gzip."""
    weights = _weights(accept_encoding)
    return weights.get("gzip", weights.get("x-gzip", weights.get("*", False)))


def accepts_brotli(accept_encoding: str) -> bool:
    """Tell whether a request's ``Accept-Encoding`` names Brotli.

    A "*" is not enough: what sends it is no browser, and gzip is what it surely can read.
    """
    return _weights(accept_encoding).get("br", False)


def _weights(accept_encoding: str) -> dict[str, bool]:
    """Return which codings are named, and whether with a weight that is not 0.

    **Source:** RFC 9110, 12.5.3: "*" matches what is not listed, a weight of 0 means "not
    acceptable".
    """
    weights: dict[str, bool] = {}
    for item in accept_encoding.split(","):
        coding, _, parameters = item.partition(";")
        name = coding.strip().lower()
        weight = parameters.strip().lower().removeprefix("q=").strip()
        weights[name] = not weight or weight.strip("0.") != ""
    return weights


@dataclass(frozen=True, slots=True)
class Resource:
    """What is at a path whose answer needs no thought."""

    identity: Prepared
    gzip: Prepared | None = None
    brotli: Prepared | None = None
    """Of what is packed once and for all: the files of the web app."""

    def choose(self, *, gzip: bool, brotli: bool = False) -> Prepared:
        """Return the smallest form that the request accepts."""
        if brotli and self.brotli is not None:
            return self.brotli
        return self.gzip if gzip and self.gzip is not None else self.identity


@dataclass(frozen=True, slots=True)
class PlaylistBytes:
    """The text of a playlist, and the same compressed."""

    identity: bytes
    gzip: bytes | None = None


@dataclass(slots=True, eq=False)
class Hold:
    """One request that waits for a part of a playlist."""

    wanted: PartAddress
    released: Callable[[int], None]
    """Called once, with the monotonic moment (ns) at which the part was stored; the playlist then
    holds the part.  It must not raise and must not block."""

    playlist: BlockingPlaylist | None = field(default=None, repr=False)
    """Where it waits; None before and after."""


class BlockingPlaylist:
    """A low-latency media playlist as it is now, and the requests that wait for it to grow."""

    __slots__ = ("_choices", "_holds", "channel", "edge", "table")

    def __init__(self, table: ResponseTable, channel: str) -> None:
        self.table = table
        self.channel = channel
        self.edge: PartAddress | None = None
        """The newest part that is listed; None before the first :meth:`publish`."""
        self._choices: dict[tuple[bool, bool], Resource] = {}
        self._holds: dict[PartAddress, dict[Hold, None]] = {}

    def publish(
        self,
        edge: PartAddress,
        full: PlaylistBytes,
        delta: PlaylistBytes | None,
        *,
        stored_ns: int,
    ) -> None:
        """Replace the playlist and release every request whose part is now listed.

        Args:
            edge: The newest part that is listed.
            full: The whole playlist.
            delta: The same with EXT-X-SKIP, for ``_HLS_skip``; None while nothing can be skipped.
            stored_ns: Monotonic moment at which the part was stored, for the release metric.
        """
        for blocking in (False, True):
            for skip, text in ((False, full), (True, delta or full)):
                self._choices[blocking, skip] = self._resource(text, blocking=blocking)
        self.edge = edge
        due = [wanted for wanted in self._holds if wanted <= edge]
        released = [hold for wanted in sorted(due) for hold in self._holds.pop(wanted)]
        for hold in released:
            hold.playlist = None
        self.table.count_held(self.channel, -len(released))
        if released:
            self.table.dispatch(released, stored_ns)

    def choose(self, *, blocking: bool, skip: bool, gzip: bool) -> Prepared:
        """Return the response for a request that need not wait (any more).

        Args:
            blocking: It carried ``_HLS_msn``: its answer may be cached for longer.
            skip: It carried ``_HLS_skip``.
            gzip: It accepts gzip.
        """
        return self._choices[blocking, skip].choose(gzip=gzip)

    def add(self, hold: Hold) -> None:
        """Let ``hold`` wait; for :meth:`ResponseTable.hold`, which checks the limit."""
        hold.playlist = self
        self._holds.setdefault(hold.wanted, {})[hold] = None

    def discard(self, hold: Hold) -> None:
        """Forget ``hold``; for :meth:`ResponseTable.release`."""
        hold.playlist = None
        waiting = self._holds[hold.wanted]
        del waiting[hold]
        if not waiting:
            del self._holds[hold.wanted]

    def holds(self) -> list[Hold]:
        """Return the requests that wait, those for the oldest part first."""
        return [hold for wanted in sorted(self._holds) for hold in self._holds[wanted]]

    def _resource(self, text: PlaylistBytes, *, blocking: bool) -> Resource:
        def form(body: bytes, extra: tuple[tuple[str, str], ...]) -> Prepared:
            return prepare(
                body,
                content_type=PLAYLIST_TYPE,
                cache_control=BLOCKING_CACHE if blocking else PLAYLIST_CACHE,
                handler="media_playlist",
                channel=self.channel,
                extra=(*extra, ("Vary", "Accept-Encoding")),
            )

        packed = None
        if text.gzip is not None:
            packed = form(text.gzip, (("Content-Encoding", "gzip"),))
        return Resource(form(text.identity, ()), packed)


class HostForms:
    """A page whose links are whole addresses: one form for each name that it was asked by.

    What a stranger calls us costs one form, and there are few of them: the oldest goes.
    """

    __slots__ = ("_forms",)

    _MOST: Final = 16

    def __init__(self) -> None:
        self._forms: dict[str | None, Resource] = {}

    def get(self, base: str | None) -> Resource | None:
        """Return the form for ``base`` (``https://xem.example.vn``), if it was made."""
        return self._forms.get(base)

    def put(self, base: str | None, form: Resource) -> None:
        """Keep a form."""
        if base not in self._forms and len(self._forms) >= self._MOST:
            del self._forms[next(iter(self._forms))]
        self._forms[base] = form


Entry: TypeAlias = Resource | BlockingPlaylist | HostForms


def _release_at_once(released: list[Hold], stored_ns: int) -> None:
    for hold in released:
        hold.released(stored_ns)


class ResponseTable:
    """Every prepared answer, by the path's bytes as they stand in a request line."""

    def __init__(self, *, max_held: int) -> None:
        """Begin empty.

        Args:
            max_held: How many requests may wait at a time, over all playlists.
        """
        self.max_held = max_held
        self.held: dict[str, int] = {}
        """Requests that wait now, by channel."""

        self.dispatch: Callable[[list[Hold], int], None] = _release_at_once
        """Calls ``released`` of each; a shell may spread thousands over the loop's turns."""

        self.entries: dict[bytes, Entry] = {}
        """What is there.  The fast path reads it itself; others use the methods."""

        self._held_total = 0

    @property
    def held_total(self) -> int:
        """How many requests wait now."""
        return self._held_total

    def put(
        self,
        path: bytes,
        identity: Prepared,
        gzip: Prepared | None = None,
        brotli: Prepared | None = None,
    ) -> None:
        """Answer ``path`` (``b"/media/hytv/720p/467000000.m4s"``) with these from now on."""
        self.entries[path] = Resource(identity, gzip, brotli)

    def add_playlist(self, path: bytes, channel: str) -> BlockingPlaylist:
        """Return the blocking playlist at ``path``, made if it is new.

        It answers nothing (404, like an unknown path) before its first ``publish``.
        """
        entry = self.entries.get(path)
        if not isinstance(entry, BlockingPlaylist):
            entry = self.entries[path] = BlockingPlaylist(self, channel)
            self.held.setdefault(channel, 0)
        return entry

    def remove(self, path: bytes) -> None:
        """Forget ``path``; nothing happens if it is unknown."""
        self.entries.pop(path, None)

    def get(self, path: bytes, *, gzip: bool) -> Prepared | None:
        """Return the answer of a path that is no blocking playlist."""
        entry = self.entries.get(path)
        return entry.choose(gzip=gzip) if isinstance(entry, Resource) else None

    def playlist(self, path: bytes) -> BlockingPlaylist | None:
        """Return the blocking playlist at ``path``, once it has been published."""
        entry = self.entries.get(path)
        if isinstance(entry, BlockingPlaylist) and entry.edge is not None:
            return entry
        return None

    def hold(self, playlist: BlockingPlaylist, hold: Hold) -> bool:
        """Let a request wait; False, and nothing is held, when as many wait as may.

        The caller calls :meth:`release` when it no longer wants the answer (deadline, client
        gone).
        """
        if self._held_total >= self.max_held:
            return False
        playlist.add(hold)
        self.count_held(playlist.channel, 1)
        return True

    def release(self, hold: Hold) -> None:
        """Stop waiting, without an answer.  Nothing happens if it does not wait any more."""
        playlist = hold.playlist
        if playlist is not None:
            playlist.discard(hold)
            self.count_held(playlist.channel, -1)

    def count_held(self, channel: str, change: int) -> None:
        """Keep the count of requests that wait."""
        self._held_total += change
        self.held[channel] = self.held.get(channel, 0) + change
