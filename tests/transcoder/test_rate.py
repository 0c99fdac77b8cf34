"""transcoder.rate: the delay of an input, found and held."""

from __future__ import annotations

import pytest

from transcoder.rate import DelayKeeper, LeadMeter, Settler

FRAME = 1920
TICK_NS = 40_000_000


def test_a_steady_feed_settles_after_a_second_with_a_whole_jitter_buffer() -> None:
    """Frames that come 70 ms after their time are read five frames of buffer later."""
    settler = Settler(jitter_samples=9_600, samples_per_frame=FRAME)
    delays = [settler.arrived(now_ns=i * TICK_NS, lead=-3_360) for i in range(30)]
    assert delays[:25] == [None] * 25
    assert delays[25] == 13_440  # 9600 + 3360, rounded up to whole frames


def test_the_burst_of_a_cached_group_of_pictures_is_waited_out() -> None:
    """A decoder gives two seconds of cache in no time; the delay is found behind it."""
    settler = Settler(jitter_samples=9_600, samples_per_frame=FRAME)
    for i in range(50):  # from two seconds behind up to now, within 0.1 s
        assert settler.arrived(now_ns=i * 2_000_000, lead=-96_000 + i * FRAME) is None
    found = [settler.arrived(now_ns=100_000_000 + i * TICK_NS, lead=0) for i in range(40)]
    first = next(delay for delay in found if delay is not None)
    assert first == 9_600


def test_the_tail_of_a_burst_is_not_held_as_delay() -> None:
    """A slow decoder gives its two seconds within 0.5 s; half a second later it is forgotten."""
    settler = Settler(jitter_samples=9_600, samples_per_frame=FRAME)
    for i in range(50):
        assert settler.arrived(now_ns=i * 10_000_000, lead=-76_000 + i * 1_520) is None
    found = [settler.arrived(now_ns=500_000_000 + i * TICK_NS, lead=0) for i in range(60)]
    assert next(delay for delay in found if delay is not None) == 9_600


def test_a_lead_that_rises_for_ever_is_taken_as_it_is() -> None:
    settler = Settler(jitter_samples=9_600, samples_per_frame=FRAME)
    found = [settler.arrived(now_ns=i * TICK_NS, lead=i * 500) for i in range(100)]
    first = next(i for i, delay in enumerate(found) if delay is not None)
    assert first == 75  # after three seconds


def test_the_least_late_arrival_and_tick_tell_what_the_clocks_say() -> None:
    """Frames come up to 150 ms late and ticks up to 60 ms; the source is 70 ms behind."""
    meter = LeadMeter()
    for i in range(201):
        late_ns = (70 + i * 37 % 150) * 1_000_000
        meter.arrived(now_ns=i * TICK_NS + late_ns, media_ns=i * TICK_NS)
        meter.ticked(now_ns=i * TICK_NS + i * 23 % 60 * 1_000_000, media_ns=i * TICK_NS)
    assert meter.lead_ns == -70_000_000


def test_without_an_arrival_the_clocks_stay_as_they_were() -> None:
    meter = LeadMeter()
    for i in range(400):
        if i < 210:
            meter.arrived(now_ns=i * TICK_NS + 5_000_000, media_ns=i * TICK_NS)
        meter.ticked(now_ns=i * TICK_NS, media_ns=i * TICK_NS)
    assert meter.lead_ns == -5_000_000


@pytest.mark.parametrize("ppm", [200, -200, 800])
def test_follows_a_clock_that_is_off_and_keeps_the_buffer(ppm: int) -> None:
    """Half an hour: the rate becomes the source's, the buffer stays within one frame."""
    keeper = DelayKeeper(delay=9_600, samples_per_frame=FRAME, frame_rate=25, least_level=0)
    arrived, read = 9_600.0, 0.0
    lowest, highest = 9_600.0, 9_600.0
    for _ in range(30 * 60 * 25):
        arrived += FRAME * (1 + ppm * 1e-6)
        step = keeper.tick(arrived - read - FRAME)
        read += FRAME * step
        lowest, highest = min(lowest, arrived - read), max(highest, arrived - read)
    assert keeper.bend == pytest.approx(ppm * 1e-6, rel=0.05)
    assert highest - lowest < FRAME * max(1, abs(ppm) / 400)


def test_a_good_clock_is_never_bent() -> None:
    """40 ms of jitter on a right clock: every sample of ten minutes is copied."""
    keeper = DelayKeeper(delay=9_600, samples_per_frame=FRAME, frame_rate=25, least_level=0)
    steps = {keeper.tick(9_600 + (FRAME if i % 3 else -FRAME)) for i in range(10 * 60 * 25)}
    assert steps == {1.0}


def test_a_buffer_that_was_low_when_its_level_was_found_is_filled_up() -> None:
    """On a busy host the first seconds had 50 ms of buffer; it is held at 200 all the same."""
    keeper = DelayKeeper(delay=9_600, samples_per_frame=FRAME, frame_rate=25, least_level=9_600)
    level = 2_400.0
    for _ in range(10 * 60 * 25):
        level += FRAME * (1 - keeper.tick(level))
    assert level == pytest.approx(9_600, abs=480)


def test_comes_to_rest_on_a_whole_sample() -> None:
    """After a correction the position is whole again, so that samples are copied."""
    keeper = DelayKeeper(delay=9_600, samples_per_frame=FRAME, frame_rate=25, least_level=0)
    for i in range(60 * 25):
        keeper.tick(9_600 + (1_000 if i > 300 else 0))
    keeper.rest()
    assert keeper.delay == int(keeper.delay)
    assert keeper.rest() == 1.0
