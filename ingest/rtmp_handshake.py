"""RTMP's opening: the plain handshake, and the one with digests.  Sans-I/O.

The client sends C0 (version), C1 (1536 bytes) and later C2; the server answers S0, S1, S2.
A client that wants digests hides an HMAC-SHA256 over C1 in C1 itself, at a place that one of
two schemas computes; some encoders send H.264 only after a server proved the same way.

**Source:** RTMP specification 1.0, section 5.2; the digests are Flash Media Server's, public
since librtmp.
"""

from __future__ import annotations

import hmac
from typing import Final

from core.errors import FormatError

__all__ = ["C1_BYTES", "answer_handshake"]

C1_BYTES: Final = 1536

_VERSION: Final = 3
_DIGEST_BYTES: Final = 32
_SCHEMAS: Final = ((8, 12), (772, 776))
"""Where four bytes stand whose sum is the digest's offset, and where that offset counts from."""
_OFFSETS: Final = 728
_TAIL: Final = bytes.fromhex("f0eec24a8068bee82e00d0d1029e7e576eec5d2d29806fab93b8e636cfeb31ae")
_SERVER_KEY: Final = b"Genuine Adobe Flash Media Server 001"
_CLIENT_KEY: Final = b"Genuine Adobe Flash Player 001"


def answer_handshake(c0c1: bytes, nonce: bytes) -> bytes:
    """Return S0, S1 and S2.

    Args:
        c0c1: The 1537 bytes of C0 and C1.
        nonce: 3072 random bytes.

    Raises:
        FormatError: If the client speaks another version (6 is RTMPE).
    """
    if c0c1[0] != _VERSION:
        raise FormatError(f"RTMP version {c0c1[0]}")
    c1 = c0c1[1:]
    found = _find_digest(c1)
    if found is None:
        echo = bytes(8) + nonce[8:C1_BYTES]
        return bytes([_VERSION]) + echo + c1  # "The S2 ... an echo of C1"
    schema, digest = found
    s1 = bytearray(bytes(4) + b"\x04\x05\x00\x01" + nonce[8:C1_BYTES])
    at = _digest_at(s1, *schema)
    s1[at : at + _DIGEST_BYTES] = _hmac(_SERVER_KEY, bytes(s1[:at] + s1[at + _DIGEST_BYTES :]))
    s2 = nonce[C1_BYTES : 2 * C1_BYTES - _DIGEST_BYTES]
    proof = _hmac(_hmac(_SERVER_KEY + _TAIL, digest), s2)
    return bytes([_VERSION]) + bytes(s1) + s2 + proof


def _hmac(key: bytes, data: bytes) -> bytes:
    return hmac.digest(key, data, "sha256")


def _digest_at(c1: bytes | bytearray, offsets_at: int, counted_from: int) -> int:
    return sum(c1[offsets_at : offsets_at + 4]) % _OFFSETS + counted_from


def _find_digest(c1: bytes) -> tuple[tuple[int, int], bytes] | None:
    """Return the schema and the digest in C1, or None when the client asks for none."""
    if c1[4:8] == bytes(4):
        return None
    for schema in _SCHEMAS:
        at = _digest_at(c1, *schema)
        given = c1[at : at + _DIGEST_BYTES]
        if hmac.compare_digest(given, _hmac(_CLIENT_KEY, c1[:at] + c1[at + _DIGEST_BYTES :])):
            return schema, given
    return None
