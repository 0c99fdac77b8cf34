"""core.clip_orders: times as people write them, renditions, limits."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from core.clip import ClipError, TrackOrder
from core.clip_orders import clean_text, order_clip
from core.config import parse_settings
from core.errors import ConfigError
from core.timeline import UnixNs

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
NOW = UnixNs(1_795_521_600_000_000_000)  # 2026-11-24T19:00:00+07:00
SETTINGS = parse_settings(
    """
[station]
name = "Hưng Yên"
[[channels]]
slug = "hytv"
name = "Truyền hình"
kind = "tv"
ladder = "360p"
[[channels]]
slug = "hyfm"
name = "Phát thanh"
kind = "radio"
""",
    name="test",
)


def test_the_best_rendition_is_the_default_and_brings_its_sound() -> None:
    made = order_clip(
        SETTINGS,
        zone=ZONE,
        channel="hytv",
        start=UnixNs(NOW - 9 * 10**9),
        end=NOW,
        now=NOW,
        title="Bão  số 9",
    )
    assert made.tracks == (TrackOrder("360p", "video"), TrackOrder("a96", "audio"))
    assert (made.facts.title, made.facts.artist) == ("Bão  số 9", "Truyền hình")
    assert made.facts.date == "2026-11-24T18:59:51+07:00"
    radio = order_clip(
        SETTINGS,
        zone=ZONE,
        channel="hyfm",
        start=UnixNs(NOW - 10**9),
        end=NOW,
        now=NOW,
        rendition="a64",
    )
    assert radio.tracks == (TrackOrder("a64", "audio"),)
    assert radio.facts.title == "Phát thanh 24-11-2026 18.59.59"


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"rendition": "a96"}, "360p, 234p"),
        ({"start": UnixNs(NOW - 7 * 3_600 * 10**9)}, "clips.max_hours"),
        (
            {"end": UnixNs(NOW + 13 * 3_600 * 10**9), "start": UnixNs(NOW + 12 * 3_600 * 10**9)},
            "12",
        ),
        ({"start": NOW}, "no picture"),
    ],
)
def test_what_cannot_be_made_is_said(more: dict[str, object], words: str) -> None:
    wish: dict[str, object] = {"start": UnixNs(NOW - 10**9), "end": NOW, **more}
    with pytest.raises(ClipError, match=words):
        order_clip(SETTINGS, zone=ZONE, channel="hytv", now=NOW, **wish)  # type: ignore[arg-type]


def test_an_unknown_channel_is_told_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="hytv, hyfm"):
        order_clip(SETTINGS, zone=ZONE, channel="x", start=UnixNs(0), end=NOW, now=NOW)


def test_text_is_composed_and_without_control_characters() -> None:
    assert clean_text("Ba\u0309n\x00 tin\u202e ", 100) == "Bản tin"
    assert clean_text("abcdef", 3) == "abc"
