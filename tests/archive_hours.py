"""Hours of a synthetic archive: real names, numbers and times, small and distinct bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping

from core.archive import (
    HourIndex,
    SegmentRecord,
    TrackFacts,
    header_key,
    header_marker_key,
    index_key,
    make_index,
    numbers_of,
    render_index,
    segment_key,
)
from core.archive_store import ArchiveStore
from core.cmaf import parse_header
from core.ladder import Rendition
from tests.cmaf_media import make_header

__all__ = ["HOUR", "facts_of", "small_segment", "store_header", "store_hour"]

HOUR = 498_014
"""2026-10-24T14:00Z, 21:00 in Vietnam."""


def small_segment(rendition: str, msn: int) -> bytes:
    """Return a few bytes that no other segment has."""
    return f"{rendition} {msn} ".encode() * (2 + msn % 3)


def facts_of(rendition: Rendition, *, variant: int = 0) -> TrackFacts:
    """Return what an index says of a rendition of :mod:`tests.cmaf_media`."""
    header = parse_header(make_header(rendition, variant=variant))
    return TrackFacts(
        kind=header.kind,
        codec=header.codec,
        width=header.width,
        height=header.height,
        frame_rate=rendition.frame_rate,
        channels=header.channels,
    )


async def store_header(
    store: ArchiveStore, channel: str, rendition: Rendition, first: int, *, variant: int = 0
) -> str:
    """Store a header that is in force from ``first`` on, with its note; return its hash."""
    header = parse_header(make_header(rendition, variant=variant))
    await store.put(header_key(channel, rendition.name, header.hash), [header.data])
    note = header_marker_key(channel, rendition.name, first)
    await store.put(note, [header.hash.encode()])
    return header.hash


async def store_hour(
    store: ArchiveStore,
    channel: str,
    rendition: str,
    hour: int = HOUR,
    *,
    track: TrackFacts | None = None,
    headers: Mapping[int, str] | None = None,
    missing: Mapping[int, str] | None = None,
    slate: Collection[int] = (),
    discontinuities: Iterable[int] = (),
    index: bool = True,
    every: int = 1,
    body: Callable[[str, int], bytes] = small_segment,
) -> HourIndex:
    """Store an hour's segments and its index.

    Args:
        store: Where.
        channel: Slug.
        rendition: Its name.
        hour: UTC hours since the epoch.
        track: What the index says of the rendition.
        headers: Which header is in force from each number on.
        missing: Numbers that are not stored, and why.
        slate: Numbers that show the slate.
        discontinuities: As in the index.
        index: Store the index.
        every: Store only each so-manieth number, where a test needs no whole hour.
        body: Makes a segment's bytes.
    """
    in_force = headers or {0: "0" * 16}
    records = []
    for msn in numbers_of(hour):
        if msn in (missing or {}) or msn % every:
            continue
        data = body(rendition, msn)
        await store.put(segment_key(channel, rendition, msn), [data])
        records.append(
            SegmentRecord(
                msn=msn,
                size_bytes=len(data),
                sha256=hashlib.sha256(data).digest(),
                header_hash=in_force[max(first for first in in_force if first <= msn)],
                slate=msn in slate,
            )
        )
    made = make_index(
        channel=channel,
        rendition=rendition,
        hour=hour,
        track=track or TrackFacts(kind="video", codec="avc1.64001f"),
        records=records,
        reasons=dict(missing or {}),
        discontinuities=discontinuities,
    )
    if index:
        await store.put(index_key(channel, rendition, hour), [render_index(made)])
    return made
