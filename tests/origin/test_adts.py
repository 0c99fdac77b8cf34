"""origin.adts: AAC frames that go without a container."""

from __future__ import annotations

import io
from dataclasses import replace

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.cmaf import parse_header
from core.errors import FormatError
from core.ladder import Rendition
from core.timeline import PartAddress
from ingest.adts import parse_adts_header
from origin.adts import wrap_adts
from tests.cmaf_media import MSN, encode_track, make_fragment, make_header

STEREO = Rendition(name="a128", kind="audio", bitrate_bps=128_000, channels=2)
MONO = Rendition(name="a32", kind="audio", bitrate_bps=32_000, channels=1)
HEADER = parse_header(make_header(STEREO))


def cut(sound: bytes) -> list[bytes]:
    """Cut sound into whole frames as its headers say; every byte belongs to one."""
    frames = []
    while sound:
        header = parse_adts_header(sound[:7])
        assert header is not None
        assert header.samples == 1_024
        assert header.sample_rate == 48_000
        frames.append(sound[: header.size])
        sound = sound[header.size :]
    return frames


@given(payload=st.binary(min_size=31, max_size=2_000))
def test_without_headers_the_frames_are_the_mdat(payload: bytes) -> None:
    fragment = make_fragment(STEREO, PartAddress(MSN, 2), payload_bytes=len(payload), sized=True)
    fragment = fragment[: -len(payload)] + payload
    frames = cut(wrap_adts(fragment, HEADER))
    assert len(frames) == 30
    assert b"".join(frame[7:] for frame in frames) == payload


@pytest.mark.parametrize(("rendition", "head"), [(STEREO, "fff14c80"), (MONO, "fff14c40")])
def test_the_header_says_rate_and_channels(rendition: Rendition, head: str) -> None:
    fragment = make_fragment(rendition, PartAddress(MSN, 0), sized=True)
    sound = wrap_adts(fragment, parse_header(make_header(rendition)))
    assert sound[:4].hex() == head


def test_what_stands_before_the_fragment_is_left_out() -> None:
    fragment = make_fragment(STEREO, PartAddress(MSN, 0), sized=True)
    styp = b"\0\0\0\x10stypcmfs\0\0\0\0"
    assert wrap_adts(styp + fragment, HEADER) == wrap_adts(fragment, HEADER)


@pytest.mark.parametrize(
    ("configuration", "fault"),
    [
        (bytes.fromhex("2b8a0800"), "object type 5"),
        (bytes.fromhex("1780"), "object type 2"),  # a rate that is written out
        (b"", "object type 0"),
    ],
)
def test_what_adts_cannot_hold_is_refused(configuration: bytes, fault: str) -> None:
    fragment = make_fragment(STEREO, PartAddress(MSN, 0), sized=True)
    with pytest.raises(FormatError, match=fault):
        wrap_adts(fragment, replace(HEADER, configuration=configuration))


def test_a_fragment_that_contradicts_itself_is_refused() -> None:
    fragment = make_fragment(STEREO, PartAddress(MSN, 0), sized=True)
    for wrong in (fragment + fragment, make_fragment(STEREO, PartAddress(MSN, 0)), fragment[:-48]):
        with pytest.raises(FormatError):
            wrap_adts(wrong, HEADER)
    big = make_fragment(STEREO, PartAddress(MSN, 0), payload_bytes=8200 * 30, sized=True)
    with pytest.raises(FormatError, match="8200 bytes"):
        wrap_adts(big, HEADER)


@pytest.mark.media
@pytest.mark.timeout(60)
async def test_a_decoder_takes_every_frame_of_an_encoders_track() -> None:
    track = await encode_track(STEREO, MSN, segments=2)
    header = parse_header(track.header)
    sound = b"".join(wrap_adts(fragment, header) for fragment in track.fragments)
    assert len(cut(sound)) == 360
    with av.open(io.BytesIO(sound), "r", format="aac") as container:
        frames = list(container.decode(audio=0))
    assert [frame.samples for frame in frames] == [1024] * 360
    assert {frame.layout.nb_channels for frame in frames} == {2}
