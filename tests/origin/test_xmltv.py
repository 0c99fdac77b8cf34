"""origin.xmltv: judged by Debian's validator and its DTD, and read back."""

from __future__ import annotations

import subprocess
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from defusedxml import ElementTree
from hypothesis import given
from hypothesis import strategies as st

from core.guide import Programme
from origin.guide import cleaned
from origin.xmltv import XmltvChannel, render_xmltv
from tests.origin.hostile_guide import HOSTILE, hostile_snapshot

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
DTD = Path("/usr/share/xmltv/xmltv.dtd")
START = 1_792_774_800  # 2026-10-24, midnight in Hưng Yên


def render(*channels: XmltvChannel, station: str = "Đài Hưng Yên") -> bytes:
    return render_xmltv(channels, station=station, language="vi", zone=ZONE)


def channel(*programmes: Programme, name: str = "Truyền hình", logo: str = "") -> XmltvChannel:
    return XmltvChannel(slug="hytv", name=name, logo=logo, programmes=programmes)


def programme(**more: object) -> Programme:
    values = {"id": "a", "channel": "hytv", "start_s": START, "end_s": START + 1_800}
    return Programme(**{"title": "Thời sự", **values, **more})  # type: ignore[arg-type]


def test_the_elements_stand_in_the_dtds_order() -> None:
    item = programme(
        subtitle="Bản tin 19h",
        description="Dòng một\nDòng hai",
        categories=("Tin tức", "Thời sự"),
        episode="Tập 12",
        image="https://anh.example/a.jpg?x=1&y=2",
        as_run_start_s=START + 60,
    )
    assert render(channel(item, logo="https://xem.vn/logo/hytv.svg")).decode() == (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<!DOCTYPE tv SYSTEM "xmltv.dtd">\n'
        '<tv generator-info-name="Lensong" source-info-name="Đài Hưng Yên">\n'
        '<channel id="hytv.lensong">\n'
        '<display-name lang="vi">Truyền hình</display-name>\n'
        '<icon src="https://xem.vn/logo/hytv.svg"/>\n'
        "</channel>\n"
        '<programme start="20261024000100 +0700" stop="20261024003000 +0700"'
        ' channel="hytv.lensong">\n'
        '<title lang="vi">Thời sự</title>\n'
        '<sub-title lang="vi">Bản tin 19h</sub-title>\n'
        '<desc lang="vi">Dòng một Dòng hai</desc>\n'
        '<category lang="vi">Tin tức</category>\n'
        '<category lang="vi">Thời sự</category>\n'
        '<icon src="https://anh.example/a.jpg?x=1&amp;y=2"/>\n'
        '<episode-num system="onscreen">Tập 12</episode-num>\n'
        "</programme>\n"
        "</tv>\n"
    )


def test_what_has_no_text_is_left_out() -> None:
    text = render(channel(programme(subtitle=" ", categories=("", "\n")))).decode()
    assert "sub-title" not in text
    assert "category" not in text
    assert "desc" not in text
    assert "icon" not in text
    assert "<channel" not in render(channel()).decode()


def hostile_file(path: Path) -> Path:
    channels = (
        XmltvChannel(
            slug=slug,
            name=f'Kênh "{slug}" <b> & ]]>',
            logo='https://x/"><x/>',
            programmes=cleaned(hostile_snapshot(slug, START)).programmes,
        )
        for slug in ("hytv", "hyfm")
    )
    path.write_bytes(render(*channels, station='Đài "A" & <B>'))
    return path


@pytest.mark.services
@pytest.mark.timeout(60)
def test_debians_validator_takes_a_hostile_guide(tmp_path: Path) -> None:
    file = hostile_file(tmp_path / "guide.xml")
    verdict = subprocess.run(
        ["tv_validate_file", "--dtd-file", DTD, file], capture_output=True, text=True, check=False
    )
    assert verdict.stdout == "Validated ok.\n", verdict.stderr
    assert verdict.returncode == 0


@pytest.mark.services
@pytest.mark.timeout(60)
def test_debians_validator_would_have_seen_a_fault(tmp_path: Path) -> None:
    file = hostile_file(tmp_path / "guide.xml")
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("<desc", "<title>x</title><desc", 1), encoding="utf-8")
    verdict = subprocess.run(
        ["tv_validate_file", "--dtd-file", DTD, file], capture_output=True, text=True, check=False
    )
    assert verdict.returncode == 1


def test_a_hostile_guide_is_read_back_as_text(tmp_path: Path) -> None:
    root = ElementTree.parse(hostile_file(tmp_path / "guide.xml"), forbid_dtd=False).getroot()
    assert root is not None
    assert {element.tag for element in root.iter()} == {
        *("tv", "channel", "display-name", "icon", "programme", "title"),
        *("sub-title", "desc", "category", "episode-num"),
    }
    titles = [element.text or "" for element in root.iterfind("programme/title")]
    assert len(titles) == 2 * len(HOSTILE)
    assert titles[2] == "<script>alert(1)</script>"
    assert titles[6] == "gnp.exe ẩn"
    assert titles[8] == "[31m"
    assert titles[11] == "Chương trình"
    icons = [element.get("src", "") for element in root.iterfind("programme/icon")]
    assert icons
    assert all(src.startswith("https://") for src in icons)


@given(st.text(), st.text())
def test_any_text_makes_a_document(title: str, station: str) -> None:
    item = programme(title=title, description=title, image=title, episode=title)
    data = render(channel(item, name=title), station=station)
    root = ElementTree.fromstring(data, forbid_dtd=False)
    assert root.tag == "tv"
    assert len(list(root.iter("programme"))) == 1
