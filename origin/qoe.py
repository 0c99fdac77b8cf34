"""Where players report what their viewers saw: ``POST /qoe``, and their requests (I/O shell).

The answer is 204, quickly, whatever a report says: "malformed input must not 4xx" (STANDARDS 207).
Only the form of a request is refused: its method, its type, its size, and too many of them.

Nothing that identifies a person is kept, logged or told: no address, no session's name.
"""

from __future__ import annotations

import secrets
from functools import partial
from typing import Final

from aiohttp import web
from multidict import CIMultiDict

from core.clock import monotonic_ns
from core.cmcd import CMCD_TYPE, MAX_BODY_BYTES, Fault, Report, parse_reports, parse_request
from core.config import ChannelSettings
from core.errors import FormatError
from origin.audience_minutes import UNCOUNTED, Cell, PlaceCell, device_of
from origin.connections import client_of
from origin.prepared import CORS_HEADERS
from origin.provinces import NO_PROVINCES, Provinces
from origin.qoe_counts import UNREPORTED, QoeCounts, Result
from origin.qoe_requests import Requested
from origin.qoe_sessions import Newcomers, Sessions
from origin.senders import Sender, cmcd_of_query, sender_of, viewer_address
from origin.tally import Tally
from origin.unreported import Unreported

__all__ = ["QoeDesk", "peer_of", "sender_of_request"]

_RETRY_AFTER_S: Final = 60
_BODIES_A_SECOND: Final = 1_500
"""More would take processor time that playlists need: a report costs about 27 us."""

_REQUESTS_A_SECOND: Final = 2_000
"""Requests that are read for what players tell with them; those beyond are answered alike."""

_PREFLIGHT: Final = (
    *CORS_HEADERS[:1],
    ("Access-Control-Allow-Methods", "POST, OPTIONS"),
    ("Access-Control-Allow-Headers", "Content-Type"),
    ("Access-Control-Max-Age", "86400"),
    ("Allow", "POST, OPTIONS"),
    ("Server", "Lensong"),
)


