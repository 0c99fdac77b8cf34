"""A studio of the demo that is not as it should be: its clock is off, or what it sends is.

    LENSONG_STUDIO_CLOCK=SHIFT_US:PPM LENSONG_STUDIO_FAULT=FILE python -m benchmarks.studio tv ...

Everything else is ``lensong.demo.publisher``, arguments included.  The shift moves its frames
between those of the programme clock, which is where sound and picture could part.  The word in the
file, read anew all the time, is what it does wrong: ``black``, ``freeze``, ``silence``, ``loud``
(12 dB more); with no file, or none of these, nothing.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from core.clock import monotonic_ns, unix_ns
from core.timeline import UnixNs
from lensong.demo import publisher
from lensong.demo.picture import HEIGHT, WIDTH, Picture
from lensong.demo.sound import Samples, loop_slice

__all__ = ["main"]

_LOOK_NS = 100_000_000
_LOUDER = 4
_BLACK = b"\x10" * (WIDTH * HEIGHT) + b"\x80" * (WIDTH * HEIGHT // 2)


class _Fault:
    """The word in the file, looked at ten times a second."""

    def __init__(self, path: str) -> None:
        self._path = Path(path) if path else None
        self._word, self._read_ns = "", 0

    @property
    def word(self) -> str:
        now_ns = monotonic_ns()
        if self._path is not None and now_ns - self._read_ns > _LOOK_NS:
            self._read_ns = now_ns
            try:
                self._word = self._path.read_text(encoding="ascii").strip()
            except OSError:
                self._word = ""
        return self._word


def main() -> None:
    """Run the studio with a clock and faults of its own."""
    shift_us, ppm = map(int, os.getenv("LENSONG_STUDIO_CLOCK", "0:0").split(":"))
    fault = _Fault(os.getenv("LENSONG_STUDIO_FAULT", ""))
    begun = unix_ns()

    def clock() -> UnixNs:
        now = unix_ns()
        return UnixNs(now + shift_us * 1000 + (now - begun) * ppm // 1_000_000)

    class FaultyPicture(Picture):
        last = _BLACK

        def draw(self, frame: int, clock: str) -> bytes:
            if fault.word == "black":
                return _BLACK
            if fault.word != "freeze":
                self.last = super().draw(frame, clock)
            return self.last

    def faulty_slice(loop: Samples, start: int, count: int) -> bytes:
        data = loop_slice(loop, start, count)
        if fault.word == "silence":
            return bytes(len(data))
        if fault.word == "loud":
            louder = np.frombuffer(data, np.int16).astype(np.int32) * _LOUDER
            return np.clip(louder, -32_768, 32_767).astype(np.int16).tobytes()
        return data

    # The studio is a program with one clock, one picture and one sound; this is the one place that
    # gives it others.
    publisher.unix_ns = clock  # type: ignore[attr-defined]
    publisher.Picture = FaultyPicture  # type: ignore[attr-defined]
    publisher.loop_slice = faulty_slice  # type: ignore[attr-defined]
    publisher.main()


if __name__ == "__main__":
    main()
