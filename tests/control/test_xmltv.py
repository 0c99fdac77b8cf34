"""XMLTV as broadcasters' programs write it."""

from __future__ import annotations

import pytest

from control.faults import FaultError
from control.xmltv import parse_xmltv
from tests.control.reading import codes, read, taken

DOCUMENT = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE tv SYSTEM "xmltv.dtd">
<tv generator-info-name="a program">
  <channel id="hungyen.tv"><display-name>Hưng Yên</display-name></channel>
  <programme start="20261123190000 +0700" stop="20261123193000 +0700" channel="hungyen.tv">
    <title lang="en">News</title>
    <title lang="vi">Thời sự &amp; bình luận</title>
    <sub-title>Bản tin tối</sub-title>
    <desc lang="vi">Tin trong ngày &lt;b&gt;</desc>
    <category>Thời sự</category>
    <category>Trực tiếp</category>
    <icon src="https://example.vn/thoi-su.jpg"/>
    <episode-num system="xmltv_ns">0.11.</episode-num>
  </programme>
  <programme start="20261123193000 +0700" channel="hungyen.tv"><title><![CDATA[Phim <hay>]]></title>
    <episode-num system="onscreen">Tập 3</episode-num></programme>
</tv>
"""


def test_every_field_is_read_with_its_line() -> None:
    first, second = parse_xmltv(DOCUMENT.encode())
    assert (first.line, first.channel, first.title) == (5, "hungyen.tv", "Thời sự & bình luận")
    assert (first.start, first.end) == ("20261123190000 +0700", "20261123193000 +0700")
    assert (first.subtitle, first.description) == ("Bản tin tối", "Tin trong ngày <b>")
    assert first.categories == ("Thời sự", "Trực tiếp")
    assert (first.image, first.episode) == ("https://example.vn/thoi-su.jpg", "Tập 12")
    assert (second.line, second.title, second.episode) == (15, "Phim <hay>", "Tập 3")
    assert taken(read(DOCUMENT)) == [
        ("hytv", "2026-11-23", "Thời sự & bình luận"),
        ("hytv", "2026-11-23", "Phim <hay>"),
    ]


def test_utf_16_is_read() -> None:
    text = DOCUMENT.replace('encoding="UTF-8"', 'encoding="UTF-16"')
    assert len(parse_xmltv(text.encode("utf-16"))) == 2


@pytest.mark.parametrize(
    ("text", "line", "code"),
    [
        (DOCUMENT[:700], 0, "not_xml"),
        ("<tv>\n<programme></tv>", 2, "not_xml"),
        ("<rss></rss>", 1, "not_xmltv"),
        ("<tv></tv>", 0, "empty"),
        ("<tv>" + "<a>" * 10, 1, "too_deep"),
        ('<tv><programme start="\x00"/></tv>', 1, "not_xml"),
    ],
)
def test_what_is_not_xmltv_is_refused_whole(text: str, line: int, code: str) -> None:
    ((found_line, found_code),) = codes(read(text))
    assert found_code == code
    assert not line or found_line == line
    assert read(text).days == ()


def test_too_many_programmes_are_refused() -> None:
    one = b'<programme start="20261123193000" channel="x"><title>a</title></programme>'
    with pytest.raises(FaultError) as caught:
        parse_xmltv(b"<tv>" + one * 20_001 + b"</tv>")
    assert caught.value.code == "too_many"
