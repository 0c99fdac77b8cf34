"""Read what an archive holds: hours, indexes, segments (I/O shell).

What is told here comes from the archive alone, never from a process that runs, so that the
commands work on a copy and on the disk of a station that is dead.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from core.archive import (
    HourIndex,
    header_folder,
    header_note_number,
    hour_folder,
    index_key,
    parse_hour_folder,
    parse_index,
    segment_key,
)
from core.archive_store import ArchiveError, ArchiveStore, MissingError
from core.errors import FormatError
from core.scrub import LOST_KINDS, Fault, check_segment, compare_listing

__all__ = [
    "HeaderNotes",
    "Pace",
    "Verified",
    "no_pace",
    "read_header_notes",
    "read_index",
    "read_segments",
    "segment_sizes",
    "stored_hours",
    "verify_hour",
]

_HOUR_STEPS: Final = 4
"""Year, month, day, hour."""

_READERS: Final = 4

Pace = Callable[[int], Awaitable[None]]
"""Waits as long as reading so many bytes may take."""


async def no_pace(_: int) -> None:
    """Go on at once."""


async def stored_hours(store: ArchiveStore, channel: str) -> dict[str, list[int]]:
    """Return the hours of which something is stored, by rendition, oldest first.

    Raises:
        ArchiveError: If the archive does not answer.
    """
    found: dict[str, list[int]] = {}
    for rendition in await store.folders(channel):
        top = f"{channel}/{rendition}"
        steps = [item async for item in _below(store, top, "", _HOUR_STEPS)]
        hours = [parse_hour_folder(item) for item in steps]
        found[rendition] = sorted(hour for hour in hours if hour is not None)
    return found


async def _below(store: ArchiveStore, top: str, steps: str, depth: int) -> AsyncIterator[str]:
    """Yield the folders that lie ``depth`` steps below ``top``, without it."""
    for name in await store.folders(f"{top}{steps}"):
        if depth == 1:
            yield f"{steps}/{name}".removeprefix("/")
        else:
            async for found in _below(store, top, f"{steps}/{name}", depth - 1):
                yield found


async def read_index(
    store: ArchiveStore, channel: str, rendition: str, hour: int
) -> HourIndex | None:
    """Return an hour's index; None where there is none.

    Raises:
        ArchiveError: If the archive does not answer.
        FormatError: If the index is damaged, or is another hour's.
    """
    try:
        data = await store.get(index_key(channel, rendition, hour))
    except MissingError:
        return None
    index = await asyncio.to_thread(parse_index, data)
    if (index.channel, index.rendition, index.hour) != (channel, rendition, hour):
        raise FormatError("the index of another hour")
    return index


async def segment_sizes(
    store: ArchiveStore, channel: str, rendition: str, hour: int
) -> dict[int, int]:
    """Return the size in bytes of every segment that lies in an hour's folder, by number.

    Raises:
        ArchiveError: If the archive does not answer.
    """
    found = {}
    for item in await store.objects(hour_folder(channel, rendition, hour)):
        number, _, kind = item.key.rsplit("/", 1)[1].partition(".")
        if kind == "m4s" and number.isdigit():
            found[int(number)] = item.size_bytes
    return found


@dataclass(frozen=True, slots=True)
class HeaderNotes:
    """Which header of a rendition is in force from where on; segments do not name theirs."""

    notes: tuple[tuple[int, str], ...]
    """(number from which on it is in force, hash), in order."""

    def in_force(self, msn: int) -> str | None:
        """Return the hash of a segment's header; None before the first note."""
        at = bisect_right(self.notes, msn, key=lambda note: note[0])
        return self.notes[at - 1][1] if at else None


async def read_header_notes(store: ArchiveStore, channel: str, rendition: str) -> HeaderNotes:
    """Read the archive's notes on a rendition's headers.

    Raises:
        ArchiveError: If the archive does not answer.
    """
    found = []
    for item in await store.objects(header_folder(channel, rendition)):
        number = header_note_number(item.key)
        if number is not None:
            text = (await store.get(item.key)).decode("ascii", errors="replace")
            found.append((number, text.strip()))
    return HeaderNotes(tuple(sorted(found)))


async def read_segments(
    store: ArchiveStore,
    channel: str,
    rendition: str,
    numbers: Sequence[int],
    *,
    pace: Pace = no_pace,
) -> AsyncIterator[tuple[int, bytes | ArchiveError]]:
    """Yield (number, bytes) of segments in their order; the error of one that cannot be read."""
    for at in range(0, len(numbers), _READERS):
        batch = numbers[at : at + _READERS]
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(_read(store, segment_key(channel, rendition, msn)))
                for msn in batch
            ]
        found = [task.result() for task in tasks]
        for msn, data in zip(batch, found, strict=True):
            yield msn, data
        await pace(sum(len(data) for data in found if isinstance(data, bytes)))


async def _read(store: ArchiveStore, key: str) -> bytes | ArchiveError:
    try:
        return await store.get(key)
    except ArchiveError as error:
        return error


@dataclass(frozen=True, slots=True)
class Verified:
    """What was found in an hour."""

    index: HourIndex | None
    """None where it is lost or damaged."""

    segments: int
    """How many were read."""

    size_bytes: int
    """How much was read."""

    faults: tuple[Fault, ...]

    @property
    def lost(self) -> int:
        """How many segments are not there as they were stored."""
        return len({fault.msn for fault in self.faults if fault.kind in LOST_KINDS})


async def verify_hour(
    store: ArchiveStore,
    channel: str,
    rendition: str,
    hour: int,
    *,
    pace: Pace = no_pace,
) -> Verified:
    """Read every segment of an hour and compare it with the index.

    Raises:
        ArchiveError: If the archive does not answer.
    """
    try:
        index = await read_index(store, channel, rendition, hour)
    except FormatError as error:
        return Verified(None, 0, 0, (Fault("index", 0, str(error)),))
    if index is None:
        return Verified(None, 0, 0, (Fault("index", 0, "there is no index"),))
    sizes = await segment_sizes(store, channel, rendition, hour)
    faults = await asyncio.to_thread(compare_listing, index, sizes)
    wrong = {fault.msn for fault in faults}
    records = await asyncio.to_thread(lambda: {item.msn: item for item in index.records()})
    numbers = [msn for msn in records if msn not in wrong]
    size_bytes = 0
    async for msn, data in read_segments(store, channel, rendition, numbers, pace=pace):
        if isinstance(data, ArchiveError):
            # One segment that cannot be read is a fault; an archive that answers nothing is none.
            await read_index(store, channel, rendition, hour)
            kind: Literal["missing", "damaged"]
            kind = "missing" if isinstance(data, MissingError) else "damaged"
            faults.append(Fault(kind, msn, str(data)))
            continue
        size_bytes += len(data)
        fault = await asyncio.to_thread(check_segment, records[msn], data)
        if fault is not None:
            faults.append(fault)
    return Verified(index, len(numbers), size_bytes, tuple(sorted(faults, key=lambda f: f.msn)))
