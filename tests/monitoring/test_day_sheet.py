"""A day's sheet: figures written out by hand, and the two forms that people get."""

from __future__ import annotations

import csv
import io
from datetime import date
from zoneinfo import ZoneInfo

import pytest

from monitoring.day_ledger import DayLedger
from monitoring.day_sheet import channel_day, quantile_s, render_csv, render_sheet

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")


def ledger(sessions: int = 100) -> DayLedger:
    def series(family: str, **labels: str) -> tuple[str, tuple[tuple[str, str], ...]]:
        return family, tuple(sorted({"channel": "hytv", **labels}.items()))

    return DayLedger(
        date(2026, 11, 24),
        minutes=1_380,
        sums={
            series("lensong_packager_segments_total", rendition="720p"): 22_450.0,
            series("lensong_packager_segments_total", rendition="audio"): 22_450.0,
            series("lensong_packager_gap_segments_total", rendition="720p"): 50.0,
            series("lensong_packager_gap_segments_total", rendition="audio"): 50.0,
            series("lensong_channel_slate_seconds_total"): 61.5,
            series("lensong_switches_total", target="backup", reason="loss"): 2.0,
            series("lensong_switches_total", target="studio", reason="recover"): 2.0,
            series("lensong_content_fault_seconds_total", point="programme", kind="black"): 7.0,
            series("lensong_content_fault_seconds_total", point="input:studio", kind="black"): 90.0,
            series("lensong_http_requests_total", handler="segment", code="2xx"): 9_990.0,
            series("lensong_http_requests_total", handler="segment", code="5xx"): 10.0,
            series("lensong_http_requests_total", handler="qoe", code="5xx"): 500.0,
            series("lensong_qoe_sessions_total", kind="live", outcome="played"): sessions - 1.0,
            series("lensong_qoe_sessions_total", kind="live", outcome="start_failure"): 1.0,
            series("lensong_qoe_watched_seconds_total", kind="live"): 36_000.0,
            series("lensong_qoe_stall_seconds_total"): 36.0,
            series("lensong_qoe_startup_seconds_bucket", le="1.0"): 50.0,
            series("lensong_qoe_startup_seconds_bucket", le="2.0"): 90.0,
            series("lensong_qoe_startup_seconds_bucket", le="+Inf"): 99.0,
        },
        alerts=[
            {
                "name": "ChannelOnSlate",
                "channel": "hytv",
                "severity": "page",
                "began_s": 1_795_510_800.0,
                "ended_s": None,
            }
        ],
    )


def test_the_figures_of_a_day() -> None:
    day = channel_day(ledger(), slug="hytv", name="Truyền hình <1>")
    assert day.on_air_share == pytest.approx(22_450 / 22_500)
    assert day.hole_s == pytest.approx(192.0)
    assert (day.slate_s, day.switches, day.content_s) == (61.5, 4, {"black": 7.0})
    assert (day.requests, day.failed_share) == (10_000, 0.001)
    assert (day.sessions, day.failed_starts, day.watched_h) == (100, 1, 10.0)
    assert day.stalled_share == pytest.approx(0.001)
    assert day.startup_p50_s == pytest.approx(0.99)


def test_a_few_viewings_are_not_told_and_nothing_is_not_zero() -> None:
    day = channel_day(ledger(sessions=4), slug="hytv", name="x")
    assert (day.sessions, day.watched_h, day.startup_p50_s, day.failed_starts) == (None,) * 4
    empty = channel_day(DayLedger(date(2026, 11, 24)), slug="hytv", name="x")
    assert (empty.on_air_share, empty.failed_share, empty.sessions) == (None, None, None)


@pytest.mark.parametrize(
    ("buckets", "share", "expected"),
    [
        ([], 0.5, None),
        ([(1.0, 0.0), (float("inf"), 0.0)], 0.5, None),
        ([(1.0, 10.0), (float("inf"), 10.0)], 0.5, 0.5),
        ([(1.0, 10.0), (2.0, 20.0), (float("inf"), 20.0)], 0.75, 1.5),
        ([(1.0, 0.0), (float("inf"), 3.0)], 0.95, 1.0),
        ([(1.0, 5.0), (1.0, 5.0), (float("inf"), 5.0), (float("inf"), 5.0)], 1.0, 1.0),
    ],
)
def test_quantiles_are_prometheus(
    buckets: list[tuple[float, float]], share: float, expected: float | None
) -> None:
    assert quantile_s(buckets, share) == expected


def test_a_spreadsheet_reads_the_csv() -> None:
    here = ledger()
    text = render_csv(here, [channel_day(here, slug="hytv", name="x, y")])
    head, line = list(csv.reader(io.StringIO(text, newline="")))
    found = dict(zip(head, line, strict=True))
    assert (found["day"], found["minutes_seen"], found["channel"]) == ("2026-11-24", "1380", "hytv")
    assert (found["on_air_percent"], found["hole_seconds"]) == ("99.778", "192.0")
    assert (found["failed_percent"], found["startup_p95_seconds"]) == ("0.1000", "2.00")
    assert found["silence_seconds"] == ""


def test_the_page_says_how_much_was_measured_and_escapes_names() -> None:
    here = ledger()
    days = [channel_day(here, slug="hytv", name="Truyền hình <1>")]
    page = render_sheet(here, days, station="Đài", zone=ZONE)
    assert "Đo được 1380 phút của ngày" in page
    assert "Truyền hình &lt;1&gt;" in page
    assert '<a href="/reports/2026-11-24.csv">' in page
    assert '<a href="/reports/loudness/hytv/2026-11-24">' in page
    assert "16:00:00–…" in page
    assert "ChannelOnSlate" in page
