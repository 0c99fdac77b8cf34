"""origin.told: hours that the packager tells of."""

from __future__ import annotations

from core.archive import Run, SegmentRecord, TrackFacts, hour_of, make_index, numbers_of
from core.archive import render_index as rendered
from core.publication import DiscontinuityDeclared, HourArchived, SegmentArchived
from origin.told import ToldHours

HOUR = hour_of(467_500_000)
FIRST = numbers_of(HOUR).start
TRACK = TrackFacts(kind="video", codec="avc1.64001f", width=64, height=64, frame_rate=25)


def hour(*numbers: int, closed: bool = False) -> HourArchived:
    records = [
        SegmentRecord(msn=msn, size_bytes=480, sha256=bytes(32), header_hash="aa")
        for msn in numbers
    ]
    index = make_index(
        channel="hytv",
        rendition="720p",
        hour=hour_of(numbers[0]),
        track=TRACK,
        records=records,
        reasons={},
        discontinuities=[FIRST + 1],
    )
    return HourArchived(
        channel="hytv", rendition="720p", hour=index.hour, closed=closed, data=rendered(index)
    )


def segment(msn: int, header: str = "aa") -> SegmentArchived:
    return SegmentArchived(
        channel="hytv",
        rendition="720p",
        msn=msn,
        header_hash=header,
        size_bytes=960,
        sha256="00" * 32,
        slate=False,
    )


def test_knows_an_open_hour_as_it_grows() -> None:
    told = ToldHours()
    assert told.view("hytv", "720p", HOUR) is None
    assert told.apply(hour(FIRST, FIRST + 1)) is None
    told.apply(segment(FIRST + 2, "bb"))
    view = told.view("hytv", "720p", HOUR)
    assert view is not None
    assert view.runs == (Run(FIRST, FIRST + 1, "aa"), Run(FIRST + 2, FIRST + 2, "bb"))
    assert (view.track, view.discontinuities, view.closed) == (TRACK, (FIRST + 1,), False)
    assert (view.peak_bps, view.average_bps) == (2_000, 1_333)
    assert told.is_open("hytv", "720p", HOUR)


def test_an_hour_that_is_told_anew_voids_what_came_before() -> None:
    told = ToldHours()
    told.apply(segment(FIRST + 7))
    told.apply(hour(FIRST))
    view = told.view("hytv", "720p", HOUR)
    assert view is not None
    assert view.runs == (Run(FIRST, FIRST, "aa"),)


def test_says_when_an_index_was_written_and_takes_a_refill_of_it() -> None:
    told = ToldHours()
    assert told.apply(hour(FIRST, FIRST + 2, closed=True)) == ("hytv", "720p", HOUR)
    assert not told.is_open("hytv", "720p", HOUR)
    told.apply(segment(FIRST + 1))
    view = told.view("hytv", "720p", HOUR)
    assert view is not None
    assert view.runs == (Run(FIRST, FIRST + 2, "aa"),)


def test_forgets_hours_that_have_their_index_in_the_archive() -> None:
    told = ToldHours()
    told.apply(hour(FIRST, closed=True))
    told.apply(segment(numbers_of(HOUR + 4).start))
    assert told.view("hytv", "720p", HOUR) is None


def test_remembers_discontinuities() -> None:
    told = ToldHours()
    for msn in (FIRST + 9, FIRST + 3, FIRST + 9):
        told.apply(DiscontinuityDeclared(channel="hytv", msn=msn, sequence=1))
    assert told.declared("hytv") == (FIRST + 3, FIRST + 9)
    assert told.declared("hyfm") == ()
