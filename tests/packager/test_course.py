"""packager.course: a clock that a step of the system's does not move."""

from __future__ import annotations

from core.timeline import UnixNs
from packager.course import Course

SECOND = 1_000_000_000
START = UnixNs(1_800_000_000 * SECOND)


def test_follows_the_system_clock_while_both_agree() -> None:
    course = Course(monotonic_ns=0, unix_ns=START)
    assert course.now(monotonic_ns=SECOND, unix_ns=UnixNs(START + 2 * SECOND)) == START + 2 * SECOND


def test_a_step_of_an_hour_is_held_and_can_be_adopted() -> None:
    course = Course(monotonic_ns=0, unix_ns=START)
    stepped = UnixNs(START + 3_601 * SECOND)
    assert course.now(monotonic_ns=SECOND, unix_ns=stepped) == START + SECOND
    course.adopt(monotonic_ns=SECOND, unix_ns=stepped)
    assert course.now(monotonic_ns=SECOND, unix_ns=stepped) == stepped


def test_a_step_back_is_held() -> None:
    course = Course(monotonic_ns=0, unix_ns=START)
    assert course.now(monotonic_ns=SECOND, unix_ns=UnixNs(START - 60 * SECOND)) == START + SECOND
