"""Cut the encoder's pipes: CMAF into its header and its parts, MP3 into chunks.  Sans-I/O.

FFmpeg writes a fragmented MP4 without end; each ``moof`` with its ``mdat`` is exactly
one part.  What follows the header is numbered by its decode time, so a rendition's
output needs no counting and survives an encoder that was restarted.

MP3 tells no time.  Its frames are counted from the start of the encoder's first segment,
which makes an encoder that was restarted give its chunks the same numbers too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from core.boxes import BoxReader
from core.cmaf import TrackHeader, parse_fragment, parse_header
from core.errors import FormatError
from core.sound_frames import SoundCutter
from core.timeline import (
    PART_NS,
    PARTS_PER_SEGMENT,
    SOUND_CHUNK_NS,
    PartAddress,
    UnixNs,
    part_ticks,
    segment_ticks,
    start_of_sound_chunk,
)

__all__ = ["FragmentCutter", "MadeHeader", "MadePart", "MadeSound", "SoundNumberer"]


@dataclass(frozen=True, slots=True)
class MadeHeader:
    """The encoder has written its header."""

    header: TrackHeader


@dataclass(frozen=True, slots=True)
class MadePart:
    """The encoder has written one part."""

    address: PartAddress
    samples: int
    """Pictures or AAC frames in it."""

    data: bytes


@dataclass(frozen=True, slots=True)
class MadeSound:
    """The encoder has written 0.24 s of MP3."""

    number: int
    """It begins so many times 0.24 s after the epoch."""

    data: bytes

    @property
    def covers(self) -> PartAddress:
        """The last part that ends with it or before it."""
        parts = start_of_sound_chunk(self.number + 1) // PART_NS
        return PartAddress(*divmod(parts - 1, PARTS_PER_SEGMENT))


Made: TypeAlias = MadeHeader | MadePart


class FragmentCutter:
    """Bytes of one pipe in, header and parts out."""

    def __init__(self) -> None:
        self._boxes = BoxReader()
        self._ftyp = b""
        self._moof = b""
        self._header: TrackHeader | None = None

    def receive(self, data: bytes) -> list[Made]:
        """Take bytes and return what they complete.

        Raises:
            FormatError: If the encoder wrote something that is no CMAF track on our grid.
        """
        made = [self._box(box) for box in self._boxes.receive(data)]
        return [item for item in made if item is not None]

    def _box(self, box: bytes) -> Made | None:
        kind = box[4:8]
        if kind == b"ftyp":
            self._ftyp = box
        elif kind == b"moov":
            self._header = parse_header(self._ftyp + box)
            return MadeHeader(self._header)
        elif kind == b"moof":
            self._moof = box
        elif kind == b"mdat":
            return self._part(box)
        return None

    def _part(self, mdat: bytes) -> MadePart:
        if self._header is None:
            raise FormatError("media before the header")
        fragment = parse_fragment(self._moof, mdat, self._header)
        timescale = self._header.timescale
        msn, into = divmod(fragment.decode_time, segment_ticks(timescale))
        part, rest = divmod(into, part_ticks(timescale))
        if rest or fragment.duration != part_ticks(timescale):
            raise FormatError(
                f"a fragment of {fragment.duration} ticks at {fragment.decode_time} is off"
                " the grid",
                code="timing",
            )
        return MadePart(PartAddress(msn, part), fragment.samples, fragment.data)


class SoundNumberer:
    """Bytes of the MP3 pipe in, numbered chunks out."""

    def __init__(self, start: UnixNs) -> None:
        """Begin with the segment that starts at ``start``."""
        self._cutter = SoundCutter()
        self._next = start // SOUND_CHUNK_NS

    def receive(self, data: bytes) -> list[MadeSound]:
        """Take bytes and return what they complete.

        Raises:
            FormatError: If the encoder wrote something that is no MP3 of ours.
        """
        made = [
            MadeSound(number, chunk)
            for number, chunk in enumerate(self._cutter.receive(data), self._next)
        ]
        self._next += len(made)
        return made
