"""origin.logos: pictures of channels."""

from __future__ import annotations

from pathlib import Path

import pytest
from defusedxml import ElementTree

from core.config import ChannelSettings
from origin.logos import draw_logo, logo_path, put_logos, read_logos
from origin.prepared import ResponseTable

PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)


def channel(name: str, logo: Path | None = None) -> ChannelSettings:
    return ChannelSettings(slug="hytv", name=name, kind="tv", logo=logo)


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("Truyền hình Hưng Yên", "THHY"),
        ("Đài", "Đ"),
        ('<script>"&" 9 b', "9B"),
        ("***", "?"),
    ],
)
def test_draws_the_initials(name: str, letters: str) -> None:
    logo = draw_logo(channel(name))
    drawing = ElementTree.fromstring(logo.data)
    assert logo.suffix == "svg"
    assert [element.text for element in drawing.iter("{http://www.w3.org/2000/svg}text")] == [
        letters
    ]
    assert draw_logo(channel(name)) == logo


def test_reads_the_operators_file(tmp_path: Path) -> None:
    file = tmp_path / "logo.PNG"
    file.write_bytes(PNG)
    logos = read_logos([channel("A", file)])
    assert logos["hytv"].data == PNG
    assert logo_path("hytv", logos["hytv"]) == "/logo/hytv.png"


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("gone.png", None),
        ("page.png", b"<html>"),
        ("page.svg", b"<html>"),
        ("large.png", PNG + bytes(1_000_000)),
        ("empty.jpg", b""),
    ],
)
def test_draws_where_the_file_is_no_picture(tmp_path: Path, name: str, data: bytes | None) -> None:
    if data is not None:
        (tmp_path / name).write_bytes(data)
    asked = channel("A", tmp_path / name)
    assert read_logos([asked]) == {"hytv": draw_logo(asked)}


def test_an_svg_with_a_byte_order_mark_is_one(tmp_path: Path) -> None:
    (tmp_path / "a.svg").write_bytes(b"\xef\xbb\xbf<?xml version='1.0'?><svg/>")
    assert read_logos([channel("A", tmp_path / "a.svg")])["hytv"].suffix == "svg"


def test_a_picture_opened_as_a_page_may_run_nothing() -> None:
    table = ResponseTable(max_held=1)
    put_logos(table, {"old": draw_logo(channel("A"))})
    put_logos(table, {"hytv": draw_logo(channel("A"))})
    assert list(table.entries) == [b"/logo/hytv.svg"]
    found = table.get(b"/logo/hytv.svg", gzip=False)
    assert found is not None
    headers = dict(found.headers)
    assert headers["Content-Type"] == "image/svg+xml"
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "sandbox" in headers["Content-Security-Policy"]
