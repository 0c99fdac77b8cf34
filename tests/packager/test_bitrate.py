"""packager.bitrate: figures that rise at once and fall seldom."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from packager.bitrate import BitrateMeter

KBIT_100 = 48_000  # bytes of a segment of 3.84 s at 100 kbit/s


def feed(meter: BitrateMeter, size_bytes: int, count: int) -> list[tuple[int, int]]:
    said = (meter.add(size_bytes) for _ in range(count))
    return [item for item in said if item is not None]


def test_says_nothing_before_twenty_segments() -> None:
    meter = BitrateMeter()
    assert feed(meter, KBIT_100, 19) == []
    assert feed(meter, KBIT_100, 1) == [(100_000, 100_000)]


def test_a_peak_is_said_at_once_and_small_changes_are_not() -> None:
    meter = BitrateMeter()
    feed(meter, KBIT_100, 20)
    assert feed(meter, KBIT_100 * 104 // 100, 50) == []
    assert feed(meter, 2 * KBIT_100, 1) == [(200_000, 105_000)]
    assert feed(meter, 2 * KBIT_100, 1) == []


def test_a_rise_of_the_peak_leaves_the_average_no_lower() -> None:
    meter = BitrateMeter(published=(150_000, 140_000))
    feed(meter, KBIT_100, 20)
    assert meter.add(2 * KBIT_100) == (200_000, 140_000)


def test_falls_only_after_an_hour() -> None:
    meter = BitrateMeter()
    feed(meter, 2 * KBIT_100, 20)
    assert feed(meter, KBIT_100, 916) == []
    falls = feed(meter, KBIT_100, 937)
    assert len(falls) >= 1
    assert falls[0][1] < 110_000


def test_keeps_the_figures_of_an_earlier_process() -> None:
    meter = BitrateMeter(published=(100_000, 100_000))
    assert feed(meter, KBIT_100, 100) == []


@settings(deadline=None)  # a loaded machine is no fault
@given(st.lists(st.integers(10_000, 400_000), min_size=20, max_size=60))
def test_playlists_never_promise_less_than_was_measured(sizes: list[int]) -> None:
    """The published peak stays within 125 % of the measured one (STANDARDS 109)."""
    meter = BitrateMeter()
    said = None
    for count, size in enumerate(sizes, start=1):
        said = meter.add(size) or said
        if count >= 20:
            assert said is not None
            peak = max(sizes[:count]) * 8 * 1e9 / 3.84e9
            assert peak < said[0] * 1.25