class QoeDesk:
    """The handler, and the counts that it adds to."""

    def __init__(
        self,
        channels: tuple[ChannelSettings, ...],
        tally: Tally,
        *,
        collects: bool = True,
        bodies_a_second: int = _BODIES_A_SECOND,
        requests_a_second: int = _REQUESTS_A_SECOND,
        provinces: Provinces = NO_PROVINCES,
    ) -> None:
        """Prepare; nothing is opened.

        Args:
            channels: Reports about others are not counted.
            tally: Counts the answers.
            collects: Whether anything is counted at all.
            bodies_a_second: More are asked to wait.
            requests_a_second: More are not read for what players tell with them.
            provinces: Tells where a viewer is.
        """
        self._provinces = provinces
        self._bodies = _Pace(bodies_a_second)
        self._requests = _Pace(requests_a_second)
        self.counts = QoeCounts(channels)
        self.counts.watching = self._watching
        self._sessions = Sessions(self.counts)
        self._newcomers = Newcomers(secrets.token_bytes(32))
        self._tally = tally
        self._known: frozenset[str] = frozenset()
        self._stopped: frozenset[str] = frozenset()
        """Channels whose players are told to stop: those that a reload took away, and those that
        are not to be counted."""

        self._uncounted: frozenset[str] = frozenset()
        self._collects = collects
        self.unreported = Unreported(partial(secrets.token_bytes, 32))
        self.configure(channels, collects=collects)

    def configure(self, channels: tuple[ChannelSettings, ...], *, collects: bool = True) -> None:
        """Count reports about these channels from now on; those that are not counted any more end.

        Args:
            channels: Of which those with ``count_viewers`` are counted.
            collects: Whether anything is counted at all.
        """
        self.counts.configure(channels)
        counted = frozenset(one.slug for one in channels if collects and one.count_viewers)
        self._stopped = (self._stopped | self._known | {one.slug for one in channels}) - counted
        self._uncounted = frozenset(one.slug for one in channels) - counted
        self._collects = collects
        for slug in self._known - counted:
            self._sessions.stop(slug)
        self._known = self.counts.counted = counted
        self.unreported.configure(counted)

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Add the route; it goes before the one that takes every path."""
        router.add_route("*", "/qoe", self.answer)

    async def answer(self, request: web.Request) -> web.Response:
        """Take a body of reports.  Cancelling is safe."""
        started_ns = monotonic_ns()
        if request.method == "OPTIONS":
            return web.Response(status=204, headers=CIMultiDict(_PREFLIGHT))
        status = await self._judge(request)
        headers = CIMultiDict(CORS_HEADERS)
        headers["Cache-Control"] = "no-store"
        headers["Server"] = "Lensong"
        if status == 405:  # noqa: PLR2004
            headers["Allow"] = "POST, OPTIONS"
        elif status == 429:  # noqa: PLR2004
            headers["Retry-After"] = str(_RETRY_AFTER_S)
        self._tally.answered("qoe", "", status, 0, monotonic_ns() - started_ns)
        return web.Response(status=status, headers=headers)

    async def _judge(self, request: web.Request) -> int:
        """Return the status that answers a request."""
        if request.method != "POST":
            return 405
        if request.content_type != CMCD_TYPE:
            self._count("invalid")
            return 415
        if any(request.headers.get(name) == "1" for name in ("DNT", "Sec-GPC")):
            return 204  # who does not want to be counted is not, whatever the player sends
        if not self._collects or self._bodies.is_exceeded():
            return self._refuse()
        lines = await _read_reports(request)
        if lines is None:
            self._count("too_large")
            return 413
        sender = sender_of_request(request)
        address = viewer_address(peer_of(request), sender.forwarded)
        return self._take(lines, address, sender)

    def _refuse(self) -> int:
        if not self._collects:
            return 410
        self._count("rate_limited")
        self.counts.limited["total"] += 1
        return 429

    def _take(self, lines: list[Report | Fault], client: str, sender: Sender) -> int:
        reports: list[Report] = []
        told = [line for line in lines if isinstance(line, Report)]
        if told and all(line.content in self._stopped for line in told):
            self._count("invalid", len(lines))
            return 410  # CTA-5004-B: the player is to send nothing more to this target
        for line in lines:
            if not isinstance(line, Report):
                self._count(line)
            elif line.content not in self._known:
                self._count("invalid")
            else:
                reports.append(line)
        now_ms = monotonic_ns() // 1_000_000
        new = self._sessions.count_new(reports)
        if new and client and not self._newcomers.admit(client, new, now_ms):
            self._count("rate_limited", len(reports))
            self.counts.limited["client"] += 1
            return 429
        if reports:
            self.unreported.report(self.unreported.key(client, sender.agent, now_ms), now_ms)
        province = self._provinces.of(client) if new else ""
        device = device_of(sender.agent)
        self._sessions.receive(reports, now_ms, device=device, province=province)
        return 204

    def viewer(self, client: str, sender: Sender) -> bytes:
        """Return what somebody is held by who does not report, as long as the epoch is the same.

        Args:
            client: The connection's other end, as ``client_of`` calls it.
            sender: Whose request it is.
        """
        address = viewer_address(client, sender.forwarded)
        return self.unreported.key(address, sender.agent, monotonic_ns() // 1_000_000)

    def ask(self, sender: Sender, client: str, channel: str) -> None:
        """Count somebody who asked for a playlist, as long as no report of his comes."""
        if sender.counts and not sender.is_page:
            now_ms = monotonic_ns() // 1_000_000
            self.unreported.ask(channel, self.viewer(client, sender), now_ms)

    def tells(self, sender: Sender, query: bytes) -> bool:
        """Tell whether a request says anything to :meth:`hear`."""
        return sender.counts and (bool(sender.cmcd) or b"CMCD=" in query)

    def hear(self, sender: Sender, client: str, query: bytes, wanted: Requested) -> None:
        """Take what a player told with a request that was answered; nothing here fails.

        Args:
            sender: Whose request it is.
            client: The connection's other end, as ``client_of`` calls it.
            query: Its query; headers come before it, "never both".
            wanted: What was asked for.
        """
        if wanted.channel not in self._known:
            return
        if self._requests.is_exceeded():
            self._count("rate_limited")
            return
        asked = parse_request(sender.cmcd or cmcd_of_query(query))
        if isinstance(asked, str):
            self._count(asked)
            return
        now_ms = monotonic_ns() // 1_000_000
        is_new = not self._sessions.has(asked.session, wanted.channel)
        address = viewer_address(client, sender.forwarded)
        if is_new and address and not self._newcomers.admit(address, 1, now_ms):
            self._count("rate_limited")
            return
        device = device_of(sender.agent) if is_new else "other"
        province = self._provinces.of(address) if is_new else ""
        rendition_is_sound = wanted.rendition in self.counts.channels[wanted.channel].sound
        wanted = wanted._replace(is_sound=rendition_is_sound)
        result = self._sessions.ask(asked, wanted, now_ms, device=device, province=province)
        if result != "duplicate":  # of each request of a player that sends events
            self._count(result)
        self.unreported.report(self.viewer(client, sender), now_ms)

    def _count(self, result: Result, number: int = 1) -> None:
        self.counts.results[result] += number

    def audience(self) -> dict[Cell, int]:
        """Count who watches now and reports; once a minute those who do not are forgotten here."""
        self.unreported.count(monotonic_ns() // 1_000_000)
        uncounted = {Cell(slug, UNCOUNTED, "", "other"): 1 for slug in self._uncounted}
        return self._sessions.audience(monotonic_ns() // 1_000_000) | uncounted

    def places(self) -> dict[PlaceCell, int]:
        """Count who watches now, by province."""
        return self._sessions.places(monotonic_ns() // 1_000_000)

    def _watching(self) -> dict[tuple[str, str], int]:
        now_ms = monotonic_ns() // 1_000_000
        self._sessions.sweep(now_ms, most=20_000)
        unreported = self.unreported.count(now_ms)
        return {
            **self._sessions.watching(now_ms),
            **{(slug, UNREPORTED): number for slug, number in unreported.items()},
        }


class _Pace:
    """So many in a second of our clock."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._second, self._number = -1, 0

    def is_exceeded(self) -> bool:
        """Count one; True when it is one too many."""
        second = monotonic_ns() // 1_000_000_000
        if second != self._second:
            self._second, self._number = second, 0
        self._number += 1
        return self._number > self._limit


async def _read_reports(request: web.Request) -> list[Report | Fault] | None:
    """Read a body; None as soon as it is too large."""
    if (request.content_length or 0) > MAX_BODY_BYTES:
        return None
    body = bytearray()
    async for part in request.content.iter_any():
        body += part
        if len(body) > MAX_BODY_BYTES:
            return None
    try:
        return parse_reports(bytes(body))
    except FormatError:
        return None


def sender_of_request(request: web.Request) -> Sender:
    """Read who sends a request of aiohttp's."""
    names = {name.lower() for name in request.headers}
    return sender_of({name: ",".join(request.headers.getall(name)) for name in names})


def peer_of(request: web.Request) -> str:
    """Return the other end of a request's connection, as ``client_of`` calls it."""
    return client_of(request.transport and request.transport.get_extra_info("peername"))
