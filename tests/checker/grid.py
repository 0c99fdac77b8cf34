"""Judge the bytes of segments against the grid.  Sans-I/O.

Each check is absolute (number and part give the one right decode time), so that continuity to
the tick and alignment of the renditions follow when no segment has a fault.
"""

from __future__ import annotations

from collections.abc import Iterator

from core.boxes import iter_boxes
from core.cmaf import SLATE_BRAND, TrackHeader, parse_fragment, parse_segment_brands
from core.errors import FormatError
from core.timeline import PARTS_PER_SEGMENT, part_ticks

__all__ = ["SOUND_FRAMES_A_PART", "VIDEO_FRAMES_A_PART", "faults_of_segment", "is_slate"]

VIDEO_FRAMES_A_PART = (16, 32)
"""At 25 and at 50 frames a second."""

SOUND_FRAMES_A_PART = (30,)


def faults_of_segment(
    data: bytes, header: TrackHeader, msn: int, *, parts: range = range(PARTS_PER_SEGMENT)
) -> Iterator[str]:
    """Yield, in words, what is wrong with a segment or with one part of it.

    Args:
        data: ``styp`` perhaps, then fragments.
        header: Header of the track.
        msn: The number under which it was published.
        parts: Which of its parts ``data`` must hold.
    """
    try:
        boxes = [bytes(box.raw) for box in iter_boxes(data)]
        media = [box for box in boxes if box[4:8] in {b"moof", b"mdat"}]
        kinds = [box[4:8] for box in media]
        if kinds != [b"moof", b"mdat"] * len(parts):
            yield f"holds {len(media) / 2:g} fragments, not {len(parts)}"
            return
        for part, moof, mdat in zip(parts, media[::2], media[1::2], strict=True):
            yield from _faults_of_part(moof, mdat, header, msn, part)
    except FormatError as error:
        yield f"cannot be read: {error}"


def _faults_of_part(
    moof: bytes, mdat: bytes, header: TrackHeader, msn: int, part: int
) -> Iterator[str]:
    fragment = parse_fragment(moof, mdat, header)
    ticks = part_ticks(header.timescale)
    due = (msn * PARTS_PER_SEGMENT + part) * ticks
    if fragment.decode_time != due:
        yield f"part {part} starts {fragment.decode_time - due:+d} ticks off the grid"
    if fragment.duration != ticks:
        yield f"part {part} lasts {fragment.duration} ticks, not {ticks}"
    right = VIDEO_FRAMES_A_PART if header.kind == "video" else SOUND_FRAMES_A_PART
    if fragment.samples not in right:
        yield f"part {part} holds {fragment.samples} frames"
    if not fragment.starts_with_sync and (header.kind == "audio" or part % 3 == 0):
        yield f"part {part} does not begin with a frame that decodes by itself"


def is_slate(data: bytes) -> bool:
    """Tell whether the segment says that it shows the slate."""
    first = next(iter_boxes(data))
    return first.kind == b"styp" and SLATE_BRAND in parse_segment_brands(bytes(first.raw))
