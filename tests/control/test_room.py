"""control.room: the guide that goes out comes in again."""

from pathlib import Path
from zoneinfo import ZoneInfo

from control.journal import Act
from control.room import ControlRoom
from core.guide import Programme
from origin.xmltv import XmltvChannel, render_xmltv
from tests.control.conftest import station_settings


def test_an_exported_guide_is_taken_back_without_a_fault(tmp_path: Path) -> None:
    start_s = 1_795_600_800  # 2026-11-25 17:00 in Viet Nam
    programmes = tuple(
        Programme(
            id=f"hytv-{i}",
            channel="hytv",
            start_s=start_s + 1_800 * i,
            end_s=start_s + 1_800 * (i + 1),
            title=f"Chương trình số {i} & <em>đêm</em>",
            categories=("Tin tức",),
        )
        for i in range(4)
    )
    channel = XmltvChannel(slug="hytv", name="Hưng Yên", logo="", programmes=programmes)
    document = render_xmltv(
        [channel], station="Đài thử", language="vi", zone=ZoneInfo("Asia/Ho_Chi_Minh")
    )
    room = ControlRoom(station_settings(tmp_path))
    room.open()
    report = room.import_guide(document, name="guide.xml", act=Act("cli:test", start_s))
    assert report.faults == ()
