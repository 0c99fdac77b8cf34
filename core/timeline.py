"""The epoch-locked timeline: which frame, part and segment a moment falls in.  Sans-I/O.

Segment ``msn`` of every rendition of every channel starts exactly ``msn``
segment durations after the UNIX epoch.  Two encoders that never speak to each
other therefore cut at the same frames and give them the same numbers, and a
catch-up playlist is a pure function of time.

Why 3.84 s.  A cut must fall on a video frame and on an audio frame.  At
25 frame/s a video frame lasts 1 920 samples of 48 kHz audio, an AAC frame
1 024; both fit a whole number of times only in multiples of 15 360 samples,
0.32 s.  HE-AAC's frames are twice as long, so our part is two of these, 0.64 s;
six parts are a segment, and a group of pictures is three parts.  All of it is
integer arithmetic: media time never passes through a float.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NewType

__all__ = [
    "AAC_FRAME_SAMPLES",
    "CAN_SKIP_UNTIL_S",
    "FRAME_RATES",
    "GOP_NS",
    "GOP_S",
    "HOLD_BACK_S",
    "MP3_FRAMES_PER_CHUNK",
    "MP3_FRAME_SAMPLES",
    "PARTS_PER_GOP",
    "PARTS_PER_SEGMENT",
    "PART_HOLD_BACK_S",
    "PART_NS",
    "PART_TARGET_S",
    "SAMPLE_RATE",
    "SEGMENT_NS",
    "SEGMENT_S",
    "SOUND_CHUNKS_PER_SEGMENT",
    "SOUND_CHUNK_NS",
    "TARGET_DURATION_S",
    "PartAddress",
    "UnixNs",
    "address_at",
    "end_of_part",
    "end_of_segment",
    "frame_at",
    "frames_per_part",
    "frames_per_segment",
    "msn_at",
    "part_ticks",
    "samples_per_frame",
    "segment_ticks",
    "start_of_frame",
    "start_of_part",
    "start_of_segment",
    "start_of_sound_chunk",
]

UnixNs = NewType("UnixNs", int)
"""A moment: nanoseconds since 1970-01-01T00:00:00Z, leap seconds ignored."""

PART_NS: Final = 640_000_000
PARTS_PER_SEGMENT: Final = 6
PARTS_PER_GOP: Final = 3
SEGMENT_NS: Final = PARTS_PER_SEGMENT * PART_NS
GOP_NS: Final = PARTS_PER_GOP * PART_NS

SAMPLE_RATE: Final = 48_000
"""Samples of sound a second, in every channel."""

AAC_FRAME_SAMPLES: Final = 1_024
MP3_FRAME_SAMPLES: Final = 1_152

# MP3's frames fill a segment (160) but no part.  They travel in chunks of ten.
MP3_FRAMES_PER_CHUNK: Final = 10
SOUND_CHUNK_NS: Final = 240_000_000
SOUND_CHUNKS_PER_SEGMENT: Final = 16

FRAME_RATES: Final = (25, 50)
"""Frames a second that fill a part with whole frames and go with whole samples."""

# What the playlists say of the grid; constants for ever, so that no player ever sees
# them change ("illegal PART-HOLD-BACK change" ends AVPlayer; STANDARDS 53).
SEGMENT_S: Final = "3.84"
TARGET_DURATION_S: Final = 4
GOP_S: Final = "1.92"
PART_TARGET_S: Final = "0.64"
PART_HOLD_BACK_S: Final = "1.92"
HOLD_BACK_S: Final = "15.36"
CAN_SKIP_UNTIL_S: Final = "24.0"

_NS: Final = 1_000_000_000


@dataclass(frozen=True, slots=True, order=True)
class PartAddress:
    """Where a part stands in a media playlist; ordered by time."""

    msn: int
    """Media sequence number of the parent segment."""

    part: int
    """Part index, from 0, within that segment."""

    def next(self) -> PartAddress:
        """Return the part that follows, in this segment or the next."""
        if self.part + 1 < PARTS_PER_SEGMENT:
            return PartAddress(self.msn, self.part + 1)
        return PartAddress(self.msn + 1, 0)


def msn_at(moment: UnixNs) -> int:
    """Return the number of the segment that is on air at ``moment``."""
    return moment // SEGMENT_NS


def address_at(moment: UnixNs) -> PartAddress:
    """Return the part that is on air at ``moment``.

    A cut belongs to the part that it starts: at ``start_of_part(address)`` the
    answer is ``address``.
    """
    msn, into = divmod(moment, SEGMENT_NS)
    return PartAddress(msn, into // PART_NS)


def start_of_segment(msn: int) -> UnixNs:
    """Return the moment of the segment's first frame."""
    return UnixNs(msn * SEGMENT_NS)


def end_of_segment(msn: int) -> UnixNs:
    """Return the moment just after the segment's last frame."""
    return UnixNs((msn + 1) * SEGMENT_NS)


def start_of_part(address: PartAddress) -> UnixNs:
    """Return the moment of the part's first frame."""
    return UnixNs(address.msn * SEGMENT_NS + address.part * PART_NS)


def end_of_part(address: PartAddress) -> UnixNs:
    """Return the moment just after the part's last frame: its deadline for publishing."""
    return UnixNs(start_of_part(address) + PART_NS)


def start_of_sound_chunk(number: int) -> UnixNs:
    """Return the moment of the first sample of a chunk of MP3, numbered from the epoch."""
    return UnixNs(number * SOUND_CHUNK_NS)


def _whole(dividend: int, divisor: int, what: str) -> int:
    quotient, rest = divmod(dividend, divisor)
    if rest:
        raise ValueError(f"{what} is not a whole number on the 3.84 s grid")
    return quotient


def segment_ticks(timescale: int) -> int:
    """Return the length of a segment in ticks of ``timescale`` a second.

    Raises:
        ValueError: If a segment is not a whole number of ticks.
    """
    return PARTS_PER_SEGMENT * part_ticks(timescale)


def part_ticks(timescale: int) -> int:
    """Return the length of a part in ticks of ``timescale`` a second.

    Raises:
        ValueError: If a part is not a whole number of ticks.
    """
    return _whole(timescale * PART_NS, _NS, f"a part at timescale {timescale}")


def frames_per_part(frame_rate: int) -> int:
    """Return how many frames a part holds: 16 at 25 frames/s, 32 at 50.

    Raises:
        ValueError: If the rate does not fill a part with whole frames.
    """
    return _whole(frame_rate * PART_NS, _NS, f"a part at {frame_rate} frames/s")


def frames_per_segment(frame_rate: int) -> int:
    """Return how many frames a segment holds: 96 at 25 frames/s, 192 at 50.

    Raises:
        ValueError: If the rate does not fill a part with whole frames.
    """
    return PARTS_PER_SEGMENT * frames_per_part(frame_rate)


def samples_per_frame(frame_rate: int) -> int:
    """Return how many samples of sound go with one frame: 1920 at 25 frames/s, 960 at 50.

    Raises:
        ValueError: If that is not a whole number.
    """
    return _whole(SAMPLE_RATE, frame_rate, f"the sound of one frame at {frame_rate} frames/s")


def frame_at(moment: UnixNs, frame_rate: int) -> int:
    """Return the number, from the epoch, of the frame that is on air at ``moment``."""
    return moment * frame_rate // _NS


def start_of_frame(frame: int, frame_rate: int) -> UnixNs:
    """Return the moment of a frame, exact for every rate of :data:`FRAME_RATES`."""
    return UnixNs(frame * _NS // frame_rate)
