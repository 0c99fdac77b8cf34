"""Spans of time as operators write them.  Sans-I/O."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import tzinfo

from core.errors import ConfigError, FormatError
from core.moments import parse_moment
from core.timeline import UnixNs, msn_at

__all__ = ["Span", "parse_span"]


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


def parse_span(start: str, end: str, zone: tzinfo, now: UnixNs) -> Span:
    """Read a span, of the forms of :func:`core.moments.parse_moment`.

    Args:
        start: Its first moment.
        end: Its end.
        zone: Of times that name none.
        now: Decides what today is.

    Raises:
        ConfigError: If a time is none, or the end is not behind the start.
    """
    try:
        span = Span(parse_moment(start, zone, now), parse_moment(end, zone, now))
    except FormatError as error:
        raise ConfigError(str(error)) from error
    if span.end <= span.start:
        raise ConfigError(f"{end} is not after {start}")
    return span
