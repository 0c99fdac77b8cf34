"""Learn from the archive itself what an earlier process stored (I/O shell).

The objects are the truth.  The journal of an earlier process saves reading each of them; where it
says more than there is, or less, it is put right.
"""

from __future__ import annotations

import asyncio
import hashlib

import structlog

from core.archive import header_key, hour_at, index_key, parse_index, segment_key
from core.archive_read import HeaderNotes, read_header_notes, segment_sizes
from core.archive_store import ArchiveStore, MissingError
from core.cmaf import parse_header
from core.errors import FormatError
from core.publication import SegmentArchived
from core.timeline import UnixNs
from packager.archive_hours import KEPT_CLOSED, ChannelHours

__all__ = ["compare_with_objects", "read_recent"]

log = structlog.get_logger()


async def read_recent(store: ArchiveStore, hours: ChannelHours, *, now: UnixNs) -> None:
    """Read the indexes of the last hours, of which followers are told.

    Raises:
        ArchiveError: If the archive does not answer.
    """
    for hour in range(hour_at(now) - KEPT_CLOSED, hour_at(now) + 1):
        for rendition in hours.configured:
            try:
                data = await store.get(index_key(hours.slug, rendition, hour))
                parse_index(data, table=False)
            except MissingError:
                continue
            except FormatError as error:
                log.warning("index_damaged", channel=hours.slug, hour=hour, detail=str(error))
                continue
            hours.add_closed(hour, {rendition: data})


async def compare_with_objects(store: ArchiveStore, hours: ChannelHours) -> list[SegmentArchived]:
    """Make what is known of the open hours agree with the objects that are there.

    Args:
        store: The archive.
        hours: What the journal says; what is not there is taken from it.

    Returns:
        What is there and the journal does not know.

    Raises:
        ArchiveError: If the archive does not answer.
    """
    found = []
    for rendition in sorted(
        {name for hour in hours.open_hours for name in hours.renditions_of(hour)}
    ):
        notes = await read_header_notes(store, hours.slug, rendition)
        for header_hash in {header_hash for _, header_hash in notes.notes}:
            await _learn_header(store, hours, rendition, header_hash)
        for hour in hours.open_hours:
            found += await _compare_hour(store, hours, rendition, hour, notes)
    return found


async def _compare_hour(
    store: ArchiveStore, hours: ChannelHours, rendition: str, hour: int, notes: HeaderNotes
) -> list[SegmentArchived]:
    slug = hours.slug
    sizes = await segment_sizes(store, slug, rendition, hour)
    for msn, record in hours.stored(rendition, hour).items():
        if sizes.get(msn) != record.size_bytes:
            hours.forget(rendition, msn)
            log.warning("archived_segment_gone", channel=slug, rendition=rendition, msn=msn)
    found = []
    for msn in sorted(sizes.keys() - hours.stored(rendition, hour).keys()):
        header_hash = notes.in_force(msn)
        if header_hash is None:
            log.warning("archived_segment_unknown", channel=slug, rendition=rendition, msn=msn)
            continue
        data = await store.get(segment_key(slug, rendition, msn))
        digest = await asyncio.to_thread(hashlib.sha256, data)
        found.append(
            SegmentArchived(
                channel=slug,
                rendition=rendition,
                msn=msn,
                header_hash=header_hash,
                size_bytes=len(data),
                sha256=digest.hexdigest(),
                slate=False,
            )
        )
    return found


async def _learn_header(
    store: ArchiveStore, hours: ChannelHours, rendition: str, header_hash: str
) -> None:
    if hours.knows_header(header_hash):
        return
    try:
        data = await store.get(header_key(hours.slug, rendition, header_hash))
        hours.add_header(rendition, parse_header(data))
    except (MissingError, FormatError) as error:
        log.warning("archived_header_unusable", channel=hours.slug, detail=str(error))
