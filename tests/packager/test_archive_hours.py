"""packager.archive_hours: what is known of hours without an index."""

from core.archive import Hole, Run, numbers_of, parse_index
from core.cmaf import parse_header
from core.publication import (
    DiscontinuityDeclared,
    HoleDeclared,
    SegmentArchived,
    SegmentLost,
    SegmentPublished,
)
from core.timeline import UnixNs, start_of_segment
from packager.archive_hours import ChannelHours
from tests.cmaf_media import make_header, make_video

HOUR = 498_014
FIRST = numbers_of(HOUR).start
LAST = numbers_of(HOUR)[-1]
NOW = start_of_segment(FIRST + 10)
HEADER = parse_header(make_header(make_video()))


def archived(msn: int, *, header: str = "aa") -> SegmentArchived:
    return SegmentArchived(
        channel="hytv",
        rendition="234p",
        msn=msn,
        header_hash=header,
        size_bytes=100,
        sha256="0f" * 32,
        slate=False,
    )


def republished(msn: int) -> SegmentPublished:
    return SegmentPublished(
        channel="hytv", rendition="234p", msn=msn, header_hash="aa", slate=False
    )


def new_hours() -> ChannelHours:
    hours = ChannelHours("hytv")
    hours.set_renditions([make_video()])
    hours.begin(NOW)
    return hours


def test_an_hour_is_closed_when_the_window_has_passed_it_and_nothing_waits() -> None:
    hours = new_hours()
    hours.add(archived(FIRST))
    after = start_of_segment(LAST + 25)
    nothing: set[tuple[str, int]] = set()
    assert hours.due(now=NOW, first_kept=FIRST - 3, waiting=nothing) == []
    assert hours.due(now=after, first_kept=LAST, waiting=nothing) == []
    assert hours.due(now=after, first_kept=LAST + 1, waiting={("234p", HOUR)}) == []
    assert hours.due(now=after, first_kept=LAST + 1, waiting=nothing) == [HOUR]


def test_an_hour_of_a_channel_that_stands_still_is_closed_ten_minutes_later() -> None:
    hours = new_hours()
    ten = UnixNs(start_of_segment(LAST + 1) + 600_000_000_000)
    assert hours.due(now=ten, first_kept=None, waiting=()) == []
    assert hours.due(now=UnixNs(ten + 1), first_kept=None, waiting=()) == [HOUR]


def test_the_index_says_why_numbers_are_missing() -> None:
    hours = new_hours()
    hours.add_header("234p", HEADER)
    hours.add(archived(FIRST, header=HEADER.hash))
    hours.add(HoleDeclared(channel="hytv", msn=FIRST + 1, reason="no media"))
    lost = SegmentLost(channel="hytv", rendition="234p", msn=FIRST + 2, reason="full")
    hours.add(lost)
    hours.add(DiscontinuityDeclared(channel="hytv", msn=FIRST, sequence=1))
    index = hours.index("234p", HOUR)
    assert index.holes == (
        Hole(FIRST + 1, FIRST + 1, "no media"),
        Hole(FIRST + 2, FIRST + 2, "full"),
        Hole(FIRST + 3, LAST, "nothing was sent"),
    )
    assert index.discontinuities == (FIRST,)
    assert index.track is not None
    assert (index.track.kind, index.track.width, index.track.frame_rate) == ("video", 416, 25)


def test_a_refilled_hole_is_none_and_a_declared_one_stays_one() -> None:
    hours = new_hours()
    hours.add(archived(FIRST))
    hours.add(archived(FIRST + 1))
    hours.add(HoleDeclared(channel="hytv", msn=FIRST, reason="no a96"))
    hours.add(HoleDeclared(channel="hytv", msn=FIRST + 1, reason="no a96"))
    hours.add(republished(FIRST + 1))
    assert list(hours.index("234p", HOUR).runs()) == [Run(FIRST + 1, FIRST + 1, "aa")]


def test_what_could_not_be_stored_and_is_after_all_is_no_hole() -> None:
    hours = new_hours()
    hours.add(SegmentLost(channel="hytv", rendition="234p", msn=FIRST, reason="full"))
    hours.add(archived(FIRST))
    assert hours.has("234p", FIRST)
    assert list(hours.index("234p", HOUR).runs()) == [Run(FIRST, FIRST, "aa")]


def test_a_follower_is_told_the_open_hours_and_the_last_closed_ones() -> None:
    hours = new_hours()
    hours.add(archived(FIRST))
    told = hours.snapshot()
    assert [(item.hour, item.closed) for item in told] == [(HOUR, False)]
    assert list(parse_index(told[0].data).runs()) == [Run(FIRST, FIRST, "aa")]
    closed = hours.close(HOUR, {"234p": told[0].data})
    assert [(item.hour, item.closed) for item in closed] == [(HOUR, True)]
    hours.begin(start_of_segment(LAST + 2))
    assert [(item.hour, item.closed) for item in hours.snapshot()] == [
        (HOUR, True),
        (HOUR + 1, False),
    ]


def test_nothing_more_is_wanted_of_an_hour_that_is_closed() -> None:
    hours = new_hours()
    hours.add(archived(FIRST))
    assert (hours.has("234p", FIRST), hours.has("234p", FIRST + 1)) == (True, False)
    hours.close(HOUR, {"234p": hours.snapshot()[0].data})
    assert hours.has("234p", FIRST + 1)
    for later in range(1, 6):
        hours.begin(start_of_segment(numbers_of(HOUR + later).start))
        hours.close(HOUR + later, {"234p": b""})
    hours.begin(start_of_segment(numbers_of(HOUR + 6).start))
    assert hours.has("234p", FIRST + 1)
    assert not hours.has("234p", numbers_of(HOUR + 6).start)


def test_a_segment_of_a_closed_hour_opens_it_with_all_that_it_had() -> None:
    hours = new_hours()
    hours.add(archived(FIRST))
    hours.add(HoleDeclared(channel="hytv", msn=FIRST + 5, reason="no media"))
    told = hours.snapshot()
    hours.close(HOUR, {"234p": told[0].data})
    hours.add(archived(FIRST + 1))
    index = hours.index("234p", HOUR)
    assert list(index.runs()) == [Run(FIRST, FIRST + 1, "aa")]
    assert Hole(FIRST + 5, FIRST + 5, "no media") in index.holes
    assert hours.due(now=start_of_segment(LAST + 30), first_kept=LAST + 2, waiting=()) == [HOUR]
