"""The jitter buffer of one input: decoded frames and sound, by their numbers on the epoch's grid.

Decoder threads put pictures and samples in, the switcher's thread takes one frame and
its samples each tick; both sides hold the lock for microseconds.  Frame *i* always goes
with samples ``[i * n, (i + 1) * n)``: what belongs together is found by number, never
by arrival.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np

from core.timeline import SAMPLE_RATE, samples_per_frame
from transcoder.rate import DelayKeeper, LeadMeter, Settler
from transcoder.resample import MARGIN, Sound, read_block

__all__ = ["InputBuffer", "Picture", "Taken"]

Picture: TypeAlias = bytearray | memoryview
"""One yuv420p picture of the programme's size, planes one behind the other."""

_SOUND_CAPACITY: Final = 16 * SAMPLE_RATE
_MAX_AHEAD_S: Final = 3
"""Pictures held beyond the read position; more than that is a burst, whose oldest go."""

_RESETTLE_NS: Final = 400_000_000


@dataclass(frozen=True, slots=True)
class Taken:
    """What an input gives at one tick."""

    picture: Picture | None
    """None when the picture of this tick has not come."""

    sound: Sound | None
    """Shape (samples of a frame, 2); None when it has not come or there is none."""

    delivered: bool
    """What makes the input good has come: the picture, or for radio the sound."""


