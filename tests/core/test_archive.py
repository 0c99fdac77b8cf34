"""Names of archived objects, and the index of an hour."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.archive import (
    Hole,
    HourIndex,
    Run,
    SegmentRecord,
    TrackFacts,
    header_key,
    hour_of,
    hours_of,
    index_key,
    make_index,
    numbers_of,
    parse_hour_folder,
    parse_index,
    render_index,
    segment_key,
    thumbnail_key,
)
from core.errors import FormatError

HOUR = 498_014  # 2026-10-24T14:00Z
FIRST = 466_888_125  # 14:00:00.000 exactly: every 16th hour begins with a segment
TRACK = TrackFacts(kind="video", codec="avc1.64001f", width=1280, height=720, frame_rate=25)


def record(msn: int, *, header: str = "aa", slate: bool = False) -> SegmentRecord:
    digest = hashlib.sha256(str(msn).encode()).digest()
    return SegmentRecord(
        msn=msn, size_bytes=1_000 + msn % 7, sha256=digest, header_hash=header, slate=slate
    )


def index_of(records: list[SegmentRecord], reasons: dict[int, str] | None = None) -> HourIndex:
    return make_index(
        channel="hytv",
        rendition="720p",
        hour=HOUR,
        track=TRACK,
        records=records,
        reasons=reasons or {},
        discontinuities=(),
    )


def test_names_follow_the_utc_hour_of_the_segments_start() -> None:
    assert segment_key("hytv", "720p", FIRST) == "hytv/720p/2026/10/24/14/466888125.m4s"
    assert segment_key("hytv", "720p", FIRST - 1) == "hytv/720p/2026/10/24/13/466888124.m4s"
    assert thumbnail_key("hytv", FIRST) == "hytv/thumb/2026/10/24/14/466888125.jpg"
    assert index_key("hytv", "a96", HOUR) == "hytv/a96/2026/10/24/14/index"
    assert header_key("hytv", "a96", "0f" * 8) == "hytv/a96/headers/0f0f0f0f0f0f0f0f.mp4"
    assert parse_hour_folder("2026/10/24/14") == HOUR
    assert parse_hour_folder("2026/13/24/14") is None


def test_an_hour_has_937_or_938_segments_and_each_segment_one_hour() -> None:
    assert len(numbers_of(HOUR)) == 938
    assert len(numbers_of(HOUR + 1)) == 937
    assert numbers_of(HOUR).stop == numbers_of(HOUR + 1).start
    assert {hour_of(msn) for msn in numbers_of(HOUR)} == {HOUR}
    assert hours_of(FIRST - 1, FIRST) == range(HOUR - 1, HOUR + 1)


def test_an_index_tells_what_is_there_and_why_the_rest_is_not() -> None:
    there = [record(FIRST + i, header="aa" if i < 5 else "bb", slate=i in (3, 4)) for i in range(9)]
    del there[6]
    index = index_of(there, {FIRST + 6: "no media"})
    assert index.holes == (
        Hole(FIRST + 6, FIRST + 6, "no media"),
        Hole(FIRST + 9, FIRST + 937, "nothing was sent"),
    )
    assert list(index.runs()) == [
        Run(FIRST, FIRST + 4, "aa"),
        Run(FIRST + 5, FIRST + 5, "bb"),
        Run(FIRST + 7, FIRST + 8, "bb"),
    ]
    assert index.slate == ((FIRST + 3, FIRST + 4),)
    assert index.record(FIRST + 6) is None
    assert index.record(FIRST + 7) == (there[6].size_bytes, there[6].sha256)
    assert list(index.records()) == there


def test_a_declared_hole_is_one_for_players_though_its_segment_is_kept() -> None:
    there = [record(FIRST + i) for i in range(3)]
    index = index_of(there, {FIRST + 1: "no 480p"})
    assert index.holes[0] == Hole(FIRST + 1, FIRST + 1, "no 480p")
    assert list(index.runs()) == [Run(FIRST, FIRST, "aa"), Run(FIRST + 2, FIRST + 2, "aa")]
    assert list(index.records()) == there


def test_rates_are_those_of_the_largest_and_of_all() -> None:
    index = index_of([record(FIRST)])
    assert index.peak_bps == index.average_bps == (1_000 + FIRST % 7) * 8 * 100 // 384


@given(st.sets(st.integers(0, 937), max_size=40), st.booleans())
def test_parse_of_render_is_the_same(there: set[int], change: bool) -> None:  # noqa: FBT001
    header = "bb" if change else "aa"
    records = [record(FIRST + i, header="aa" if i < 400 else header) for i in sorted(there)]
    index = index_of(records)
    again = parse_index(render_index(index))
    assert again == index
    assert list(again.records()) == records
    assert [msn for run in again.runs() for msn in range(run.first, run.last + 1)] == [
        item.msn for item in records
    ]


def test_a_playlists_reader_leaves_the_table() -> None:
    data = render_index(index_of([record(FIRST)]))
    assert parse_index(data, table=False).table == b""


@pytest.mark.parametrize("at", [0, 10, 200, -40, -1])
def test_a_damaged_index_is_refused(at: int) -> None:
    data = bytearray(render_index(index_of([record(FIRST)])))
    data[at] ^= 1
    with pytest.raises(FormatError):
        parse_index(bytes(data))
