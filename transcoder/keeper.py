"""Keep one encoder running for months: start, watch, replace.

A new encoder begins at a segment's boundary.  Which one is arithmetic: the oldest
segment that is not whole in every rendition, if the tape still holds its first frame,
else the first boundary that the tape holds or will hold.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

import structlog

from core.clock import monotonic_ns
from core.timeline import PartAddress, frames_per_segment, start_of_segment
from transcoder.encoder import EncoderRun, Output
from transcoder.graph import EncoderPlan
from transcoder.tape import Tape
from transcoder.thumbnails import MadeThumbnail

__all__ = [
    "CATCH_UP_S",
    "RADIO_CATCH_UP_S",
    "EncoderKeeper",
    "SpeedMeter",
    "first_segment",
]

log = structlog.get_logger()

_WATCH_S: Final = 0.05
_START_S: Final = 0.5
"""Seconds that a first encoder is given before the boundary with which it begins."""

_SPEED_NS: Final = 10_000_000_000
_SPEED_STEP_NS: Final = 1_000_000_000

CATCH_UP_S: Final = 1.6
"""How far back a new encoder may begin; the tape is longer, for the time it needs to start."""

RADIO_CATCH_UP_S: Final = 7.0
"""The same where there is no picture: a segment and 3 s, so that a new encoder, which encodes
sound at a hundred times its speed, begins with the segment in which the last one failed."""


def _wanted_segment(newest: Mapping[str, PartAddress], begun: int) -> int:
    """Return the oldest segment that an encoder which began with ``begun`` left incomplete."""
    return min((address.next().msn for address in newest.values()), default=begun)


def first_segment(
    *,
    newest: Mapping[str, PartAddress],
    begun: int,
    tape_next: int,
    frame_rate: int,
    catch_up_s: float,
) -> int:
    """Return the number of the segment with which a new encoder begins.

    Args:
        newest: Newest part that the last encoder made of each output.
        begun: Segment with which the last encoder began.
        tape_next: Number of the frame that the tape will hold next.
        frame_rate: Frames a second of the programme.
        catch_up_s: How far back it may begin, in seconds.
    """
    length = frames_per_segment(frame_rate)
    reachable = tape_next - round(catch_up_s * frame_rate)
    return max(_wanted_segment(newest, begun), -(-reachable // length))


class SpeedMeter:
    """Frames a second over the last ten seconds, whichever encoder took them.

    An encoder that gets too little of the processor falls off the tape and is replaced; the new one
    catches up for a moment.  Only how far all of them came together tells that it is not enough.
    """

    def __init__(self) -> None:
        self._marks: deque[tuple[int, int]] = deque()
        self.frames_per_s = 0.0

    def note(self, now_ns: int, frames: int) -> None:
        """Take how many frames of the programme have been encoded so far; 0 before the first."""
        if not frames:
            return
        if self._marks and now_ns - self._marks[-1][0] < _SPEED_STEP_NS:
            return
        self._marks.append((now_ns, frames))
        while now_ns - self._marks[0][0] > _SPEED_NS:
            self._marks.popleft()
        first_ns, first_frames = self._marks[0]
        if now_ns > first_ns:
            # A segment that was begun and then given up counts for less than nothing.
            made = max(0, frames - first_frames)
            self.frames_per_s = made / (now_ns - first_ns) * 1e9


class EncoderKeeper:
    """The channel's one encoder, replaced when it fails."""

    def __init__(
        self,
        *,
        program: str,
        plan: EncoderPlan,
        tape: Tape,
        catch_up_s: float,
        deliver: Callable[[Output], None],
        restarted: Callable[[str], None],
        deliver_thumbnail: Callable[[MadeThumbnail], None] | None = None,
    ) -> None:
        """Prepare; nothing is started before :meth:`run`.

        Args:
            program: Path of FFmpeg.
            plan: What to encode; its start is chosen here.
            tape: Where raw frames come from.
            catch_up_s: How far back a new encoder may begin, in seconds.
            deliver: Called from other threads with each header and part.
            restarted: Told the reason of each replacement.
            deliver_thumbnail: Called from another thread with each thumbnail; without it none
                is made.
        """
        self._program, self._plan, self._tape = program, plan, tape
        self._deliver, self._restarted = deliver, restarted
        self._catch_up_s = catch_up_s
        self._deliver_thumbnail = deliver_thumbnail
        self.thumbnail_faults: dict[str, int] = {}
        """Runs that made no more thumbnails though they made media, by reason."""

        self._cpu_before_s = 0.0
        self._frames_before = 0
        self._speed = SpeedMeter()
        self._reached = 0
        self.frames_dropped = 0
        """Frames of the programme that no encoder encoded: those of segments that were skipped."""

        self.current: EncoderRun | None = None

    @property
    def cpu_seconds(self) -> float:
        """CPU time of this and all former encoders."""
        return self._cpu_before_s + (self.current.cpu_seconds if self.current else 0.0)

    @property
    def frames_fed(self) -> int:
        """Frames given to this and all former encoders."""
        return self._frames_before + (self.current.frames_fed if self.current else 0)

    @property
    def waiting_frames(self) -> int:
        """Frames on the tape that the encoder has not taken yet; 0 before its boundary."""
        following = self._tape.next
        if self.current is None or following is None:
            return 0
        return max(0, following - self.current.first_frame - self.current.frames_fed)

    @property
    def speed_ratio(self) -> float:
        """Media seconds that encoders took a second, over the last ten, restarts included."""
        return self._speed.frames_per_s / self._plan.frame_rate

    async def run(self) -> None:
        """Encode until cancelled."""
        while (frame := self._tape.next) is None:  # noqa: ASYNC110 - a thread writes the tape
            await asyncio.sleep(_WATCH_S)
        rate = self._plan.frame_rate
        msn = -(-(frame + round(_START_S * rate)) // frames_per_segment(rate))
        while True:
            newest = await self._encode(msn)
            following = self._tape.next or 0
            wanted = _wanted_segment(newest, msn)
            msn = first_segment(
                newest=newest,
                begun=msn,
                tape_next=following,
                frame_rate=rate,
                catch_up_s=self._catch_up_s,
            )
            self.frames_dropped += max(0, msn - wanted) * frames_per_segment(rate)

    async def _encode(self, msn: int) -> Mapping[str, PartAddress]:
        """Run one encoder from segment ``msn`` to its first fault."""
        run = EncoderRun(
            program=self._program,
            plan=replace(self._plan, start=start_of_segment(msn)),
            tape=self._tape,
            deliver=self._deliver,
            deliver_thumbnail=self._deliver_thumbnail,
        )
        await asyncio.to_thread(run.start)
        self.current = run
        log.info("encoder started", pid=run.pid, msn=msn)
        fault = ""
        try:
            while not run.failed.is_set():
                await asyncio.sleep(_WATCH_S)
                await asyncio.to_thread(run.check)
                fault = self._count_thumbnail_fault(run, fault)
                self._note_speed(run)
        finally:
            self.current = None
            self._cpu_before_s += run.cpu_seconds
            self._frames_before += run.frames_fed
            await asyncio.to_thread(run.stop)
        log.warning("encoder failed", fault=run.fault, detail=run.stderr_tail)
        self._restarted(run.fault)
        return run.newest()

    def _note_speed(self, run: EncoderRun) -> None:
        # What a new encoder takes a second time is no progress, nor is what it skips.
        if run.frames_fed:
            self._reached = max(self._reached, run.first_frame + run.frames_fed)
        self._speed.note(monotonic_ns(), self._reached - self.frames_dropped)

    def _count_thumbnail_fault(self, run: EncoderRun, counted: str) -> str:
        """Count, once a run, that it makes no more thumbnails; media go on."""
        fault = run.thumbnail_fault
        if fault and not counted:
            self.thumbnail_faults[fault] = self.thumbnail_faults.get(fault, 0) + 1
            log.warning("no more thumbnails from this encoder", fault=fault, pid=run.pid)
        return fault
