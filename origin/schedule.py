"""One channel's guide in the order of time: what is on, what follows, what a day has.  Sans-I/O.

Times are those at which a programme really ran where they are known, so that what the guide says
and what the media hold are one.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from itertools import accumulate
from zoneinfo import ZoneInfo

from core.guide import Programme

__all__ = ["Schedule", "day_at", "day_span"]


class Schedule:
    """Programmes by the moment they began."""

    __slots__ = ("_begins", "_ends", "items")

    def __init__(self, programmes: Iterable[Programme] = ()) -> None:
        self.items = tuple(sorted(programmes, key=lambda item: (item.began_s, item.id)))
        self._begins = [item.began_s for item in self.items]
        # The latest end up to each: where it has passed, nothing earlier can still be on.
        self._ends = list(accumulate((item.ended_s for item in self.items), max))

    def at(self, moment_s: int) -> Programme | None:
        """Return what is on at ``moment_s`` (UNIX seconds), the latest begun if two are."""
        for index in range(bisect_right(self._begins, moment_s) - 1, -1, -1):
            if self._ends[index] <= moment_s:
                break
            if self.items[index].ended_s > moment_s:
                return self.items[index]
        return None

    def after(self, moment_s: int) -> Programme | None:
        """Return the first programme that begins after ``moment_s``."""
        index = bisect_right(self._begins, moment_s)
        return self.items[index] if index < len(self.items) else None

    def between(self, start_s: int, end_s: int) -> tuple[Programme, ...]:
        """Return what is on at any moment of a span, its end not included."""
        first = bisect_right(self._ends, start_s)
        last = bisect_left(self._begins, end_s)
        return tuple(item for item in self.items[first:last] if item.ended_s > start_s)

    def next_boundary_s(self, moment_s: int) -> int | None:
        """Return when :meth:`at` or :meth:`after` may next change; None if they never do."""
        now, following = self.at(moment_s), self.after(moment_s)
        found = [] if now is None else [now.ended_s]
        return min(found if following is None else [*found, following.began_s], default=None)


def day_at(moment_s: int, zone: ZoneInfo) -> date:
    """Return the date in ``zone`` at ``moment_s`` (UNIX seconds)."""
    return datetime.fromtimestamp(moment_s, zone).date()


def day_span(day: date, zone: ZoneInfo, days: int = 1) -> tuple[int, int]:
    """Return (start, end) in UNIX seconds of ``days`` days from ``day`` on, in ``zone``."""
    start, end = (
        datetime(at.year, at.month, at.day, tzinfo=zone) for at in (day, day + timedelta(days))
    )
    return int(start.timestamp()), int(end.timestamp())
