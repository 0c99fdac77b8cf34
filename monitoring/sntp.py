"""One question to a time server, and what its answer says of the system clock.  Sans-I/O.

SNTP (RFC 4330): the server's clock is read as if it were read half way between the question and
the answer, so the error is at most half the round trip.
"""

from __future__ import annotations

import struct
from typing import Final

from core.errors import FormatError

__all__ = ["QUESTION_BYTES", "offset_s", "question"]

QUESTION_BYTES: Final = 48
_EPOCHS_APART_S: Final = 2_208_988_800
"""From 1900, where NTP begins to count, to 1970."""

_NS: Final = 1_000_000_000
_SERVER: Final = 4
_MAX_STRATUM: Final = 15


def question(now_ns: int) -> bytes:
    """Return the packet that asks; ``now_ns`` (UNIX) comes back in the answer to it."""
    return struct.pack(">B39x", 0x23) + _stamp(now_ns)  # version 4, client


def offset_s(answer: bytes, *, asked_ns: int, now_ns: int) -> float:
    """Return by how much the system clock is ahead of the server's, in seconds.

    Args:
        answer: The packet that came.
        asked_ns: The system clock when the question was sent.
        now_ns: The system clock when the answer came.

    Raises:
        FormatError: If it is no answer to this question, or the server does not know the time.
    """
    if len(answer) < QUESTION_BYTES or answer[24:32] != _stamp(asked_ns):
        raise FormatError("no answer to what was asked")
    leap, mode, stratum = answer[0] >> 6, answer[0] & 7, answer[1]
    if mode != _SERVER or leap == 3 or not 1 <= stratum <= _MAX_STRATUM:  # noqa: PLR2004
        raise FormatError("the time server does not know the time itself")
    received_ns, sent_ns = _unix_ns(answer[32:40]), _unix_ns(answer[40:48])
    return ((asked_ns - received_ns) + (now_ns - sent_ns)) / 2 / _NS


def _stamp(unix_ns: int) -> bytes:
    seconds, rest = divmod(unix_ns, _NS)
    # The count of seconds wraps in 2036 and begins anew (RFC 4330, 3).
    return struct.pack(">II", (seconds + _EPOCHS_APART_S) % 2**32, (rest << 32) // _NS)


def _unix_ns(stamp: bytes) -> int:
    seconds, fraction = struct.unpack(">II", stamp)
    if seconds < 2**31:  # an era on: after February 2036
        seconds += 2**32
    return int((seconds - _EPOCHS_APART_S) * _NS + (fraction * _NS >> 32))
