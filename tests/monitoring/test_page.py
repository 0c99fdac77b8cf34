"""The frame of the operators' pages, and their names by day."""

from datetime import date

import pytest

from monitoring.page import parse_day_name, render_page


def test_a_name_is_a_day_as_page_or_as_csv() -> None:
    assert parse_day_name("2026-11-24") == (date(2026, 11, 24), False)
    assert parse_day_name("2026-11-24.csv") == (date(2026, 11, 24), True)


@pytest.mark.parametrize("name", ["", "2026-02-30", "20261124", "2026-11-24.html", "٢٠٢٦-11-24x"])
def test_what_no_calendar_has_is_no_day(name: str) -> None:
    assert parse_day_name(name) is None


def test_a_title_is_text() -> None:
    assert "<h1>&lt;i&gt;</h1>" in render_page("<i>", "")
