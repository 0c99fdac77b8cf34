"""AAC frames: found after any garbage, timed by their samples."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import FormatError
from core.sound_frames import FrameHeader
from ingest.adts import AdtsFramer, parse_adts_header
from ingest.feed import Chunk, FeedStart
from tests.ingest.sound import FFMPEGS, decode, sound


def frame(size: int = 100, *, rate_index: int = 3, channels: int = 2) -> bytes:
    word = 0xFFF1 << 40 | 1 << 38 | rate_index << 34 | channels << 30 | size << 13 | 0x7FF << 2
    return word.to_bytes(7, "big") + bytes(size - 7)


def chunks(events: list[FeedStart | Chunk]) -> list[Chunk]:
    return [event for event in events if isinstance(event, Chunk)]


@pytest.mark.parametrize(
    ("head", "header"),
    [
        ("fff14c800c9ffc", FrameHeader(100, 1024, 48_000, (1, 3, 2))),
        ("fff14c800c9ffd", FrameHeader(100, 2048, 48_000, (1, 3, 2))),
        ("fff15c400c9ffc", FrameHeader(100, 1024, 22_050, (1, 7, 1))),
        ("fff14c8000fffc", None),  # seven bytes: nothing but the header
        ("fff17c800c9ffc", None),
        ("fff34c800c9ffc", None),
        ("fef14c800c9ffc", None),
    ],
)
def test_reads_a_header(head: str, header: FrameHeader | None) -> None:
    assert parse_adts_header(bytes.fromhex(head)) == header


def test_counts_time_in_samples_and_every_frame_is_an_entry() -> None:
    start, *rest = AdtsFramer().receive(frame() * 4)
    assert start == FeedStart("aac", frozenset({"audio"}), b"", restarts_at_zero=True)
    assert [(event.media_us, event.entry) for event in chunks(rest)] == [
        (0, True),
        (21_333, True),
        (42_666, True),
        (64_000, True),
    ]


def test_starts_over_when_the_configuration_changes() -> None:
    events = AdtsFramer().receive(frame() * 3 + frame(rate_index=4) * 3)
    assert [isinstance(event, FeedStart) for event in events].count(True) == 2
    assert chunks(events)[3].media_us == 64_000


def test_gives_up_on_what_is_no_adts() -> None:
    framer = AdtsFramer()
    with pytest.raises(FormatError):
        framer.receive(b"\x56\xe0\xff\xf1" * 20_000)


@given(st.binary(max_size=4_000))
def test_survives_any_bytes(data: bytes) -> None:
    chunks(AdtsFramer().receive(data))


@given(st.lists(st.integers(1, 400), max_size=20))
def test_cuts_alike_whatever_the_pieces(cuts: list[int]) -> None:
    body = b"garbage" + frame(90) + b"torn" + frame(120) * 9
    framer, pieces, at = AdtsFramer(), b"", 0
    for cut in [*cuts, len(body)]:
        pieces += b"".join(chunk.data for chunk in chunks(framer.receive(body[at : at + cut])))
        at += cut
    assert pieces == b"".join(chunk.data for chunk in chunks(AdtsFramer().receive(body)))


@pytest.mark.media
@pytest.mark.timeout(60)
@pytest.mark.parametrize("ffmpeg", FFMPEGS)
def test_ffmpeg_starts_at_any_frame(ffmpeg: str) -> None:
    found = chunks(AdtsFramer().receive(sound("aac")))
    for at in (0, 77):
        body = b"".join(chunk.data for chunk in found[at:])
        start, seconds, complaints = decode(ffmpeg, "aac", body)
        assert (start, complaints) == (0.0, "")
        assert seconds == pytest.approx(4.0 - found[at].media_us / 1e6, abs=0.1)
