"""Build CMAF boxes by hand, so that a test says exactly which bytes it means."""

from __future__ import annotations

import struct

AVCC = bytes.fromhex("0142c01fffe1000467428c1f01000468ce3c80")


def box(kind: bytes, *parts: bytes) -> bytes:
    payload = b"".join(parts)
    return struct.pack(">I4s", 8 + len(payload), kind) + payload


def make_header(
    *, entry: bytes | None = None, tracks: int = 1, timescale: int = 12_800, brand: bytes = b"iso6"
) -> bytes:
    """Build the header of one track by hand; track 1, samples of 512 ticks, not sync."""
    if entry is None:
        fixed = bytearray(78)
        struct.pack_into(">HH", fixed, 24, 640, 360)
        entry = box(b"avc1", bytes(fixed), box(b"avcC", AVCC))
    stsd = box(b"stsd", bytes(8), entry)
    mdhd = box(b"mdhd", struct.pack(">IIIIII", 0, 0, 0, timescale, 0, 0))
    tkhd = box(b"tkhd", struct.pack(">IIII", 0, 0, 0, 1), bytes(60))
    trak = box(b"trak", tkhd, box(b"mdia", mdhd, box(b"minf", box(b"stbl", stsd))))
    trex = box(b"trex", struct.pack(">IIIIII", 0, 1, 1, 512, 0, 0x10000))
    return box(b"ftyp", brand) + box(b"moov", trak * tracks, box(b"mvex", trex))


def make_fragment(
    *, track: int = 1, decode_time: int = 0, samples: int = 16, trafs: int = 1, first: int = 0
) -> tuple[bytes, bytes]:
    """Build a fragment by hand that leaves all but the first sample's flags to the header."""
    tfhd = box(b"tfhd", struct.pack(">II", 0x020000, track))
    tfdt = box(b"tfdt", struct.pack(">IQ", 1 << 24, decode_time))
    trun = box(b"trun", struct.pack(">IIiI", 0x000005, samples, 0, first))
    moof = box(b"moof", box(b"mfhd", bytes(8)), box(b"traf", tfhd, tfdt, trun) * trafs)
    return moof, box(b"mdat", b"pictures")
