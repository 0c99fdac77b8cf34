"""packager.window: one rendition's live window."""

from __future__ import annotations

import pytest

from core.cmaf import parse_header
from core.errors import FormatError
from core.timeline import PartAddress
from packager.window import Segment, Track, split_parts
from tests.cmaf_media import MSN, make_fragment, make_header, make_segment, make_video

VIDEO = make_video()


def test_a_whole_segment_is_cut_back_into_its_parts() -> None:
    parts = [make_fragment(VIDEO, PartAddress(MSN, part)) for part in range(6)]
    assert split_parts(b"".join(parts)) == parts


@pytest.mark.parametrize("data", [make_segment(VIDEO, MSN), b"\0\0\0\x08moof", b"abc"])
def test_anything_else_is_no_segment_of_ours(data: bytes) -> None:
    with pytest.raises(FormatError):
        split_parts(data)


def test_a_sender_whose_defaults_differ_needs_its_own_header() -> None:
    track = Track("hytv", VIDEO)
    first = parse_header(make_header(VIDEO))
    track.headers[first.hash] = first
    assert track.published_header(parse_header(make_header(VIDEO))) is first
    assert track.published_header(parse_header(make_header(VIDEO, track_id=2))) is None
    assert track.published_header(parse_header(make_header(VIDEO, variant=1))) is None


def test_headers_that_nothing_names_are_forgotten() -> None:
    track = Track("hytv", VIDEO)
    old, new = (parse_header(make_header(VIDEO, variant=item)) for item in (0, 1))
    track.headers = {old.hash: old, new.hash: new}
    track.segments = {MSN: Segment(old.hash), MSN + 1: Segment(new.hash)}
    track.current = new.hash
    track.expire(MSN)
    assert set(track.headers) == {old.hash, new.hash}
    track.expire(MSN + 1)
    assert set(track.headers) == {new.hash}
