"""An archive on a disk that refuses to write on command."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import Sequence
from pathlib import Path

from core.archive_disk import DiskArchive
from core.archive_store import ArchiveError

__all__ = ["FailingArchive"]


class FailingArchive(DiskArchive):
    """Stores like a disk until it is told to fail, and notes what was stored."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self._fault: int | None = None
        self.refused = 0
        """Writes that failed."""

        self.stored: list[str] = []
        """Names of what was stored, in order."""

        self.changed = asyncio.Event()
        """Set at each write, done or refused."""

    def fail(self, fault: int = errno.ENOSPC) -> None:
        """Refuse each write from now on, as the system call would with this ``errno``."""
        self._fault = fault

    def work(self) -> None:
        """Take writes again."""
        self._fault = None

    async def put(self, key: str, data: Sequence[bytes | memoryview]) -> None:
        """Store, or refuse."""
        try:
            if self._fault is not None:
                self.refused += 1
                raise ArchiveError(os.strerror(self._fault))
            await super().put(key, data)
            self.stored.append(key)
        finally:
            self.changed.set()
