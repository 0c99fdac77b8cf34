"""When the weekly test alert is due.  Sans-I/O."""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo
from typing import Final

__all__ = ["last_due_s"]

_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def last_due_s(now_s: float, *, day: str, hour: int, zone: tzinfo) -> float:
    """Return the newest moment, at or before ``now_s``, at which the test was due.

    Args:
        now_s: UNIX seconds.
        day: ``mon`` to ``sun``.
        hour: Of the local clock.
        zone: The station's.
    """
    now = datetime.fromtimestamp(now_s, zone)
    due = now.replace(hour=hour, minute=0, second=0, microsecond=0)
    due -= timedelta(days=(now.weekday() - _DAYS.index(day)) % 7)
    if due > now:
        due -= timedelta(days=7)
    return due.timestamp()
