"""AAC out of CMAF parts, each frame with the header that lets it go without a container.  Sans-I/O.

**Source:** ISO/IEC 14496-3, 1.6.2.1 (AudioSpecificConfig) and 1.A.2 (ADTS).
"""

from __future__ import annotations

from typing import Final

from core.boxes import iter_boxes
from core.cmaf import TrackHeader, parse_sample_sizes
from core.errors import FormatError

__all__ = ["wrap_adts"]

_HEADER_BYTES: Final = 7
_MAX_FRAME_BYTES: Final = 0x1FFF
_MAX_OBJECT_TYPE: Final = 4  # two bits hold it, less one
_ESCAPED_RATE: Final = 15
_VARIABLE_RATE: Final = 0x7FF
"""Of the buffer's fullness: it is not told."""


def wrap_adts(part: bytes | memoryview, header: TrackHeader) -> bytes:
    """Return a part's AAC frames, each behind an ADTS header.

    Args:
        part: A CMAF fragment of sound; what stands before its ``moof`` is left out.
        header: Header of its track.

    Raises:
        FormatError: If it is no AAC that ADTS can hold.
    """
    boxes = list(iter_boxes(part))
    moofs = [box.raw for box in boxes if box.kind == b"moof"]
    mdats = [box.payload for box in boxes if box.kind == b"mdat"]
    if len(moofs) != 1 or len(mdats) != 1:
        raise FormatError("not one fragment")
    sizes, sound = parse_sample_sizes(moofs[0], header), mdats[0]
    if sum(sizes) != len(sound):
        raise FormatError("the samples' sizes do not make up the mdat")
    fixed = _fixed_header(header.configuration)
    pieces: list[bytes | memoryview] = []
    at = 0
    for size in sizes:
        length = size + _HEADER_BYTES
        if length > _MAX_FRAME_BYTES:
            raise FormatError(f"an AAC frame of {size} bytes", code="size")
        pieces += ((fixed | length << 13).to_bytes(_HEADER_BYTES, "big"), sound[at : at + size])
        at += size
    return b"".join(pieces)


def _fixed_header(configuration: bytes) -> int:
    """Return an ADTS header of no length, as the number that its 56 bits are.

    AudioSpecificConfig begins with five bits of object type, four of the rate's index and four of
    the channels.
    """
    word = int.from_bytes(configuration[:2], "big")
    object_type, rate, channels = word >> 11, word >> 7 & 15, word >> 3 & 15
    if not 1 <= object_type <= _MAX_OBJECT_TYPE or rate == _ESCAPED_RATE or not 1 <= channels <= 7:  # noqa: PLR2004
        raise FormatError(f"AAC of object type {object_type} has no place in ADTS", code="codec")
    sync = 0xFFF1  # MPEG-4, layer 0, no CRC
    return sync << 40 | (object_type - 1) << 38 | rate << 34 | channels << 30 | _VARIABLE_RATE << 2
