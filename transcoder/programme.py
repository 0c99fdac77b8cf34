"""The programme's thread: one tick of the switcher each frame of the programme clock."""

from __future__ import annotations

import threading

import structlog

from core.clock import monotonic_ns, unix_ns
from core.timeline import SEGMENT_NS, frame_at, start_of_frame
from transcoder.programme_clock import ProgrammeClock
from transcoder.switcher import Switcher
from transcoder.tape import Tape

__all__ = ["ProgrammeThread"]

log = structlog.get_logger()


class ProgrammeThread:
    """Tick until told to stop.

    Frame *n* is made when its time begins on the programme clock: what it shows was captured
    a jitter buffer earlier.  FFmpeg closes a fragment when the next frame comes, so a part is
    published just after its end and never before it.
    """

    def __init__(self, *, switcher: Switcher, tape: Tape, frame_rate: int) -> None:
        self._switcher, self._tape, self._rate = switcher, tape, frame_rate
        self._stopping = threading.Event()
        self.clock = ProgrammeClock(monotonic_ns=monotonic_ns(), unix_ns=unix_ns())
        self.frame = 0
        """Number of the frame made last."""

        self.skipped_frames = 0
        """Frames that were never made because the process stood still over a segment."""

    def stop(self) -> None:
        """Let :meth:`run` return soon."""
        self._stopping.set()

    def run(self) -> None:
        """Tick until :meth:`stop`; runs in a thread of its own."""
        frame = frame_at(self.clock.now(monotonic_ns()), self._rate) + 1
        while not self._stopping.is_set():
            due_ns = self.clock.monotonic_at(start_of_frame(frame, self._rate))
            late_ns = monotonic_ns() - due_ns
            if late_ns < 0:
                self._stopping.wait(-late_ns / 1e9)
                continue
            if late_ns > SEGMENT_NS:
                following = frame_at(self.clock.now(monotonic_ns()), self._rate)
                log.error("the programme stood still", skipped_frames=following - frame)
                self.skipped_frames += following - frame
                frame = following
                continue
            self._tape.append(self._switcher.tick(frame, monotonic_ns()))
            self.frame = frame
            frame += 1
            if frame % self._rate == 0:
                self.clock.observe(monotonic_ns=monotonic_ns(), unix_ns=unix_ns())
