"""Times as guide files write them, to UNIX seconds.  Sans-I/O."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from typing import Final

from core.errors import FormatError

__all__ = ["Moment", "day_bounds", "day_of", "local_text", "parse_day", "parse_moment"]

_XMLTV: Final = re.compile(
    r"([0-9]{4})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})?(?: *([^0-9 ].*))?"
)
_ISO: Final = re.compile(
    r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})[T ] *([0-9]{1,2}):([0-9]{2})"
    r"(?::([0-9]{2})(?:\.[0-9]+)?)?(?: *([^0-9 .:].*))?"
)
_VIETNAMESE: Final = re.compile(
    r"([0-9]{1,2})[/.-]([0-9]{1,2})[/.-]([0-9]{4}),? +([0-9]{1,2})[:hg]([0-9]{2})(?::([0-9]{2}))?"
    r"(?: *([^0-9 .:].*))?"
)
_UNIX: Final = re.compile(r"@([0-9]{1,11})")
_ZONE: Final = re.compile(r"([+-])([0-9]{2}):?([0-9]{2})?")
_MAX_LENGTH: Final = 60
_MAX_OFFSET_S: Final = 14 * 3600


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment as a file gave it."""

    unix_s: int

    zone: str
    """The zone that stood there; empty when none did."""

    is_stations: bool
    """The zone is the station's at that moment, or was missing and taken as such."""


def parse_moment(text: str, zone: tzinfo) -> Moment:
    """Read ``20261123190000 +0700``, ``2026-11-23T19:00+07:00``, ``23/11/2026 19:00``.

    UNIX seconds are written ``@1795435200``.

    Args:
        text: As the file has it.
        zone: The station's zone, for a time that names none.

    Raises:
        FormatError: ``bad_date`` or ``bad_zone``.
    """
    text = text.strip()
    if len(text) > _MAX_LENGTH:
        raise FormatError("too long for a time", code="bad_date")
    seconds = _UNIX.fullmatch(text)
    if seconds is not None:
        return Moment(int(seconds[1]), "unix", is_stations=True)
    parts = _XMLTV.fullmatch(text) or _ISO.fullmatch(text)
    if parts is not None:
        year, month, day, hour, minute, second, named = parts.groups()
    else:
        parts = _VIETNAMESE.fullmatch(text)
        if parts is None:
            raise FormatError("not a time", code="bad_date")
        day, month, year, hour, minute, second, named = parts.groups()
    # 24:00 is how schedules write the end of a day.
    is_midnight = int(hour) == 24 and int(minute) == 0 and int(second or 0) == 0  # noqa: PLR2004
    try:
        local = datetime(  # noqa: DTZ001  # its zone follows
            int(year),
            int(month),
            int(day),
            0 if is_midnight else int(hour),
            int(minute),
            min(59, int(second or 0)),  # a leap second
        ) + timedelta(days=is_midnight)
    except (ValueError, OverflowError) as error:
        raise FormatError("no such day or time", code="bad_date") from error
    return _with_zone(local, named or "", zone)


def _with_zone(local: datetime, named: str, zone: tzinfo) -> Moment:
    if not 1970 < local.year < 9000:  # noqa: PLR2004
        raise FormatError("no year of ours", code="bad_date")
    if not named:
        moment = local.replace(tzinfo=zone)
        back = moment.astimezone(UTC).astimezone(zone).replace(tzinfo=None)
        if back != local:  # the clocks jump over it
            raise FormatError("that clock time does not exist", code="bad_date")
        return Moment(int(moment.timestamp()), "", is_stations=True)
    moment = local.replace(tzinfo=_offset(named))
    is_stations = moment.astimezone(zone).utcoffset() == moment.utcoffset()
    return Moment(int(moment.timestamp()), named, is_stations)


def _offset(named: str) -> tzinfo:
    if named.upper() in {"Z", "UTC", "GMT"}:
        return UTC
    parts = _ZONE.fullmatch(named)
    if parts is None:
        raise FormatError("not a zone", code="bad_zone")
    minutes = int(parts[3] or 0)
    seconds = int(parts[2]) * 3600 + minutes * 60
    if minutes > 59 or seconds > _MAX_OFFSET_S:  # noqa: PLR2004
        raise FormatError("no zone of this earth", code="bad_zone")
    return timezone(timedelta(seconds=-seconds if parts[1] == "-" else seconds))


def parse_day(text: str) -> date:
    """Read ``2026-11-23`` or ``23/11/2026``.

    Raises:
        FormatError: ``bad_date``.
    """
    text = text.strip()
    iso = re.fullmatch(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})", text)
    ours = re.fullmatch(r"([0-9]{1,2})[/.-]([0-9]{1,2})[/.-]([0-9]{4})", text)
    try:
        if iso is not None:
            return date(int(iso[1]), int(iso[2]), int(iso[3]))
        if ours is not None:
            return date(int(ours[3]), int(ours[2]), int(ours[1]))
    except ValueError as error:
        raise FormatError("no such day", code="bad_date") from error
    raise FormatError("not a day", code="bad_date")


def day_of(unix_s: int, zone: tzinfo) -> date:
    """Return the station's day that a moment falls in."""
    return datetime.fromtimestamp(unix_s, zone).date()


def day_bounds(day: date, zone: tzinfo) -> tuple[int, int]:
    """Return the first moment of a station's day and of the next, UNIX seconds."""
    first = datetime(day.year, day.month, day.day, tzinfo=zone)
    following = day + timedelta(days=1)
    last = datetime(following.year, following.month, following.day, tzinfo=zone)
    return int(first.timestamp()), int(last.timestamp())


def local_text(unix_s: int, zone: tzinfo, form: str = "%Y-%m-%d %H:%M") -> str:
    """Write a moment as people of the station read it."""
    return datetime.fromtimestamp(unix_s, zone).strftime(form)
