"""The publication server: every origin follows the packager over its local socket.

A follower is told the whole window and then each new fact, without loss or order lost between
the two, because both are put into its queue in one turn of the event loop.  A follower that
falls 64 MB behind is dropped: it comes back and is told the window anew, which is cheaper
than memory without end.  Nobody waits for a follower.
"""

from __future__ import annotations

import asyncio
import os
import socket
import stat
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import structlog

from core.errors import ConfigError
from core.publication import Publication, SegmentPublished, SnapshotEnd, render_publication
from packager.window import SnapshotItem

__all__ = ["MAX_BEHIND_BYTES", "FollowerServer"]

log = structlog.get_logger()

MAX_BEHIND_BYTES: Final = 64 * 1024 * 1024
_MAX_PATH_BYTES: Final = 107
"""``sun_path`` of unix(7) less its final zero."""

_HIGH_WATER_BYTES: Final = 1024 * 1024


@dataclass(slots=True, eq=False)
class _Follower:
    writer: asyncio.StreamWriter
    snapshot: deque[SnapshotItem]
    live: deque[tuple[bytes, bytes]] = field(default_factory=deque)
    live_bytes: int = 0
    more: asyncio.Event = field(default_factory=asyncio.Event)


class FollowerServer:
    """Serves the window and the live publications on a Unix socket."""

    def __init__(self, path: Path, *, snapshot: Callable[[], list[SnapshotItem]]) -> None:
        """Prepare; nothing is opened before :meth:`run`.

        Args:
            path: Of the socket.
            snapshot: Returns the window of all channels, without ``SnapshotEnd``.
        """
        self._path, self._snapshot = path, snapshot
        self._followers: set[_Follower] = set()
        self.listening = asyncio.Event()
        """Set while followers can connect."""

    @property
    def followers(self) -> int:
        """How many are connected."""
        return len(self._followers)

    def publish(self, publications: Iterable[Publication]) -> None:
        """Tell every follower; returns at once."""
        if not self._followers:
            return
        wire = [render_publication(item) for item in publications]
        size = sum(len(head) + len(media) for head, media in wire)
        for follower in list(self._followers):
            follower.live.extend(wire)
            follower.live_bytes += size
            follower.more.set()
            if follower.live_bytes > MAX_BEHIND_BYTES:
                log.warning("follower_dropped", behind_bytes=follower.live_bytes)
                self._followers.discard(follower)
                follower.writer.transport.abort()

    async def run(self) -> None:
        """Serve until cancelled.

        Raises:
            ConfigError: If the socket cannot be had.
        """
        await asyncio.to_thread(_prepare, self._path)
        async with asyncio.TaskGroup() as tasks:

            def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                tasks.create_task(self._serve(reader, writer))

            try:
                server = await asyncio.start_unix_server(accept, self._path)
            except OSError as error:
                raise ConfigError(f"cannot open the socket {self._path}: {error}") from error
            self.listening.set()
            try:
                await asyncio.Event().wait()
            finally:
                self.listening.clear()
                server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.transport.set_write_buffer_limits(high=_HIGH_WATER_BYTES)
        follower = _Follower(writer, deque([*self._snapshot(), (SnapshotEnd(), ())]))
        self._followers.add(follower)
        try:
            async with asyncio.TaskGroup() as tasks:
                sending = tasks.create_task(self._send(follower))
                while await reader.read(4_096):  # a follower has nothing to say
                    pass
                sending.cancel()
        except* OSError:
            pass  # it went away; that is its right
        finally:
            self._followers.discard(follower)
            writer.transport.abort()

    async def _send(self, follower: _Follower) -> None:
        while True:
            while follower.snapshot:
                item, parts = follower.snapshot.popleft()
                # Joined only now: a hundred megabytes of window are not copied at once.
                if parts and isinstance(item, SegmentPublished):
                    item = replace(item, data=b"".join(parts))
                follower.writer.writelines(render_publication(item))
                await follower.writer.drain()
            while follower.live:
                head, media = follower.live.popleft()
                follower.live_bytes -= len(head) + len(media)
                follower.writer.writelines((head, media))
                await follower.writer.drain()
            follower.more.clear()
            await follower.more.wait()


def _prepare(path: Path) -> None:
    """Make room for the socket: its folder is there, and no dead socket is in its place."""
    length = len(os.fsencode(path))
    if length > _MAX_PATH_BYTES:
        raise ConfigError(
            f"the socket's path {path} has {length} bytes and may have {_MAX_PATH_BYTES}:"
            " choose a shorter paths.run_dir"
        )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            return
        if not stat.S_ISSOCK(path.stat().st_mode):
            raise ConfigError(f"{path} is in the way of the packager's socket")
        if _answers(path):
            raise ConfigError(f"another packager already serves {path}")
        path.unlink()
    except OSError as error:
        raise ConfigError(f"cannot use {path}: {error.strerror or error}") from error


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        with suppress(OSError):
            probe.connect(str(path))
            return True
    return False
