"""Write media playlists from the live window.  Sans-I/O.

Two forms of the same numbers: *plain*, ten whole segments, for every player, with blocking
reload for those that know it; and *low latency*, with parts, hints and reports, and its delta
update.  Nothing that people wrote
(titles, names) ever enters a media playlist, so nothing they write can forge a tag.

The window never starts with a hole: "leading EXT-X-GAP segments stall" ExoPlayer
(STANDARDS 172).  Where the first number would be one, the list reaches back to the whole segment
before it, so EXT-X-MEDIA-SEQUENCE still never decreases.

**Source:** draft-pantos-hls-rfc8216bis-22 (STANDARDS 1-71).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from core.timeline import (
    CAN_SKIP_UNTIL_S,
    GOP_S,
    HOLD_BACK_S,
    PART_HOLD_BACK_S,
    PART_TARGET_S,
    PARTS_PER_GOP,
    PARTS_PER_SEGMENT,
    SEGMENT_S,
    TARGET_DURATION_S,
    PartAddress,
    start_of_segment,
)
from origin.window import ChannelWindow, Segment, Track

__all__ = [
    "I_FRAMES_PER_SEGMENT",
    "LOW_LATENCY_SEGMENTS",
    "PLAIN_SEGMENTS",
    "program_date_time",
    "render_i_frames",
    "render_low_latency",
    "render_plain",
]

PLAIN_SEGMENTS: Final = 10

I_FRAMES_PER_SEGMENT: Final = PARTS_PER_SEGMENT // PARTS_PER_GOP
"""So an I-frame playlist's own numbers are twice the segments', and as lasting."""

LOW_LATENCY_SEGMENTS: Final = 15
"""57.6 s: 24 s stay behind the skip boundary, so a delta update leaves out more than half."""

_SKIP_AFTER_SEGMENTS: Final = 7
"""Newest whole segments that a delta repeats.

"Media Segments ... further from the last Media Segment than the Skip Boundary" are skipped
(STANDARDS 68): the end of the eighth newest lies 26.88 s back, of the seventh only 23.04.
"""

_SEGMENTS_WITH_PARTS: Final = 3
"""Newest segments, the one of the hint among them, whose parts are listed: 7.7 to 10.9 s.

