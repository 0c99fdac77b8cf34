"""What is verified next, and what is wrong with an hour."""

from __future__ import annotations

import hashlib

from core.archive import SegmentRecord, TrackFacts, make_index, numbers_of
from core.scrub import Fault, check_segment, choose_hour, compare_listing

HOUR = 498_014
FIRST = numbers_of(HOUR)[0]
DAY_S = 86_400
NOW_S = (HOUR + 24) * 3_600
BODY = b"media"
RECORD = SegmentRecord(
    msn=FIRST, size_bytes=5, sha256=hashlib.sha256(BODY).digest(), header_hash="aa"
)


def test_every_hour_is_verified_once_within_the_days_in_a_shuffled_order_that_a_restart_keeps() -> (
    None
):
    verified = {
        (channel, "720p", HOUR - hour): 0 for channel in ("hytv", "hyfm") for hour in range(60)
    }
    now_s, order = NOW_S, []
    while (key := choose_hour(dict(verified), now_s=now_s, every_s=30 * DAY_S)) is not None:
        order.append(key)
        verified[key] = now_s
        now_s += 60
    assert sorted(order) == sorted(verified)
    assert len(order) == 120
    assert order != sorted(order)
    assert {channel for channel, _, _ in order[:12]} == {"hytv", "hyfm"}


def test_what_waits_since_an_earlier_day_goes_first() -> None:
    verified = {("a", "x", HOUR): 0, ("a", "x", HOUR - 240): 0, ("a", "x", HOUR - 480): 0}
    for expected in (HOUR - 480, HOUR - 240, HOUR):
        found = choose_hour(verified, now_s=NOW_S, every_s=30 * DAY_S)
        assert found == ("a", "x", expected)
        del verified[found]


def test_an_hour_is_due_again_after_the_days() -> None:
    verified = {("a", "x", HOUR): NOW_S}
    assert choose_hour(verified, now_s=NOW_S + 30 * DAY_S - 1, every_s=30 * DAY_S) is None
    assert choose_hour(verified, now_s=NOW_S + 30 * DAY_S, every_s=30 * DAY_S) is not None
    assert choose_hour({}, now_s=NOW_S, every_s=1) is None


def test_a_listing_shows_what_is_missing_short_and_strange() -> None:
    index = make_index(
        channel="hytv",
        rendition="720p",
        hour=HOUR,
        track=TrackFacts(kind="video", codec="avc1"),
        records=[
            SegmentRecord(msn=FIRST + i, size_bytes=5, sha256=bytes(32), header_hash="aa")
            for i in range(3)
        ],
        reasons={},
        discontinuities=(),
    )
    sizes = {FIRST: 5, FIRST + 1: 4, FIRST + 7: 5, FIRST - 1: 5}
    assert compare_listing(index, sizes) == [
        Fault("size", FIRST + 1, "4 bytes, the index says 5"),
        Fault("missing", FIRST + 2, "the index has it, the archive has not"),
        Fault("extra", FIRST + 7, "the archive has it, the index has not"),
        Fault("extra", FIRST - 1, "it does not belong into this hour"),
    ]


def test_a_segments_bytes_are_compared_by_size_and_hash() -> None:
    assert check_segment(RECORD, BODY) is None
    assert check_segment(RECORD, b"medi") == Fault("size", FIRST, "4 bytes, the index says 5")
    assert check_segment(RECORD, b"mediA") == Fault(
        "damaged", FIRST, "its SHA-256 is not the index's"
    )
