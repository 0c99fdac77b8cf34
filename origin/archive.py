"""Read the archive: hours' indexes, headers, segments, pictures (I/O shell).

Of a closed hour the head of its index is kept, without the table: a few hundred bytes, so weeks
of many channels stay in memory and a playlist is read from the store once.  An hour of which
there is neither an index nor word from the packager is read from its folder; that costs one
listing, and a line in the log, until somebody writes the index again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import Final, TypeVar

import structlog
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

from core.archive import (
    THUMBNAILS,
    TrackFacts,
    header_key,
    hour_folder,
    index_key,
    parse_index,
    segment_key,
    thumbnail_key,
)
from core.archive_read import read_header_notes, segment_sizes
from core.archive_store import ArchiveError, ArchiveStore, MissingError
from core.clock import monotonic_ns
from core.cmaf import parse_header
from core.errors import FormatError
from core.timeline import SEGMENT_NS
from origin.flights import Kept
from origin.recorded import NOTHING, HourView, numbers_to_runs, view_of_index
from origin.told import ToldHours

__all__ = ["ArchiveReader"]

log = structlog.get_logger()

T = TypeVar("T")

_HEADS: Final = 16_384
"""Indexes that are kept: a month of twenty renditions."""

_FOLDERS: Final = 1_024
_AT_ONCE: Final = 24
"""Requests to the store at a time."""

_SHORT_NS: Final = 10_000_000_000
"""How long a listing holds: what it shows may still grow."""


class ArchiveReader(Collector):
    """The archive as this origin sees it; register it in the registry."""

    def __init__(self, store: ArchiveStore, told: ToldHours, *, media_bytes: int) -> None:
        """Prepare; nothing is read.

        Args:
            store: The archive.
            told: What the packager tells of the newest hours.
            media_bytes: How much of the media that viewers fetched is kept in memory.
        """
        self.store, self.told = store, told
        self._hours: Kept[HourView] = Kept(_HEADS, monotonic_ns)
        self._folders: Kept[tuple[str, ...]] = Kept(_FOLDERS, monotonic_ns)
        self._media: Kept[bytes] = Kept(media_bytes, monotonic_ns)
        self._turns = asyncio.Semaphore(_AT_ONCE)

    def index_written(self, channel: str, rendition: str, hour: int) -> None:
        """Forget what was known of an hour: the packager says that its index is there."""
        self._hours.forget((channel, rendition, hour))

    async def hours(self, channel: str, rendition: str, hours: Iterable[int]) -> list[HourView]:
        """Return what there is in each of these hours.  Cancelling is safe.

        Raises:
            ArchiveError: If the store cannot tell now.
        """
        wanted = list(hours)
        found: dict[int, HourView] = {}
        for hour in wanted:
            view = self._known(channel, rendition, hour)
            if view is not None:
                found[hour] = view
        missing = [(rendition, hour) for hour in wanted if hour not in found]
        found |= {hour: view for (_, hour), view in (await self._read(channel, missing)).items()}
        return [found[hour] for hour in wanted]

    async def side_by_side(
        self, channel: str, renditions: Iterable[str], hour: int
    ) -> dict[str, HourView]:
        """Return what there is of each rendition in one hour; as :meth:`hours`."""
        views = await self._read(channel, [(rendition, hour) for rendition in renditions])
        return {rendition: view for (rendition, _), view in views.items()}

    async def _read(
        self, channel: str, wanted: list[tuple[str, int]]
    ) -> dict[tuple[str, int], HourView]:
        found: dict[tuple[str, int], HourView] = {}
        errors: list[ArchiveError] = []

        async def read(rendition: str, hour: int) -> None:
            try:
                found[rendition, hour] = await self.hour(channel, rendition, hour)
            except ArchiveError as error:
                errors.append(error)

        if len(wanted) == 1:
            await read(*wanted[0])
        elif wanted:
            async with asyncio.TaskGroup() as tasks:
                for rendition, hour in wanted:
                    tasks.create_task(read(rendition, hour))
        if errors:
            raise errors[0]
        return found

    def _known(self, channel: str, rendition: str, hour: int) -> HourView | None:
        told = self.told.view(channel, rendition, hour)
        return self._hours.get((channel, rendition, hour)) if told is None else told

    async def hour(self, channel: str, rendition: str, hour: int) -> HourView:
        """Return what there is in one hour.  Cancelling is safe.

        Raises:
            ArchiveError: If the store cannot tell now.
        """
        told = self.told.view(channel, rendition, hour)
        if told is not None:
            return told
        key = (channel, rendition, hour)
        return await self._hours.find(key, lambda: self._read_hour(channel, rendition, hour))

    async def renditions(self, channel: str) -> tuple[str, ...]:
        """Return the renditions of which the archive has anything, sorted.

        Raises:
            ArchiveError: If the store cannot tell now.
        """
        names = await self._names(channel)
        return tuple(name for name in names if name != THUMBNAILS)

    async def segment(self, channel: str, rendition: str, msn: int) -> bytes:
        """Return a segment.  Cancelling is safe.

        Raises:
            MissingError: If there is none.
            ArchiveError: If the store cannot tell now.
        """
        return await self._object(segment_key(channel, rendition, msn))

    async def header(self, channel: str, rendition: str, header_hash: str) -> bytes:
        """Return a header; raises as :meth:`segment`."""
        return await self._object(header_key(channel, rendition, header_hash))

    async def thumbnail(self, channel: str, msn: int) -> bytes:
        """Return a picture; raises as :meth:`segment`."""
        return await self._object(thumbnail_key(channel, msn))

    async def _object(self, key: str) -> bytes:
        async def read() -> bytes:
            data = await self._ask(lambda: self.store.get(key))
            self._media.put(key, data, size=len(data))
            return data

        return await self._media.find(key, read)

    async def _ask(self, request: Callable[[], Awaitable[T]]) -> T:
        async with self._turns:
            return await request()

    async def _read_hour(self, channel: str, rendition: str, hour: int) -> HourView:
        key = (channel, rendition, hour)
        try:
            data = await self._ask(lambda: self.store.get(index_key(channel, rendition, hour)))
            view = view_of_index(parse_index(data, table=False))
            self._hours.put(key, view)
        except MissingError:
            view = await self._hour_without_index(channel, rendition, hour)
            self._hours.put(key, view, for_ns=_SHORT_NS)
        except FormatError as error:
            log.warning(
                "index_unreadable",
                channel=channel,
                rendition=rendition,
                hour=hour,
                detail=str(error),
            )
            view = await self._hour_from_folder(channel, rendition, hour)
            self._hours.put(key, view, for_ns=_SHORT_NS)
        return view

    async def _hour_without_index(self, channel: str, rendition: str, hour: int) -> HourView:
        """Look whether the hour has a folder at all: one listing tells it for a whole day."""
        day, _, name = hour_folder(channel, rendition, hour).rpartition("/")
        if name not in await self._names(day):
            return NOTHING
        return await self._hour_from_folder(channel, rendition, hour)

    async def _hour_from_folder(self, channel: str, rendition: str, hour: int) -> HourView:
        sizes = await self._ask(lambda: segment_sizes(self.store, channel, rendition, hour))
        if not sizes:
            return NOTHING
        log.warning(
            "hour_without_index",
            channel=channel,
            rendition=rendition,
            hour=hour,
            segments=len(sizes),
        )
        notes = await self._ask(lambda: read_header_notes(self.store, channel, rendition))
        headers = [(msn, name) for msn in sorted(sizes) if (name := notes.in_force(msn))]
        if not headers:
            return NOTHING
        return HourView(
            runs=numbers_to_runs(headers),
            track=await self._facts(channel, rendition, headers[0][1]),
            peak_bps=_bits_per_second(max(sizes.values()), 1),
            average_bps=_bits_per_second(sum(sizes.values()), len(sizes)),
            closed=False,
        )

    async def _facts(self, channel: str, rendition: str, header_hash: str) -> TrackFacts | None:
        try:
            header = parse_header(await self.header(channel, rendition, header_hash))
        except (MissingError, FormatError):
            return None
        return TrackFacts(
            kind=header.kind,
            codec=header.codec,
            width=header.width,
            height=header.height,
            channels=header.channels,
        )

    async def _names(self, folder: str) -> tuple[str, ...]:
        async def read() -> tuple[str, ...]:
            names = tuple(await self._ask(lambda: self.store.folders(folder)))
            self._folders.put(folder, names, for_ns=_SHORT_NS)
            return names

        return await self._folders.find(folder, read)

    def collect(self) -> Iterator[CounterMetricFamily]:
        """Make the family."""
        family = CounterMetricFamily(
            "lensong_origin_cache_requests",
            "Look-ups in the archive, answered from memory or not",
            labels=("tier", "result"),
        )
        for tier, kept in (("index", self._hours), ("media", self._media)):
            for result, count in (
                ("hit", kept.hits),
                ("miss", kept.misses - kept.errors),
                ("error", kept.errors),
            ):
                family.add_metric((tier, result), count)
        yield family


def _bits_per_second(size_bytes: int, segments: int) -> int:
    return size_bytes * 8 * 1_000_000_000 // (SEGMENT_NS * segments)
