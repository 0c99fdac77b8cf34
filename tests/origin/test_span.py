"""origin.span: which segments a span means, and which spans are refused."""

from __future__ import annotations

import pytest

from core.errors import (
    InputError,
    LensongError,
    NoLongerAvailableError,
    NotYetAvailableError,
)
from core.rights import Access, Restriction, Restrictions
from core.timeline import UnixNs
from origin.span import Span, access_to_span, parse_span, require_span

NOW_S = 1_795_200_000  # starts segment 467,500,000
NOW = UnixNs(NOW_S * 10**9)


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("1795200000-1795200060", Span(1_795_200_000, 1_795_200_060)),
        ("1795200000-now", Span(1_795_200_000, None)),
        ("0-86400", Span(0, 86_400)),
    ],
)
def test_reads_a_span(text: str, span: Span) -> None:
    assert parse_span(text) == span


@pytest.mark.parametrize(
    "text",
    [
        *("", "-", "5", "5-", "-5", "5-5", "6-5", "-5-10", "a-b", "5-later", "5.0-6.0", "5-6-7"),
        *("0-86401", "1-999999999999", "9999999999999-9999999999999", "٣-٤", "5-6\n", "now-5"),
    ],
)
def test_refuses_what_is_no_span(text: str) -> None:
    with pytest.raises(InputError):
        parse_span(text)


@pytest.mark.parametrize(
    ("span", "first", "last", "offset_ms"),
    [
        (Span(NOW_S, NOW_S + 1), 467_500_000, 467_500_000, 0),
        (Span(NOW_S + 3, NOW_S + 4), 467_500_000, 467_500_001, 3_000),
        (Span(NOW_S + 4, NOW_S + 96), 467_500_001, 467_500_024, 160),
        (Span(NOW_S, None), 467_500_000, 467_522_499, 0),
    ],
)
def test_begins_with_the_segment_that_holds_the_start(
    span: Span, first: int, last: int, offset_ms: int
) -> None:
    assert (span.first, span.last, span.offset_ms) == (first, last, offset_ms)


@pytest.mark.parametrize(
    ("start_s", "days", "fault"),
    [
        (NOW_S - 7 * 86_400, 7, None),
        (NOW_S - 7 * 86_400 - 1, 7, NoLongerAvailableError),
        (NOW_S - 80, 0, None),
        (NOW_S - 100, 0, NoLongerAvailableError),
        (NOW_S + 60, 7, None),
        (NOW_S + 61, 7, NotYetAvailableError),
        (0, 400, NoLongerAvailableError),
    ],
)
def test_what_may_be_asked_for_now(
    start_s: int, days: int, fault: type[LensongError] | None
) -> None:
    span = Span(start_s, start_s + 60)
    if fault is None:
        require_span(span, days, now=NOW)
    else:
        with pytest.raises(fault):
            require_span(span, days, now=NOW)


@pytest.mark.parametrize(
    ("edge", "later_s", "over"),
    [
        (467_500_024, 96, True),
        (467_500_023, 96, False),
        (None, 96, False),
        (None, 160, True),
        (467_400_000, 160, True),
    ],
)
def test_is_over_when_its_end_was_published_or_can_come_no_more(
    edge: int | None, later_s: int, *, over: bool
) -> None:
    span = Span(NOW_S + 4, NOW_S + 96)
    assert span.is_over(edge, now=UnixNs(NOW + later_s * 10**9)) is over


@pytest.mark.parametrize(
    ("runs", "access"),
    [
        ([], Access.OPEN),
        ([Restriction(467_500_001, 467_500_010, Access.REFUSED)], Access.OPEN),
        ([Restriction(467_500_001, 467_500_024, Access.REFUSED)], Access.REFUSED),
        ([Restriction(467_500_000, 467_500_030, Access.TAKEN_DOWN)], Access.TAKEN_DOWN),
        (
            [
                Restriction(467_500_001, 467_500_010, Access.TAKEN_DOWN),
                Restriction(467_500_011, 467_500_024, Access.REFUSED),
            ],
            Access.REFUSED,
        ),
    ],
)
def test_is_refused_when_all_that_begins_within_it_is(
    runs: list[Restriction], access: Access
) -> None:
    span = Span(NOW_S + 3, NOW_S + 96)  # reaches into the segment before
    assert access_to_span(span, span.last, Restrictions(runs)) is access
