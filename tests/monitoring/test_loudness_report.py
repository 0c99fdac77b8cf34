"""monitoring.loudness_report and its pages: which programme was too loud."""

from __future__ import annotations

import asyncio
import csv
import io
import unicodedata
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from core.config import load_settings
from core.guide import GuideSnapshot, Programme
from core.guide_files import write_guide
from core.loudness_files import LoudnessWriter, loudness_folder
from core.loudness_log import LoudnessMinute
from monitoring.http import pages_application
from monitoring.loudness_pages import LoudnessPages
from monitoring.loudness_report import LoudnessRow, day_rows, day_span_s, render_csv, render_report

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
DAY = date(2026, 1, 15)
BEGIN = 1_768_410_000  # 2026-01-15 00:00 in Viet Nam, 17:00 UTC the day before
HOUR = 3_600
LATER = BEGIN + 30 * HOUR


def minute(start_s: int, lufs: float, *, peak: float = -6.0) -> LoudnessMinute:
    at = int((lufs + 70) * 10 + 0.5)
    return LoudnessMinute(
        start_s=start_s,
        steps=600,
        blocks={at: 600},
        short_terms={at: 600},
        energy=600 * 10 ** ((lufs + 0.691) / 10),
        momentary_max=lufs,
        short_term_max=lufs,
        true_peak=peak,
    )


def hours(first: float, last: float, lufs: float, *, peak: float = -6.0) -> list[LoudnessMinute]:
    span = range(BEGIN + round(first * HOUR), BEGIN + round(last * HOUR), 60)
    return [minute(start_s, lufs, peak=peak) for start_s in span]


def programme(number: int, first: float, last: float, title: str) -> Programme:
    begin, end = (BEGIN + round(hour * HOUR) for hour in (first, last))
    return Programme(id=f"p{number}", channel="hytv", start_s=begin, end_s=end, title=title)


GUIDE = GuideSnapshot(
    channel="hytv",
    programmes=(
        programme(0, -1, 0, "Hôm qua"),
        programme(1, 6, 7, "Thời sự"),
        programme(2, 7, 8, "=Quảng cáo, <b>"),
        programme(3, 8, 9, "Dân ca"),
        programme(4, 9, 10, "Kịch"),
        programme(5, 10, 11, "Đứt quãng"),
        programme(6, 23, 25, "Phim đêm"),
    ),
)
MINUTES = [
    *hours(6, 7, -23.3),
    *hours(7, 8, -18.0),
    *hours(8, 9, -26.0),
    *hours(9, 10, -23.0, peak=-0.4),
    *hours(10, 10.75, -23.0),
    *hours(23, 25, -24.5),
]


def rows_of(minutes: Iterable[LoudnessMinute] = MINUTES, now_s: int = LATER) -> list[LoudnessRow]:
    return day_rows(
        DAY, ZONE, list(minutes), GUIDE, target_lufs=-23.0, tolerance_lu=2.0, now_s=now_s
    )


def test_each_programme_of_the_day_is_judged_and_yesterdays_is_not() -> None:
    found = [
        (row.title, row.verdict, None if row.off_target_lu is None else round(row.off_target_lu, 1))
        for row in rows_of()
    ]
    assert found[0][:2] == ("", "incomplete")
    assert found[1:] == [
        ("Thời sự", "ok", -0.3),
        ("=Quảng cáo, <b>", "loud", 5.0),
        ("Dân ca", "quiet", -3.0),
        ("Kịch", "peak", 0.0),
        ("Đứt quãng", "incomplete", 0.0),
        ("Phim đêm", "ok", -1.5),
    ]
    assert [row.measured for row in rows_of()][5:] == [0.75, 1.0]


def test_a_programme_on_air_is_judged_by_what_is_over_and_a_later_one_is_not_there() -> None:
    rows = rows_of(hours(6, 6.5, -23.0), now_s=BEGIN + 6 * HOUR + 1_810)
    assert [(row.title, row.measured) for row in rows[1:]] == [("Thời sự", 1.0)]


