"""What the probe can find wrong, and the book in which it is written.  Sans-I/O."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, get_args

from core.timeline import UnixNs

__all__ = ["FAULT_KINDS", "MILD_KINDS", "Fault", "FaultBook", "FaultKind", "FaultLine"]

FaultKind = Literal[
    "unreachable",
    "playlist_syntax",
    "server_control",
    "target_duration",
    "media_sequence",
    "discontinuity_sequence",
    "playlist_stale",
    "playlist_window",
    "segment_vanished",
    "segment_changed",
    "segment_missing",
    "segment_unreachable",
    "segment_slow",
    "segment_broken",
    "extinf",
    "date_time",
    "clock_drift",
    "timestamps",
    "misaligned",
    "av_skew",
    "key_frame",
    "codecs",
    "resolution",
    "bandwidth",
    "black",
    "freeze",
    "silence",
    "mono_loss",
    "phase",
    "part_missing",
    "part_late",
    "part_duration",
    "preload_hint",
    "blocking_reload",
    "catch_up",
]
"""Kinds of fault; docs/how-to/probe.md tells each in a sentence.  A label of metrics: closed."""

FAULT_KINDS: Final[tuple[FaultKind, ...]] = get_args(FaultKind)

MILD_KINDS: Final[frozenset[FaultKind]] = frozenset({"mono_loss", "phase"})
"""Faults with which a channel still is seen and heard; a playback is not called bad for them."""

_AGAIN_NS: Final = 15_000_000_000
"""A fault that stays is counted once in this time."""

_MAX_LINES: Final = 500
"""Lines that the book keeps; further faults are counted by kind alone."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault."""

    kind: FaultKind
    where: str
    """Rendition, and the number of the segment where there is one: ``360p 467561003``."""

    detail: str
    """A sentence with figures."""


@dataclass(slots=True)
class FaultLine:
    """One fault at one place, however often it was seen."""

    fault: Fault
    """As it was seen first."""

    first: UnixNs
    last: UnixNs
    times: int = 1


class FaultBook:
    """Faults by kind and place.

    Checks tell a fault as often as they see it; the book counts one that stays every 15 s, so
    that a condition of minutes is neither one count nor thousands.
    """

    def __init__(self) -> None:
        self._lines: dict[tuple[str, str], FaultLine] = {}
        self.total = 0
        self.last: UnixNs | None = None
        """When the newest fault was seen that is not mild."""

    def note(self, fault: Fault, now: UnixNs) -> bool:
        """Write a fault down; return whether it counts, False if it is one that merely stays."""
        if fault.kind not in MILD_KINDS:
            self.last = now
        key = (fault.kind, fault.where)
        line = self._lines.get(key)
        if line is not None and now - line.last < _AGAIN_NS:
            return False
        self.total += 1
        if line is not None:
            line.last, line.times = now, line.times + 1
        else:
            if len(self._lines) >= _MAX_LINES:
                del self._lines[next(iter(self._lines))]
            self._lines[key] = FaultLine(fault, now, now)
        return True

    @property
    def lines(self) -> list[FaultLine]:
        """Every fault that is kept, in the order in which they were first seen."""
        return list(self._lines.values())
