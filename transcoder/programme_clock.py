"""The programme clock: a clock that never steps back, steered gently to the system's.  Sans-I/O.

The clock is the monotonic clock plus an offset.  While it is at most a second wrong
against the system clock it is slewed, at most 500 ppm, which no ear and no player
notices.  Further off, something is wrong with the host's time: the clock holds its
course and says how far off it is, until an operator or a restart moves it.  A segment
number that was used is never used again, so the clock only ever moves forward.
"""

from __future__ import annotations

from typing import Final

from core.timeline import UnixNs

__all__ = ["HOLD_BEYOND_NS", "MAX_SLEW", "ProgrammeClock"]

MAX_SLEW: Final = 500e-6
"""Largest correction of the rate: 0.5 ms a second."""

HOLD_BEYOND_NS: Final = 1_000_000_000
"""Beyond this error the clock holds its course instead of following."""

_SETTLE_S: Final = 20.0
"""Small errors are worked off at this time constant, so that noise is not chased."""


class ProgrammeClock:
    """Monotonic nanoseconds to programme time."""

    def __init__(self, *, monotonic_ns: int, unix_ns: UnixNs) -> None:
        self._offset_ns = float(unix_ns - monotonic_ns)
        self._observed_ns = monotonic_ns
        self._error_ns = 0

    @property
    def lag_ns(self) -> int:
        """System clock minus programme clock when they were last compared, in nanoseconds."""
        return self._error_ns

    @property
    def is_holding(self) -> bool:
        """The system clock is so far off that it is not followed."""
        return abs(self._error_ns) > HOLD_BEYOND_NS

    def now(self, monotonic_ns: int) -> UnixNs:
        """Return the programme time at a monotonic moment."""
        return UnixNs(monotonic_ns + round(self._offset_ns))

    def monotonic_at(self, moment: UnixNs) -> int:
        """Return the monotonic moment of a programme time, at the present offset."""
        return moment - round(self._offset_ns)

    def observe(self, *, monotonic_ns: int, unix_ns: UnixNs) -> None:
        """Compare with the system clock and slew; call it about once a second."""
        elapsed_ns = monotonic_ns - self._observed_ns
        self._observed_ns = monotonic_ns
        self._error_ns = unix_ns - self.now(monotonic_ns)
        if self.is_holding or elapsed_ns <= 0:
            return
        most = MAX_SLEW * elapsed_ns
        wanted = self._error_ns * min(1.0, elapsed_ns / (_SETTLE_S * 1e9))
        self._offset_ns += max(-most, min(most, wanted))
