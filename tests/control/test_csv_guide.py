"""Tables as newsrooms keep them."""

from __future__ import annotations

import pytest

from tests.control.reading import codes, read, taken

NEWSROOM = """Mã kênh;Ngày;Giờ phát;Kết thúc;Tên chương trình;Nội dung;Thể loại
hytv;23/11/2026;19h00;19h30;Thời sự;"Tin trong ngày;
và ngày mai";Thời sự|Trực tiếp
hytv;23/11/2026;19h30;;Phim truyện;;
hytv;23/11/2026;22h45;01h15;Phim đêm;;

"""


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_newsrooms_table_is_read_with_vietnamese_headers(encoding: str) -> None:
    reading = read(NEWSROOM.encode(encoding))
    assert codes(reading) == [(2, "no_zone")]
    first, second, night = reading.days[0].drafts
    assert (first.line, second.line, night.line) == (2, 4, 5)
    assert first.description == "Tin trong ngày;\nvà ngày mai"
    assert first.categories == ("Thời sự", "Trực tiếp")
    assert night.end_s - night.start_s == 150 * 60


def test_commas_tabs_and_old_line_ends() -> None:
    lines = "channel,start,title\nhytv,2026-11-23 19:00,Tin\n"
    for text in (
        lines,
        lines.replace(",", "\t"),
        lines.replace("\n", "\r\n"),
        lines.replace("\n", "\r"),
    ):
        assert taken(read(text)) == [("hytv", "2026-11-23", "Tin")]


def test_an_end_long_before_its_start_is_no_night() -> None:
    text = "channel,date,start,end,title\nhytv,2026-11-23,19:00,18:00,Tin\n"
    assert (2, "end_before_start") in codes(read(text))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("tên,giá\na,b\n", "no_column"),
        ("channel,start,title\n", "empty"),
        ('channel,start,title\nhytv,"2026"x,Tin\n', "not_csv"),
        ("channel,start,title\nhytv,2026-11-23 19:00," + "x" * 200_000, "not_csv"),
    ],
)
def test_what_is_no_guide_is_refused_whole(text: str, code: str) -> None:
    assert [found for _, found in codes(read(text))] == [code]


def test_an_old_encoding_is_named_with_its_line() -> None:
    assert codes(read(b"channel,start,title\nhytv,2026-11-23 19:00,Th\xf4i s\xf1\n")) == [
        (2, "bad_encoding")
    ]
