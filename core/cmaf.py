"""Read what CMAF headers and fragments say of themselves.  Sans-I/O.

A *header* is ``ftyp`` and ``moov``; a *fragment* is ``moof`` and ``mdat``, here always
one part.  Only the figures that decide where a fragment stands on the timeline and
how a track is announced are read; samples are never touched.

**Source:** ISO/IEC 14496-12 (boxes), 14496-14 (esds), 14496-15 (avcC), 23000-19
(CMAF: one track a file, one ``traf`` a ``moof``, one ``trun`` a ``traf``), RFC 6381 (codec
names).
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass
from typing import Final, Literal

from core.boxes import Box, child, iter_boxes
from core.errors import FormatError

__all__ = [
    "SLATE_BRAND",
    "Fragment",
    "TrackHeader",
    "find_first_sample",
    "parse_fragment",
    "parse_header",
    "parse_sample_sizes",
    "parse_segment_brands",
    "render_segment_type",
]

SLATE_BRAND: Final = b"slat"
"""Brand of a segment that holds filler, which real content may replace (STANDARDS 144)."""

_NOT_SYNC: Final = 0x10000  # sample_is_non_sync_sample
_AUDIO_ENTRY_BYTES: Final = 28
_VIDEO_ENTRY_BYTES: Final = 78
_DECODER_CONFIG: Final = 0x04
_DECODER_SPECIFIC: Final = 0x05
_MAX_SAMPLES: Final = 10_000


@dataclass(frozen=True, slots=True)
class TrackHeader:
    """A CMAF header and what it announces."""

    data: bytes
    """The header itself: ``ftyp`` and ``moov``."""

    hash: str
    """First 16 hexadecimal digits of the SHA-256 of ``data``: its name in URLs."""

    kind: Literal["video", "audio"]
    track_id: int
    timescale: int
    """Ticks a second of the track's decode times."""

    codec: str
    """Name after RFC 6381: ``avc1.64001f``, ``mp4a.40.2``."""

    width: int
    """Pixels; 0 for sound."""

    height: int
    """Pixels; 0 for sound."""

    channels: int
    """Channels of sound; 0 for video."""

    sample_rate: int
    """Samples a second; 0 for video."""

    configuration: bytes
    """What the decoder is set up with (the payload of ``avcC`` or the AudioSpecificConfig)."""

    default_duration: int
    """Ticks of a sample whose fragment does not say (``trex``)."""

    default_size: int
    """Bytes of a sample whose fragment does not say (``trex``)."""

    default_flags: int
    """Flags of a sample whose fragment does not say (``trex``)."""

    def same_configuration(self, other: TrackHeader) -> bool:
        """Tell whether a decoder set up with ``other`` plays this track's samples.

        Headers are compared by configuration, not by bytes: two FFmpeg versions write
        different names into headers whose ``avcC`` is equal.
        """
        return self._key() == other._key()

    def _key(self) -> tuple[object, ...]:
        size = (self.width, self.height, self.channels, self.sample_rate)
        return (self.kind, self.timescale, self.codec, *size, self.configuration)


@dataclass(frozen=True, slots=True)
class Fragment:
    """One ``moof`` with its ``mdat``."""

    data: bytes
    """Both boxes."""

    decode_time: int
    """``tfdt``: ticks since the UNIX epoch."""

    duration: int
    """Sum of the samples' durations, in ticks."""

    samples: int
    """Number of samples: pictures, or AAC frames."""

    starts_with_sync: bool
    """The first sample can be decoded without those before it."""


def parse_header(data: bytes) -> TrackHeader:
    """Read a CMAF header.

    Raises:
        FormatError: If it is not the header of exactly one H.264 or AAC track.
    """
    boxes = {box.kind: box.payload for box in iter_boxes(data)}
    if set(boxes) != {b"ftyp", b"moov"}:
        raise FormatError("a header is one ftyp and one moov box")
    moov = boxes[b"moov"]
    if sum(box.kind == b"trak" for box in iter_boxes(moov)) != 1:
        raise FormatError("a CMAF file has one track")  # STANDARDS 151
    try:
        return _parse_track(data, moov)
    except (struct.error, IndexError) as error:
        raise FormatError("a box of the header is too short") from error


def _parse_track(data: bytes, moov: memoryview) -> TrackHeader:
    tkhd = child(moov, b"trak", b"tkhd")
    (track_id,) = struct.unpack_from(">I", tkhd, 20 if tkhd[0] else 12)
    mdia = child(moov, b"trak", b"mdia")
    mdhd = child(mdia, b"mdhd")
    (timescale,) = struct.unpack_from(">I", mdhd, 20 if mdhd[0] else 12)
    if not timescale:
        raise FormatError("a timescale of 0")
    stsd = child(mdia, b"minf", b"stbl", b"stsd")
    entry = next(iter_boxes(stsd[8:]), None)
    if entry is None:
        raise FormatError("no sample entry")
    trex = child(moov, b"mvex", b"trex")
    duration, sample_bytes, flags = struct.unpack_from(">III", trex, 12)
    parse_entry = {b"avc1": _parse_avc, b"mp4a": _parse_aac}.get(entry.kind)
    if parse_entry is None:
        name = entry.kind.decode("latin-1")
        raise FormatError(f"a track of {name!r}; this platform's are avc1 and mp4a", code="codec")
    kind, codec, size, configuration = parse_entry(entry)
    return TrackHeader(
        data=data,
        hash=hashlib.sha256(data).hexdigest()[:16],
        kind=kind,
        track_id=track_id,
        timescale=timescale,
        codec=codec,
        width=size[0],
        height=size[1],
        channels=size[2],
        sample_rate=size[3],
        configuration=configuration,
        default_duration=duration,
        default_size=sample_bytes,
        default_flags=flags,
    )


