"""packager.cutter: bytes in, parts on the grid out, or a named reason."""

from __future__ import annotations

import struct
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.cmaf import TrackHeader, parse_header, render_segment_type
from core.errors import FormatError, HeaderNeededError, InputError
from core.ladder import Rendition
from core.timeline import PartAddress
from packager.cutter import (
    Cut,
    HeaderCut,
    OffGridError,
    PartCut,
    UploadCutter,
    check_header,
    max_part_bytes,
)
from tests.cmaf_media import MSN, make_fragment, make_header, make_segment, make_video

VIDEO = make_video()
SOUND = Rendition(name="a96", kind="audio", bitrate_bps=96_000, channels=2)
STYP = render_segment_type(slate=False)


def header_of(rendition: Rendition) -> TrackHeader:
    return parse_header(make_header(rendition))


def parts_of(rendition: Rendition, body: bytes) -> list[PartCut]:
    cuts = list(UploadCutter(rendition, header_of(rendition)).receive(body))
    return [cut for cut in cuts if isinstance(cut, PartCut)]


def refusal(rendition: Rendition, body: bytes) -> InputError:
    cutter = UploadCutter(rendition, header_of(rendition))

    def whole_upload() -> None:
        list(cutter.receive(body))
        cutter.finish()

    with pytest.raises(InputError) as caught:
        whole_upload()
    return caught.value


def test_a_header_is_an_upload_of_its_own() -> None:
    cutter = UploadCutter(VIDEO, None)
    (cut,) = cutter.receive(make_header(VIDEO))
    cutter.finish()
    assert isinstance(cut, HeaderCut)
    assert cut.header.codec == "avc1.64001f"
    assert refusal(VIDEO, make_header(VIDEO) + make_segment(VIDEO, MSN)).code == "order"
    assert refusal(VIDEO, make_segment(VIDEO, MSN) + make_header(VIDEO)).code == "order"


@pytest.mark.parametrize("rendition", [VIDEO, SOUND, make_video(frame_rate=50)])
def test_a_segment_is_six_parts_of_the_grid(rendition: Rendition) -> None:
    cuts = parts_of(rendition, make_segment(rendition, MSN))
    assert [cut.address for cut in cuts] == [PartAddress(MSN, part) for part in range(6)]
    sound = rendition.kind == "audio"
    assert [cut.independent for cut in cuts] == [True, sound, sound, True, sound, sound]
    assert not any(cut.slate for cut in cuts)


def test_the_slate_brand_marks_every_part() -> None:
    assert all(cut.slate for cut in parts_of(VIDEO, make_segment(VIDEO, MSN, slate=True)))


def test_fragment_numbers_follow_from_the_address_not_from_the_encoder() -> None:
    address = PartAddress(MSN, 3)
    first = parts_of(VIDEO, make_fragment(VIDEO, address, sequence=4))
    again = parts_of(VIDEO, make_fragment(VIDEO, address, sequence=900))
    assert first == again
    (number,) = struct.unpack_from(">I", first[0].data, 20)
    assert number == 2_805_000_003


def test_media_before_the_header_asks_for_it_at_the_first_box() -> None:
    cutter = UploadCutter(VIDEO, None)
    with pytest.raises(HeaderNeededError):
        list(cutter.receive(STYP))


