"""Counted time follows the time of arrival, but not every hiccup of a network."""

from __future__ import annotations

from core.timeline import UnixNs
from ingest.icecast_pace import Pace

S = 1_000_000_000


def corrections(moments: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return (arrival in s, correction in s) for chunks of (arrival, media time)."""
    pace, shift, found = Pace(), 0, []
    for arrival_s, media_s in moments:
        media_us = round(media_s * 1e6) + shift
        moved = pace.correction_us(media_us, now=UnixNs(round(arrival_s * S)))
        shift += moved
        if moved:
            found.append((arrival_s, moved / 1e6))
    return found


def test_leaves_good_time_alone() -> None:
    assert corrections([(n / 10, n / 10) for n in range(600)]) == []


def test_leaves_a_network_alone_that_sends_what_it_owes() -> None:
    before = [(n / 10, n / 10) for n in range(100)]
    owed = [(15.0, 10 + n / 10) for n in range(50)]
    after = [(15 + n / 10, 15 + n / 10) for n in range(100)]
    assert corrections(before + owed + after) == []


def test_moves_on_when_the_publisher_stood_still() -> None:
    before = [(n / 10, n / 10) for n in range(100)]
    after = [(15 + n / 10, 10 + n / 10) for n in range(200)]
    assert corrections(before + after) == [(19.0, 5.0)]


def test_moves_back_when_the_publisher_runs_fast() -> None:
    found = corrections([(float(n), n * 1.001) for n in range(4_000)])
    assert found[0][0] == 1_505.0
    assert -1.6 < found[0][1] < -1.5
    assert len(found) == 2
