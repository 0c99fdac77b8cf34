"""An archive on a local disk whose acknowledged objects survive the loss of power.

The order is write, fsync, rename, fsync of the folder (and of each folder that was made for it): a
name is seen only with its whole content, and what :meth:`DiskArchive.put` acknowledged is on the
disk, as far as the disk itself keeps its word.  (obstore's local store renames, but syncs neither
file nor folder; DESIGN 3.4.)
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Final, TypeVar

from core.archive_store import ArchiveError, MissingError, StoredObject, is_name
from core.clock import unix_ns

__all__ = ["DiskArchive"]

T = TypeVar("T")

_THREADS: Final = 4
"""A sync waits for the disk, not for the processor."""

_ATTEMPTS: Final = 10
"""Of a write whose folder is removed again and again by those who empty it."""

_BESIDE: Final = ".writing-"
"""Begins the names of files that are not whole yet; a dot begins no object's name."""


_ABANDONED_NS: Final = 3_600_000_000_000
"""A file that nobody finished for so long belongs to a process that is dead."""


class DiskArchive:
    """Objects as files below one folder."""

    backend = "disk"

    def __init__(self, root: Path) -> None:
        """Prepare; nothing is touched before the first call.

        Args:
            root: The archive's folder; made when it is first written to.
        """
        self._root = root
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="archive")
        self._numbers = count()

    async def put(self, key: str, data: Sequence[bytes | memoryview]) -> None:
        """Store an object; see :class:`~core.archive_store.ArchiveStore`."""
        path = self._path(key)

        def put() -> None:
            for _ in range(_ATTEMPTS - 1):
                with suppress(FileNotFoundError):  # its folder was emptied and removed just now
                    return self._put(path, data)
            return self._put(path, data)

        await self._in_thread(put)

    async def get(self, key: str) -> bytes:
        """Return an object; see :class:`~core.archive_store.ArchiveStore`."""
        return await self._in_thread(self._path(key).read_bytes)

    async def objects(self, folder: str) -> list[StoredObject]:
        """Return the objects in a folder; see :class:`~core.archive_store.ArchiveStore`."""
        return await self._in_thread(lambda: self._objects(folder))

    async def folders(self, folder: str) -> list[str]:
        """Return the folders in a folder; see :class:`~core.archive_store.ArchiveStore`."""
        return await self._in_thread(lambda: self._folders(folder))

    async def delete(self, keys: Iterable[str]) -> None:
        """Remove objects, and the folders that become empty."""
        paths = [self._path(key) for key in keys]
        await self._in_thread(lambda: self._delete(paths))

    async def free_bytes(self) -> int | None:
        """Return the space left for us on the disk."""
        return await self._in_thread(self._free)

    def close(self) -> None:
        """End the threads, once what they do is done."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._threads, work)
        except FileNotFoundError as error:
            raise MissingError(f"{error.filename} is not there") from error
        except OSError as error:
            raise ArchiveError(f"{self._root}: {error.strerror or error}") from error

    def _path(self, key: str) -> Path:
        if not is_name(key):
            raise ArchiveError(f"{key!r} is no name of an object")
        return self._root / key

    def _put(self, path: Path, data: Sequence[bytes | memoryview]) -> None:
        self._make_folder(path.parent)
        beside = path.with_name(f"{_BESIDE}{os.getpid()}-{next(self._numbers)}")
        try:
            with beside.open("wb", buffering=0) as file:
                for piece in data:
                    _write_all(file.fileno(), piece)
                os.fsync(file.fileno())
            beside.replace(path)
        except OSError:
            with suppress(OSError):
                beside.unlink()
            raise
        _sync_folder(path.parent)

    def _make_folder(self, folder: Path) -> None:
        if folder.is_dir():
            return
        self._make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        _sync_folder(folder.parent)

    def _objects(self, folder: str) -> list[StoredObject]:
        prefix = f"{folder}/" if folder else ""
        try:
            with os.scandir(self._path(folder)) as entries:
                found = []
                for entry in entries:
                    if entry.is_file(follow_symlinks=False) and not entry.name.startswith("."):
                        with suppress(FileNotFoundError):  # removed just now
                            found.append(StoredObject(prefix + entry.name, entry.stat().st_size))
        except FileNotFoundError:
            return []
        return sorted(found, key=lambda item: item.key)

    def _folders(self, folder: str) -> list[str]:
        try:
            with os.scandir(self._path(folder)) as entries:
                return sorted(entry.name for entry in entries if entry.is_dir())
        except FileNotFoundError:
            return []

    def _delete(self, paths: Iterable[Path]) -> None:
        parents = set()
        for path in paths:
            path.unlink(missing_ok=True)
            parents.add(path.parent)
        for parent in parents:
            self._remove_empty(parent)

    def _remove_empty(self, folder: Path) -> None:
        """Remove a folder and those above it as far as they hold nothing."""
        while folder != self._root:
            with suppress(OSError):  # what a killed writer left there
                for left in folder.glob(f"{_BESIDE}*"):
                    if left.stat().st_mtime_ns < unix_ns() - _ABANDONED_NS:
                        left.unlink(missing_ok=True)
            try:
                folder.rmdir()
            except OSError:
                return
            folder = folder.parent

    def _free(self) -> int:
        folder = self._root
        while not folder.exists() and folder != folder.parent:
            folder = folder.parent
        status = os.statvfs(folder)
        return status.f_bavail * status.f_frsize


def _write_all(file: int, piece: bytes | memoryview) -> None:
    left = memoryview(piece)
    while left:
        left = left[os.write(file, left) :]


def _sync_folder(folder: Path) -> None:
    file = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(file)
    finally:
        os.close(file)