def test_another_track_asks_for_the_header() -> None:
    error = refusal(VIDEO, make_fragment(VIDEO, PartAddress(MSN, 0), track_id=2))
    assert isinstance(error, HeaderNeededError)
    assert error.code == "track"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (make_fragment(VIDEO, PartAddress(MSN, 0), late_ticks=1), "timing"),
        (make_fragment(VIDEO, PartAddress(MSN, 1), late_ticks=-512), "timing"),
        (make_fragment(VIDEO, PartAddress(MSN, 1), samples=15), "missing_frames"),
        (make_fragment(VIDEO, PartAddress(MSN, 1), samples=17), "missing_frames"),
        (make_fragment(VIDEO, PartAddress(MSN, 3), sync=False), "keyframe"),
        (make_fragment(VIDEO, PartAddress(MSN, 0), samples=0), "parse"),
        (make_segment(VIDEO, MSN) + make_fragment(VIDEO, PartAddress(MSN + 1, 0)), "order"),
        (make_fragment(VIDEO, PartAddress(MSN, 2)) + make_segment(VIDEO, MSN), "order"),
        (make_segment(VIDEO, MSN, parts=2)[:-5], "parse"),
        (make_segment(VIDEO, MSN, parts=1) + b"\0\0\0\x08moof", "parse"),
        (make_segment(VIDEO, MSN, parts=1) + b"\0\0\0\x08mdat", "order"),
        (b"\0\0\0\x08moof" + STYP, "order"),
        (b"\0\0\0\0moof" + bytes(100), "parse"),
        (b"\0\0\0\x07moof" + bytes(100), "parse"),
        (b"\0\0\0\x01mdat\x80" + bytes(100), "size"),
        (b"\0\0\0\x01mdat" + bytes(100), "parse"),
        (b"\x03\0\0\0free" + bytes(max_part_bytes(VIDEO)), "size"),
        (b"\0\0\xff\xffmdat" + bytes(65_527), "order"),
        (b"\0\0\0\x10moofxxxx....", "parse"),
        (make_header(VIDEO)[:24], "parse"),
    ],
)
def test_names_what_is_wrong(body: bytes, code: str) -> None:
    assert refusal(VIDEO, body).code == code


def test_missing_samples_of_sound_have_their_own_name() -> None:
    fragment = make_fragment(SOUND, PartAddress(MSN, 0), samples=29)
    assert refusal(SOUND, fragment).code == "missing_samples"


def test_a_fragment_off_the_grid_tells_its_segment() -> None:
    error = refusal(VIDEO, make_fragment(VIDEO, PartAddress(MSN, 5), late_ticks=300))
    assert isinstance(error, OffGridError)
    assert error.msn == MSN


def test_boxes_without_end_are_refused_by_their_sum() -> None:
    boxes = (struct.pack(">I4s", 60_000, b"free") + bytes(59_992)) * 60
    assert refusal(VIDEO, boxes).code == "size"


def test_other_boxes_change_nothing() -> None:
    producer_time = b"\0\0\0\x0cprft...."
    plain = parts_of(VIDEO, make_fragment(VIDEO, PartAddress(MSN, 0)))
    assert parts_of(VIDEO, producer_time + make_fragment(VIDEO, PartAddress(MSN, 0))) == plain


@pytest.mark.parametrize(
    "other",
    [
        SOUND,
        Rendition(name="x", kind="video", bitrate_bps=1, width=640, height=234, frame_rate=25),
    ],
)
def test_a_header_of_another_rendition_is_refused(other: Rendition) -> None:
    with pytest.raises(FormatError) as caught:
        check_header(header_of(other), VIDEO)
    assert caught.value.code == "configuration"


def cut_in_pieces(body: bytes, at: list[int]) -> tuple[list[Cut], str | None]:
    """Feed ``body`` cut at these places; return what came out and how it ended."""
    cutter = UploadCutter(VIDEO, header_of(VIDEO))
    found: list[Cut] = []
    try:
        for start, end in pairwise([0, *sorted(at), len(body)]):
            found.extend(cutter.receive(body[start:end]))
        cutter.finish()
    except InputError as error:
        return found, error.code
    return found, None


BODIES = [
    make_segment(VIDEO, MSN),
    make_segment(VIDEO, MSN, parts=3) + make_fragment(VIDEO, PartAddress(MSN, 5)),
    make_segment(VIDEO, MSN, parts=2) + b"\0\0\0\0moof" + bytes(50),
    make_segment(VIDEO, MSN, parts=1) + b"\0\x80\0\0free" + bytes(600_000),
    make_header(VIDEO),
]


@settings(deadline=None)  # a loaded machine is no fault
@given(st.sampled_from(BODIES), st.lists(st.integers(0, 900), max_size=12))
def test_however_the_bytes_are_cut_the_same_comes_out(body: bytes, at: list[int]) -> None:
    at = [min(item, len(body)) for item in at]
    assert cut_in_pieces(body, at) == cut_in_pieces(body, [])


@settings(deadline=None)  # a loaded machine is no fault
@given(st.binary(max_size=200), st.integers(0, 1500), st.integers(0, 8))
def test_no_bytes_are_a_bug(noise: bytes, at: int, gap: int) -> None:
    """Damaged uploads end in a refusal or in nothing, never in another exception."""
    body = make_segment(VIDEO, MSN)
    damaged = body[:at] + noise + body[at + gap :]
    cut_in_pieces(damaged, [])
