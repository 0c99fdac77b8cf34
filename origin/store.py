"""Follow the packager's local socket (I/O shell)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Final

import structlog

from core.clock import monotonic_ns
from core.publication import Publication, PublicationReader, SnapshotEnd
from origin.preparation import Preparation
from origin.window import Change

__all__ = ["Follower"]

log = structlog.get_logger()

_READ_BYTES: Final = 256 * 1024


class Follower:
    """One connection after another to the packager, each told into the preparation."""

    def __init__(
        self,
        path: Path,
        preparation: Preparation,
        changed: Callable[[Change], None],
        told: Callable[[Publication], None] = lambda _: None,
    ) -> None:
        """Prepare; nothing is opened before :meth:`run`.

        Args:
            path: The packager's socket.
            preparation: Takes the publications.
            changed: Told of each change, for what the preparation does not make.
            told: Told of each publication, for what is no part of the live window.
        """
        self._told_fact = told
        self._path, self._preparation, self._changed = path, preparation, changed
        self.following_since_ns: int | None = None
        """Monotonic moment at which this connection's window was told; None while it is not."""

        self.lost_ns: int | None = None
        """Monotonic moment at which the last connection ended; None before there was one."""

        self.told = asyncio.Event()
        """Set once a window was told."""

    async def run(self) -> None:
        """Follow one connection to its end.  Cancelling is safe.

        Raises:
            OSError: If there is no packager.
            FormatError: If what it tells makes no sense; a new connection tells it anew.
        """
        reader, writer = await asyncio.open_unix_connection(self._path, limit=2 * _READ_BYTES)
        try:
            await self._follow(reader)
        finally:
            if self.following_since_ns is not None:
                self.lost_ns = monotonic_ns()
            self.following_since_ns = None
            writer.close()

    async def _follow(self, reader: asyncio.StreamReader) -> None:
        publications = PublicationReader()
        self._preparation.begin_snapshot()
        while data := await reader.read(_READ_BYTES):
            stored_ns = monotonic_ns()
            for publication in publications.receive(data):
                self._changed(self._preparation.apply(publication, stored_ns=stored_ns))
                self._told_fact(publication)
                if isinstance(publication, SnapshotEnd):
                    self.following_since_ns = monotonic_ns()
                    self.told.set()
                    log.info("following the packager")
            # A whole window is tens of megabytes: viewers are answered in between.
            await asyncio.sleep(0)
