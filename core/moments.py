"""Moments as people write and read them.  Sans-I/O.

What guide files write has more forms, and faults of its own: ``control.moments``.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Final

from core.errors import FormatError
from core.timeline import UnixNs

__all__ = ["at_local", "local_time", "parse_moment"]

_NS: Final = 1_000_000_000
_UNIX: Final = re.compile(r"[0-9]{1,11}(\.[0-9]{1,9})?")
_CLOCK: Final = re.compile(r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,3}))?)?")
_EPOCH: Final = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


def parse_moment(text: str, zone: tzinfo, now: UnixNs) -> UnixNs:
    """Return the moment that somebody wrote.

    Args:
        text: ``2026-11-23T19:00:00.500`` (local, or with an offset of its own), ``2026-11-23`` for
            its midnight, ``19:00[:30]`` today, or UNIX seconds.
        zone: The station's.
        now: Decides what today is.

    Raises:
        FormatError: With code ``moment``, if it is none of these, or before 1970.
    """
    text = text.strip()
    if _UNIX.fullmatch(text):
        return UnixNs(int(Decimal(text) * _NS))
    if match := _CLOCK.fullmatch(text):
        hour, minute, second, fraction = match.groups()
        text = f"{at_local(now, zone):%Y-%m-%d}T{int(hour):02}:{minute}:{second or '00'}"
        text += f".{fraction:0<3}" if fraction else ""
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=zone)
        found = UnixNs((moment - _EPOCH) // timedelta(microseconds=1) * 1_000)
    except (ValueError, OverflowError):
        raise FormatError(
            f"{text!r} is no time: write 2026-11-23T19:00:00, 2026-11-23, 19:00:00 (today) or"
            " UNIX seconds",
            code="moment",
        ) from None
    if found < 0:
        raise FormatError(f"{text} is before 1970", code="moment")
    return found


def local_time(moment: int, zone: tzinfo = UTC) -> str:
    """Return a moment as people read it: ``2026-11-23T19:00:00.500+07:00``.

    Args:
        moment: UNIX nanoseconds.
        zone: Whose clock.
    """
    return at_local(moment, zone).isoformat(timespec="milliseconds")


def at_local(moment: int, zone: tzinfo) -> datetime:
    """Return a moment (UNIX nanoseconds) on the clock of a zone, to the microsecond."""
    seconds, rest = divmod(moment, _NS)
    local = datetime.fromtimestamp(seconds, UTC).astimezone(zone)
    return local.replace(microsecond=rest // 1_000)
