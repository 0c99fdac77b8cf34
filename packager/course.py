"""The packager's idea of now, which a step of the system clock does not move.  Sans-I/O.

The programme holds its course when the system clock jumps by more than a second, and
so must its judge: after a step of an hour every segment would be late, or early.  The
course follows the system clock while both agree to a second, else runs on with the
monotonic clock until media arrive that fit the system clock alone.
"""

from __future__ import annotations

from typing import Final

from core.timeline import UnixNs

__all__ = ["Course"]

_STEP_NS: Final = 1_000_000_000


class Course:
    """A clock that is told both others at each reading."""

    def __init__(self, *, monotonic_ns: int, unix_ns: UnixNs) -> None:
        self._offset = unix_ns - monotonic_ns

    def now(self, *, monotonic_ns: int, unix_ns: UnixNs) -> UnixNs:
        """Return the moment by the course."""
        held = monotonic_ns + self._offset
        if abs(unix_ns - held) <= _STEP_NS:
            self._offset = unix_ns - monotonic_ns
            return unix_ns
        return UnixNs(held)

    def adopt(self, *, monotonic_ns: int, unix_ns: UnixNs) -> None:
        """Go by the system clock from here: the programme does."""
        self._offset = unix_ns - monotonic_ns
