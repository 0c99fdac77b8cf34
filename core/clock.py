"""The one place that reads a clock.

Sans-I/O code takes ``now`` as an argument; only the I/O shells call this.
"""

from __future__ import annotations

import time

from core.timeline import UnixNs

__all__ = ["monotonic_ns", "unix_ns"]


def unix_ns() -> UnixNs:
    """Return the wall clock, disciplined by NTP or PTP on the host, in nanoseconds."""
    return UnixNs(time.time_ns())


def monotonic_ns() -> int:
    """Return a clock that never steps, in nanoseconds from an arbitrary start."""
    return time.monotonic_ns()
