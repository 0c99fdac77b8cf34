"""When the clock or the guide excuses a fault of content.  Sans-I/O."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, tzinfo
from datetime import time as time_of_day
from fnmatch import fnmatchcase

from core.content_settings import WEEKDAYS, ContentExceptionSettings
from core.guide import GuideSnapshot, Programme
from core.text import fold

__all__ = ["ContentSchedule", "excepted_kinds"]


class ContentSchedule:
    """What is excused of one channel at a moment, and when another programme begins.

    ``exceptions`` and ``guide`` may be replaced at any time; without a guide nothing is excused for
    a programme's sake.
    """

    def __init__(self, zone: tzinfo, exceptions: tuple[ContentExceptionSettings, ...] = ()) -> None:
        """Begin without a guide.

        Args:
            zone: The station's.
            exceptions: The channel's.
        """
        self._zone = zone
        self.exceptions = exceptions
        self.guide: GuideSnapshot | None = None
        self._looked_up: tuple[object, ...] = ()
        self._programme: Programme | None = None
        self._complained = False

    def kinds_at(self, now_s: float) -> frozenset[str]:
        """Return the kinds that are no fault at a moment (UNIX seconds)."""
        if not self.exceptions:
            return frozenset()
        local = datetime.fromtimestamp(now_s, UTC).astimezone(self._zone)
        return excepted_kinds(self.exceptions, local, self._programme_at(now_s))

    def period_at(self, now_s: float) -> object:
        """Return what the integrated loudness is of: the programme, or the hour (UTC) without."""
        programme = self._programme_at(now_s)
        return int(now_s) // 3_600 if programme is None else programme.id

    def misses_guide(self) -> bool:
        """Tell that exceptions name programmes and no guide is known; True once at most."""
        named = any(item.programme or item.category for item in self.exceptions)
        known = self.guide is not None and bool(self.guide.programmes)
        is_missed = named and not known and not self._complained
        self._complained |= is_missed
        return is_missed

    def _programme_at(self, now_s: float) -> Programme | None:
        # A guide of months has thousands of programmes, and this is asked ten times a second.
        guide, second = self.guide, int(now_s)
        if self._looked_up != (second, guide):
            self._programme = None if guide is None else guide.programme_at(second)
            self._looked_up = (second, guide)
        return self._programme


def excepted_kinds(
    exceptions: Iterable[ContentExceptionSettings],
    local: datetime,
    programme: Programme | None = None,
) -> frozenset[str]:
    """Return the kinds that are no fault at a moment.

    Args:
        exceptions: The channel's.
        local: The moment, on the station's clock.
        programme: What the guide says is on; None if it does not say.
    """
    return frozenset(
        kind for item in exceptions if _is_on(item, local, programme) for kind in item.kinds
    )


def _is_on(item: ContentExceptionSettings, local: datetime, programme: Programme | None) -> bool:
    if item.programme is not None or item.category is not None:
        if programme is None or not _names(item, programme):
            return False
        if item.begin is None:
            began = datetime.fromtimestamp(programme.began_s, UTC).astimezone(local.tzinfo)
            return _weekday(began) in item.days
    return _is_time(item, local)


def _names(item: ContentExceptionSettings, programme: Programme) -> bool:
    if item.programme is not None and not _fits(item.programme, programme.title):
        return False
    return item.category is None or any(
        _fits(item.category, category) for category in programme.categories
    )


def _fits(pattern: str, text: str) -> bool:
    # Folded: who types a title twice does not always put the same marks.
    return fnmatchcase(fold(text), fold(pattern).replace("[", "[[]"))


def _is_time(item: ContentExceptionSettings, local: datetime) -> bool:
    if item.begin is None or item.end is None:
        return False
    begin, end = time_of_day.fromisoformat(item.begin), time_of_day.fromisoformat(item.end)
    at = local.time()
    today, yesterday = (_weekday(local - timedelta(days=days)) for days in (0, 1))
    if begin < end:
        return today in item.days and begin <= at < end
    # Over midnight: it is of the day on which it begins.
    return (today in item.days and at >= begin) or (yesterday in item.days and at < end)


def _weekday(local: datetime) -> str:
    return WEEKDAYS[local.weekday()]