class InputBuffer:
    """Decoded media of one input, read a steady delay behind the programme."""

    def __init__(
        self,
        *,
        frame_rate: int,
        jitter_ms: int,
        has_picture: bool,
        monotonic_ns: Callable[[], int],
    ) -> None:
        self._rate = frame_rate
        self._block = samples_per_frame(frame_rate)
        self._jitter = jitter_ms * SAMPLE_RATE // 1000
        self._has_picture = has_picture
        self._monotonic_ns = monotonic_ns
        self._lock = threading.Lock()
        self._pictures: dict[int, Picture] = {}
        self._next_picture = 0
        self._ring: Sound = np.zeros((_SOUND_CAPACITY, 2), dtype=np.int16)
        self._sound_start = 0
        self._sound_end = 0
        self._expects_sound = True
        self._tick = 0
        self._keeper: DelayKeeper | None = None
        self._settler: Settler | None = self._new_settler()
        self._meter = LeadMeter()
        self._last_delivery_ns = 0
        self._session = ""
        self.dropped = {"video": 0, "audio": 0}
        """Frames (pictures; blocks of sound) that came and were not used."""

    @property
    def buffered_s(self) -> float:
        """Seconds of media between the read position and the newest."""
        with self._lock:
            if self._keeper is None:
                return 0.0
            return max(0.0, self._level(self._keeper.delay)) / SAMPLE_RATE

    @property
    def av_offset_s(self) -> float:
        """Newest sound minus newest picture, in seconds; 0 while either is missing."""
        with self._lock:
            if not (self._sound_end and self._next_picture):
                return 0.0
            return (self._sound_end - self._next_picture * self._block) / SAMPLE_RATE

    @property
    def drift_ratio(self) -> float:
        """The source's clock rate against the programme's, minus one, as it is followed."""
        with self._lock:
            return 0.0 if self._keeper is None else self._keeper.bend

    def begin(self, *, session: str, tracks: frozenset[str]) -> None:
        """A decoder starts.  A new publish session is settled anew; a restarted decoder is not."""
        with self._lock:
            self._expects_sound = "audio" in tracks
            if session != self._session:
                self._session = session
                self._pictures.clear()
                self._next_picture = 0
                self._sound_start = self._sound_end = 0
                self._keeper = None
                self._settler = self._new_settler()

    def put_picture(self, number: int, picture: Picture) -> None:
        """Take one decoded picture; what was decoded before a restart is kept."""
        with self._lock:
            if number < self._next_picture:
                return
            self._next_picture = number + 1
            if self._keeper is not None and number < self._picture_at(self._keeper.delay):
                self.dropped["video"] += 1
            else:
                self._pictures[number] = picture
            if len(self._pictures) > _MAX_AHEAD_S * self._rate:
                del self._pictures[next(iter(self._pictures))]
                self.dropped["video"] += 1
            self._arrived()

    def put_sound(self, position: int, sound: Sound) -> None:
        """Take decoded samples whose first has the number ``position``."""
        with self._lock:
            if not self._sound_end or position > self._sound_end + SAMPLE_RATE:
                self._sound_start = self._sound_end = position
            elif position > self._sound_end:
                self._write(np.zeros((position - self._sound_end, 2), dtype=np.int16))
            self._write(sound[max(0, self._sound_end - position) :])
            self._arrived()

    def take(self, tick: int) -> Taken:
        """Return what belongs to frame ``tick`` of the programme, and forget what is older."""
        with self._lock:
            self._tick = tick
            keeper = self._keeper
            if keeper is None:
                return Taken(None, None, delivered=False)
            delay = keeper.delay
            number = self._picture_at(delay)
            picture = self._pictures.get(number)
            here = picture is not None if self._has_picture else self._level(delay) >= 0
            now_ns = self._monotonic_ns()
            self._meter.ticked(now_ns=now_ns, media_ns=_nanoseconds((tick + 1) * self._block))
            step = self._advance(keeper, here=here)
            sound = self._read(delay, step)
            self._forget(number)
            if here:
                self._last_delivery_ns = now_ns
                self._settler = None
            elif self._settler is None and now_ns - self._last_delivery_ns > _RESETTLE_NS:
                # What comes may be late for good: a publisher that stood still goes on where
                # it stopped.  Then the delay is found anew; if it catches up, nothing changes.
                self._settler = self._new_settler()
            return Taken(picture, sound, delivered=here)

    def _new_settler(self) -> Settler:
        return Settler(jitter_samples=self._jitter, samples_per_frame=self._block)

    def _advance(self, keeper: DelayKeeper, *, here: bool) -> float:
        if not here:
            self._meter.forget()
        lead_ns = self._meter.lead_ns
        if lead_ns is None or not here:
            return keeper.rest()
        return keeper.tick(lead_ns * SAMPLE_RATE / 1e9 + keeper.delay)

    def _picture_at(self, delay: float) -> int:
        return int((self._tick * self._block - delay) / self._block + 0.5)

    def _end(self) -> int:
        """Return the sample up to which everything that is expected has come."""
        if not self._has_picture:
            return self._sound_end
        return self._next_picture * self._block

    def _level(self, delay: float) -> float:
        return self._end() - ((self._tick + 1) * self._block - delay)

    def _arrived(self) -> None:
        end = self._end()
        self._meter.arrived(now_ns=self._monotonic_ns(), media_ns=_nanoseconds(end))
        if self._settler is None:
            return
        if self._has_picture and self._expects_sound and self._sound_end:
            late = end - self._sound_end
            end = min(end, self._sound_end) if late < SAMPLE_RATE else end
        if not end or not self._tick:
            return
        delay = self._settler.arrived(
            now_ns=self._monotonic_ns(), lead=end - (self._tick + 1) * self._block
        )
        if delay is not None:
            self._settler = None
            self._meter = LeadMeter()  # what the clocks said before may hold no more
            self._last_delivery_ns = self._monotonic_ns()
            self._keeper = DelayKeeper(
                delay=delay,
                samples_per_frame=self._block,
                frame_rate=self._rate,
                least_level=self._jitter,
            )

    def _write(self, sound: Sound) -> None:
        if len(sound) > _SOUND_CAPACITY:
            sound = sound[-_SOUND_CAPACITY:]
        at = self._sound_end % _SOUND_CAPACITY
        head = min(len(sound), _SOUND_CAPACITY - at)
        self._ring[at : at + head] = sound[:head]
        self._ring[: len(sound) - head] = sound[head:]
        self._sound_end += len(sound)
        self._sound_start = max(self._sound_start, self._sound_end - _SOUND_CAPACITY)

    def _read(self, delay: float, step: float) -> Sound | None:
        # The position is kept as a whole number and a fraction: samples since the epoch
        # have no room for a fraction in a float.
        whole = self._tick * self._block - math.ceil(delay)
        fraction = math.ceil(delay) - delay
        margin = 0 if step == 1.0 and not fraction else MARGIN + 1
        first = whole - margin
        count = self._block + 2 * margin + (2 if margin else 0)
        if first < self._sound_start or first + count > self._sound_end:
            return None
        at = first % _SOUND_CAPACITY
        span = self._ring[at : at + count]
        if len(span) < count:
            span = np.concatenate((span, self._ring[: count - len(span)]))
        return read_block(span, margin + fraction, step, self._block).copy()

    def _forget(self, number: int) -> None:
        for old in [held for held in self._pictures if held < number]:
            del self._pictures[old]


def _nanoseconds(samples: int) -> int:
    return samples * 1_000_000_000 // SAMPLE_RATE
