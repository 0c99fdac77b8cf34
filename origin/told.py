"""What the packager tells of the hours that have no index yet.  Sans-I/O.

It tells the newest hours on each connection, then each segment as the archive has it.  What came
before of an hour is void when the hour is told anew, so a follower that was away misses nothing.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Final

from core.archive import HourIndex, TrackFacts, hour_of, parse_index
from core.publication import DiscontinuityDeclared, HourArchived, Publication, SegmentArchived
from core.timeline import SEGMENT_NS
from origin.recorded import HourView, numbers_to_runs, view_of_index

__all__ = ["ToldHours"]

_KEPT_HOURS: Final = 4
"""An hour this much older than the newest has its index in the archive."""

_KEPT_DISCONTINUITIES: Final = 64


@dataclass(slots=True)
class _Hour:
    """One hour of one rendition, as it grows."""

    segments: dict[int, tuple[str, int]] = field(default_factory=dict)
    """(header, size in bytes) by number."""

    discontinuities: tuple[int, ...] = ()
    track: TrackFacts | None = None
    closed: bool = False
    view: HourView | None = None
    index: bytes = b""
    """Of a closed hour, whose segments are read from it only if one is told of after all."""


class ToldHours:
    """The newest hours of every channel."""

    def __init__(self) -> None:
        self._hours: dict[tuple[str, str, int], _Hour] = {}
        self._newest: dict[str, int] = {}
        self._declared: dict[str, list[int]] = defaultdict(list)

    def apply(self, publication: Publication) -> tuple[str, str, int] | None:
        """Take one fact.

        Returns:
            (channel, rendition, hour) whose index has been written, if that is the fact.

        Raises:
            FormatError: If an hour that is told cannot be read.
        """
        match publication:
            case HourArchived():
                self._take_hour(publication)
                if publication.closed:
                    return publication.channel, publication.rendition, publication.hour
            case SegmentArchived():
                hour = self._hour(
                    publication.channel, publication.rendition, hour_of(publication.msn)
                )
                if hour.index:
                    _reopen(hour, parse_index(hour.index))
                hour.segments[publication.msn] = (publication.header_hash, publication.size_bytes)
                hour.view = None
            case DiscontinuityDeclared():
                known = self._declared[publication.channel]
                if publication.msn not in known:
                    known.append(publication.msn)
                    known.sort()
                    del known[:-_KEPT_DISCONTINUITIES]
            case _:
                pass
        return None

    def _take_hour(self, told: HourArchived) -> None:
        hour = self._hour(told.channel, told.rendition, told.hour)
        index = parse_index(told.data, table=not told.closed)
        if told.closed:
            hour.index, hour.view = told.data, view_of_index(index)
        else:
            _reopen(hour, index)
        hour.closed = told.closed

    def _hour(self, channel: str, rendition: str, number: int) -> _Hour:
        key = (channel, rendition, number)
        found = self._hours.get(key)
        if found is None:
            found = self._hours[key] = _Hour()
            if number > self._newest.get(channel, -1):
                self._newest[channel] = number
                old = [
                    item
                    for item in self._hours
                    if item[0] == channel and item[2] <= number - _KEPT_HOURS
                ]
                for item in old:
                    del self._hours[item]
        return found

    def declared(self, channel: str) -> tuple[int, ...]:
        """Return the discontinuities that were told, sorted."""
        return tuple(self._declared.get(channel, ()))

    def view(self, channel: str, rendition: str, hour: int) -> HourView | None:
        """Return what was told of an hour; None if nothing was."""
        found = self._hours.get((channel, rendition, hour))
        if found is None:
            return None
        if found.view is None:
            found.view = _view(found)
        return found.view

    def is_open(self, channel: str, rendition: str, hour: int) -> bool:
        """Tell whether more may come of an hour: it was told, and not that it is closed."""
        found = self._hours.get((channel, rendition, hour))
        return found is not None and not found.closed


def _reopen(hour: _Hour, index: HourIndex) -> None:
    hour.segments = {
        record.msn: (record.header_hash, record.size_bytes) for record in index.records()
    }
    hour.discontinuities, hour.track = index.discontinuities, index.track
    hour.index, hour.view, hour.closed = b"", None, False


def _view(hour: _Hour) -> HourView:
    sizes = [size for _, size in hour.segments.values()]
    return HourView(
        runs=numbers_to_runs((msn, hour.segments[msn][0]) for msn in sorted(hour.segments)),
        discontinuities=hour.discontinuities,
        track=hour.track,
        peak_bps=_bits_per_second(max(sizes, default=0), 1),
        average_bps=_bits_per_second(sum(sizes), max(1, len(sizes))),
        closed=hour.closed,
    )


def _bits_per_second(size_bytes: int, segments: int) -> int:
    return size_bytes * 8 * 1_000_000_000 // (SEGMENT_NS * segments)
