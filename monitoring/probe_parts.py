"""Judge the parts of a low-latency playlist.  Sans-I/O.

**Source:** draft-pantos-hls-rfc8216bis-22, sections 4.4.3.7, 4.4.3.8, 4.4.4.9, 4.4.5.3, 6.2.1.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from core.timeline import UnixNs
from monitoring.probe_faults import Fault
from monitoring.probe_playlist import MediaPlaylist, Part, Segment

__all__ = ["NewPart", "PartWatch", "next_reload"]

_SUM_S: Final = 0.05
_LEAST_LATE_S: Final = 0.5
_KEPT: Final = 64


@dataclass(frozen=True, slots=True)
class NewPart:
    """A part that was listed for the first time."""

    msn: int
    index: int
    part: Part
    segment: Segment


def next_reload(playlist: MediaPlaylist) -> tuple[int, int] | None:
    """Return (msn, part) that a blocking reload asks for next; None where it cannot ask."""
    if not playlist.can_block or playlist.ended or playlist.part_target_s is None:
        return None
    if not playlist.segments:
        return (playlist.media_sequence, 0)
    last = playlist.segments[-1]
    return (last.msn + 1, 0) if last.resource is not None else (last.msn, len(last.parts))


class PartWatch:
    """What a low-latency playlist has said of its parts so far."""

    def __init__(self, name: str) -> None:
        """Begin; ``name`` is the rendition's."""
        self.name = name
        self._seen: dict[tuple[int, int], str] = {}
        self._ahead_ns: int | None = None
        """Least of (moment seen - media time) over the parts: a part in time."""

        self._media_ns = 0
        self._hint: str | None = None

    def take(self, playlist: MediaPlaylist, now: UnixNs) -> tuple[list[Fault], list[NewPart]]:
        """Judge one version; return the faults and the parts that are new, oldest first."""
        if playlist.part_target_s is None:
            parts = any(segment.parts for segment in playlist.segments)
            detail = "has EXT-X-PART without EXT-X-PART-INF"
            return ([Fault("server_control", self.name, detail)] if parts else []), []
        first = not self._seen
        new = [
            NewPart(segment.msn, index, part, segment)
            for segment in playlist.segments
            for index, part in enumerate(segment.parts)
            if (segment.msn, index) not in self._seen
        ]
        faults = list(self._judge_head(playlist))
        for one in new:
            faults += self._judge_duration(one, playlist)
        if not first:
            faults += self._judge_hint(new)
            faults += self._judge_delay(new, playlist.part_target_s, now)
        for one in new:
            self._seen[one.msn, one.index] = one.part.resource.uri
        faults += self._judge_sums(playlist, {one.msn for one in new} if not first else set())
        self._hint = playlist.hint.uri if playlist.hint and not playlist.hint.ranged else None
        while len(self._seen) > _KEPT * 32:
            del self._seen[next(iter(self._seen))]
        return faults, new

    def _judge_head(self, playlist: MediaPlaylist) -> Iterator[Fault]:
        target_s = playlist.part_target_s or 0.0
        if playlist.part_hold_back_s is None:
            yield Fault("server_control", self.name, "has EXT-X-PART-INF without PART-HOLD-BACK")
        elif playlist.part_hold_back_s < 2 * target_s - 1e-6:
            detail = f"PART-HOLD-BACK {playlist.part_hold_back_s} is below 2 part targets"
            yield Fault("server_control", self.name, detail)
        if not playlist.ended and playlist.hint is None:
            yield Fault("preload_hint", self.name, "lists parts and hints at no next one")

    def _judge_duration(self, new: NewPart, playlist: MediaPlaylist) -> Iterator[Fault]:
        """Part "MUST be <= PART-TARGET", and at least 85 % of it but for the exceptions."""
        target_s, where = playlist.part_target_s or 0.0, f"{self.name} {new.msn}.{new.index}"
        part = new.part
        if part.duration_s > target_s + 1e-6:
            detail = f"lasts {part.duration_s} s, above PART-TARGET {target_s}"
            yield Fault("part_duration", where, detail)
        last = new.segment.resource is not None and new.index == len(new.segment.parts) - 1
        open_end = new.segment.resource is None and new.index == len(new.segment.parts) - 1
        if part.independent or part.gap or last or open_end:
            return
        if part.duration_s < 0.85 * target_s - 1e-6:
            detail = f"lasts {part.duration_s} s, below 85 % of PART-TARGET {target_s}"
            yield Fault("part_duration", where, detail)

    def _judge_hint(self, new: list[NewPart]) -> Iterator[Fault]:
        if self._hint is None or not new:
            return
        if new[0].part.resource.uri != self._hint and not new[0].part.gap:
            where = f"{self.name} {new[0].msn}.{new[0].index}"
            yield Fault("preload_hint", where, "is not the part that was hinted at before it")

    def _judge_delay(self, new: list[NewPart], target_s: float, now: UnixNs) -> Iterator[Fault]:
        """A player holds back so much that a part may be one PART-TARGET late, not more."""
        for one in new:
            self._media_ns += round(one.part.duration_s * 1e9)
        if not new:
            return
        ahead_ns = now - self._media_ns
        if self._ahead_ns is None or ahead_ns < self._ahead_ns:
            self._ahead_ns = ahead_ns
        late_s = (ahead_ns - self._ahead_ns) / 1e9
        limit_s = max(target_s, _LEAST_LATE_S)
        if late_s > limit_s:
            where = f"{self.name} {new[-1].msn}.{new[-1].index}"
            yield Fault("part_late", where, f"{late_s:.2f} s late, over {limit_s:.2f} s")
            # A source that stood still goes on later for good: its delay is told once.
            self._ahead_ns = ahead_ns

    def _judge_sums(self, playlist: MediaPlaylist, new: set[int]) -> Iterator[Fault]:
        for segment in playlist.whole:
            if segment.msn not in new or not segment.parts:
                continue
            sum_s = sum(part.duration_s for part in segment.parts)
            if abs(sum_s - segment.duration_s) > _SUM_S:
                detail = f"its parts last {sum_s:.3f} s, and EXTINF says {segment.duration_s:.3f} s"
                yield Fault("part_missing", f"{self.name} {segment.msn}", detail)
