"""A time server's answer, byte by byte."""

from __future__ import annotations

import struct

import pytest

from core.errors import FormatError
from monitoring.sntp import offset_s, question

ASKED_NS = 1_795_000_000_250_000_000
NTP_S = 1_795_000_000 + 2_208_988_800


def answer(*, received_s: float, sent_s: float, first: int = 0x24, stratum: int = 2) -> bytes:
    def stamp(seconds: float) -> bytes:
        whole = int(seconds)
        return struct.pack(">II", (NTP_S + whole) % 2**32, int((seconds - whole) * 2**32))

    return (
        struct.pack(">BB22x", first, stratum)
        + question(ASKED_NS)[40:]
        + stamp(received_s)
        + stamp(sent_s)
    )


def test_a_clock_that_is_two_seconds_ahead_is_found_so() -> None:
    # 0.1 s each way, 0.05 s at the server, whose clock shows two seconds less.
    reply = answer(received_s=-2 + 0.35 + 4, sent_s=-2 + 0.4 + 4)
    found = offset_s(reply, asked_ns=ASKED_NS, now_ns=ASKED_NS + 250_000_000)
    assert found == pytest.approx(-2.0, abs=1e-6)
    ahead = answer(received_s=0, sent_s=0)
    assert offset_s(ahead, asked_ns=ASKED_NS, now_ns=ASKED_NS) == pytest.approx(0.25, abs=1e-6)


def test_a_moment_after_the_counts_wrap_of_2036_is_read_right() -> None:
    later_ns = 2_100_000_000 * 10**9  # July 2036
    packet = question(later_ns)
    reply = struct.pack(">BB22x", 0x24, 1) + packet[40:] * 3
    assert offset_s(reply, asked_ns=later_ns, now_ns=later_ns) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(
    "reply",
    [
        b"",
        answer(received_s=0, sent_s=0)[:47],
        answer(received_s=0, sent_s=0, first=0xE4),
        answer(received_s=0, sent_s=0, first=0x23),
        answer(received_s=0, sent_s=0, stratum=0),
        answer(received_s=0, sent_s=0)[:24] + bytes(8) + answer(received_s=0, sent_s=0)[32:],
    ],
    ids=["empty", "short", "unsynchronised", "a question", "kiss of death", "another's answer"],
)
def test_what_is_no_answer_is_refused(reply: bytes) -> None:
    with pytest.raises(FormatError):
        offset_s(reply, asked_ns=ASKED_NS, now_ns=ASKED_NS)
