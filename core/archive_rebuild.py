"""Make lost or damaged indexes again from the objects (I/O shell).

Everything of an index stands in the objects, but for two things: which segments show the slate,
and why a number is missing.  Who knows these tells them; else the first is taken for no, and the
second is said to be unknown.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Final

import structlog

from core.archive import (
    THUMBNAILS,
    HourIndex,
    SegmentRecord,
    TrackFacts,
    header_key,
    index_key,
    make_index,
    numbers_of,
    render_index,
)
from core.archive_read import (
    HeaderNotes,
    Pace,
    no_pace,
    read_header_notes,
    read_index,
    read_segments,
    segment_sizes,
)
from core.archive_store import ArchiveError, ArchiveStore, MissingError
from core.boxes import iter_boxes
from core.cmaf import TrackHeader, parse_fragment, parse_header
from core.errors import FormatError
from core.timeline import FRAME_RATES, frames_per_part

__all__ = ["UNKNOWN_REASON", "ChannelHeaders", "good_index", "read_headers", "rebuild_hour"]

log = structlog.get_logger()

UNKNOWN_REASON: Final = "unknown: the index was made again"
"""Reason of a hole that nobody remembers."""


@dataclass(frozen=True, slots=True)
class ChannelHeaders:
    """The headers of all renditions of a channel, after the archive's notes."""

    notes: Mapping[str, HeaderNotes]
    """By rendition."""

    headers: Mapping[tuple[str, str], TrackHeader]
    """By rendition and hash; those that cannot be read are left out."""

    def in_force(self, rendition: str, msn: int) -> str | None:
        """Return the hash of a segment's header."""
        notes = self.notes.get(rendition)
        return None if notes is None else notes.in_force(msn)

    def discontinuities(self) -> list[int]:
        """Return the numbers with which a rendition's configuration becomes another."""
        found = set()
        for rendition, notes in self.notes.items():
            for (_, before), (msn, after) in pairwise(notes.notes):
                one = self.headers.get((rendition, before))
                other = self.headers.get((rendition, after))
                same = one is not None and other is not None and one.same_configuration(other)
                if before != after and not same:
                    found.add(msn)
        return sorted(found)


async def read_headers(store: ArchiveStore, channel: str) -> ChannelHeaders:
    """Read the headers of a channel and the notes which is in force from where on.

    Raises:
        ArchiveError: If the archive does not answer.
    """
    notes: dict[str, HeaderNotes] = {}
    headers: dict[tuple[str, str], TrackHeader] = {}
    for rendition in await store.folders(channel):
        notes[rendition] = await read_header_notes(store, channel, rendition)
        for header_hash in {header_hash for _, header_hash in notes[rendition].notes}:
            try:
                data = await store.get(header_key(channel, rendition, header_hash))
                headers[rendition, header_hash] = parse_header(data)
            except (MissingError, FormatError) as error:
                log.warning(
                    "archived_header_unusable",
                    channel=channel,
                    rendition=rendition,
                    header=header_hash,
                    detail=str(error),
                )
    return ChannelHeaders(notes, headers)


@dataclass(slots=True)
class _Found:
    """What reading an hour's objects gives."""

    records: list[SegmentRecord] = field(default_factory=list)
    unknown: dict[int, str] = field(default_factory=dict)
    """Why an object that is there makes no segment, by number."""

    frame_rate: int = 0
    """Of the first segment; 0 for sound."""

    def add(
        self, msn: int, data: bytes | ArchiveError, headers: ChannelHeaders, rendition: str
    ) -> None:
        """Take one object, or why it could not be read; hashing takes a while."""
        if isinstance(data, MissingError):
            return
        if isinstance(data, ArchiveError):
            self.unknown[msn] = "it cannot be read"
            return
        header_hash = headers.in_force(rendition, msn)
        if header_hash is None:
            self.unknown[msn] = "unknown: no note names its header"
            return
        if not self.records:
            self.frame_rate = _frame_rate(data, headers.headers.get((rendition, header_hash)))
        self.records.append(
            SegmentRecord(
                msn=msn,
                size_bytes=len(data),
                sha256=hashlib.sha256(data).digest(),
                header_hash=header_hash,
            )
        )


async def rebuild_hour(
    store: ArchiveStore,
    channel: str,
    rendition: str,
    hour: int,
    *,
    headers: ChannelHeaders | None = None,
    reasons: Mapping[int, str] | None = None,
    slate: Iterable[int] = (),
    pace: Pace = no_pace,
) -> HourIndex:
    """Make an hour's index again and store it.

    Args:
        store: The archive.
        channel: Slug.
        rendition: Its name.
        hour: UTC hours since the epoch; nothing may be written into it any more.
        headers: What :func:`read_headers` gave; read here when None.
        reasons: Why numbers are missing, where somebody knows.
        slate: Numbers that show the slate, where somebody knows.
        pace: Waits as long as reading may take.

    Raises:
        ArchiveError: If the archive does not answer.
    """
    if rendition == THUMBNAILS:
        raise ArchiveError("thumbnails have no index")
    if headers is None:
        headers = await read_headers(store, channel)
    sizes = await segment_sizes(store, channel, rendition, hour)
    numbers = sorted(sizes.keys() & set(numbers_of(hour)))
    found = _Found()
    async for msn, data in read_segments(store, channel, rendition, numbers, pace=pace):
        if isinstance(data, ArchiveError) and not isinstance(data, MissingError):
            # One that cannot be read is a hole; an archive that answers nothing ends this.
            await segment_sizes(store, channel, rendition, hour)
        await asyncio.to_thread(found.add, msn, data, headers, rendition)
    known = {**found.unknown, **(reasons or {})}
    shown = frozenset(slate)
    records = [replace(item, slate=item.msn in shown) for item in found.records]
    there = {record.msn for record in records}
    holes = {msn: known.get(msn, UNKNOWN_REASON) for msn in numbers_of(hour) if msn not in there}
    first = None if not records else headers.headers.get((rendition, records[0].header_hash))
    index = make_index(
        channel=channel,
        rendition=rendition,
        hour=hour,
        track=None if first is None else _facts(first, found.frame_rate),
        records=records,
        reasons={**holes, **(reasons or {})},
        discontinuities=headers.discontinuities(),
    )
    await store.put(index_key(channel, rendition, hour), [render_index(index)])
    return index


def _facts(header: TrackHeader, frame_rate: int) -> TrackFacts:
    return TrackFacts(
        kind=header.kind,
        codec=header.codec,
        width=header.width,
        height=header.height,
        frame_rate=frame_rate,
        channels=header.channels,
    )


def _frame_rate(segment: bytes, header: TrackHeader | None) -> int:
    """Return frames a second, by the pictures in the first part; 0 for sound."""
    if header is None or header.kind == "audio":
        return 0
    try:
        boxes: dict[bytes, bytes] = {}
        for box in iter_boxes(segment):
            boxes.setdefault(box.kind, bytes(box.raw))
            if b"mdat" in boxes:
                break
        samples = parse_fragment(boxes[b"moof"], boxes[b"mdat"], header).samples
    except (FormatError, KeyError):
        return 0
    return next((rate for rate in FRAME_RATES if frames_per_part(rate) == samples), 0)


async def good_index(
    store: ArchiveStore, channel: str, rendition: str, hour: int
) -> HourIndex | None:
    """Return an hour's index if it is there and whole, else None.

    Raises:
        ArchiveError: If the archive does not answer.
    """
    try:
        return await read_index(store, channel, rendition, hour)
    except FormatError:
        return None
