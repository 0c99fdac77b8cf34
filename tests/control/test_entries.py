"""Every fault a guide can have, by its line; and which days it costs."""

from __future__ import annotations

import pytest

from control.faults import render_fault
from tests.control.reading import codes, read, taken

HEAD = "channel,start,end,title\n"
Z = " +0700"


def row(day: int, start: str, end: str, title: str = "Tin", channel: str = "hytv") -> str:
    end_text = f"2026-11-{day} {end}{Z}" if end else ""
    return f"{channel},2026-11-{day} {start}{Z},{end_text},{title}\n"


GOOD = row(23, "19:00", "19:30") + row(23, "19:30", "20:00", "Phim")
NEXT = row(24, "19:00", "19:30")


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (row(23, "19:20", "19:50"), "overlap"),
        (row(23, "19:00", "19:10", "Khác"), "overlap"),
        (row(23, "21:00", "20:30"), "end_before_start"),
        (row(23, "21:00", "21:00"), "end_before_start"),
        ("hytv,2026-11-23 21:00 +0700,2026-11-25 22:00 +0700,Dài\n", "too_long"),
        (row(23, "21:00", "21:30", ""), "empty_title"),
        (row(23, "21:00", "21:30", "\u200b \u3164"), "empty_title"),
        (row(23, "21:00", "21:30", "x" * 201), "long_title"),
        ("hytv,2026-11-23 21:00 +0799,2026-11-23 22:00 +0700,Múi\n", "bad_zone"),
        ("hytv,23 tháng 11,2026-11-23 22:00 +0700,Ngày\n", "bad_date"),
        ("hytv,2026-11-23 21:00 +0700,mười giờ,Ngày\n", "bad_date"),
    ],
)
def test_a_fault_refuses_its_day_and_no_other(line: str, code: str) -> None:
    reading = read(HEAD + GOOD + line)
    assert (4, code) in codes(reading)
    assert reading.days == ()
    assert [str(day) for _, day in reading.refused] == ["2026-11-23"]
    beside = read(HEAD + NEXT + "hyfm" + GOOD.split("\n")[0][4:] + "\n" + GOOD + line)
    assert ("hyfm", "2026-11-23", "Tin") in taken(beside)
    if code != "bad_date" or "tháng" not in line:
        assert ("hytv", "2026-11-24", "Tin") in taken(beside)


def test_a_start_that_cannot_be_read_costs_the_days_on_both_sides() -> None:
    reading = read(HEAD + GOOD + "hytv,hôm nào,,Lạc\n" + NEXT + row(25, "19:00", "19:30"))
    assert [str(day) for _, day in reading.refused] == ["2026-11-23", "2026-11-24"]
    assert taken(reading) == [("hytv", "2026-11-25", "Tin")]


def test_a_year_that_is_wrong_is_refused() -> None:
    reading = read(HEAD + "hytv,2028-11-23 19:00 +0700,2028-11-23 20:00 +0700,Tin\n")
    assert codes(reading) == [(2, "far_date")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (GOOD + GOOD, [(4, "duplicate"), (5, "duplicate")]),
        (GOOD + row(23, "20:30", "21:00"), [(4, "gap")]),
        (GOOD + row(23, "20:00", "20:30", "A\u202eB"), [(4, "characters")]),
        (GOOD + row(23, "20:00", "20:30", channel="vtv1"), [(4, "unknown_channel")]),
        (GOOD + row(23, "20:00", ""), [(4, "no_end")]),
        ("hytv,2026-11-23 19:00,2026-11-23 19:30,Tin\n", [(2, "no_zone")]),
        ("hytv,2026-11-23 12:00 +0000,2026-11-23 19:30 +0700,Tin\n", [(2, "other_zone")]),
    ],
)
def test_a_warning_refuses_nothing(text: str, expected: list[tuple[int, str]]) -> None:
    reading = read(HEAD + text)
    assert codes(reading) == expected
    assert reading.refused == ()
    assert taken(reading)


def test_a_missing_end_is_the_next_start() -> None:
    reading = read(HEAD + row(23, "19:00", "") + row(23, "19:45", "20:00"))
    first = reading.days[0].drafts[0]
    assert first.end_s - first.start_s == 45 * 60
    assert reading.faults == ()


def test_an_overlap_over_midnight_is_the_later_days() -> None:
    night = "hytv,2026-11-23 23:00 +0700,2026-11-24 01:00 +0700,Đêm\n"
    reading = read(HEAD + night + row(24, "00:30", "02:00", "Sớm"))
    assert [str(day) for _, day in reading.refused] == ["2026-11-24"]
    assert taken(reading) == [("hytv", "2026-11-23", "Đêm")]


def test_a_programme_over_a_whole_other_one_is_an_overlap() -> None:
    text = row(23, "18:00", "22:00", "Dài") + row(23, "19:00", "19:30") + row(23, "21:00", "21:30")
    assert [code for _, code in codes(read(HEAD + text))] == ["overlap", "overlap"]


def test_the_same_warning_is_said_once_with_its_count() -> None:
    reading = read(
        HEAD
        + "".join(row(23, f"{hour}:00", f"{hour}:59", channel="vtv1") for hour in range(10, 20))
    )
    assert codes(reading) == [(2, "unknown_channel")]
    assert "và 9 dòng nữa" in render_fault(reading.faults[0])
    assert "and 9 more lines" in render_fault(reading.faults[0])


def test_other_names_of_a_channel_and_a_file_of_one_channel() -> None:
    other = row(23, "19:00", "19:30", channel="HungYen.TV")
    assert taken(read(HEAD + other)) == [("hytv", "2026-11-23", "Tin")]
    strange = row(23, "19:00", "19:30", channel="KENH-1")
    assert taken(read(HEAD + strange, only="hyfm")) == [("hyfm", "2026-11-23", "Tin")]
    two = strange + row(23, "19:30", "20:00", channel="KENH-2")
    assert codes(read(HEAD + two, only="hyfm")) == [(0, "several_channels")]


def test_sentences_are_vietnamese_first_and_show_nothing_that_does_harm() -> None:
    fault = read(HEAD + "hytv,\x1b[2J\u202e,,x\n").faults[0]
    said = render_fault(fault)
    assert said.startswith("dòng/line 2: LỖI: không đọc được giờ")
    assert said.isprintable()


def test_pictures_and_series_are_checked() -> None:
    head = "channel,start,end,title,image,series\n"
    text = head + row(23, "19:00", "19:30").strip() + ",javascript:alert(1),Thời Sự\n"
    reading = read(text)
    assert codes(reading) == [(2, "bad_series"), (2, "bad_image")]
    draft = reading.days[0].drafts[0]
    assert (draft.image, draft.series) == ("", "thoi-su")
    good = head + row(23, "19:00", "19:30").strip() + ",https://a.vn/a.jpg,thoi-su\n"
    assert read(good).faults == ()
