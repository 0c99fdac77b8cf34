"""Spans of time as operators write them.  Sans-I/O."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from core.errors import ConfigError
from core.timeline import UnixNs, msn_at

__all__ = ["Span", "iso", "parse_span"]


@dataclass(frozen=True, slots=True)
class Span:
    """From a moment to another, which is not in it any more."""

    start: UnixNs
    end: UnixNs

    @property
    def first(self) -> int:
        """Number of the segment that holds the start."""
        return msn_at(self.start)

    @property
    def last(self) -> int:
        """Number of the segment that holds the last moment."""
        return msn_at(UnixNs(self.end - 1))


def parse_span(start: str, end: str, zone: tzinfo) -> Span:
    """Read a span: ``2026-11-23``, ``2026-11-23T19:00``, with seconds or with a zone.

    Args:
        start: Its first moment.
        end: Its end.
        zone: Of times that name none.

    Raises:
        ConfigError: If a time is none, or the end is not behind the start.
    """
    span = Span(_moment(start, zone), _moment(end, zone))
    if span.end <= span.start:
        raise ConfigError(f"{end} is not after {start}")
    return span


def _moment(text: str, zone: tzinfo) -> UnixNs:
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=zone)
        seconds = moment.timestamp()
    except (ValueError, OverflowError) as error:
        raise ConfigError(
            f"{text!r} is no time: write 2026-11-23, 2026-11-23T19:00 or 2026-11-23T12:00:00Z"
        ) from error
    if seconds < 0:
        raise ConfigError(f"{text} is before 1970")
    return UnixNs(int(seconds) * 1_000_000_000 + moment.microsecond * 1_000)


def iso(moment: UnixNs, zone: tzinfo = UTC) -> str:
    """Write a moment to the millisecond, with its zone."""
    seconds, rest = divmod(moment, 1_000_000_000)
    local = datetime.fromtimestamp(seconds, UTC).astimezone(zone)
    return local.replace(microsecond=rest // 1_000).isoformat(timespec="milliseconds")
