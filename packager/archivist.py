"""Brings what was published into the archive (I/O shell).

Publishing never waits for it.  A segment waits in memory until the archive has it, durably; then it
is acknowledged: every follower is told, and it stands in the journal.  While the archive cannot
take anything (full, read-only, unreachable) one writer goes on trying and the segments wait, up
to a limit in bytes; beyond it the oldest are given up, and stand in the index with the reason.

A packager that was killed finds its segments again in the live spool and stores those that the
archive lacks.
"""

from __future__ import annotations

import asyncio
import hashlib
import heapq
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Final, NoReturn

import structlog

from core.archive import (
    header_key,
    header_marker_key,
    hour_of,
    index_key,
    render_index,
    segment_key,
    thumbnail_key,
)
from core.archive_store import ArchiveError, ArchiveStore
from core.clock import monotonic_ns
from core.cmaf import TrackHeader
from core.config import ChannelSettings
from core.errors import ConfigError
from core.ladder import Rendition, deposit_renditions, renditions_of
from core.publication import (
    DiscontinuityDeclared,
    HoleDeclared,
    Publication,
    SegmentArchived,
    SegmentLost,
    SegmentPublished,
    ThumbnailPublished,
)
from core.timeline import UnixNs
from packager.archive_hours import ArchiveFact, ChannelHours
from packager.archive_journal import Journal
from packager.archive_recovery import compare_with_objects, read_recent
from packager.channel import ChannelMachine
from packager.metrics import ArchiveMetrics

__all__ = ["Archivist", "archived_renditions"]

log = structlog.get_logger()

_WRITERS: Final = 4
_FIRST_PAUSE_S: Final = 0.5
_LONGEST_PAUSE_S: Final = 5.0
_MAX_THUMBNAILS: Final = 4_000
"""That wait: an hour of four channels, 40 MB.  More push out the oldest."""

_CLOSE_EVERY_S: Final = 1.0
_GIVEN_UP: Final = "the archive could not take it"


@dataclass(slots=True)
class _Job:
    """One segment that waits to be stored."""

    channel: str
    rendition: str
    msn: int
    parts: Sequence[bytes]
    header: TrackHeader
    slate: bool
    marks_header: bool
    """It is the first of its rendition with this header."""

    attempts: int = 0
    """How often the archive did not take it: one that it never takes holds up no other."""

    size_bytes: int = field(init=False)

    def __post_init__(self) -> None:
        self.size_bytes = sum(map(len, self.parts))


def archived_renditions(channel: ChannelSettings) -> tuple[Rendition, ...]:
    """Return what of a channel is stored: everything, or the legal deposit alone, or nothing."""
    if channel.archive_days:
        return renditions_of(channel)
    try:
        return deposit_renditions(channel)
    except ConfigError:
        return ()


