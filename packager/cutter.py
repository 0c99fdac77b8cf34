"""Cut an upload into parts of the grid, or say what is wrong with it.  Sans-I/O.

An upload is one request's body: a header (``ftyp``, ``moov``), or one segment (``styp``, then
``moof`` and ``mdat`` six times).  Each fragment is exactly one part: it begins on the 0.64 s
grid, lasts 0.64 s, and holds every frame of it.  Nothing is mended here; an encoder that is
off the grid is a fault to be seen, not to be hidden.

However the bytes are cut on their way, the same parts come out, and the same refusal.
Boxes other than these six are passed over (ISO/IEC 14496-12 asks it of every reader), so
that two encoders' ``prft`` times make no difference to what viewers get.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from core.boxes import BoxReader
from core.cmaf import (
    SLATE_BRAND,
    Fragment,
    TrackHeader,
    parse_fragment,
    parse_header,
    parse_segment_brands,
)
from core.errors import FormatError, HeaderNeededError
from core.ladder import Rendition
from core.timeline import (
    AAC_FRAME_SAMPLES,
    PART_NS,
    PARTS_PER_GOP,
    PARTS_PER_SEGMENT,
    SAMPLE_RATE,
    PartAddress,
    frames_per_part,
    part_ticks,
)

__all__ = [
    "Cut",
    "HeaderCut",
    "OffGridError",
    "PartCut",
    "UploadCutter",
    "check_header",
    "max_part_bytes",
    "place_fragment",
]

_BURST: Final = 8
"""How far one part may exceed the mean.  A cut to noise at a GOP's start is under 4."""

_FLOOR_BYTES: Final = 256 * 1024
"""Room for boxes and for a low rung's first picture."""

_AAC_FRAMES_PER_PART: Final = SAMPLE_RATE * PART_NS // 1_000_000_000 // AAC_FRAME_SAMPLES
_SEQUENCE_AT: Final = 20  # moof header 8, mfhd header 8, version and flags 4
_HEADER_BOXES: Final = (b"ftyp", b"moov")


@dataclass(frozen=True, slots=True)
class HeaderCut:
    """The upload is a header, and fits the rendition."""

    header: TrackHeader


@dataclass(frozen=True, slots=True)
class PartCut:
    """One part, whole and on the grid."""

    address: PartAddress
    header: TrackHeader
    """The sender's header, with which it was read."""

    data: bytes
    """``moof`` and ``mdat``."""

    independent: bool
    """It begins with a sync sample; true for all sound."""

    slate: bool
    """The segment's ``styp`` says that it shows the slate."""


Cut = HeaderCut | PartCut


class OffGridError(FormatError):
    """A fragment that does not begin where a part begins, or does not last one part."""

    code = "timing"

    def __init__(self, message: str, *, msn: int) -> None:
        super().__init__(message)
        self.msn = msn
        """The segment that it falls into."""


def max_part_bytes(rendition: Rendition) -> int:
    """Return the largest part that is taken from an encoder of this rendition."""
    return rendition.bitrate_bps * PART_NS // 8_000_000_000 * _BURST + _FLOOR_BYTES


def check_header(header: TrackHeader, rendition: Rendition) -> None:
    """Refuse a header that is not this rendition's.

    Raises:
        FormatError: With code ``configuration``.
    """
    found = (header.kind, header.width, header.height, header.channels)
    wanted = (rendition.kind, rendition.width, rendition.height, rendition.channels)
    if found != wanted:
        raise FormatError(
            f"the header is of {found}, rendition {rendition.name} is {wanted}",
            code="configuration",
        )
    if header.kind == "audio" and header.sample_rate != SAMPLE_RATE:
        raise FormatError(f"sound of {header.sample_rate} samples/s", code="configuration")
    try:
        part_ticks(header.timescale)
    except ValueError as error:
        raise FormatError(str(error), code="configuration") from error


def place_fragment(fragment: Fragment, header: TrackHeader, rendition: Rendition) -> PartAddress:
    """Return which part the fragment is.

    Raises:
        OffGridError: If it begins off the grid or is not 0.64 s long.
        FormatError: If frames are missing, or a group of pictures begins without its IDR.
    """
    ticks = part_ticks(header.timescale)
    number, beside = divmod(fragment.decode_time, ticks)
    address = PartAddress(*divmod(number, PARTS_PER_SEGMENT))
    if beside:
        raise OffGridError(f"tfdt is {beside} ticks behind part {address}", msn=address.msn)
    if rendition.kind == "video":
        wanted, code = frames_per_part(rendition.frame_rate), "missing_frames"
    else:
        wanted, code = _AAC_FRAMES_PER_PART, "missing_samples"
    if fragment.samples != wanted:
        raise FormatError(f"{fragment.samples} frames, a part holds {wanted}", code=code)
    if fragment.duration != ticks:
        raise OffGridError(f"{fragment.duration} ticks long, not {ticks}", msn=address.msn)
    # STANDARDS 184: a part that is called independent must begin with the IDR itself.
    if (
        rendition.kind == "video"
        and address.part % PARTS_PER_GOP == 0
        and not fragment.starts_with_sync
    ):
        raise FormatError(f"part {address} does not begin with an IDR", code="keyframe")
    return address


