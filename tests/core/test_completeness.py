"""What is missing of a span, and why."""

from __future__ import annotations

from dataclasses import replace
from zoneinfo import ZoneInfo

from core.archive import (
    NEVER_SENT,
    Hole,
    HourIndex,
    SegmentRecord,
    TrackFacts,
    make_index,
    numbers_of,
)
from core.completeness import NOTHING_STORED, OPEN_REASON, OpenHour, compare, render_report, to_json

HOUR = 498_014  # 21:00 in Vietnam, and a segment begins with it
FIRST = numbers_of(HOUR)[0]
LAST = numbers_of(HOUR)[-1]
VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")


def index(hour: int, missing: dict[int, str], slate: tuple[int, ...] = ()) -> HourIndex:
    return make_index(
        channel="hytv",
        rendition="720p",
        hour=hour,
        track=TrackFacts(kind="video", codec="avc1"),
        records=[
            SegmentRecord(
                msn=msn,
                size_bytes=1_000_000,
                sha256=bytes(32),
                header_hash="aa",
                slate=msn in slate,
            )
            for msn in numbers_of(hour)
            if msn not in missing
        ],
        reasons={msn: reason for msn, reason in missing.items() if reason},
        discontinuities=(),
    )


def test_holes_and_slate_are_cut_to_the_span_and_joined_over_the_hours_edge() -> None:
    missing = {FIRST + 9: "no media", FIRST + 10: "no media", FIRST + 11: "full", LAST: "no media"}
    hours = {
        HOUR: index(HOUR, missing, (LAST - 2, LAST - 1)),
        HOUR + 1: index(HOUR + 1, {LAST + 1: "no media"}, (LAST + 2,)),
    }
    report = compare(
        channel="hytv", first=FIRST + 10, last=LAST + 9, published=LAST + 500, hours={"720p": hours}
    )
    found = report.renditions[0]
    assert found.holes == (
        Hole(FIRST + 10, FIRST + 10, "no media"),
        Hole(FIRST + 11, FIRST + 11, "full"),
        Hole(LAST, LAST + 1, "no media"),
    )
    assert found.slate == ((LAST - 2, LAST - 1), (LAST + 2, LAST + 2))
    assert (found.present, found.expected, found.open_hours) == (933, 937, 0)
    assert found.size_bytes == 933_000_000
    assert not report.complete


def test_an_open_hour_says_so_and_nothing_is_missing_before_its_time() -> None:
    there = OpenHour(frozenset({FIRST, FIRST + 2}))
    report = compare(
        channel="hytv",
        first=FIRST,
        last=LAST,
        published=FIRST + 2,
        hours={"720p": {HOUR: there}, "a96": {}},
    )
    video, sound = report.renditions
    assert report.last == FIRST + 2
    assert (video.present, video.expected, video.open_hours) == (2, 3, 1)
    assert video.holes == (Hole(FIRST + 1, FIRST + 1, OPEN_REASON),)
    assert (sound.present, sound.percent, sound.open_hours) == (0, 0.0, 0)
    assert sound.holes == (Hole(FIRST, FIRST + 2, NOTHING_STORED),)


def test_a_whole_span_is_complete_and_one_that_has_not_begun_too() -> None:
    whole = compare(
        channel="hytv",
        first=FIRST,
        last=LAST,
        published=LAST,
        hours={"720p": {HOUR: index(HOUR, {})}},
    )
    assert whole.complete
    assert whole.renditions[0].percent == 100.0
    future = compare(
        channel="hytv", first=FIRST, last=LAST, published=FIRST - 1, hours={"720p": {}}
    )
    assert future.complete


def test_the_report_is_read_in_the_stations_time() -> None:
    found = index(HOUR, {FIRST + 1: "no media", FIRST + 2: "no media"}, (FIRST + 5,))
    report = compare(
        channel="hytv", first=FIRST, last=LAST, published=LAST, hours={"720p": {HOUR: found}}
    )
    missing = "2026-10-24 21:00:03.84 to 2026-10-24 21:00:11.52"
    assert render_report(report, VIETNAM).splitlines() == [
        "hytv: 2026-10-24 21:00:00.00 to 2026-10-24 22:00:01.92, segments 466888125 to 466889062",
        "  720p: 99.787 % complete (936 of 938 segments, 0.94 GB)",
        f"    missing {missing} (2 segments from 466888126): no media",
        "    slate   2026-10-24 21:00:19.20 to 2026-10-24 21:00:23.04",
    ]
    said = to_json(report, VIETNAM)
    assert said["complete"] is False
    assert said["renditions"][0]["percent"] == 99.7868
    assert said["renditions"][0]["holes"] == [
        {
            "first": FIRST + 1,
            "last": FIRST + 2,
            "from": "2026-10-24T21:00:03.840+07:00",
            "to": "2026-10-24T21:00:11.520+07:00",
            "reason": "no media",
        }
    ]


def test_a_report_of_countless_holes_stays_readable() -> None:
    missing = {msn: "no media" for msn in numbers_of(HOUR) if msn % 2}
    found = replace(index(HOUR, missing), slate=())
    report = compare(
        channel="hytv", first=FIRST, last=LAST, published=LAST, hours={"720p": {HOUR: found}}
    )
    lines = render_report(report, VIETNAM).splitlines()
    assert len(lines) == 2 + 200 + 1
    assert "269 more" in lines[-1]


def test_a_number_that_nobody_explained_was_never_sent() -> None:
    report = compare(
        channel="hytv",
        first=FIRST,
        last=LAST,
        published=LAST,
        hours={"720p": {HOUR: index(HOUR, {FIRST: ""})}},
    )
    assert report.renditions[0].holes == (Hole(FIRST, FIRST, NEVER_SENT),)