_Entry = tuple[Literal["video", "audio"], str, tuple[int, int, int, int], bytes]


def _parse_avc(entry: Box) -> _Entry:
    width, height = struct.unpack_from(">HH", entry.payload, 24)
    avcc = bytes(child(entry.payload[_VIDEO_ENTRY_BYTES:], b"avcC"))
    return "video", f"avc1.{avcc[1:4].hex()}", (width, height, 0, 0), avcc


def _parse_aac(entry: Box) -> _Entry:
    channels, _, _, _, rate = struct.unpack_from(">HHHHI", entry.payload, 16)
    esds = bytes(child(entry.payload[_AUDIO_ENTRY_BYTES:], b"esds"))
    configuration = _audio_specific_config(esds[4:])
    object_type = configuration[0] >> 3
    return "audio", f"mp4a.40.{object_type}", (0, 0, channels, rate >> 16), configuration


def _audio_specific_config(esds: bytes) -> bytes:
    """Find the AudioSpecificConfig: ES_Descriptor, DecoderConfigDescriptor, then it."""
    at = 0
    while at < len(esds):
        tag = esds[at]
        at += 1
        size = 0
        while True:  # a length in groups of seven bits
            byte = esds[at]
            at += 1
            size = size << 7 | byte & 0x7F
            if not byte & 0x80:
                break
        if tag == _DECODER_SPECIFIC:
            if not size:
                break
            return esds[at : at + size]
        # Descend into the two descriptors that hold it, past their fixed fields.
        at += {0x03: 3, _DECODER_CONFIG: 13}.get(tag, size)
    raise FormatError("no AudioSpecificConfig in esds")


def parse_fragment(moof: bytes, mdat: bytes, header: TrackHeader) -> Fragment:
    """Read where a fragment stands on its track's timeline.

    Args:
        moof: The whole ``moof`` box.
        mdat: The whole ``mdat`` box.
        header: Header of the track, for the defaults of its samples.

    Raises:
        FormatError: If it breaks a rule of CMAF or belongs to another track.
    """
    try:
        return _parse_moof(moof, mdat, header)
    except (struct.error, IndexError) as error:
        raise FormatError("a box of the fragment is too short") from error


def _parse_moof(moof: bytes, mdat: bytes, header: TrackHeader) -> Fragment:
    trafs = [box.payload for box in iter_boxes(child(moof, b"moof")) if box.kind == b"traf"]
    if len(trafs) != 1:
        raise FormatError("a CMAF fragment has one traf")  # STANDARDS 151
    tfhd = child(trafs[0], b"tfhd")
    (tfhd_word, track_id) = struct.unpack_from(">II", tfhd)
    if track_id != header.track_id:
        raise FormatError(f"track {track_id}, the header's is {header.track_id}", code="track")
    duration, flags = _sample_defaults(tfhd, tfhd_word & 0xFFFFFF, header)
    tfdt = child(trafs[0], b"tfdt")
    (decode_time,) = struct.unpack_from(">Q" if tfdt[0] else ">I", tfdt, 4)
    truns = [box.payload for box in iter_boxes(trafs[0]) if box.kind == b"trun"]
    if len(truns) != 1:
        raise FormatError("a CMAF fragment has one trun")
    count, total, first_flags = _parse_trun(truns[0], duration, flags)
    return Fragment(moof + mdat, decode_time, total, count, not first_flags & _NOT_SYNC)


def _sample_defaults(tfhd: memoryview, present: int, header: TrackHeader) -> tuple[int, int]:
    duration, flags = header.default_duration, header.default_flags
    at = 8 + (8 if present & 0x1 else 0) + (4 if present & 0x2 else 0)
    if present & 0x8:
        (duration,) = struct.unpack_from(">I", tfhd, at)
        at += 4
    at += 4 if present & 0x10 else 0
    if present & 0x20:
        (flags,) = struct.unpack_from(">I", tfhd, at)
    return duration, flags


