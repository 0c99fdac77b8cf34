"""A studio of the demo whose clock is off: shifted against the grid, or fast, or slow.

    LENSONG_STUDIO_CLOCK=SHIFT_US:PPM python -m benchmarks.studio tv ...

Everything else is ``lensong.demo.publisher``, arguments included.  The shift moves its frames
between those of the programme clock, which is where sound and picture could part.
"""

from __future__ import annotations

import os

from core.clock import unix_ns
from core.timeline import UnixNs
from lensong.demo import publisher

__all__ = ["main"]


def main() -> None:
    """Run the studio with a clock of its own."""
    shift_us, ppm = map(int, os.getenv("LENSONG_STUDIO_CLOCK", "0:0").split(":"))
    begun = unix_ns()

    def clock() -> UnixNs:
        now = unix_ns()
        return UnixNs(now + shift_us * 1000 + (now - begun) * ppm // 1_000_000)

    # The studio is a program with one clock; this is the one place that gives it another.
    publisher.unix_ns = clock  # type: ignore[attr-defined]
    publisher.main()


if __name__ == "__main__":
    main()
