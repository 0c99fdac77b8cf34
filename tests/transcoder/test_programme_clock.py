"""transcoder.programme_clock: steered gently, never back."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from core.timeline import UnixNs
from transcoder.programme_clock import ProgrammeClock

S = 1_000_000_000
START = UnixNs(1_795_000_000 * S)


def test_slews_a_third_of_a_second_at_no_more_than_500_ppm() -> None:
    """0.3 s off: ten seconds later at most 5 ms of it are worked off."""
    clock = ProgrammeClock(monotonic_ns=0, unix_ns=START)
    for second in range(1, 11):
        clock.observe(monotonic_ns=second * S, unix_ns=UnixNs(START + second * S + 300_000_000))
    moved = clock.now(10 * S) - (START + 10 * S)
    assert 4_900_000 <= moved <= 5_000_000


def test_a_small_error_is_gone_after_some_minutes() -> None:
    """20 ms off: three minutes later less than a millisecond is left."""
    clock = ProgrammeClock(monotonic_ns=0, unix_ns=START)
    for second in range(1, 181):
        clock.observe(monotonic_ns=second * S, unix_ns=UnixNs(START + second * S - 20_000_000))
    assert abs(clock.lag_ns) < 1_000_000


def test_holds_course_when_the_system_clock_jumps_an_hour() -> None:
    """Beyond a second something is wrong with the host: the programme does not follow."""
    clock = ProgrammeClock(monotonic_ns=0, unix_ns=START)
    clock.observe(monotonic_ns=S, unix_ns=UnixNs(START + 3601 * S))
    assert clock.is_holding
    assert clock.lag_ns == 3600 * S
    assert clock.now(S) == START + S


@given(errors=st.lists(st.integers(-3 * S, 3 * S), min_size=1, max_size=50))
def test_never_steps_back(errors: list[int]) -> None:
    """Whatever the system clock says, programme time grows from second to second."""
    clock = ProgrammeClock(monotonic_ns=0, unix_ns=START)
    before = clock.now(0)
    for second, error in enumerate(errors, 1):
        clock.observe(monotonic_ns=second * S, unix_ns=UnixNs(START + second * S + error))
        now = clock.now(second * S)
        assert now > before
        before = now


@given(moment=st.integers(0, 10**15))
def test_monotonic_at_is_the_inverse_of_now(moment: int) -> None:
    clock = ProgrammeClock(monotonic_ns=12_345, unix_ns=START)
    assert clock.monotonic_at(clock.now(moment)) == moment