def test_minutes_at_the_edges_belong_to_no_programme() -> None:
    guide = GuideSnapshot(
        channel="hytv",
        programmes=(
            Programme(
                id="p", channel="hytv", start_s=BEGIN + 30, end_s=BEGIN + 210, title="Giữa phút"
            ),
        ),
    )
    loud, plain = minute(BEGIN, -10.0), [minute(BEGIN + at, -23.0) for at in (60, 120)]
    rows = day_rows(
        DAY,
        ZONE,
        [loud, *plain, minute(BEGIN + 180, -10.0)],
        guide,
        target_lufs=-23.0,
        tolerance_lu=2.0,
        now_s=LATER,
    )
    assert rows[1].span.integrated == pytest.approx(-23.0, abs=0.01)
    assert rows[1].measured == 1.0


def test_silence_that_was_measured_is_silent_and_not_incomplete() -> None:
    quiet = [
        LoudnessMinute(
            start_s=BEGIN + 6 * HOUR + at,
            steps=600,
            blocks={},
            short_terms={},
            energy=0.0,
            momentary_max=-120.0,
            short_term_max=-120.0,
            true_peak=-120.0,
        )
        for at in range(0, HOUR, 60)
    ]
    assert rows_of(quiet)[1].verdict == "silent"


def test_the_span_reaches_to_the_end_of_the_last_programme_and_not_beyond_now() -> None:
    assert day_span_s(DAY, ZONE, GUIDE, now_s=LATER) == (BEGIN, BEGIN + 25 * HOUR)
    assert day_span_s(DAY, ZONE, None, now_s=LATER) == (BEGIN, BEGIN + 24 * HOUR)
    assert day_span_s(DAY, ZONE, GUIDE, now_s=BEGIN + 60) == (BEGIN, BEGIN + 60)
    assert day_span_s(DAY, ZONE, GUIDE, now_s=BEGIN - HOUR) == (BEGIN, BEGIN)


def test_the_sheet_is_read_by_spreadsheets_and_no_title_is_a_formula() -> None:
    lines = list(csv.DictReader(io.StringIO(render_csv(DAY, "hytv", rows_of(), ZONE))))
    assert lines[2]["title"] == "'=Quảng cáo, <b>"
    assert lines[2]["begin"] == "2026-01-15T07:00:00+07:00"
    assert (lines[2]["integrated_lufs"], lines[2]["off_target_lu"]) == ("-18.0", "+5.0")
    assert (lines[2]["true_peak_dbtp"], lines[2]["verdict"]) == ("-6.0", "loud")


def test_the_page_is_vietnamese_first_escaped_and_nfc() -> None:
    page = render_report(
        DAY,
        channel="HYTV",
        slug="hytv",
        target_lufs=-23.0,
        tolerance_lu=2.0,
        rows=rows_of(),
        zone=ZONE,
    )
    assert "Quảng cáo, &lt;b&gt;" in page
    assert "<td>23:00–01:00</td><td>Phim đêm</td><td>-24.5</td><td>-1.5</td>" in page
    assert "Quá to / too loud" in page
    assert unicodedata.is_normalized("NFC", page)


def write_day(folder: Path) -> Path:
    path = folder / "station.toml"
    path.write_text(
        f'[station]\nname = "Đài"\n[paths]\ndata_dir = "{folder}/data"\n'
        '[[channels]]\nslug = "hytv"\nname = "Hưng Yên"\nkind = "tv"\n',
        encoding="utf-8",
    )
    writer = LoudnessWriter(loudness_folder(folder / "data", "hytv"), days=400)
    writer.stop()  # from here on it is written by whom it comes from
    for item in MINUTES:
        writer.put(item)
    write_guide(load_settings(path).guide_dir, GUIDE)
    return path


async def test_the_pages_show_what_was_kept_and_nothing_that_is_not_there(tmp_path: Path) -> None:
    async def home() -> str:
        return ""

    settings = await asyncio.to_thread(lambda: load_settings(write_day(tmp_path)))
    pages = await asyncio.to_thread(LoudnessPages, settings)
    app: web.Application = pages_application(pages.routes, home)
    async with TestClient(TestServer(app)) as client:
        async with client.get("/reports/loudness/hytv/2026-01-15") as answer:
            assert answer.status == 200
            assert "<td>Phim đêm</td><td>-24.5</td>" in await answer.text()
        async with client.get("/reports/loudness/hytv/2026-01-15.csv") as answer:
            assert answer.content_type == "text/csv"
            assert (await answer.text()).count("\r\n") == 8
        for name in (
            "nothing/2026-01-15",
            "hytv/2026-02-30",
            "hytv/2026-01-15.xls",
            "hytv/0001-01-01",
        ):
            async with client.get(f"/reports/loudness/{name}") as answer:
                assert answer.status == 404
