"""MP3 frames: found after any garbage, timed by their samples."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import FormatError
from ingest.feed import Chunk, FeedStart
from ingest.mp3 import Mp3Framer
from tests.ingest.sound import FFMPEGS, decode, sound

MONO_64 = bytes.fromhex("fffb50c0")  # MPEG-1 layer III, 64 kbit/s, 44.1 kHz, mono, no CRC
FRAME = MONO_64 + bytes(204)
STEREO_48 = bytes.fromhex("fffb9400")  # 128 kbit/s, 48 kHz, stereo
STEREO_FRAME = STEREO_48 + bytes(380)


def chunks(events: list[FeedStart | Chunk]) -> list[Chunk]:
    return [event for event in events if isinstance(event, Chunk)]


def test_counts_time_in_samples() -> None:
    framer = Mp3Framer()
    start, *rest = framer.receive(FRAME * 9)
    assert start == FeedStart("mp3", frozenset({"audio"}), b"", restarts_at_zero=True)
    assert [event.media_us for event in chunks(rest)] == [
        *(0, 26_122, 52_244, 78_367, 104_489, 130_612, 156_734, 182_857, 208_979)
    ]


def test_waits_for_a_second_header_only_when_out_of_step() -> None:
    framer = Mp3Framer()
    assert framer.receive(FRAME) == []
    assert len(chunks(framer.receive(FRAME))) == 2
    assert sum(len(chunk.data) for chunk in chunks(framer.receive(FRAME))) == 208


def test_passes_over_tags_and_torn_frames() -> None:
    tag = b"ID3\x04\0\0\0\0\x02\x01" + b"\xff" * 257
    torn = FRAME[:100]
    framer = Mp3Framer()
    events = framer.receive(tag + FRAME * 3 + torn + FRAME * 3 + b"TAG" + bytes(125) + FRAME * 2)
    found = b"".join(chunk.data for chunk in chunks(events))
    assert found == FRAME * 3 + torn + FRAME[:108] + FRAME * 4  # one frame lost behind the torn


def test_leaves_out_the_frame_that_describes_a_file() -> None:
    info = MONO_64 + bytes(17) + b"Info" + bytes(183)
    events = Mp3Framer().receive(info + FRAME * 2)
    assert chunks(events)[0].media_us == 0
    assert b"Info" not in chunks(events)[0].data


def test_starts_over_when_the_sound_changes() -> None:
    events = Mp3Framer().receive(FRAME * 2 + STEREO_FRAME * 3)
    starts = [at for at, event in enumerate(events) if isinstance(event, FeedStart)]
    assert len(starts) == 2
    after = events[starts[1] + 1]
    assert isinstance(after, Chunk)
    assert after.media_us == 52_244
    assert after.entry


def test_gives_up_on_what_is_no_mp3() -> None:
    framer = Mp3Framer()
    with pytest.raises(FormatError):
        framer.receive(b"\x00\xff\xfb\x50\x07" * 20_000)


def test_refuses_a_tag_without_end() -> None:
    with pytest.raises(FormatError) as refused:
        Mp3Framer().receive(b"ID3\x04\0\0\x7f\x7f\x7f\x7f")
    assert refused.value.code == "size"


@given(st.lists(st.integers(1, 700), max_size=20), st.binary(max_size=300))
def test_cuts_alike_whatever_the_pieces(cuts: list[int], garbage: bytes) -> None:
    body = garbage.replace(b"\xff", b"") + FRAME * 12
    whole = b"".join(chunk.data for chunk in chunks(Mp3Framer().receive(body)))
    framer, pieces, at = Mp3Framer(), b"", 0
    for cut in [*cuts, len(body)]:
        pieces += b"".join(chunk.data for chunk in chunks(framer.receive(body[at : at + cut])))
        at += cut
    assert pieces == whole


@given(st.binary(max_size=4_000))
def test_survives_any_bytes(data: bytes) -> None:
    chunks(Mp3Framer().receive(data))


@pytest.mark.media
@pytest.mark.timeout(60)
@pytest.mark.parametrize("ffmpeg", FFMPEGS)
@pytest.mark.parametrize("rate", [44_100, 22_050])
def test_ffmpeg_starts_at_an_entry_in_the_middle(ffmpeg: str, rate: int) -> None:
    found = chunks(Mp3Framer().receive(sound("mp3", rate=rate)))
    entries = [chunk for chunk in found if chunk.entry]
    assert len(entries) >= 7  # at least one in half a second
    for first in (found[0], entries[len(entries) // 2]):
        body = b"".join(chunk.data for chunk in found[found.index(first) :])
        start, seconds, complaints = decode(ffmpeg, "mp3", body)
        assert (start, complaints) == (0.0, "")
        assert seconds == pytest.approx(4.0 - first.media_us / 1e6, abs=0.1)
