"""Unpack gzip up to a limit and not a byte further.  Sans-I/O."""

from __future__ import annotations

import zlib
from typing import Final

from control.faults import FaultError, fault

__all__ = ["MAX_BYTES", "checked", "unpack"]

MAX_BYTES: Final = 5 * 1024 * 1024
"""Largest guide file, packed and unpacked."""

_GZIP: Final = 31  # zlib's window bits: 15, and 16 for gzip's header
_MAGIC: Final = b"\x1f\x8b"
_SHOWN: Final = "5 MB"


def checked(data: bytes) -> bytes:
    """Return the file itself, unpacked if it is gzip.

    Raises:
        FaultError: If it is larger than :data:`MAX_BYTES`, packed or unpacked, or damaged.
    """
    if len(data) > MAX_BYTES:
        raise FaultError(fault("too_large", detail=_SHOWN))
    return unpack(data) if data.startswith(_MAGIC) else data


def unpack(data: bytes, limit: int = MAX_BYTES) -> bytes:
    """Unpack; never holds more than ``limit`` bytes and one, however large the file claims to be.

    Raises:
        FaultError: If it is larger or damaged.
    """
    found = bytearray()
    while data:
        stream = zlib.decompressobj(_GZIP)
        try:
            found += stream.decompress(data, limit - len(found) + 1)
        except zlib.error as error:
            raise FaultError(fault("bad_gzip")) from error
        if len(found) > limit:
            raise FaultError(fault("too_large", detail=_SHOWN))
        if not stream.eof:
            raise FaultError(fault("bad_gzip"))
        # Files may be joined of several members, and padded with zeros (RFC 1952, 2.2; gzip(1)).
        data = stream.unused_data.lstrip(b"\0")
    return bytes(found)
