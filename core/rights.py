"""Which segments may be served after they left the live window.  Sans-I/O.

Segment numbers can be guessed, so the same answer holds for playlists, media and thumbnails.
A blacked-out or taken-down span takes with it every segment that it touches; a programme that is
live only, or whose days are over, takes those that begin within it, so that its neighbours keep
their first and last seconds.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from core.guide import GuideSnapshot, Programme
from core.timeline import SEGMENT_NS, UnixNs, msn_at

__all__ = ["Access", "Restriction", "Restrictions", "access_to", "restrictions_of"]

_NS: Final = 1_000_000_000
_DAY_S: Final = 86_400


class Access(IntEnum):
    """What may be done with a segment; the stricter is the greater."""

    OPEN = 0
    REFUSED = 1
    """Answered 403: live only, its days are over, or blacked out."""

    TAKEN_DOWN = 2
    """Answered 404, as if it had never been."""


@dataclass(frozen=True, slots=True)
class Restriction:
    """A run of segments that may not be served."""

    first: int
    """Number of the first segment."""

    last: int
    """Number of the last segment."""

    access: Access


class Restrictions:
    """All restrictions of a channel at one moment, cut so that none overlap."""

    __slots__ = ("_firsts", "runs")

    def __init__(self, restrictions: Iterable[Restriction] = ()) -> None:
        self.runs = _flatten(restrictions)
        """By number, without overlaps."""

        self._firsts = [item.first for item in self.runs]

    def access(self, msn: int) -> Access:
        """Return what may be done with segment ``msn``."""
        index = bisect_right(self._firsts, msn) - 1
        if index < 0 or self.runs[index].last < msn:
            return Access.OPEN
        return self.runs[index].access

    def within(self, first: int, last: int) -> list[Restriction]:
        """Return the runs between two numbers, both included, cut to them."""
        index = max(0, bisect_right(self._firsts, first) - 1)
        found = []
        for item in self.runs[index:]:
            if item.first > last:
                break
            if item.last >= first:
                found.append(Restriction(max(item.first, first), min(item.last, last), item.access))
        return found


def restrictions_of(snapshot: GuideSnapshot, *, now_s: int) -> Restrictions:
    """Return what of a channel may not be served at ``now_s`` (UNIX seconds)."""
    found = [
        Restriction(*_touched(item.start_s, item.end_s), Access.TAKEN_DOWN)
        for item in snapshot.takedowns
    ]
    for programme in snapshot.programmes:
        if access_to(programme, now_s=now_s) is not Access.REFUSED:
            continue
        cut = _touched if programme.blackout else _begun_within
        found.append(Restriction(*cut(programme.began_s, programme.ended_s), Access.REFUSED))
    return Restrictions(item for item in found if item.first <= item.last)


def access_to(programme: Programme, *, now_s: int) -> Access:
    """Return what its own rights say of a programme at ``now_s`` (UNIX seconds)."""
    if programme.blackout:
        return Access.REFUSED
    days = programme.catch_up_days
    if days is None:
        return Access.OPEN
    if days == 0:
        # Live only: nothing of it can be rewound to, from its first second.
        return Access.REFUSED if now_s >= programme.began_s else Access.OPEN
    return Access.REFUSED if now_s >= programme.ended_s + days * _DAY_S else Access.OPEN


def _touched(start_s: int, end_s: int) -> tuple[int, int]:
    return msn_at(UnixNs(start_s * _NS)), msn_at(UnixNs(end_s * _NS - 1))


def _begun_within(start_s: int, end_s: int) -> tuple[int, int]:
    return -(-start_s * _NS // SEGMENT_NS), msn_at(UnixNs(end_s * _NS - 1))


def _flatten(restrictions: Iterable[Restriction]) -> tuple[Restriction, ...]:
    """Cut overlapping runs so that each number stands in one, with its strictest access.

    One walk over the numbers at which a run begins or has ended, with a count of those that are
    open: a guide of months has ten thousand of them.
    """
    changes = [
        change
        for item in restrictions
        for change in ((item.first, item.access, 1), (item.last + 1, item.access, -1))
    ]
    changes.sort()
    counts = [0] * len(Access)
    found: list[Restriction] = []
    first, access = 0, Access.OPEN
    for index, (number, changed, more) in enumerate(changes):
        counts[changed] += more
        if index + 1 < len(changes) and changes[index + 1][0] == number:
            continue
        strictest = _STRICTEST[bool(counts[Access.TAKEN_DOWN]), bool(counts[Access.REFUSED])]
        if strictest is not access:
            if access is not Access.OPEN:
                found.append(Restriction(first, number - 1, access))
            first, access = number, strictest
    return tuple(found)


_STRICTEST: Final = {
    (True, True): Access.TAKEN_DOWN,
    (True, False): Access.TAKEN_DOWN,
    (False, True): Access.REFUSED,
    (False, False): Access.OPEN,
}