def _parse_trun(trun: memoryview, duration: int, flags: int) -> tuple[int, int, int]:
    """Return (samples, ticks in all, flags of the first sample)."""
    word, count = struct.unpack_from(">II", trun)
    present = word & 0xFFFFFF
    if not 0 < count <= _MAX_SAMPLES:
        raise FormatError(f"a fragment of {count} samples")
    at = 8 + (4 if present & 0x1 else 0)
    first_flags = flags
    if present & 0x4:
        (first_flags,) = struct.unpack_from(">I", trun, at)
        at += 4
    stride = 4 * sum(bool(present & bit) for bit in (0x100, 0x200, 0x400, 0x800))
    if present & 0x400 and not present & 0x4:
        skip = 4 * sum(bool(present & bit) for bit in (0x100, 0x200))
        (first_flags,) = struct.unpack_from(">I", trun, at + skip)
    if not present & 0x100:
        return count, count * duration, first_flags
    if at + count * stride > len(trun):
        raise FormatError("a trun is cut off")
    total = sum(struct.unpack_from(">I", trun, at + i * stride)[0] for i in range(count))
    return count, total, first_flags


def find_first_sample(part: bytes | memoryview) -> tuple[int, int]:
    """Return the bytes of a part that a player needs for its first picture.

    They begin with the ``moof`` and end with the first sample, which in this platform's parts
    stands first in the ``mdat``; what follows is not needed to decode it.

    Args:
        part: One fragment, perhaps with a ``styp`` before it.

    Returns:
        (first byte, one past the last), counted from the part's start.

    Raises:
        FormatError: If the fragment does not tell the sample's place and size.
    """
    at = 0
    for box in iter_boxes(part):
        if box.kind == b"moof":
            try:
                offset, size = _place_first_sample(box.raw)
            except (struct.error, IndexError) as error:
                raise FormatError("a box of the fragment is too short") from error
            end = at + offset + size
            if not size or offset < len(box.raw) or end > len(part):
                raise FormatError("the first sample lies outside its fragment")
            return at, end
        at += len(box.raw)
    raise FormatError("no moof")


def _place_first_sample(moof: memoryview) -> tuple[int, int]:
    """Return (offset from the start of the moof, size) of the first sample, in bytes."""
    tfhd = child(moof, b"moof", b"traf", b"tfhd")
    trun = child(moof, b"moof", b"traf", b"trun")
    (word,) = struct.unpack_from(">I", tfhd)
    size = 0
    if word & 0x10:  # default_sample_size
        at = 8 + (8 if word & 0x1 else 0) + 4 * sum(bool(word & bit) for bit in (0x2, 0x8))
        (size,) = struct.unpack_from(">I", tfhd, at)
    (present,) = struct.unpack_from(">I", trun)
    if not present & 0x1:
        raise FormatError("a trun without its data's place")
    (offset,) = struct.unpack_from(">i", trun, 8)
    if present & 0x200:
        at = 12 + (4 if present & 0x4 else 0) + (4 if present & 0x100 else 0)
        (size,) = struct.unpack_from(">I", trun, at)
    return offset, size


def parse_sample_sizes(moof: bytes | memoryview, header: TrackHeader) -> list[int]:
    """Return the bytes of each sample of a fragment, in the order of its ``mdat``.

    Args:
        moof: The whole ``moof`` box.
        header: Header of the track, for the size that is not repeated.

    Raises:
        FormatError: If the box breaks a rule of CMAF.
    """
    try:
        traf = child(moof, b"moof", b"traf")
        return _read_sizes(traf, header.default_size)
    except (struct.error, IndexError) as error:
        raise FormatError("a box of the fragment is too short") from error


def _read_sizes(traf: memoryview, size: int) -> list[int]:
    tfhd, trun = child(traf, b"tfhd"), child(traf, b"trun")
    (present,) = struct.unpack_from(">I", tfhd)
    if present & 0x10:
        at = 8 + 8 * bool(present & 0x1) + 4 * bool(present & 0x2) + 4 * bool(present & 0x8)
        (size,) = struct.unpack_from(">I", tfhd, at)
    present, count = struct.unpack_from(">II", trun)
    if not 0 < count <= _MAX_SAMPLES:
        raise FormatError(f"a fragment of {count} samples")
    if not present & 0x200:
        return [size] * count
    at = 8 + 4 * bool(present & 0x1) + 4 * bool(present & 0x4) + 4 * bool(present & 0x100)
    stride = 4 * sum(bool(present & bit) for bit in (0x100, 0x200, 0x400, 0x800))
    return [struct.unpack_from(">I", trun, at + i * stride)[0] for i in range(count)]


def parse_segment_brands(styp: bytes) -> frozenset[bytes]:
    """Return the brands of a whole ``styp`` box.

    Raises:
        FormatError: If the box is cut off.
    """
    payload = bytes(child(styp, b"styp"))
    brands = payload[:4] + payload[8:]
    return frozenset(brands[at : at + 4] for at in range(0, len(brands), 4))


def render_segment_type(*, slate: bool) -> bytes:
    """Write the ``styp`` box of a segment; filler carries the brand ``slat``."""
    brands = b"cmfs" + b"cmff" + (SLATE_BRAND if slate else b"")
    return struct.pack(">I4s4sI", 16 + len(brands), b"styp", b"cmfs", 0) + brands
