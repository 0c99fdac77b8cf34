"""What belongs into a clip: its exact span, its samples, its holes.  Sans-I/O.

A clip of television is of whole pictures: those that begin in ``[start, end)``, and exactly their
sound.  A clip of radio is of samples: those whose moment lies in ``[start, end)``.  Either way both
edges are whole ticks of 48 000 a second, so that picture and sound begin and end together and no
edit is ever rounded.

In the file is more than is shown: the pictures from the IDR before the start on, and the frame of
AAC before the first one that is heard, without which a decoder cannot make it whole.

What the archive does not have keeps its time.  The picture before a hole is held; sound is silence,
frames that are written here.  So every track has one edit and its samples follow each other without
a pause, which all players read; edits within a track are passed over by many.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

from core.errors import FormatError, LensongError
from core.mp4 import MOVIE_TIMESCALE, MovieFacts
from core.samples import SampleRun, silent_run
from core.timeline import AAC_FRAME_SAMPLES, SAMPLE_RATE, SEGMENT_NS, UnixNs

__all__ = [
    "ClipError",
    "ClipOrder",
    "ClipSpan",
    "PictureCut",
    "SoundCut",
    "TrackOrder",
    "exact_span",
    "picture_numbers",
    "sound_numbers",
]

_NS: Final = 1_000_000_000
_LEAST_SAMPLES: Final = 1_920
"""Less than two frames of AAC is nothing to hear; FFmpeg 9 decodes one of which both ends are cut
to nothing at all."""

_SEGMENT_TICKS: Final = SEGMENT_NS * SAMPLE_RATE // _NS
_SILENT_FRAMES: Final = _SEGMENT_TICKS // AAC_FRAME_SAMPLES


class ClipError(LensongError):
    """A clip cannot be made as it was asked for; ``code`` names the reason."""

    code = "clip"


@dataclass(frozen=True, slots=True)
class ClipSpan:
    """What is seen and heard of a clip, in ticks of 48 000 a second since the UNIX epoch."""

    begin: int
    end: int
    """After ``begin``."""

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return (self.end - self.begin) / SAMPLE_RATE

    @property
    def begin_ns(self) -> UnixNs:
        """The moment of its first sample, rounded down."""
        return UnixNs(self.begin * _NS // SAMPLE_RATE)

    @property
    def end_ns(self) -> UnixNs:
        """The moment at which it ends, rounded up."""
        return UnixNs(-(-self.end * _NS // SAMPLE_RATE))

    def ticks(self, timescale: int) -> tuple[int, int]:
        """Return (begin, end) in ticks of ``timescale`` a second."""
        return self.begin * timescale // SAMPLE_RATE, self.end * timescale // SAMPLE_RATE


@dataclass(frozen=True, slots=True)
class TrackOrder:
    """One rendition that goes into a clip."""

    rendition: str
    kind: str
    """``video`` or ``audio``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipOrder:
    """What is to be made."""

    channel: str
    tracks: tuple[TrackOrder, ...]
    """Video first."""

    span: ClipSpan
    facts: MovieFacts
    zone: ZoneInfo
    """For the times in a refusal."""


