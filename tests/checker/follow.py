"""Judge successive playlists of one rendition, one by one and against the grid.  Sans-I/O."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from core.timeline import PARTS_PER_SEGMENT, PartAddress, UnixNs, end_of_part, end_of_segment
from tests.checker.playlist import MediaPlaylist, Segment
from tests.checker.report import WatchReport

__all__ = ["Follower", "Wanted"]

_FAR_OFF: Final = 25
"""Segments that the edge may differ from the clock's; the edge of a stopped channel lags."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Something new that is to be downloaded and judged."""

    msn: int
    part: int | None
    """None: the whole segment."""

    uri: str
    header_uri: str


@dataclass(slots=True)
class Follower:
    """What one media playlist has said so far."""

    name: str
    report: WatchReport
    low_latency: bool
    uris: dict[tuple[int, int | None], str] = field(default_factory=dict)
    edge: tuple[int, int] = (-1, -1)
    media_sequence: int = -1
    discontinuity_sequence: int = -1
    old_gaps: set[int] = field(default_factory=set)
    """Gaps that were listed when the watch began."""

    moved_ns: UnixNs | None = None
    """When the edge last moved."""

    def take(self, playlist: MediaPlaylist, now: UnixNs) -> list[Wanted]:
        """Judge one playlist and return what is new in it, oldest first.

        Args:
            playlist: As the server answered.
            now: When the answer was there.
        """
        self._judge_head(playlist)
        first_time = self.edge == (-1, -1)
        wanted: list[Wanted] = []
        for segment in playlist.segments:
            wanted += self._judge_segment(segment, now, first_time=first_time)
        self._judge_edge(playlist, now)
        return wanted

    def _fault(self, what: str) -> None:
        self.report.fault(self.name, what)

    def _judge_head(self, playlist: MediaPlaylist) -> None:
        if playlist.target_duration_s != 4:
            self._fault(f"EXT-X-TARGETDURATION is {playlist.target_duration_s}")
        if self.low_latency and playlist.part_target != "0.64":
            self._fault(f"PART-TARGET is {playlist.part_target!r}")
        if playlist.media_sequence < self.media_sequence:
            self._fault(f"MSN went back to {playlist.media_sequence} from {self.media_sequence}")
        if playlist.discontinuity_sequence < self.discontinuity_sequence:
            self._fault("the discontinuity sequence went back")
        self.media_sequence = max(self.media_sequence, playlist.media_sequence)
        self.discontinuity_sequence = max(
            self.discontinuity_sequence, playlist.discontinuity_sequence
        )
        if playlist.segments and playlist.segments[0].gap:
            self._fault(f"begins with a gap, {playlist.segments[0].msn}")

    def _judge_segment(self, segment: Segment, now: UnixNs, *, first_time: bool) -> list[Wanted]:
        msn = segment.msn
        if segment.start_ms != msn * 3840:
            self._fault(f"PROGRAM-DATE-TIME of {msn} is {segment.start_ms} ms, not {msn * 3840}")
        if segment.discontinuity and msn > self.edge[0] and not first_time:
            self.report.discontinuities.add(msn)
        wanted: list[Wanted] = []
        for index, part in enumerate(segment.parts):
            if part.get("GAP") == "YES":
                self._note_gap(msn, first_time=first_time)
            elif self._is_new(msn, index, part["URI"]):
                if not first_time:
                    late_ns = now - end_of_part(PartAddress(msn, index))
                    self.report.part_delay_s.append(late_ns / 1e9)
                wanted.append(Wanted(msn, index, part["URI"], segment.header_uri))
            if part.get("DURATION") != "0.64000":
                self._fault(f"part {msn}.{index} lasts {part.get('DURATION')}")
        if segment.uri:
            wanted += self._judge_whole(segment, now, first_time=first_time)
        return wanted

    def _judge_whole(self, segment: Segment, now: UnixNs, *, first_time: bool) -> list[Wanted]:
        msn = segment.msn
        if segment.duration_s != "3.84000":
            self._fault(f"EXTINF of {msn} is {segment.duration_s}")
        if segment.parts and len(segment.parts) != PARTS_PER_SEGMENT:
            self._fault(f"{msn} is whole with {len(segment.parts)} parts")
        if segment.gap:
            self._note_gap(msn, first_time=first_time)
            return []
        if not self._is_new(msn, None, segment.uri):
            return []
        if not first_time:
            self.report.segment_delay_s.append((now - end_of_segment(msn)) / 1e9)
        return [Wanted(msn, None, segment.uri, segment.header_uri)]

    def _note_gap(self, msn: int, *, first_time: bool) -> None:
        """Count a gap, unless it stood there before the watch began."""
        if first_time:
            self.old_gaps.add(msn)
        elif msn not in self.old_gaps:
            self.report.gaps.add(msn)

    def _is_new(self, msn: int, part: int | None, uri: str) -> bool:
        """Remember the address of a number; it must never change (STANDARDS 69)."""
        known = self.uris.get((msn, part))
        if known is not None and known != uri:
            self._fault(f"the address of {msn}, part {part}, changed from {known} to {uri}")
        self.uris[msn, part] = uri
        return known is None

    def _judge_edge(self, playlist: MediaPlaylist, now: UnixNs) -> None:
        edge = playlist.edge
        if edge < self.edge:
            self._fault(f"the edge went back from {self.edge} to {edge}")
        if edge > self.edge:
            self.note_pause(now)
            self.edge, self.moved_ns = edge, now
        if abs(now - end_of_segment(edge[0])) > _FAR_OFF * 3_840_000_000:
            self._fault(f"the edge {edge[0]} is not the clock's")

    def note_pause(self, now: UnixNs) -> None:
        """Note how long the edge has stood still; also at the end of a watch."""
        if self.moved_ns is not None:
            pause_s = (now - self.moved_ns) / 1e9
            self.report.edge_pause_s = max(self.report.edge_pause_s, pause_s)
