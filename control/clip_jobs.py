"""The clips' jobs: one at a time, in the order in which they were asked for.

What is asked for is a file before it is answered, so a restart forgets no job: the one that was
running begins anew.  Making a clip is reading and writing in threads; the work on samples gives the
processor away at each segment, and the process is the control room, which nothing on air waits for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from secrets import token_hex
from typing import Final
from zoneinfo import ZoneInfo

import structlog

from core.archive_store import ArchiveStore
from core.clip import ClipError, ClipOrder
from core.clip_files import ClipFolder
from core.clip_maker import await_archived, make_clip
from core.clip_orders import clean_text, order_clip
from core.clip_records import DONE, FAILED, RUNNING, WAITING, ClipRecord, access_to_span
from core.clock import unix_ns
from core.config import Settings
from core.errors import LensongError, RefusedError
from core.guide import GuideSnapshot
from core.guide_files import GuideFiles
from core.rights import Access
from core.tasks import first_error
from core.timeline import UnixNs

__all__ = ["ClipJobs"]

log = structlog.get_logger()

_GB: Final = 1_000_000_000
_NS: Final = 1_000_000_000
_DAY_S: Final = 86_400
_TIDY_S: Final = 300.0
_NOTE_S: Final = 5.0
_TOLD_HOLES: Final = 100


class ClipJobs:
    """Takes orders, makes clips, forgets old ones."""

    def __init__(self, settings: Settings, open_store: Callable[[], ArchiveStore]) -> None:
        """Prepare; reads the host's time zones, and touches nothing else before :meth:`run`.

        Args:
            settings: The installation.
            open_store: Opens the archive.
        """
        self.configure(settings)
        self._open_store = open_store
        self._folder = ClipFolder(settings.clips_dir)
        self._records: dict[str, ClipRecord] = {}
        self._guide = GuideFiles(settings.guide_dir)
        self._snapshots: dict[str, GuideSnapshot] = {}
        self._writing = asyncio.Lock()
        self._wake = asyncio.Event()
        self._stop: asyncio.Event | None = None
        self._running = ""
        self._loaded = asyncio.Event()

    def configure(self, settings: Settings) -> None:
        """Use other settings from now on, but for the folders; blocks."""
        self.settings, self.zone = settings, ZoneInfo(settings.station.timezone)

    async def run(self) -> None:
        """Make clips for ever.  Cancelling is safe: the job that runs begins anew after a restart.

        Raises:
            OSError: If the clips' folder cannot be read or written.
        """
        await self._load()
        store = await asyncio.to_thread(self._open_store)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._work(store))
                tasks.create_task(self._tidy())
        except BaseExceptionGroup as group:
            error = first_error(group)
        else:
            return
        finally:
            store.close()
        raise error

    # What operators ask for.  All of these wait until the folder was read.

    async def listed(self) -> list[ClipRecord]:
        """Return every clip, the newest order first."""
        await self._loaded.wait()
        return sorted(self._records.values(), key=lambda one: (one.asked_s, one.id), reverse=True)

    async def find(self, clip_id: str) -> ClipRecord | None:
        """Return one clip."""
        await self._loaded.wait()
        return self._records.get(clip_id)

    def path(self, record: ClipRecord) -> Path:
        """Return where the media of a clip are."""
        return self._folder.media(record)

    async def snapshot(self, channel: str) -> GuideSnapshot | None:
        """Return what the guide says of a channel, as of now."""
        slugs = [item.slug for item in self.settings.channels]
        for found in await asyncio.to_thread(self._guide.read_changed, slugs):
            self._snapshots[found.channel] = found
        return self._snapshots.get(channel)

    async def order(
        self,
        *,
        channel: str,
        start: UnixNs,
        end: UnixNs,
        by: str,
        rendition: str | None = None,
        title: str = "",
        description: str = "",
        public: bool = False,
        listed: bool = False,
        reason: str = "",
    ) -> ClipRecord:
        """Take an order; it is on disk when this returns.

        Args:
            channel: Slug.
            start: First moment.
            end: The moment at which the clip is over.
            by: Who asks.
            rendition: None for the best.
            title: Without one, channel and time.
            description: For viewers.
            public: Anyone who knows the address may have it.
            listed: The site's list of clips names it, if it is public.
            reason: Why it is made although the rights forbid it; empty: then it is refused.

        Raises:
            RefusedError: If the rights forbid it.
            ClipError: If it cannot be made.
            ConfigError: If there is no such channel.
            OSError: If it cannot be written down.
        """
        now = unix_ns()
        wanted = order_clip(
            self.settings,
            zone=self.zone,
            channel=channel,
            start=start,
            end=end,
            now=now,
            rendition=rendition,
            title=title,
            description=description,
        )
        access = access_to_span(await self.snapshot(channel), start, end, now_s=now // _NS)
        if access is not Access.OPEN and not reason:
            raise _forbidden(access)
        return await self.add(
            ClipRecord(
                id=token_hex(16),
                channel=channel,
                kind=self.settings.channel(channel).kind,
                start_ns=start,
                end_ns=end,
                rendition=wanted.tracks[0].rendition,
                title=wanted.facts.title,
                description=wanted.facts.description,
                public=public,
                listed=listed,
                by=by,
                asked_s=now // _NS,
                forced="" if access is Access.OPEN else clean_text(reason, 500),
            )
        )

    async def add(self, record: ClipRecord) -> ClipRecord:
        """Take a record that was made elsewhere as an order.

        Raises:
            ClipError: If there are too many clips.
            OSError: If it cannot be written down.
        """
        await self._loaded.wait()
        limits = self.settings.clips
        if record.id not in self._records and len(self._records) >= limits.max_clips:
            raise ClipError(
                f"đã có {limits.max_clips} clip, hãy xóa bớt / there are {limits.max_clips} clips;"
                " delete some (clips.max_clips)",
                code="clip_space",
            )
        if self._running == record.id and self._stop is not None:
            self._stop.set()  # it begins anew, with what is right now
        async with self._writing:
            await self._save(record)
        self._wake.set()
        return record

    async def change(
        self, clip_id: str, *, public: bool | None = None, listed: bool | None = None
    ) -> ClipRecord | None:
        """Publish or list a clip, or take that back; None leaves it as it is."""
        wanted = {"public": public, "listed": listed}
        changes = {name: value for name, value in wanted.items() if value is not None}
        await self._loaded.wait()
        async with self._writing:
            record = self._records.get(clip_id)
            return None if record is None else await self._save(record.follow(**changes))

    async def remove(self, clip_id: str) -> ClipRecord | None:
        """Delete a clip, or end its job; return what it was."""
        await self._loaded.wait()
        async with self._writing:
            record = self._records.pop(clip_id, None)
            if record is None:
                return None
            if self._running == clip_id and self._stop is not None:
                self._stop.set()
            await asyncio.to_thread(self._folder.remove, record)
        return record

    # The work

    async def _load(self) -> None:
        async with self._writing:
            records = await asyncio.to_thread(self._folder.records)
            await asyncio.to_thread(self._folder.sweep, records)
            self._records = {record.id: record for record in records}
        self._loaded.set()

    async def _save(self, record: ClipRecord) -> ClipRecord:
        """Write a record down; the caller holds the lock, so that none is written twice at once.

        What is told of it is what is on disk, but for progress and notes.
        """
        await asyncio.to_thread(self._folder.write, record)
        self._records[record.id] = record
        return record

    async def _work(self, store: ArchiveStore) -> None:
        while True:
            self._wake.clear()
            due = [item for item in self._records.values() if item.state in {WAITING, RUNNING}]
            if not due:
                await self._wake.wait()
                continue
            # What is on air already goes before what is still to come.
            record = min(due, key=lambda item: (max(item.end_ns, unix_ns()), item.asked_s, item.id))
            if record.end_ns > unix_ns():
                await self._wait_for_end(due)
                continue
            self._running, self._stop = record.id, asyncio.Event()
            try:
                await self._until_stopped(store, record, self._stop)
            finally:
                self._running, self._stop = "", None

    async def _wait_for_end(self, due: list[ClipRecord]) -> None:
        """Wait a while, since nothing that was asked for has been on air whole."""
        for record in due:
            left_s = max(0, record.end_ns - unix_ns()) // _NS
            self._note(record.id, f"còn {left_s} giây mới phát xong / on air for {left_s} s more")
        soonest_s = (min(record.end_ns for record in due) - unix_ns()) / _NS
        with suppress(TimeoutError):
            async with asyncio.timeout(min(max(soonest_s, 0.0), _NOTE_S)):
                await self._wake.wait()

    async def _until_stopped(
        self, store: ArchiveStore, record: ClipRecord, stop: asyncio.Event
    ) -> None:
        """Make one clip, unless it is deleted meanwhile."""
        async with asyncio.TaskGroup() as tasks:
            job = tasks.create_task(self._make(store, record))

            async def watch() -> None:
                await stop.wait()
                job.cancel()

            watcher = tasks.create_task(watch())
            job.add_done_callback(lambda _: watcher.cancel())

    async def _make(self, store: ArchiveStore, record: ClipRecord) -> None:
        try:
            order = await self._check(record)
            record = await self._tell(record, state=WAITING, progress=0.0)
            await await_archived(store, order, say=lambda note: self._note(record.id, note))
            record = await self._tell(record, state=RUNNING, note="")
            made = await make_clip(
                store,
                order,
                self._folder.media(record),
                progress=lambda share: self._progress(record.id, share),
            )
        except (LensongError, OSError) as error:
            log.warning("clip_failed", clip=record.id, error=str(error))
            await self._tell(record, state=FAILED, failure=str(error)[:1_000], note="")
            return
        holes = tuple((name, hole.first, hole.last, hole.reason) for name, hole in made.holes)
        await self._tell(
            record,
            state=DONE,
            progress=1.0,
            note="",
            failure="",
            size_bytes=made.size_bytes,
            duration_s=order.span.seconds,
            holes=holes[:_TOLD_HOLES],
            done_s=unix_ns() // _NS,
        )
        log.info("clip_made", clip=record.id, channel=record.channel, size_bytes=made.size_bytes)

    async def _check(self, record: ClipRecord) -> ClipOrder:
        """Look at rights and space again, now that the clip's turn has come."""
        order = order_clip(
            self.settings,
            zone=self.zone,
            channel=record.channel,
            start=UnixNs(record.start_ns),
            end=UnixNs(record.end_ns),
            now=unix_ns(),
            rendition=record.rendition,
            title=record.title,
            description=record.description,
        )
        now_s = unix_ns() // _NS
        snapshot = await self.snapshot(record.channel)
        access = access_to_span(snapshot, record.start_ns, record.end_ns, now_s=now_s)
        if access is not Access.OPEN and not record.forced:
            raise RefusedError("đoạn này không còn được phép / the rights forbid that span now")
        used = await asyncio.to_thread(self._folder.used_bytes)
        if used >= self.settings.clips.max_gb * _GB:
            raise ClipError(
                f"các clip đã chiếm {used / _GB:.1f} GB, hãy xóa bớt / clips take {used / _GB:.1f}"
                " GB; delete some (clips.max_gb)",
                code="clip_space",
            )
        return order

    async def _tell(self, record: ClipRecord, **changes: object) -> ClipRecord:
        """Write down what became of a job, unless it was deleted."""
        async with self._writing:
            known = self._records.get(record.id)
            if known is None:
                with suppress(FileNotFoundError):
                    await asyncio.to_thread(self._folder.media(record).unlink)
                return record
            if (known.start_ns, known.end_ns) != (record.start_ns, record.end_ns):
                return record  # it was asked for anew
            return await self._save(known.follow(**changes))

    def _note(self, clip_id: str, note: str) -> None:
        if clip_id in self._records:
            self._records[clip_id] = self._records[clip_id].follow(note=note)

    def _progress(self, clip_id: str, share: float) -> None:
        if clip_id in self._records:
            self._records[clip_id] = self._records[clip_id].follow(progress=round(share, 4))

    async def _tidy(self) -> None:
        """Delete what is too old, for ever."""
        while True:
            keep_s = self.settings.clips.keep_days * _DAY_S
            now_s = unix_ns() // _NS
            for record in list(self._records.values()):
                old = keep_s and not record.programme and now_s >= record.asked_s + keep_s
                if old and record.state in {DONE, FAILED}:
                    log.info("clip_expired", clip=record.id)
                    await self.remove(record.id)
            await asyncio.sleep(_TIDY_S)


def _forbidden(access: Access) -> RefusedError:
    what = (
        "đã bị gỡ / was taken down"
        if access is Access.TAKEN_DOWN
        else "không được phát lại / may not be shown again"
    )
    return RefusedError(f"đoạn này {what}; force cần reason / force needs a reason")
