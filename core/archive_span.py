"""What an archive holds of a span: from the hours' indexes, or from the objects themselves.

An hour that is over has an index.  Of the hour that is running, and of one whose index is lost,
the objects are listed; which header they belong to, the notes beside the headers say.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.archive import (
    NEVER_SENT,
    Hole,
    HourIndex,
    hours_of,
    index_key,
    parse_index,
)
from core.archive_read import read_header_notes, segment_sizes
from core.archive_store import ArchiveStore, MissingError

__all__ = ["FoundSegment", "SpanContents", "read_span"]


@dataclass(frozen=True, slots=True)
class FoundSegment:
    """A segment that the archive has."""

    header_hash: str
    size_bytes: int
    sha256: bytes | None
    """None where no index says it yet."""


@dataclass(frozen=True, slots=True)
class SpanContents:
    """What of one rendition is there between two numbers, both included."""

    first: int
    last: int
    segments: dict[int, FoundSegment]
    """By number."""

    holes: tuple[Hole, ...]
    """The numbers that are missing, and why."""

    @property
    def size_bytes(self) -> int:
        """Bytes of all segments."""
        return sum(item.size_bytes for item in self.segments.values())


async def read_span(
    store: ArchiveStore, channel: str, rendition: str, first: int, last: int
) -> SpanContents:
    """Find out what the archive has of a rendition; one request an hour of the span.

    Args:
        store: The archive.
        channel: Slug.
        rendition: Its name.
        first: Number of the first segment.
        last: Number of the last, at least ``first``.

    Raises:
        ArchiveError: If the archive cannot be read now.
        FormatError: If an index is damaged.
    """
    segments: dict[int, FoundSegment] = {}
    reasons: dict[int, str] = {}
    for hour in hours_of(first, last):
        try:
            index = parse_index(await store.get(index_key(channel, rendition, hour)))
        except MissingError:
            segments |= await _list_hour(store, channel, rendition, hour)
        else:
            segments |= {
                record.msn: FoundSegment(record.header_hash, record.size_bytes, record.sha256)
                for record in index.records()
            }
            reasons |= _reasons(index, first, last)
    inside = {msn: item for msn, item in segments.items() if first <= msn <= last}
    return SpanContents(first, last, inside, _holes(inside, reasons, first, last))


def _reasons(index: HourIndex, first: int, last: int) -> dict[int, str]:
    return {
        msn: hole.reason
        for hole in index.holes
        for msn in range(max(first, hole.first), min(last, hole.last) + 1)
    }


def _holes(
    found: dict[int, FoundSegment], reasons: dict[int, str], first: int, last: int
) -> tuple[Hole, ...]:
    holes: list[Hole] = []
    for msn in range(first, last + 1):
        if msn in found:
            continue
        reason = reasons.get(msn, NEVER_SENT)
        if holes and holes[-1].last == msn - 1 and holes[-1].reason == reason:
            holes[-1] = Hole(holes[-1].first, msn, reason)
        else:
            holes.append(Hole(msn, msn, reason))
    return tuple(holes)


async def _list_hour(
    store: ArchiveStore, channel: str, rendition: str, hour: int
) -> dict[int, FoundSegment]:
    sizes = await segment_sizes(store, channel, rendition, hour)
    if not sizes:
        return {}
    notes = await read_header_notes(store, channel, rendition)
    found: dict[int, FoundSegment] = {}
    for msn, size in sorted(sizes.items()):
        in_force = notes.in_force(msn)
        if in_force is not None:
            found[msn] = FoundSegment(in_force, size, None)
    return found
