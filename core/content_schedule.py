"""When the schedule excuses a fault of content.  Sans-I/O."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from datetime import time as time_of_day

from core.content_settings import WEEKDAYS, ContentExceptionSettings

__all__ = ["excepted_kinds"]


def excepted_kinds(
    exceptions: Iterable[ContentExceptionSettings], local: datetime
) -> frozenset[str]:
    """Return the kinds that are no fault at a moment.

    Args:
        exceptions: The channel's.
        local: The moment, on the station's clock.
    """
    return frozenset(kind for item in exceptions if _is_on(item, local) for kind in item.kinds)


def _is_on(item: ContentExceptionSettings, local: datetime) -> bool:
    begin, end = time_of_day.fromisoformat(item.begin), time_of_day.fromisoformat(item.end)
    at = local.time()
    today, yesterday = (_weekday(local - timedelta(days=days)) for days in (0, 1))
    if begin < end:
        return today in item.days and begin <= at < end
    # Over midnight: it is of the day on which it begins.
    return (today in item.days and at >= begin) or (yesterday in item.days and at < end)


def _weekday(local: datetime) -> str:
    return WEEKDAYS[local.weekday()]
