"""Pipes to and from FFmpeg, and the threads that keep them moving.

Every pipe has its own thread and is always drained: FFmpeg reads one frame and stops
when the sound pipe is empty, and the other way round, so two pipes of one process are
never served by one blocking thread.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import numpy as np

__all__ = ["Pipe", "read_blocks", "read_bytes", "write_all"]

_WANTED_BYTES: Final = 1024 * 1024


class Pipe:
    """One pipe, as large as the system allows; both ends are closed exactly once."""

    def __init__(self) -> None:
        self.read_fd, self.write_fd = os.pipe()
        self._open = {self.read_fd, self.write_fd}
        # Asked for, not assumed: without privilege the system may refuse, which costs
        # some system calls a frame and nothing else.
        with suppress(OSError):
            fcntl.fcntl(self.write_fd, fcntl.F_SETPIPE_SZ, _WANTED_BYTES)

    def close_read(self) -> None:
        """Close the reading end, if it is open."""
        self._close(self.read_fd)

    def close_write(self) -> None:
        """Close the writing end, if it is open."""
        self._close(self.write_fd)

    def close(self) -> None:
        """Close what is open."""
        self.close_read()
        self.close_write()

    def _close(self, fd: int) -> None:
        if fd in self._open:
            self._open.discard(fd)
            os.close(fd)


def read_blocks(fd: int, size: int, take: Callable[[memoryview], None]) -> None:
    """Read blocks of exactly ``size`` bytes and hand over each, until the pipe ends.

    A last block that is cut off is dropped: half a picture is none.
    """
    while True:
        block = np.empty(size, np.uint8).data  # not zeroed, as a bytearray would be
        at = 0
        while at < size:
            got = os.readv(fd, [block[at:]])
            if not got:
                return
            at += got
        take(block)


def read_bytes(fd: int, take: Callable[[bytes], None]) -> None:
    """Read whatever comes and hand it over, until the pipe ends."""
    while data := os.read(fd, _WANTED_BYTES):
        take(data)


def write_all(fd: int, data: bytes | bytearray | memoryview) -> None:
    """Write all of ``data``, waiting as long as the reader lets the pipe be full.

    Raises:
        BrokenPipeError: If the reader is gone.
    """
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]
