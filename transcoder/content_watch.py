"""Measure the content of every input and of the programme, beside the programme's thread.

The switcher's tick leaves references in a bounded queue and goes on; a thread of its own
measures them.  What does not fit is dropped and counted: a tick never waits for this.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import tzinfo
from typing import Final, cast

import numpy as np

from core.content import ContentLimits, ContentMeter, small_luma
from core.content_schedule import ContentSchedule
from core.content_settings import ContentExceptionSettings
from core.loudness_log import LoudnessMinute, MinuteBook
from core.timeline import samples_per_frame
from transcoder.buffer import Picture, Taken
from transcoder.decision import ContentFault
from transcoder.switcher import ContentVerdict
from transcoder.tape import TapeItem

__all__ = ["PROGRAMME", "ContentWatch", "point_of"]

PROGRAMME: Final = "programme"
"""The point after the switch, slate included."""

_PICTURES_PER_SECOND: Final = 5
_PAUSE_S: Final = 0.1
_QUEUE_S: Final = 1


def point_of(name: str) -> str:
    """Return the point at which an input is measured, as metrics name it."""
    return f"input:{name}"


@dataclass(frozen=True, slots=True)
class _Tick:
    frame: int
    media: dict[str, tuple[Picture | None, bytes | None]]
    """Picture and samples by point; a point that delivered nothing is not there."""


class ContentWatch:
    """A meter for each point, and the thread that feeds them."""

    def __init__(
        self,
        *,
        frame_rate: int,
        size: tuple[int, int] | None,
        zone: tzinfo,
        verdicts: Callable[[Mapping[str, ContentVerdict]], None],
        minutes: Callable[[LoudnessMinute], None] = lambda _minute: None,
    ) -> None:
        """Prepare; nothing is measured before :meth:`replace` names points and :meth:`run`.

        Args:
            frame_rate: Frames a second of the programme.
            size: Width and height of the programme's picture; None for radio.
            zone: The station's, for exceptions.
            verdicts: Takes what was found of the inputs, some ten times a second.
            minutes: Takes the programme's loudness, once a minute; must not wait.
        """
        self._rate, self._size, self._tell = frame_rate, size, verdicts
        self._silence = bytes(4 * samples_per_frame(frame_rate))
        self._queue: deque[_Tick] = deque()
        self._minutes, self._book = minutes, MinuteBook()
        self._telling = threading.Lock()
        self._stopping = threading.Event()
        self._period: object = None
        self.schedule = ContentSchedule(zone)
        """What is excused now, and whose the integrated loudness is; wants to know the guide."""

        self.points: Mapping[str, ContentMeter] = {}
        self.dropped = 0
        """Ticks that were not measured, since the thread was behind."""

    def replace(
        self,
        names: Iterable[str],
        limits: ContentLimits,
        exceptions: tuple[ContentExceptionSettings, ...],
    ) -> None:
        """Measure these inputs and the programme from now on; what goes on keeps its meter."""
        points = {}
        for point in (*map(point_of, names), PROGRAMME):
            points[point] = self.points.get(point) or ContentMeter(limits)
            points[point].limits = limits
        with self._telling:
            self.schedule.exceptions = exceptions
            self.points = points

    def stop_measuring(self) -> None:
        """Measure nothing from now on, and find nothing."""
        # Under the lock: a verdict that is being found now must not be told after this.
        with self._telling:
            self.points = {}
            self._tell({})

    def tap(self, taken: Mapping[str, Taken], item: TapeItem) -> None:
        """Note one tick; called by the programme's thread."""
        if not self.points:
            return
        if len(self._queue) >= _QUEUE_S * self._rate:
            self.dropped += 1
            return
        sees = item.frame % (self._rate // _PICTURES_PER_SECOND) == 0
        media: dict[str, tuple[Picture | None, bytes | None]] = {
            # A picture without samples is heard as silence.
            point_of(name): (
                given.picture if sees else None,
                self._silence if given.sound is None else given.sound.tobytes(),
            )
            for name, given in taken.items()
            if given.delivered
        }
        media[PROGRAMME] = (item.picture if sees else None, item.sound)
        self._queue.append(_Tick(item.frame, media))

    def stop(self) -> None:
        """Let :meth:`run` return soon."""
        self._stopping.set()

    def run(self) -> None:
        """Measure until :meth:`stop`; runs in a thread of its own."""
        while not self._stopping.wait(_PAUSE_S):
            self.measure()
        for minute in self._book.take():
            self._minutes(minute)

    def measure(self) -> None:
        """Measure what waits, and tell what was found."""
        points, now_s = self.points, None
        while self._queue:
            tick = self._queue.popleft()
            now_s = tick.frame / self._rate
            for point, (picture, sound) in tick.media.items():
                meter = points.get(point)
                if meter is None:
                    continue
                if picture is not None and self._size is not None:
                    width, height = self._size
                    meter.see(small_luma(picture, width=width, height=height), now_s)
                if sound is not None:
                    steps = meter.hear(np.frombuffer(sound, dtype=np.int16).reshape(-1, 2), now_s)
                    if point == PROGRAMME:
                        for minute in self._book.add(steps, now_s):
                            self._minutes(minute)
        if now_s is not None:
            self._judge(points, now_s)

    def _judge(self, points: Mapping[str, ContentMeter], now_s: float) -> None:
        excepted, period = self.schedule.kinds_at(now_s), self.schedule.period_at(now_s)
        for meter in points.values():
            meter.excepted = excepted
            meter.age(now_s)
            if period != self._period:
                meter.restart_integrated()
        self._period = period
        found = {
            point.removeprefix("input:"): ContentVerdict(
                cast(ContentFault | None, meter.bad_for(now_s)), meter.is_alive(now_s)
            )
            for point, meter in points.items()
            if point != PROGRAMME
        }
        with self._telling:
            if points is self.points:  # else a reload came between: the next time
                self._tell(found)
