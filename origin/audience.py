"""Samples the audience at each minute's end, for monitoring to fetch (I/O shell)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Final

from aiohttp import web

from core.clock import unix_ns
from origin.audience_minutes import AudienceMinutes, Cell, PlaceCell

__all__ = ["AudienceDesk"]

_MINUTE_NS: Final = 60_000_000_000
_LATE_NS: Final = 5_000_000_000
"""A sample that is taken later than this is not one of the minute's end."""

_SURELY_S: Final = 0.05
"""Behind the end, so that a timer that is early does not sample twice."""


class AudienceDesk:
    """The samples, and the call that asks for them."""

    def __init__(
        self,
        *sources: Callable[[], Mapping[Cell, int]],
        places: Callable[[], Mapping[PlaceCell, int]],
    ) -> None:
        """Prepare.

        Args:
            sources: They tell who watches now, each cells of its own.
            places: Tells from which provinces.
        """
        self._sources, self._places = sources, places
        self._minutes = AudienceMinutes()

    async def run(self) -> None:
        """Sample until cancelled.

        An origin that has just started knows few of its viewers: it hears of each within a minute.
        So the first minute's end is left out, and is a hole.
        """
        begun_ns = unix_ns()
        while True:
            end_ns = (unix_ns() // _MINUTE_NS + 1) * _MINUTE_NS
            await asyncio.sleep((end_ns - unix_ns()) / 1e9 + _SURELY_S)
            if end_ns - begun_ns >= _MINUTE_NS and 0 <= unix_ns() - end_ns < _LATE_NS:
                self.sample(end_ns // _MINUTE_NS - 1)

    def sample(self, minute: int) -> None:
        """Keep who watches now as what a minute ended with; minutes are since the Unix epoch."""
        cells: dict[Cell, int] = {}
        for source in self._sources:
            cells |= source()
        self._minutes.add(minute, cells, self._places())

    async def answer(self, request: web.Request) -> web.Response:
        """Answer ``GET /control/audience?since=MINUTE``."""
        since = request.query.get("since", "0")
        if not (since.isascii() and since.isdigit() and len(since) < 12):  # noqa: PLR2004
            return web.Response(status=400, text="since wants a minute of the Unix epoch\n")
        return web.json_response({"minutes": self._minutes.describe(int(since))})