class UploadCutter:
    """Cut one request's body."""

    def __init__(self, rendition: Rendition, header: TrackHeader | None) -> None:
        """Prepare for one upload.

        Args:
            rendition: Whose upload it is.
            header: The header that the same sender posted before, if it did.
        """
        self._rendition, self._header = rendition, header
        self._reader = BoxReader()
        self._max_part = max_part_bytes(rendition)
        self._max_upload = PARTS_PER_SEGMENT * self._max_part
        self._bytes = 0
        self._ftyp = b""
        self._moof = b""
        self._slate = False
        self._header_cut = False
        self.last: PartAddress | None = None
        """The newest part that was cut."""

    def receive(self, data: bytes) -> Iterator[Cut]:
        """Take the next bytes of the body and yield what they complete.

        Raises:
            HeaderNeededError: If media comes and the sender's header is not known, or is of
                another track.
            FormatError: With the broken rule as its code.  The rest of the body is of no use.
        """
        for box in self._reader.cut(data):
            self._bytes += len(box)
            if len(box) > self._max_part or self._bytes > self._max_upload:
                raise FormatError(f"over {self._max_part} bytes a part", code="size")
            cut = self._take_box(bytes(box[4:8]), box)
            if cut is not None:
                yield cut
        if self._reader.pending_bytes > self._max_part:
            raise FormatError(f"over {self._max_part} bytes a part", code="size")

    def finish(self) -> None:
        """Take the end of the body; an empty one is welcome (STANDARDS 133).

        Raises:
            FormatError: If it ends inside a box, a fragment or a header.
        """
        if self._reader.pending_bytes or self._moof:
            raise FormatError("the upload ends in the middle of a fragment")
        if self._ftyp and not self._header_cut:
            raise FormatError("ftyp without moov")

    def _take_box(self, kind: bytes, box: bytes) -> Cut | None:
        if self._header_cut and kind in (b"styp", b"moof", b"mdat", *_HEADER_BOXES):
            raise FormatError("a header has a request of its own", code="order")
        if self._moof and kind != b"mdat":
            raise FormatError("a moof is not followed by its mdat", code="order")
        match kind:
            case b"ftyp":
                self._ftyp = box
            case b"moov":
                return self._cut_header(box)
            case b"styp":
                self._need_header()
                self._slate = SLATE_BRAND in parse_segment_brands(box)
            case b"moof":
                self._need_header()
                self._moof = box
            case b"mdat":
                moof, self._moof = self._moof, b""
                return self._cut_part(moof, box)
            case _:
                pass
        return None

    def _need_header(self) -> TrackHeader:
        if self._ftyp:
            raise FormatError("media behind ftyp", code="order")
        if self._header is None:
            raise HeaderNeededError("the track's header is not known; post it first")
        return self._header

    def _cut_header(self, moov: bytes) -> HeaderCut:
        if not self._ftyp or self.last is not None:
            raise FormatError("a header is ftyp and moov in a request of its own", code="order")
        header = parse_header(self._ftyp + moov)
        check_header(header, self._rendition)
        self._header_cut = True
        return HeaderCut(header)

    def _cut_part(self, moof: bytes, mdat: bytes) -> PartCut:
        header = self._need_header()
        if not moof:
            raise FormatError("an mdat without a moof", code="order")
        try:
            fragment = parse_fragment(moof, mdat, header)
        except FormatError as error:
            if error.code == "track":  # it belongs to a header that we were not told
                raise HeaderNeededError(str(error), code="track") from error
            raise
        address = place_fragment(fragment, header, self._rendition)
        if self.last is not None and (address != self.last.next() or address.msn != self.last.msn):
            raise FormatError(f"{address} behind {self.last} in one request", code="order")
        self.last = address
        return PartCut(
            address,
            header,
            _number(moof, address) + mdat,
            fragment.starts_with_sync or header.kind == "audio",
            self._slate,
        )


def _number(moof: bytes, address: PartAddress) -> bytes:
    """Write the fragment's number on the timeline into ``mfhd``.

    An encoder begins at 1 each time it is started.  Numbers that follow from the address
    rise over restarts (STANDARDS 147, 157) and are equal on every packager.
    """
    if bytes(moof[12:16]) != b"mfhd":
        raise FormatError("a moof begins with its mfhd")
    number = (address.msn * PARTS_PER_SEGMENT + address.part) & 0xFFFFFFFF
    return moof[:_SEQUENCE_AT] + struct.pack(">I", number) + moof[_SEQUENCE_AT + 4 :]
