"""The live spool: the window on disk, so that a packager that was killed still has it.

``{data_dir}/live/{channel}/`` holds ``facts`` (state, rates, discontinuities, holes) and a
folder a rendition with one file a publication, in its wire form: ``{hash}.header``,
``{msn}.{part}.part``, ``{msn}.segment``; beside ``facts`` lie ``{msn}.thumbnail``.  Each is
written beside its place and renamed, so what is there is whole.  Nothing is synced: this guards
against the death of a process, the archive guards against that of a host.

One thread writes.  Publishing never waits for it; a disk that is full or slow costs the memory of
a restart and nothing else.
"""

from __future__ import annotations

import asyncio
import re
import shutil
from collections import defaultdict
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from typing import Final

import structlog

from core.errors import FormatError
from core.publication import (
    HeaderPublished,
    PartPublished,
    Publication,
    PublicationReader,
    SegmentPublished,
    ThumbnailPublished,
    render_publication,
)

__all__ = ["LiveSpool"]

log = structlog.get_logger()

_MAX_JOBS: Final = 4_096
"""Writes that may wait: a minute's of a large station.  More are dropped and counted."""

_NUMBERED: Final = re.compile(r"(\d+)\.(?:\d+\.part|segment|thumbnail)")
_Media = HeaderPublished | PartPublished | SegmentPublished | ThumbnailPublished
_Job = Callable[[], None]


class LiveSpool:
    """Writes publications to disk, forgets the old ones, reads them back."""

    def __init__(self, root: Path, *, failed: Callable[[str], None]) -> None:
        """Prepare; nothing is touched before :meth:`load` or :meth:`run`.

        Args:
            root: ``{data_dir}/live``.
            failed: Told the channel of each write that failed, from the writing thread.
        """
        self._root, self._failed = root, failed
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._failing: set[str] = set()
        # Both belong to the thread (and to load(), which runs before it).
        self._numbered: dict[str, dict[int, list[Path]]] = defaultdict(lambda: defaultdict(list))

    # The loop's side

    async def run(self) -> None:
        """Write until cancelled; what waits then is still written."""
        try:
            await asyncio.to_thread(self._work)
        finally:
            self._jobs.put(None)

    def put(self, publications: Iterable[Publication]) -> None:
        """Write headers, parts, segments and thumbnails soon."""
        for item in publications:
            if isinstance(item, _Media):
                self._add(item.channel, partial(self._write_media, item))

    def put_facts(self, channel: str, facts: list[Publication]) -> None:
        """Write all facts of a channel soon, in place of those before."""
        self._add(channel, partial(self._write, self._root / channel / "facts", facts))

    def expire(self, channel: str, first: int) -> None:
        """Remove the numbers below ``first`` soon."""
        self._add(channel, partial(self._expire, channel, first))

    def remove_channel(self, channel: str) -> None:
        """Remove all of a channel soon."""
        self._add(channel, partial(self._remove_channel, channel))

    async def flushed(self, *, patience_s: float) -> bool:
        """Wait until all that was put before is written; False if it takes too long."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()

        def tell() -> None:
            with suppress(RuntimeError):  # the loop may be closed by now
                loop.call_soon_threadsafe(_settle, done)

        self._jobs.put(tell)
        try:
            async with asyncio.timeout(patience_s):
                await done
        except TimeoutError:
            return False
        return True

    def _add(self, channel: str, job: _Job) -> None:
        if self._jobs.qsize() >= _MAX_JOBS:
            self._failed(channel)
        else:
            self._jobs.put(partial(self._attempt, channel, job))

    # The thread's side

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()

    def _attempt(self, channel: str, job: _Job) -> None:
        try:
            job()
        except OSError as error:
            self._failed(channel)
            if channel not in self._failing:  # ten times a second: one line is enough
                log.warning("spool_failed", channel=channel, detail=str(error))
            self._failing.add(channel)
        else:
            if channel in self._failing:
                log.info("spool_works_again", channel=channel)
            self._failing.discard(channel)

    def _write_media(self, item: _Media) -> None:
        folder = self._root / item.channel
        if isinstance(item, HeaderPublished):
            self._write(folder / item.rendition / f"{item.hash}.header", [item])
            return
        if isinstance(item, ThumbnailPublished):
            path = folder / f"{item.msn}.thumbnail"
        else:
            end = f"{item.part}.part" if isinstance(item, PartPublished) else "segment"
            path = folder / item.rendition / f"{item.msn}.{end}"
        self._write(path, [item])
        self._numbered[item.channel][item.msn].append(path)

    def _write(self, path: Path, items: Iterable[Publication]) -> None:
        beside = path.with_name(path.name + ".tmp")
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with beside.open("wb") as file:
                for item in items:
                    file.writelines(render_publication(item))
            beside.replace(path)
        except OSError:
            with suppress(OSError):
                beside.unlink()
            raise

    def _expire(self, channel: str, first: int) -> None:
        numbers = self._numbered[channel]
        for msn in [msn for msn in numbers if msn < first]:
            for path in numbers.pop(msn):
                path.unlink(missing_ok=True)

    def _remove_channel(self, channel: str) -> None:
        self._numbered.pop(channel, None)
        shutil.rmtree(self._root / channel, ignore_errors=True)

    # Once, at start

    def load(self, channels: Iterable[str]) -> dict[str, list[Publication]]:
        """Read back what an earlier process wrote; blocks, and is called before :meth:`run`.

        What cannot be read is removed: it is a memory, not an archive.  A channel that is not
        configured any more is removed too.
        """
        wanted = set(channels)
        found: dict[str, list[Publication]] = {}
        for folder in sorted(self._root.glob("*/")):
            if folder.name in wanted:
                found[folder.name] = self._load_channel(folder)
            else:
                shutil.rmtree(folder, ignore_errors=True)
        return found

    def _load_channel(self, folder: Path) -> list[Publication]:
        items: list[Publication] = []
        for path in sorted(folder.rglob("*")):
            if path.is_dir():
                continue
            try:
                read = _read(path)
            except (OSError, FormatError) as error:
                log.warning("spool_unreadable", file=path.name, detail=str(error))
                with suppress(OSError):
                    path.unlink()
                continue
            numbered = _NUMBERED.fullmatch(path.name)
            if numbered is not None:
                self._numbered[folder.name][int(numbered[1])].append(path)
            items += read
        return items


def _settle(done: asyncio.Future[None]) -> None:
    if not done.done():
        done.set_result(None)


def _read(path: Path) -> list[Publication]:
    if path.suffix == ".tmp":
        raise FormatError("was not finished")
    data = path.read_bytes()
    items = PublicationReader().receive(data)
    if sum(sum(map(len, render_publication(item))) for item in items) != len(data):
        raise FormatError("ends in the middle")
    return items