EXT-X-PART tags "SHOULD be removed after they are greater than three target durations from the
end" (STANDARDS 62), which hls-parser in strict mode counts in segments, the hint's included.
"""

_LOW_LATENCY_CONTROL: Final = (
    f"#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL={CAN_SKIP_UNTIL_S},"
    f"HOLD-BACK={HOLD_BACK_S},PART-HOLD-BACK={PART_HOLD_BACK_S}"
)
_PLAIN_CONTROL: Final = f"#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,HOLD-BACK={HOLD_BACK_S}"
_I_FRAME_EXTINF: Final = f"#EXTINF:{GOP_S}000,"
_EXTINF: Final = f"#EXTINF:{SEGMENT_S}000,"
_PART: Final = f"#EXT-X-PART:DURATION={PART_TARGET_S}000"


def render_plain(window: ChannelWindow, track: Track) -> str | None:
    """Return the plain playlist, or None before the first whole segment."""
    last = track.last_whole
    first = _first_listed(track, PLAIN_SEGMENTS)
    if last is None or first is None:
        return None
    lines = [
        "#EXTM3U",
        "",  # the version, which depends on what follows
        f"#EXT-X-TARGETDURATION:{TARGET_DURATION_S}",
        _PLAIN_CONTROL,
        *_sequences(window, first),
    ]
    writer = _SegmentWriter(window, track, first, lines)
    for msn in range(first, last + 1):
        writer.write(msn, with_parts=False)
    return _finish(lines, least=6)


def render_i_frames(window: ChannelWindow, track: Track) -> str | None:
    """Return the I-frame playlist of the plain one's segments, or None before the first of them.

    Each IDR is an entry: ``moof`` and first sample, a range of the segment's bytes.  A hole is as
    many entries with EXT-X-GAP.  Leaving them out would give the picture before the hole a
    duration over the target duration, and make every later number depend on the hole.
    """
    last = track.last_whole
    first = _first_listed(track, PLAIN_SEGMENTS)
    if last is None or first is None:
        return None
    number, sequence = _sequences(window, first, entries=I_FRAMES_PER_SEGMENT)
    lines = [
        "#EXTM3U",
        "",  # the version, which depends on what follows
        f"#EXT-X-TARGETDURATION:{TARGET_DURATION_S}",  # the same in all (STANDARDS 41, 117)
        _PLAIN_CONTROL,
        "#EXT-X-I-FRAMES-ONLY",
        number,
        sequence,
    ]
    writer = _SegmentWriter(window, track, first, lines)
    for msn in range(first, last + 1):
        writer.write_i_frames(msn)
    # "EXT-X-MAP in a playlist that contains EXT-X-I-FRAMES-ONLY: 5 or greater" (STANDARDS 5).
    return _finish(lines, least=5)


def render_low_latency(
    window: ChannelWindow, track: Track, reported: Iterable[Track], *, delta: bool
) -> str | None:
    """Return the low-latency playlist, or None where there is none.

    Args:
        window: The channel's window.
        track: The rendition.
        reported: The other renditions that the same multivariant playlist names.
        delta: Leave out what lies before the skip boundary; None if nothing does.
    """
    edge, last = track.edge, track.last_whole
    first = _first_listed(track, LOW_LATENCY_SEGMENTS)
    if edge is None or last is None or first is None:
        return None
    begin = last + 1 - _SKIP_AFTER_SEGMENTS if delta else first
    if delta and begin <= first:
        return None
    lines = [
        "#EXTM3U",
        "",  # the version, which depends on what follows
        f"#EXT-X-TARGETDURATION:{TARGET_DURATION_S}",
        _LOW_LATENCY_CONTROL,
        f"#EXT-X-PART-INF:PART-TARGET={PART_TARGET_S}",
        *_sequences(window, first),  # in a delta too, those of the whole (STANDARDS 67)
    ]
    writer = _SegmentWriter(window, track, first, lines)
    if delta:
        lines.append(f"#EXT-X-SKIP:SKIPPED-SEGMENTS={begin - first}")
        # Player: the tags of skipped segments are taken from the player's copy, EXT-X-MAP among
        # them; hls.js would load the header again if it stood here once more.
        writer.skip_to(begin)
    hint = edge.next()
    for msn in range(begin, last + 1):
        writer.write(msn, with_parts=msn > hint.msn - _SEGMENTS_WITH_PARTS)
    if edge.msn > last:
        writer.write_open(edge)
    lines.append(f'#EXT-X-PRELOAD-HINT:TYPE=PART,URI="{writer.media}{hint.msn}.{hint.part}.m4s"')
    # LAST-PART is never left out: hls.js would put its own in its place (STANDARDS 66).
    lines += [
        f'#EXT-X-RENDITION-REPORT:URI="../{other.rendition}/index.m3u8",'
        f"LAST-MSN={other.edge.msn},LAST-PART={other.edge.part}"
        for other in reported
        if other.edge is not None
    ]
    return _finish(lines, least=9 if delta else 6)


def _finish(lines: list[str], *, least: int) -> str:
    """Put the version into its place and join the lines.

    EXT-X-MAP needs 6 and EXT-X-SKIP 9 (STANDARDS 5, 6); strict clients want 8 where EXT-X-GAP
    stands, as an Apple page asks.
    """
    version = max(least, 8) if "#EXT-X-GAP" in lines else least
    lines[1] = f"#EXT-X-VERSION:{version}"
    lines.append("")
    return "\n".join(lines)


@lru_cache(maxsize=256)
def program_date_time(msn: int) -> str:
    """Return the moment of a segment's first frame: ``2026-11-23T14:29:12.960Z``."""
    seconds, rest_ns = divmod(start_of_segment(msn), 1_000_000_000)
    moment = datetime.fromtimestamp(seconds, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{rest_ns // 1_000_000:03}Z"


def _sequences(window: ChannelWindow, first: int, *, entries: int = 1) -> tuple[str, str]:
    # DISCONTINUITY-SEQUENCE is always there: without it AVPlayer fails at the first
    # discontinuity (STANDARDS 30).  EXT-X-INDEPENDENT-SEGMENTS stands in the multivariant
    # playlist, and "SHOULD NOT" be repeated here (STANDARDS 9, 124).
    return (
        f"#EXT-X-MEDIA-SEQUENCE:{first * entries}",
        f"#EXT-X-DISCONTINUITY-SEQUENCE:{window.discontinuity_sequence(first)}",
    )


def _first_listed(track: Track, count: int) -> int | None:
    """Return the number with which a list of ``count`` segments starts, or a bit before."""
    last = track.last_whole
    if last is None:
        return None
    wanted = max(last - count + 1, track.first)
    for numbers in (range(wanted, track.first - 1, -1), range(wanted + 1, last + 1)):
        for msn in numbers:
            segment = track.segments.get(msn)
            if segment is not None and segment.listed:
                return msn
    return None


class _SegmentWriter:
    """Write the lines of segments in order, remembering the header in force."""

    def __init__(self, window: ChannelWindow, track: Track, first: int, lines: list[str]) -> None:
        self._window, self._track, self._first, self._lines = window, track, first, lines
        self._header = ""
        # Relative by depth, so that a path prefix carries over (DESIGN 3.5).
        self.media = f"../../../media/{window.channel}/{track.rendition}/"

    def skip_to(self, msn: int) -> None:
        """Take the header in force before ``msn`` as known to the player."""
        while msn > self._track.first and not self._header:
            msn -= 1
            segment = self._track.segments.get(msn)
            self._header = segment.header_hash if segment is not None else ""

    def write(self, msn: int, *, with_parts: bool) -> None:
        segment = self._track.segments.get(msn)
        self._write_start(msn, segment)
        if with_parts:
            self._write_parts(msn, segment, PARTS_PER_SEGMENT)
        if segment is None or not segment.listed:
            self._lines.append("#EXT-X-GAP")
        self._lines += (_EXTINF, f"{self.media}{msn}.m4s")

    def write_i_frames(self, msn: int) -> None:
        """Write an entry for each IDR of a segment."""
        segment = self._track.segments.get(msn)
        self._write_start(msn, segment)
        at = 0
        for index in range(PARTS_PER_SEGMENT):
            part = None if segment is None or not segment.listed else segment.parts[index]
            if index % PARTS_PER_GOP == 0:
                if part is None or part.i_frame is None:
                    self._lines.append("#EXT-X-GAP")
                    self._lines.append(_I_FRAME_EXTINF)
                else:
                    start, end = part.i_frame
                    self._lines.append(_I_FRAME_EXTINF)
                    self._lines.append(f"#EXT-X-BYTERANGE:{end - start}@{at + start}")
                self._lines.append(f"{self.media}{msn}.m4s")
            at += 0 if part is None else len(part.data)

    def write_open(self, edge: PartAddress) -> None:
        """Write the parts of the segment that is still being made."""
        segment = self._track.segments.get(edge.msn)
        self._write_start(edge.msn, segment)
        self._write_parts(edge.msn, segment, edge.part + 1)

    def _write_start(self, msn: int, segment: Segment | None) -> None:
        # These precede the segment's first part (STANDARDS 59).
        if msn in self._window.discontinuities and msn > self._first:
            self._lines.append("#EXT-X-DISCONTINUITY")
        if segment is not None and segment.header_hash != self._header:
            self._header = segment.header_hash
            self._lines.append(f'#EXT-X-MAP:URI="{self.media}{self._header}.mp4"')
        self._lines.append(f"#EXT-X-PROGRAM-DATE-TIME:{program_date_time(msn)}")

    def _write_parts(self, msn: int, segment: Segment | None, count: int) -> None:
        for index in range(count):
            part = None if segment is None else segment.parts[index]
            flag = ",GAP=YES" if part is None else ",INDEPENDENT=YES" if part.independent else ""
            self._lines.append(f'{_PART},URI="{self.media}{msn}.{index}.m4s"{flag}')
