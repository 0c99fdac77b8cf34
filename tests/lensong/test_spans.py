"""Spans as operators write them."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from core.errors import ConfigError
from core.moments import local_time
from core.timeline import UnixNs
from lensong.spans import Span, parse_span

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
NINE = UnixNs(1_792_850_400_000_000_000)  # 2026-10-24T21:00+07:00
TEN = UnixNs(1_792_854_000_000_000_000)


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2026-10-24T21:00", "2026-10-24T22:00"),
        ("2026-10-24 21:00:00", "2026-10-24 22:00"),
        ("2026-10-24T14:00:00Z", "2026-10-24T15:00:00+00:00"),
    ],
)
def test_times_without_a_zone_are_the_stations(start: str, end: str) -> None:
    span = parse_span(start, end, VIETNAM, NINE)
    assert span == Span(NINE, TEN)
    assert (span.first, span.last) == (466_888_125, 466_889_062)


def test_a_day_begins_at_the_stations_midnight() -> None:
    span = parse_span("2026-10-24", "2026-10-25", VIETNAM, NINE)
    assert local_time(span.start) == "2026-10-23T17:00:00.000+00:00"
    assert local_time(span.end, VIETNAM) == "2026-10-25T00:00:00.000+07:00"


@pytest.mark.parametrize(
    ("start", "end", "words"),
    [
        ("yesterday", "2026-10-24", "'yesterday' is no time"),
        ("2026-13-01", "2026-10-24", "is no time"),
        ("2026-10-24", "2026-10-24", "is not after"),
        ("2026-10-25", "2026-10-24", "is not after"),
        ("1969-12-31", "2026-10-24", "before 1970"),
        ("0001-01-01", "2026-10-24", "before 1970|is no time"),
    ],
)
def test_what_is_no_span_is_refused_in_words(start: str, end: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        parse_span(start, end, VIETNAM, NINE)