def exact_span(start: UnixNs, end: UnixNs, frame_rate: int) -> ClipSpan:
    """Return what a clip from ``start`` to ``end`` shows.

    Args:
        start: Its first moment.
        end: The moment at which it is over.
        frame_rate: Pictures a second; 0 for radio.

    Raises:
        ClipError: If no picture begins in that span, or it has less than 40 ms of sound.
    """
    rate = frame_rate or SAMPLE_RATE
    least = SAMPLE_RATE // frame_rate if frame_rate else _LEAST_SAMPLES
    ticks = SAMPLE_RATE // rate
    span = ClipSpan(-(-start * rate // _NS) * ticks, -(-end * rate // _NS) * ticks)
    if span.end - span.begin < least:
        raise ClipError("the clip has no picture, or less than 40 ms of sound", code="clip_span")
    return span


def picture_numbers(span: ClipSpan) -> tuple[int, int]:
    """Return the first and last segment that hold the pictures of a span."""
    return span.begin // _SEGMENT_TICKS, (span.end - 1) // _SEGMENT_TICKS


def sound_numbers(span: ClipSpan) -> tuple[int, int]:
    """Return the first and last segment that hold its sound, and the frame before it."""
    return _priming(span) // _SEGMENT_TICKS, (span.end - 1) // _SEGMENT_TICKS


def _priming(span: ClipSpan) -> int:
    """Return the tick of the frame of AAC with which the file's sound begins."""
    return (span.begin // AAC_FRAME_SAMPLES - 1) * AAC_FRAME_SAMPLES


class PictureCut:
    """Takes segments of a video rendition, returns the pictures that the clip needs."""

    def __init__(self, span: ClipSpan, timescale: int) -> None:
        self.begin, self.end = span.ticks(timescale)
        self._begun = False

    def take(self, runs: list[SampleRun]) -> list[SampleRun]:
        """Return what is needed of one segment; segments come in order, some may be missing.

        Raises:
            FormatError: If the first segment has no picture that can be decoded by itself.
        """
        places = [
            (run, index, shown)
            for run in runs
            for index, shown in enumerate(run.presentation_times())
        ]
        first = 0
        if not self._begun:
            syncs = [at for at, (run, index, _) in enumerate(places) if run.syncs[index]]
            if not syncs:
                raise FormatError("a segment without an IDR")
            first = max((at for at in syncs if places[at][2] <= self.begin), default=syncs[0])
            self._begun = True
        # A picture that is shown after the end stays if one behind it, shown before, needs it.
        needed = [at for at, (_, _, shown) in enumerate(places) if shown < self.end]
        end = needed[-1] + 1 if needed else 0
        return _between(runs, first, end)


def _between(runs: Iterable[SampleRun], first: int, end: int) -> list[SampleRun]:
    """Return samples ``first`` to ``end`` of runs that are counted through."""
    found = []
    for run in runs:
        low, high = max(0, min(first, len(run))), max(0, min(end, len(run)))
        if low < high:
            found.append(run if (low, high) == (0, len(run)) else run.cut(low, high))
        first, end = first - len(run), end - len(run)
    return found


class SoundCut:
    """Takes segments of a sound rendition, returns the frames of the clip without a pause."""

    def __init__(self, span: ClipSpan, channels: int) -> None:
        self._next = _priming(span)
        self._end = -(-span.end // AAC_FRAME_SAMPLES) * AAC_FRAME_SAMPLES
        self._channels = channels
        self.begin, self.end = span.ticks(MOVIE_TIMESCALE)

    def take(self, runs: Iterable[SampleRun]) -> Iterator[SampleRun]:
        """Yield what is needed of one segment, and silence for what is missing before it.

        Raises:
            FormatError: If the frames do not stand on the grid.
        """
        for run in runs:
            into, rest = divmod(run.decode_time, AAC_FRAME_SAMPLES)
            if rest or set(run.durations) != {AAC_FRAME_SAMPLES}:
                raise FormatError("frames of AAC that are off the grid", code="timing")
            low = max(0, self._next // AAC_FRAME_SAMPLES - into)
            high = min(len(run), self._end // AAC_FRAME_SAMPLES - into)
            if low >= high:
                continue
            wanted = run if (low, high) == (0, len(run)) else run.cut(low, high)
            yield from self._silence(wanted.decode_time)
            yield wanted
            self._next = wanted.end_time

    def finish(self) -> Iterator[SampleRun]:
        """Yield the silence for what is missing at the end."""
        yield from self._silence(self._end)

    def _silence(self, until: int) -> Iterator[SampleRun]:
        while self._next < until:
            frames = min(_SILENT_FRAMES, (until - self._next) // AAC_FRAME_SAMPLES)
            yield silent_run(self._next, frames, self._channels)
            self._next += frames * AAC_FRAME_SAMPLES
