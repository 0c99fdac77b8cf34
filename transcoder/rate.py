"""Follow an input's clock: how far behind the programme it is read.  Sans-I/O.

An input's sound and picture have numbers on the epoch's grid, given by ingest.  The
switcher reads an input a fixed *delay* behind the programme, which is the jitter
buffer.  If the source's clock runs fast the buffer grows, if slow it shrinks; then the
read rate is bent, at most 0.1 %, until the buffer is back where it was.  The sound is
resampled by that; a picture is dropped or repeated when a whole frame has accumulated,
since the picture is always the one that belongs to the sound being read.

How full the buffer is, is not counted in frames: that moves by whole frames, and
never while the two clocks are far apart in phase.  :class:`LeadMeter` compares the clocks
themselves, by the arrivals that were delayed least.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final

from core.timeline import SAMPLE_RATE

__all__ = ["DelayKeeper", "LeadMeter", "Settler"]

_MAX_BEND: Final = 1e-3
_GAIN_PER_S: Final = 1 / 40
"""Bend for each second of error: an error is worked off with a time constant of 40 s."""

_AVERAGE_S: Final = 8.0
_REFERENCE_S: Final = 2.0
"""The level of so long at first is the one that is held."""

_START_CORRECTING: Final = SAMPLE_RATE // 100
_STOP_CORRECTING: Final = SAMPLE_RATE // 1000
"""Corrected from 10 ms of error on, until within 1 ms: good sound is mostly copied."""

_SETTLE_NS: Final = 1_000_000_000
_PATIENCE_NS: Final = 3_000_000_000
"""A feed whose lead rises for longer than this is no burst; it is taken as it is."""

_SETTLED_SPREAD: Final = SAMPLE_RATE * 2 // 5

_MEASURE_NS: Final = 4_000_000_000
""":class:`LeadMeter` compares the clocks once in this time: longer than most delays."""

_FIRST_MEASURE_NS: Final = 8_000_000_000
"""The first comparison is what the later ones are held against; a start is a busy time."""


@dataclass(frozen=True, slots=True)
class _Arrival:
    at_ns: int
    lead: int


class Settler:
    """Find the delay at which a new feed is read, from when its frames arrive.

    A decoder that starts gives the cached group of pictures in a burst and then real
    time.  Once the lead (how far ahead of the programme the newest frame is) has spread
    by less than 0.4 s over a second and no longer rises, the burst is over, and the delay
    is the one that leaves a whole jitter buffer at the worst moment of that second.
    """

    def __init__(self, *, jitter_samples: int, samples_per_frame: int) -> None:
        self._jitter, self._frame = jitter_samples, samples_per_frame
        self._arrivals: deque[_Arrival] = deque()
        self._first_ns: int | None = None

    def arrived(self, *, now_ns: int, lead: int) -> int | None:
        """Take one arrival; return the delay in samples once it is settled.

        Args:
            now_ns: Monotonic moment of the arrival.
            lead: End of the newest frame minus the programme's position, in samples.
        """
        if self._first_ns is None:
            self._first_ns = now_ns
        self._arrivals.append(_Arrival(now_ns, lead))
        while self._arrivals and now_ns - self._arrivals[0].at_ns > _SETTLE_NS:
            self._arrivals.popleft()
        if now_ns - self._first_ns < _SETTLE_NS:
            return None
        leads = [arrival.lead for arrival in self._arrivals]
        if max(leads) - min(leads) > _SETTLED_SPREAD:
            return None
        if self._rises(now_ns) and now_ns - self._first_ns < _PATIENCE_NS:
            return None  # the burst's tail would be held as delay for ever
        # A multiple of a frame, so that a sound that needs no bending is copied untouched
        # and goes with exactly its picture.
        wanted = self._jitter - min(leads)
        return -(-wanted // self._frame) * self._frame

    def _rises(self, now_ns: int) -> bool:
        """Tell whether the window's first half was later than its second by over a frame."""
        half_ns = now_ns - _SETTLE_NS // 2
        older = [arrival.lead for arrival in self._arrivals if arrival.at_ns < half_ns]
        newer = [arrival.lead for arrival in self._arrivals if arrival.at_ns >= half_ns]
        return bool(older) and bool(newer) and min(older) < min(newer) - self._frame


