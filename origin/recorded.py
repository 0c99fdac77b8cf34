"""What there is of a rendition between two numbers, as runs.  Sans-I/O.

It is put together from the hours' indexes, from what the packager tells of the hours that have
none yet, and from the live window, whose newest segments are in no archive yet; what may not be
served is taken out.  Everything is a run of numbers, so a day costs as much as its holes.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from core.archive import HourIndex, Run, TrackFacts
from core.rights import Restrictions
from origin.window import Track

__all__ = [
    "NOTHING",
    "HourView",
    "Recording",
    "numbers_to_runs",
    "record",
    "view_of_index",
    "window_runs",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class HourView:
    """What playlists need to know of one hour of one rendition."""

    runs: tuple[Run, ...] = ()
    discontinuities: tuple[int, ...] = ()
    track: TrackFacts | None = None
    peak_bps: int = 0
    average_bps: int = 0
    closed: bool = True
    """Nothing more is coming."""


NOTHING = HourView()
"""An hour in which there is nothing."""


@dataclass(frozen=True, slots=True)
class Recording:
    """What there is of a rendition between two numbers."""

    runs: tuple[Run, ...]
    """By number, apart from each other or with another header."""

    discontinuities: tuple[int, ...]
    """Numbers with which a new configuration of the channel begins, sorted."""

    @property
    def first(self) -> int:
        """Number of the first segment; only where there is one."""
        return self.runs[0].first

    @property
    def last(self) -> int:
        """Number of the last segment; only where there is one."""
        return self.runs[-1].last

    @property
    def segments(self) -> int:
        """How many segments there are."""
        return sum(run.last - run.first + 1 for run in self.runs)

    def holds(self, msn: int) -> bool:
        """Tell whether segment ``msn`` is there."""
        index = bisect_right(self.runs, msn, key=_first) - 1
        return index >= 0 and self.runs[index].last >= msn

    def between(self, first: int, last: int) -> Recording:
        """Return the part between two numbers, both included."""
        begin = bisect_left(self.discontinuities, first)
        end = bisect_right(self.discontinuities, last)
        return Recording(tuple(_clip(self.runs, first, last)), self.discontinuities[begin:end])


def view_of_index(index: HourIndex, *, closed: bool = True) -> HourView:
    """Return what playlists need of an hour's index."""
    return HourView(
        runs=tuple(index.runs()),
        discontinuities=index.discontinuities,
        track=index.track,
        peak_bps=index.peak_bps,
        average_bps=index.average_bps,
        closed=closed,
    )


def numbers_to_runs(headers: Iterable[tuple[int, str]]) -> tuple[Run, ...]:
    """Return the runs of (number, header) pairs, which come by number."""
    return tuple(_join(Run(msn, msn, header) for msn, header in headers))


def window_runs(track: Track | None) -> tuple[Run, ...]:
    """Return what the live window holds of a rendition."""
    if track is None:
        return ()
    listed = (segment for segment in track.segments.values() if segment.listed)
    return numbers_to_runs(sorted((item.msn, item.header_hash) for item in listed))


def record(
    first: int,
    last: int,
    *,
    hours: Iterable[HourView],
    live: Sequence[Run],
    declared: Iterable[int],
    restrictions: Restrictions,
) -> Recording:
    """Put together what there is between two numbers, both included.

    Args:
        first: Number of the first segment asked for.
        last: Number of the last.
        hours: The hours between them, in order.
        live: What the live window holds; where it differs, it is right.
        declared: Discontinuities that the packager told.
        restrictions: What may not be served.
    """
    runs: list[Run] = []
    discontinuities = set(declared)
    for hour in hours:
        runs += hour.runs
        discontinuities.update(hour.discontinuities)
    refused = [(item.first, item.last) for item in restrictions.within(first, last)]
    archived = _clip(runs, first, last)
    newest = list(_clip(live, first, last))
    beside = _without(archived, [(run.first, run.last) for run in newest])
    together = sorted([*beside, *newest], key=_first)
    return Recording(
        tuple(_join(_without(together, refused))),
        tuple(sorted(msn for msn in discontinuities if first <= msn <= last)),
    )


def _first(run: Run) -> int:
    return run.first


def _clip(runs: Iterable[Run], first: int, last: int) -> Iterable[Run]:
    for run in runs:
        if run.last >= first and run.first <= last:
            if run.first >= first and run.last <= last:
                yield run
            else:
                yield Run(max(run.first, first), min(run.last, last), run.header_hash)


def _without(runs: Iterable[Run], holes: Sequence[tuple[int, int]]) -> Iterable[Run]:
    """Take numbers out; the holes come by number and do not overlap."""
    for run in runs:
        first = run.first
        for begin, end in holes:
            if end < first:
                continue
            if begin > run.last:
                break
            if begin > first:
                yield Run(first, begin - 1, run.header_hash)
            first = end + 1
        if first <= run.last:
            yield Run(first, run.last, run.header_hash)


def _join(runs: Iterable[Run]) -> Iterable[Run]:
    """Join runs that follow each other with one header."""
    before: Run | None = None
    for run in runs:
        if before is None:
            before = run
        elif before.last + 1 == run.first and before.header_hash == run.header_hash:
            before = Run(before.first, run.last, run.header_hash)
        else:
            yield before
            before = run
    if before is not None:
        yield before
