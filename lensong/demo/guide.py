"""The demo's programme guide: three days of two channels, as an editor's JSON file.  Sans-I/O."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta, timezone
from itertools import cycle
from typing import Any, Final

__all__ = ["GUIDE_NAME", "render_guide"]

GUIDE_NAME: Final = "demo-guide.json"

_ZONE: Final = timezone(timedelta(hours=7))
_DAY_MINUTES: Final = 24 * 60

_Item = tuple[int, str, str, str]
"""Minutes, title, slug of the series, category."""

_TV: Final[tuple[_Item, ...]] = (
    (30, "Thời sự Hưng Yên", "thoi-su-hung-yen", "Thời sự"),
    (30, "Nông nghiệp và nông thôn mới", "nong-nghiep", "Khoa giáo"),
    (60, "Phim truyện: Sông quê", "", "Phim"),
    (30, "Phố Hiến xưa và nay", "pho-hien", "Văn hóa"),
    (45, "Sân khấu chèo", "san-khau-cheo", "Văn nghệ"),
    (45, "Sức khỏe cho mọi nhà", "suc-khoe", "Khoa giáo"),
    (60, "Ca nhạc theo yêu cầu", "", "Ca nhạc"),
)
_RADIO: Final[tuple[_Item, ...]] = (
    (30, "Bản tin đầu giờ", "ban-tin", "Thời sự"),
    (60, "Giai điệu quê hương", "giai-dieu-que-huong", "Ca nhạc"),
    (30, "Bạn nhà nông", "ban-nha-nong", "Khoa giáo"),
    (45, "Đọc truyện đêm khuya", "doc-truyen", "Văn nghệ"),
    (45, "Giao thông và đời sống", "giao-thong", "Đời sống"),
    (30, "Quà tặng âm nhạc", "", "Ca nhạc"),
)


def render_guide(now_s: int) -> bytes:
    """Return the guide from yesterday to tomorrow, as of ``now_s`` (UNIX seconds)."""
    today = datetime.fromtimestamp(now_s, UTC).astimezone(_ZONE).date()
    programmes = [
        programme
        for channel, items in (("hytv", _TV), ("hyfm", _RADIO))
        for days in (-1, 0, 1)
        for programme in _day(channel, today + timedelta(days=days), items)
    ]
    text = ",\n".join(json.dumps(item, ensure_ascii=False) for item in programmes)
    return f'{{"programmes": [\n{text}\n]}}\n'.encode()


def _day(channel: str, day: date, items: tuple[_Item, ...]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    at = 0
    for minutes, title, series, category in cycle(items):
        if at >= _DAY_MINUTES:
            return found
        end = min(at + minutes, _DAY_MINUTES)
        found.append(
            {
                "channel": channel,
                "start": _text(day, at),
                "end": _text(day, end),
                "title": title,
                "series": series,
                "categories": [category],
                "description": f"{title}: chương trình thử của Lensong.",
            }
        )
        at = end
    return found


def _text(day: date, minutes: int) -> str:
    moment = datetime(day.year, day.month, day.day, tzinfo=_ZONE) + timedelta(minutes=minutes)
    return moment.isoformat()