class LeadMeter:
    """Measure how far an input's clock is ahead of the programme's, without the jitter.

    A frame can come late and a tick can be late, but neither early.  So the least late
    arrival and the least late tick of a while tell what the clocks say, to a fraction of a
    frame, whatever the network and this machine do meanwhile.
    """

    def __init__(self) -> None:
        self._started_ns: int | None = None
        self._arrival_ns: int | None = None
        self._tick_ns: int | None = None
        self.lead_ns: int | None = None
        """Media time of the newest arrival minus the programme's; None before it is known."""

    def forget(self) -> None:
        """Begin to compare anew: the feed was away, and what comes first then is late."""
        self._started_ns = self._arrival_ns = self._tick_ns = None

    def arrived(self, *, now_ns: int, media_ns: int) -> None:
        """Take an arrival.

        Args:
            now_ns: Monotonic moment.
            media_ns: Where what has arrived ends, on the epoch's grid.
        """
        late_ns = now_ns - media_ns
        if self._arrival_ns is None or late_ns < self._arrival_ns:
            self._arrival_ns = late_ns

    def ticked(self, *, now_ns: int, media_ns: int) -> None:
        """Take a tick of the programme.

        Args:
            now_ns: Monotonic moment.
            media_ns: Where the tick's frame ends, on the epoch's grid.
        """
        late_ns = now_ns - media_ns
        if self._started_ns is None:
            self._started_ns = now_ns
        if self._tick_ns is None or late_ns < self._tick_ns:
            self._tick_ns = late_ns
        wanted_ns = _FIRST_MEASURE_NS if self.lead_ns is None else _MEASURE_NS
        if now_ns - self._started_ns < wanted_ns:
            return
        if self._arrival_ns is not None:
            self.lead_ns = self._tick_ns - self._arrival_ns
        self.forget()


class DelayKeeper:
    """Hold an input's buffer at its level by bending the rate at which it is read."""

    def __init__(
        self, *, delay: int, samples_per_frame: int, frame_rate: int, least_level: int
    ) -> None:
        """Begin at a delay that the settler found.

        Args:
            delay: How far behind the programme the input is read, in samples.
            samples_per_frame: Samples of sound that go with a frame.
            frame_rate: Frames a second of the programme.
            least_level: The buffer is never held at less than this, in samples, however
                little there was while its usual level was being found.
        """
        self._delay = float(delay)
        self._least = least_level
        self._block = samples_per_frame
        self._smoothing = 1 / (_AVERAGE_S * frame_rate)
        self._level = self._reference = self._sum = 0.0
        self._ticks = 0
        self._settle_ticks = int(_REFERENCE_S * frame_rate)
        self._is_correcting = False
        self.bend = 0.0
        """Present deviation of the read rate from one."""

    @property
    def delay(self) -> float:
        """How far behind the programme the input is read, in samples."""
        return self._delay

    def tick(self, level: float) -> float:
        """Take the buffer's level, advance one frame, and return the step between samples.

        Args:
            level: Samples between the read position and the end of what has arrived.
        """
        if self._ticks < self._settle_ticks:
            self._ticks += 1
            self._sum += level
            self._level = self._sum / self._ticks
            self._reference = max(self._level, self._least)
            return 1.0
        self._level += (level - self._level) * self._smoothing
        error = self._level - self._reference
        if self._is_correcting:
            self._is_correcting = abs(error) > _STOP_CORRECTING or abs(self.bend) > 2e-5  # noqa: PLR2004
        else:
            self._is_correcting = abs(error) > _START_CORRECTING
        if not self._is_correcting:
            return self.rest()
        wanted = _GAIN_PER_S * error / SAMPLE_RATE
        self.bend = max(-_MAX_BEND, min(_MAX_BEND, wanted))
        # Reading faster shortens the delay; the level follows at once, so does its average.
        shift = self.bend * self._block
        self._delay -= shift
        self._level -= shift
        return 1.0 + self.bend

    def rest(self) -> float:
        """Advance one frame without a level (nothing was delivered); return the step.

        A correction ends on a whole sample, so that the sound is copied from then on.
        """
        self.bend = 0.0
        fraction = self._delay - round(self._delay)
        self._delay = float(round(self._delay))
        return 1.0 + fraction / self._block