class Archivist:
    """The archive's writer, for all channels of this packager."""

    def __init__(
        self,
        *,
        store: ArchiveStore,
        journal: Journal,
        metrics: ArchiveMetrics,
        max_pending_bytes: int,
        machines: Callable[[], Mapping[str, ChannelMachine]],
        now: Callable[[], UnixNs],
        publish: Callable[[list[Publication]], None],
    ) -> None:
        """Prepare; nothing is touched before :meth:`run`.

        Args:
            store: Where segments go.
            journal: Where it is noted.
            metrics: Count and time the writes.
            max_pending_bytes: Of segments that wait.
            machines: The channels' live windows.
            now: The packager's course.
            publish: Tells the followers.
        """
        self._store, self._journal, self._metrics = store, journal, metrics
        self._max_pending_bytes = max_pending_bytes
        self._machines, self._now, self._publish = machines, now, publish
        self._hours: dict[str, ChannelHours] = {}
        self._renditions: dict[str, set[str]] = {}
        self._headers: dict[tuple[str, str], str] = {}
        """Header of the newest segment taken, by channel and rendition."""

        self._stored_headers: set[str] = set()
        self._queue: list[tuple[int, int, int, _Job]] = []
        self._order = count()
        self._waiting: dict[tuple[str, str, int], _Job] = {}
        """Those in the queue and those that a writer holds."""

        self._pending_bytes = 0
        self._thumbnails: deque[ThumbnailPublished] = deque(maxlen=_MAX_THUMBNAILS)
        self._facts: list[ArchiveFact] = []
        self._appending = asyncio.Lock()
        self._more = asyncio.Event()
        self._more_facts = asyncio.Event()
        self._more_thumbnails = asyncio.Event()
        self._working = asyncio.Event()
        self._working.set()
        self._failing_since_ns: int | None = None
        self.ready = asyncio.Event()
        """Set once what an earlier process left is known."""

    # What comes in

    def configure(self, channels: Iterable[ChannelSettings]) -> None:
        """Archive these channels from now on; what waits of others is still stored."""
        before, self._renditions = self._renditions, {}
        for channel in channels:
            wanted = archived_renditions(channel)
            self._renditions[channel.slug] = {item.name for item in wanted}
            if wanted:
                self._of(channel.slug).set_renditions(wanted)
            self._metrics.add_channel(channel.slug)
        for slug in before.keys() - self._renditions.keys():
            self._metrics.remove_channel(slug)

    def take(self, machine: ChannelMachine, publications: Iterable[Publication]) -> None:
        """Take what was just published; returns at once."""
        if not self._renditions.get(machine.slug):
            return
        for item in publications:
            match item:
                case SegmentPublished():
                    if item.data:
                        self._note(replace(item, data=b""))
                    self._take_segment(machine, item.rendition, item.msn)
                case HoleDeclared() | DiscontinuityDeclared():
                    self._note(item)
                case ThumbnailPublished():
                    self._thumbnails.append(item)
                    self._more_thumbnails.set()
                case _:
                    pass

    def _of(self, slug: str) -> ChannelHours:
        return self._hours.setdefault(slug, ChannelHours(slug))

    def _note(self, fact: ArchiveFact) -> None:
        self._of(fact.channel).add(fact)
        self._facts.append(fact)
        self._more_facts.set()

    def _take_segment(self, machine: ChannelMachine, rendition: str, msn: int) -> None:
        found = machine.segment(rendition, msn)
        if found is None or rendition not in self._renditions.get(machine.slug, ()):
            return
        segment, header = found
        hours, track = self._of(machine.slug), (machine.slug, rendition)
        hours.add_header(rendition, header)
        before = self._headers.get(track) or hours.last_header(rendition)
        self._headers[track] = header.hash
        job = _Job(
            machine.slug,
            rendition,
            msn,
            tuple(segment.parts),
            header,
            segment.slate,
            marks_header=before != header.hash,
        )
        key = (machine.slug, rendition, msn)
        if key in self._waiting:
            return
        self._waiting[key] = job
        self._push(job)
        self._count(job.size_bytes)
        self._give_up_oldest()

    def _push(self, job: _Job) -> None:
        heapq.heappush(self._queue, (job.attempts, job.msn, next(self._order), job))
        self._more.set()

    def _give_up_oldest(self) -> None:
        """Drop what is too much to keep, the oldest first; each is a hole with its reason."""
        while self._pending_bytes > self._max_pending_bytes and self._queue:
            entry = min(self._queue, key=lambda entry: entry[1])
            self._queue.remove(entry)
            heapq.heapify(self._queue)
            job = entry[-1]
            self._forget(job)
            lost = SegmentLost(
                channel=job.channel, rendition=job.rendition, msn=job.msn, reason=_GIVEN_UP
            )
            self._note(lost)
            self._publish([lost])
            self._metrics.gave_up(job.channel)
            log.error("archive_gave_up", channel=job.channel, detail=f"{job.rendition} {job.msn}")

    def _forget(self, job: _Job) -> None:
        del self._waiting[job.channel, job.rendition, job.msn]
        self._count(-job.size_bytes)

    def _count(self, change_bytes: int) -> None:
        self._pending_bytes += change_bytes
        self._metrics.set_pending(self._pending_bytes)

    # What is known

    def snapshot(self) -> list[Publication]:
        """Return what a follower that just connected is told."""
        return [item for hours in self._hours.values() for item in hours.snapshot()]

    def status(self, slug: str) -> dict[str, object]:
        """Return what operators are shown of a channel."""
        waiting = [job for job in self._waiting.values() if job.channel == slug]
        hours = self._hours.get(slug)
        return {
            "archived_up_to": {} if hours is None else dict(hours.archived_up_to),
            "waiting_segments": len(waiting),
            "waiting_bytes": sum(job.size_bytes for job in waiting),
            "failing": self._failing_since_ns is not None,
        }

    # Tasks

    async def run(self) -> None:
        """Store until cancelled; what waits then is in the live spool, for the next process."""
        await self._recover()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._write_journal())
            tasks.create_task(self._close_hours())
            tasks.create_task(self._write_thumbnails())
            for _ in range(_WRITERS):
                tasks.create_task(self._write())

    async def _write(self) -> NoReturn:
        while True:
            await self._working.wait()
            if not self._queue:
                self._more.clear()
                await self._more.wait()
            elif not await self._store_next() and self._working.is_set():
                await self._probe()  # the first to fail goes on trying, for all

    async def _store_next(self) -> bool:
        """Store the next segment; if that fails, it waits on, and the answer is False."""
        job = heapq.heappop(self._queue)[-1]
        try:
            await self._store_segment(job)
        except ArchiveError as error:
            job.attempts += 1
            self._push(job)
            self._note_failure(error)
            return False
        return True

    def _note_failure(self, error: ArchiveError) -> None:
        self._metrics.failed()
        if self._failing_since_ns is None:  # one line for the whole time of it
            self._failing_since_ns = monotonic_ns()
            log.error("archive_failed", detail=str(error))

    async def _probe(self) -> None:
        """Try again, less and less often, until the archive takes something."""
        self._working.clear()
        pause_s = _FIRST_PAUSE_S
        while True:
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
            if self._queue and await self._store_next():
                break
        since_ns, self._failing_since_ns = self._failing_since_ns, None
        lasted_s = 0.0 if since_ns is None else (monotonic_ns() - since_ns) / 1e9
        log.info("archive_works_again", after_s=round(lasted_s, 1), waiting=len(self._waiting))
        self._working.set()

    async def _store_segment(self, job: _Job) -> None:
        """Store one segment and acknowledge it.

        Raises:
            ArchiveError: If it is not stored, or perhaps not.
        """
        started_ns = monotonic_ns()
        await self._store_header(job)
        key = segment_key(job.channel, job.rendition, job.msn)
        digest = await asyncio.to_thread(_digest, job.parts)
        await self._store.put(key, job.parts)
        self._metrics.wrote((monotonic_ns() - started_ns) / 1e9)
        self._forget(job)
        fact = SegmentArchived(
            channel=job.channel,
            rendition=job.rendition,
            msn=job.msn,
            header_hash=job.header.hash,
            size_bytes=job.size_bytes,
            sha256=digest,
            slate=job.slate,
        )
        self._note(fact)
        self._publish([fact])

    async def _store_header(self, job: _Job) -> None:
        key = header_key(job.channel, job.rendition, job.header.hash)
        if key not in self._stored_headers:
            await self._store.put(key, [job.header.data])
        if job.marks_header:
            marker = header_marker_key(job.channel, job.rendition, job.msn)
            await self._store.put(marker, [job.header.hash.encode()])
        self._stored_headers.add(key)

    async def _write_journal(self) -> NoReturn:
        while True:
            await self._more_facts.wait()
            self._more_facts.clear()
            await self._append_facts()

    async def _append_facts(self) -> None:
        async with self._appending:
            facts, self._facts = self._facts, []
            await asyncio.to_thread(self._journal.append, facts)

    async def _write_thumbnails(self) -> NoReturn:
        """Store thumbnails, behind all else: one that is never stored is a picture not shown."""
        while True:
            await self._working.wait()
            if not self._thumbnails:
                self._more_thumbnails.clear()
                await self._more_thumbnails.wait()
                continue
            item = self._thumbnails.popleft()
            try:
                await self._store.put(thumbnail_key(item.channel, item.msn), [item.data])
            except ArchiveError:
                self._metrics.failed()
                self._thumbnails.appendleft(item)
                await asyncio.sleep(_LONGEST_PAUSE_S)

    # Closing hours

    async def _close_hours(self) -> NoReturn:
        while True:
            await asyncio.sleep(_CLOSE_EVERY_S)
            await self._working.wait()
            for slug in list(self._hours):
                machine = self._machines().get(slug)
                if machine is not None:
                    self._take_window(machine)  # what was given up and is still on air
                try:
                    await self._close_due(slug)
                except ArchiveError as error:
                    log.warning("index_failed", channel=slug, detail=str(error))

    async def _close_due(self, slug: str) -> None:
        hours, machine, now = self._hours[slug], self._machines().get(slug), self._now()
        if self._renditions.get(slug):
            hours.begin(now)
        waiting = {
            (rendition, hour_of(msn))
            for channel, rendition, msn in self._waiting
            if channel == slug
        }
        first_kept = None if machine is None else machine.first_kept
        for hour in hours.due(now=now, first_kept=first_kept, waiting=waiting):
            indexes = {}
            for rendition in hours.renditions_of(hour):
                data = await asyncio.to_thread(render_index, hours.index(rendition, hour))
                await self._store.put(index_key(slug, rendition, hour), [data])
                indexes[rendition] = data
            told = hours.close(hour, indexes)
            self._publish(list(told))
            await self._append_facts()  # none of the hour's comes after its file is gone
            await asyncio.to_thread(self._journal.remove, slug, hour)
            log.info("hour_closed", channel=slug, hour=hour)

    # What an earlier process left

    async def _recover(self) -> None:
        """Learn what an earlier process left, however long the archive takes to answer."""
        journal = await asyncio.to_thread(self._journal.read)
        pause_s = _FIRST_PAUSE_S
        while True:
            try:
                for slug in sorted({*journal, *self._hours}):
                    await self._recover_channel(slug, journal.get(slug, []))
            except ArchiveError as error:
                self._note_failure(error)
                await asyncio.sleep(pause_s)
                pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
            else:
                break
        self._failing_since_ns = None
        self.ready.set()
        self._publish(self.snapshot())

    async def _recover_channel(self, slug: str, facts: Sequence[ArchiveFact]) -> None:
        hours, machine = self._of(slug), self._machines().get(slug)
        await read_recent(self._store, hours, now=self._now())
        for fact in facts:
            hours.add(fact)
        if machine is not None:
            self.take(machine, machine.facts())
            self.take(machine, machine.thumbnails())
        if self._renditions.get(slug):
            hours.begin(self._now())
        for fact in await compare_with_objects(self._store, hours):
            self._note(fact)
        if machine is not None:
            self._take_window(machine)

    def _take_window(self, machine: ChannelMachine) -> None:
        """Take what the live window still has and the archive has not, as far as it fits."""
        hours = self._of(machine.slug)
        for rendition, msn in machine.published_segments():
            if self._pending_bytes > self._max_pending_bytes // 2:
                break
            if not hours.has(rendition, msn):
                self._take_segment(machine, rendition, msn)


def _digest(pieces: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
    return digest.hexdigest()
