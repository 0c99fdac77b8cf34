"""``POST /qoe``: where players report what their viewers saw (I/O shell).

The answer is 204, quickly, whatever a report says: "malformed input must not 4xx" (STANDARDS 207).
Only the form of a request is refused: its method, its type, its size, and too many of them.

Nothing that identifies a person is kept, logged or told: no address, no session's name.
"""

from __future__ import annotations

import secrets
from typing import Final

from aiohttp import web
from multidict import CIMultiDict

from core.clock import monotonic_ns
from core.cmcd import CMCD_TYPE, MAX_BODY_BYTES, Fault, Report, parse_reports
from core.config import ChannelSettings
from core.errors import FormatError
from origin.audience_minutes import Cell, Device, PlaceCell, device_of
from origin.connections import client_of
from origin.prepared import CORS_HEADERS
from origin.provinces import NO_PROVINCES, Provinces
from origin.qoe_counts import Kind, QoeCounts, Result
from origin.qoe_sessions import Newcomers, Sessions
from origin.tally import Tally

__all__ = ["QoeDesk"]

_RETRY_AFTER_S: Final = 60
_BODIES_A_SECOND: Final = 1_500
"""More would take processor time that playlists need: a report costs about 27 us."""

_ON_THIS_HOST: Final = frozenset({"127.0.0.1", "::"})
"""An edge on this host, as ``client_of`` calls it, carries everybody."""

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
        bodies_a_second: int = _BODIES_A_SECOND,
        provinces: Provinces = NO_PROVINCES,
    ) -> None:
        """Prepare; nothing is opened.

        Args:
            channels: Reports about others are not counted.
            tally: Counts the answers.
            bodies_a_second: More are asked to wait.
            provinces: Tells where a viewer is.
        """
        self._bodies_a_second, self._provinces = bodies_a_second, provinces
        self.counts = QoeCounts(channels)
        self.counts.watching = self._watching
        self._sessions = Sessions(self.counts)
        self._newcomers = Newcomers(secrets.token_bytes(32))
        self._tally = tally
        self._known = frozenset(channel.slug for channel in channels)
        self._former: frozenset[str] = frozenset()
        """Channels that were reported about until a reload took them away."""

        self._second, self._bodies = -1, 0

    def configure(self, channels: tuple[ChannelSettings, ...]) -> None:
        """Count reports about these channels from now on."""
        known = frozenset(channel.slug for channel in channels)
        self._former = (self._former | self._known) - known
        self._known = known
        self.counts.configure(channels)

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
        if self._is_overloaded():
            self._count("rate_limited")
            self.counts.limited["total"] += 1
            return 429
        lines = await _read_reports(request)
        if lines is None:
            self._count("too_large")
            return 413
        device = device_of(request.headers.get("User-Agent", ""))
        return self._take(lines, _client(request), device)

    def _take(self, lines: list[Report | Fault], client: str, device: Device) -> int:
        reports: list[Report] = []
        told = [line for line in lines if isinstance(line, Report)]
        if told and all(line.content in self._former for line in told):
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
        province = self._provinces.of(client) if new else ""
        self._sessions.receive(reports, now_ms, device=device, province=province)
        return 204

    def _count(self, result: Result, number: int = 1) -> None:
        self.counts.results[result] += number

    def _is_overloaded(self) -> bool:
        second = monotonic_ns() // 1_000_000_000
        if second != self._second:
            self._second, self._bodies = second, 0
        self._bodies += 1
        return self._bodies > self._bodies_a_second

    def audience(self) -> dict[Cell, int]:
        """Count who watches now."""
        return self._sessions.audience(monotonic_ns() // 1_000_000)

    def places(self) -> dict[PlaceCell, int]:
        """Count who watches now, by province."""
        return self._sessions.places(monotonic_ns() // 1_000_000)

    def _watching(self) -> dict[tuple[str, Kind], int]:
        now_ms = monotonic_ns() // 1_000_000
        self._sessions.sweep(now_ms, most=20_000)
        return self._sessions.watching(now_ms)


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


def _client(request: web.Request) -> str:
    """Return whom new sessions count for; empty for an edge that does not say."""
    client = client_of(request.transport and request.transport.get_extra_info("peername"))
    if client not in _ON_THIS_HOST:
        return client
    # The edge's own hand wrote the last one; those before it are what the client claims.
    forwarded = ",".join(request.headers.getall("X-Forwarded-For", ())).rpartition(",")[2].strip()
    return client_of((forwarded,)) if forwarded else ""
