"""What is archived of a channel's hours that have no index yet.  Sans-I/O.

An hour is *open* from its first moment until its index is written.  That is done when nothing
of it can come any more: the live window has passed it by, and nothing of it waits to be
stored.  What is known of open hours is a list of facts in the order in which they happened; the
journal holds the same facts, so that a packager that was killed knows them again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from core.archive import (
    NEVER_SENT,
    HourIndex,
    SegmentRecord,
    TrackFacts,
    hour_at,
    hour_of,
    make_index,
    numbers_of,
    parse_index,
    render_index,
)
from core.cmaf import TrackHeader
from core.ladder import Rendition
from core.publication import (
    DiscontinuityDeclared,
    HoleDeclared,
    HourArchived,
    SegmentArchived,
    SegmentLost,
    SegmentPublished,
)
from core.timeline import UnixNs, end_of_segment

__all__ = ["KEPT_CLOSED", "ArchiveFact", "ChannelHours"]

ArchiveFact: TypeAlias = (
    SegmentArchived | SegmentLost | SegmentPublished | HoleDeclared | DiscontinuityDeclared
)
"""What the journal holds.  A ``SegmentPublished`` there means: the hole was refilled."""

KEPT_CLOSED: Final = 3
"""Closed hours before the present one that followers are told: rewinding reaches into them."""

_PATIENCE_NS: Final = 600_000_000_000
"""An hour of a channel that stands still is closed this long after its end."""


@dataclass(slots=True)
class _Hour:
    records: dict[str, dict[int, SegmentRecord]] = field(default_factory=lambda: defaultdict(dict))
    """By rendition and number."""

    declared: dict[int, str] = field(default_factory=dict)
    """Reasons of holes of the channel."""

    lost: dict[tuple[str, int], str] = field(default_factory=dict)
    """Reasons of holes of one rendition: it was on air, but could not be stored."""

    discontinuities: set[int] = field(default_factory=set)


class ChannelHours:
    """One channel's open hours, and the last closed ones."""

    def __init__(self, slug: str) -> None:
        self.slug = slug
        self._open: dict[int, _Hour] = {}
        self._closed: dict[tuple[str, int], bytes] = {}
        self._tracks: dict[str, TrackFacts] = {}
        """By hash of the header."""

        self._renditions: dict[str, Rendition] = {}
        self._up_to: dict[str, int] = {}

    @property
    def open_hours(self) -> list[int]:
        """The hours without an index, oldest first."""
        return sorted(self._open)

    @property
    def archived_up_to(self) -> Mapping[str, int]:
        """The newest number that is stored of each rendition."""
        return self._up_to

    def set_renditions(self, renditions: Iterable[Rendition]) -> None:
        """Take the renditions that are archived from now on."""
        self._renditions = {item.name: item for item in renditions}

    def add_header(self, rendition: str, header: TrackHeader) -> None:
        """Take a header that segments name by its hash."""
        configured = self._renditions.get(rendition)
        self._tracks[header.hash] = TrackFacts(
            kind=header.kind,
            codec=header.codec,
            width=header.width,
            height=header.height,
            channels=header.channels,
            frame_rate=0 if configured is None else configured.frame_rate,
        )

    def knows_header(self, header_hash: str) -> bool:
        """Tell whether :meth:`add_header` was called for it."""
        return header_hash in self._tracks

    @property
    def configured(self) -> list[str]:
        """Names of the renditions that are archived now."""
        return sorted(self._renditions)

    def begin(self, now: UnixNs) -> None:
        """Note that the present hour is open, whether anything comes or not."""
        self._hour(hour_at(now))

    def _hour(self, number: int) -> _Hour:
        """Return an open hour, opening it first; a closed one with what its indexes say."""
        hour = self._open.get(number)
        if hour is None:
            hour = self._open[number] = _Hour()
            for key in [key for key in self._closed if key[1] == number]:
                _fill(hour, parse_index(self._closed.pop(key)))
        return hour

    def add(self, fact: ArchiveFact) -> None:
        """Take one fact; those of a closed hour open it again."""
        hour = self._hour(hour_of(fact.msn))
        match fact:
            case SegmentArchived():
                hour.records[fact.rendition][fact.msn] = SegmentRecord(
                    msn=fact.msn,
                    size_bytes=fact.size_bytes,
                    sha256=bytes.fromhex(fact.sha256),
                    header_hash=fact.header_hash,
                    slate=fact.slate,
                )
                hour.lost.pop((fact.rendition, fact.msn), None)
                newest = self._up_to.get(fact.rendition, fact.msn)
                self._up_to[fact.rendition] = max(newest, fact.msn)
            case SegmentLost():
                hour.lost[fact.rendition, fact.msn] = fact.reason
            case SegmentPublished():
                hour.declared.pop(fact.msn, None)
            case HoleDeclared():
                hour.declared[fact.msn] = fact.reason
            case DiscontinuityDeclared():
                hour.discontinuities.add(fact.msn)

    def forget(self, rendition: str, msn: int) -> None:
        """Take back that a segment is stored: its object is gone."""
        hour = self._open.get(hour_of(msn))
        if hour is not None:
            hour.records[rendition].pop(msn, None)

    def has(self, rendition: str, msn: int) -> bool:
        """Tell whether a segment is stored, or lies in an hour into which no more is written."""
        number = hour_of(msn)
        hour = self._open.get(number)
        if hour is not None:
            return msn in hour.records.get(rendition, ())
        too_old = number < max(self._open, default=number) - KEPT_CLOSED
        return too_old or (rendition, number) in self._closed

    def stored(self, rendition: str, hour: int) -> dict[int, SegmentRecord]:
        """Return what is stored of an open hour, by number."""
        return dict(self._open[hour].records.get(rendition, {})) if hour in self._open else {}

    def last_header(self, rendition: str) -> str | None:
        """Return the header of the newest segment that is stored, as far as it is known."""
        for hour in reversed(self.open_hours):
            records = self._open[hour].records.get(rendition)
            if records:
                return records[max(records)].header_hash
        return None

    # Closing

    def due(
        self, *, now: UnixNs, first_kept: int | None, waiting: Collection[tuple[str, int]]
    ) -> list[int]:
        """Return the hours whose index can be written.

        Args:
            now: The course of the packager.
            first_kept: Lowest number that the live window may still hold; None without one.
            waiting: (rendition, hour) of the segments that wait to be stored.
        """
        busy = {hour for _, hour in waiting}
        found = []
        for hour in self.open_hours:
            last = numbers_of(hour)[-1]
            passed = first_kept is not None and first_kept > last
            old = now > end_of_segment(last) + _PATIENCE_NS
            if hour not in busy and (passed or old) and now > end_of_segment(last):
                found.append(hour)
        return found

    def renditions_of(self, hour: int) -> list[str]:
        """Return the renditions whose index of the hour is to be written."""
        return sorted(
            {*self._renditions, *(self._open[hour].records if hour in self._open else ())}
        )

    def index(self, rendition: str, hour: int) -> HourIndex:
        """Return what is known of an open hour as its index."""
        known = self._open.get(hour, _Hour())
        records = known.records.get(rendition, {})
        lost = {msn: reason for (name, msn), reason in known.lost.items() if name == rendition}
        first = records[min(records)].header_hash if records else ""
        return make_index(
            channel=self.slug,
            rendition=rendition,
            hour=hour,
            track=self._tracks.get(first),
            records=records.values(),
            reasons={**lost, **known.declared},
            discontinuities=known.discontinuities,
        )

    def close(self, hour: int, indexes: Mapping[str, bytes]) -> list[HourArchived]:
        """Forget an open hour, whose indexes are written now.

        Args:
            hour: Of which.
            indexes: In their stored form, by rendition.
        """
        self._open.pop(hour, None)
        self.add_closed(hour, indexes)
        newest = max([hour, *self._open])
        for key in [key for key in self._closed if key[1] < newest - KEPT_CLOSED]:
            del self._closed[key]
        return [self._told(name, hour, data, closed=True) for name, data in indexes.items()]

    def add_closed(self, hour: int, indexes: Mapping[str, bytes]) -> None:
        """Take the indexes of an hour that was closed before."""
        for rendition, data in indexes.items():
            self._closed[rendition, hour] = data

    def closed(self, rendition: str, hour: int) -> bytes | None:
        """Return the index of a recent hour in its stored form."""
        return self._closed.get((rendition, hour))

    def snapshot(self) -> list[HourArchived]:
        """Return what a follower that just connected is told."""
        found = [
            self._told(name, hour, data, closed=True)
            for (name, hour), data in sorted(self._closed.items())
        ]
        for hour in self.open_hours:
            for name in self.renditions_of(hour):
                data = render_index(self.index(name, hour))
                found.append(self._told(name, hour, data, closed=False))
        return found

    def _told(self, rendition: str, hour: int, data: bytes, *, closed: bool) -> HourArchived:
        return HourArchived(
            channel=self.slug, rendition=rendition, hour=hour, closed=closed, data=data
        )


def _fill(hour: _Hour, index: HourIndex) -> None:
    hour.records[index.rendition] = {item.msn: item for item in index.records()}
    hour.discontinuities.update(index.discontinuities)
    for hole in index.holes:
        if hole.reason != NEVER_SENT:
            for msn in range(hole.first, hole.last + 1):
                hour.lost[index.rendition, msn] = hole.reason
