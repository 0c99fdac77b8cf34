"""Write media playlists of what is recorded.  Sans-I/O.

Four lists of the same numbers: a *span* (EVENT while it runs, VOD when it is over), the *rewind
window* that slides behind the live edge, its delta update, and a *delayed* list for clients that
ask for "live, two hours ago".  None begins with a hole: "leading EXT-X-GAP segments stall"
ExoPlayer (STANDARDS 172).

A day is 22,500 segments, so whole runs are written at once, two lines a segment, with the time
on the first segment of each run alone; every player derives the rest.

**Source:** draft-pantos-hls-rfc8216bis-22 (STANDARDS 1-71).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from core.archive import Run
from core.timeline import CAN_SKIP_UNTIL_S, HOLD_BACK_S, SEGMENT_S, TARGET_DURATION_S
from origin.playlist import program_date_time
from origin.recorded import Recording

__all__ = ["SKIP_KEEPS", "render_delayed", "render_rewind", "render_span", "start_line"]

SKIP_KEEPS: Final = 7
"""Newest segments that a delta repeats: the end of the eighth lies 26.88 s back, behind the skip
boundary of 24 s (STANDARDS 68)."""

_STEP: Final = 1_000
"""Segments that are written at once: about 0.2 ms."""

_EXTINF: Final = f"#EXTINF:{SEGMENT_S}000,\n"
_GAP: Final = "#EXT-X-GAP\n"
_DISCONTINUITY: Final = "#EXT-X-DISCONTINUITY\n"
_TARGET: Final = f"#EXT-X-TARGETDURATION:{TARGET_DURATION_S}\n"
_REWIND_CONTROL: Final = (
    f"#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL={CAN_SKIP_UNTIL_S},"
    f"HOLD-BACK={HOLD_BACK_S}\n"
)
_LEAST_VERSION: Final = 6  # EXT-X-MAP (STANDARDS 5)
_GAP_VERSION: Final = 8  # strict clients want it where EXT-X-GAP stands, as an Apple page asks
_SKIP_VERSION: Final = 9  # EXT-X-SKIP


def start_line(offset_ms: int) -> str:
    """Return EXT-X-START, so many milliseconds into the first segment."""
    seconds, ms = divmod(offset_ms, 1000)
    return f"#EXT-X-START:TIME-OFFSET={seconds}.{ms:03},PRECISE=YES"


def render_span(recording: Recording, last: int, *, media: str, over: bool, offset_ms: int) -> str:
    """Return the playlist of a span.

    Args:
        recording: What there is of it; something.
        last: Number with which the list ends, be it a hole.
        media: What the names of segments begin with, relative: ``../../../../media/hytv/720p/``.
        over: Nothing more is coming.
        offset_ms: How far into the list playing begins.
    """
    body = _Body(media, recording, list_first=recording.first)
    body.write(recording.runs, recording.first, last)
    version = _GAP_VERSION if body.gaps else _LEAST_VERSION
    # "EVENT only if nothing is ever removed; VOD never changes" (STANDARDS 17).
    kind = "VOD" if over else "EVENT"
    head = (
        f"#EXTM3U\n#EXT-X-VERSION:{version}\n{_TARGET}#EXT-X-PLAYLIST-TYPE:{kind}\n"
        f"{start_line(offset_ms)}\n"
        f"#EXT-X-MEDIA-SEQUENCE:{recording.first}\n#EXT-X-DISCONTINUITY-SEQUENCE:0\n"
    )
    return "".join([head, *body.pieces, "#EXT-X-ENDLIST\n" if over else ""])


def render_rewind(
    recording: Recording, last: int, *, media: str, discontinuity_sequence: int, delta: bool
) -> str | None:
    """Return the playlist of the rewind window.

    Args:
        recording: What there is of it; something.
        last: Number of the newest segment that has ended, be it a hole.
        media: What the names of segments begin with.
        discontinuity_sequence: Discontinuities up to and with the first segment's own.
        delta: Leave out what lies before the skip boundary; None if nothing does.
    """
    first = recording.first
    begin = last + 1 - SKIP_KEEPS if delta else first
    if delta and begin <= first:
        return None
    body = _Body(media, recording, list_first=first)
    body.write(recording.runs, begin, last)
    if delta:
        version = _SKIP_VERSION
        # In a delta too, the numbers are those of the whole (STANDARDS 67).
        skip = f"#EXT-X-SKIP:SKIPPED-SEGMENTS={begin - first}\n"
    else:
        version, skip = (_GAP_VERSION if body.gaps else _LEAST_VERSION), ""
    head = (
        f"#EXTM3U\n#EXT-X-VERSION:{version}\n{_TARGET}{_REWIND_CONTROL}"
        f"#EXT-X-MEDIA-SEQUENCE:{first}\n"
        f"#EXT-X-DISCONTINUITY-SEQUENCE:{discontinuity_sequence}\n{skip}"
    )
    return "".join([head, *body.pieces])


def render_delayed(
    recording: Recording, last: int, *, media: str, discontinuity_sequence: int
) -> str:
    """Return a live list of the past, which slides as time does."""
    body = _Body(media, recording, list_first=recording.first)
    body.write(recording.runs, recording.first, last)
    version = _GAP_VERSION if body.gaps else _LEAST_VERSION
    head = (
        f"#EXTM3U\n#EXT-X-VERSION:{version}\n{_TARGET}"
        f"#EXT-X-MEDIA-SEQUENCE:{recording.first}\n"
        f"#EXT-X-DISCONTINUITY-SEQUENCE:{discontinuity_sequence}\n"
    )
    return "".join([head, *body.pieces])


class _Body:
    """Writes the lines of segments, run by run."""

    def __init__(self, media: str, recording: Recording, *, list_first: int) -> None:
        self.pieces: list[str] = []
        self.gaps = False
        self._media = media
        # DISCONTINUITY is left out where the segment stands first (STANDARDS 29).
        self._marks = [msn for msn in recording.discontinuities if msn > list_first]
        self._header = ""

    def write(self, runs: Iterable[Run], first: int, last: int) -> None:
        """Write the numbers from ``first`` to ``last``.

        What lies before ``first`` the player has: the header in force there is not named again.
        """
        cursor, before = first, first - 1
        for run in runs:
            if run.last < first:
                self._header, before = run.header_hash, run.last
                continue
            if run.first < first:
                self._header = run.header_hash
            begin = max(run.first, first)
            marked = any(before < mark <= begin for mark in self._marks)
            self._write_holes(cursor, begin - 1)
            self._write_run(begin, run, marked=marked)
            cursor, before = run.last + 1, run.last
        self._write_holes(cursor, last)

    def _write_holes(self, first: int, last: int) -> None:
        for begin, end in self._between_marks(first, last):
            self.gaps = True
            if begin in self._marks:
                self.pieces.append(_DISCONTINUITY)
            self._write_numbers(begin, end, _GAP)

    def _write_run(self, first: int, run: Run, *, marked: bool) -> None:
        for begin, end in self._between_marks(first, run.last):
            changed = run.header_hash != self._header
            # A header never changes without a new configuration; where none was told of, the
            # change itself tells (STANDARDS 28).
            if begin in self._marks or (changed and self._header and not marked):
                self.pieces.append(_DISCONTINUITY)
            if changed:
                self._header = run.header_hash
                self.pieces.append(f'#EXT-X-MAP:URI="{self._media}{self._header}.mp4"\n')
            self.pieces.append(f"#EXT-X-PROGRAM-DATE-TIME:{program_date_time(begin)}\n")
            self._write_numbers(begin, end, "")

    def _between_marks(self, first: int, last: int) -> Iterable[tuple[int, int]]:
        if first > last:
            return
        begin = first
        for mark in self._marks:
            if begin < mark <= last:
                yield begin, mark - 1
                begin = mark
        yield begin, last

    def _write_numbers(self, first: int, last: int, tag: str) -> None:
        before = f"{tag}{_EXTINF}{self._media}"
        between = f".m4s\n{before}"
        # In steps, since the interpreter is not given away within one.
        for begin in range(first, last + 1, _STEP):
            numbers = map(str, range(begin, min(begin + _STEP, last + 1)))
            self.pieces += (before, between.join(numbers), ".m4s\n")
