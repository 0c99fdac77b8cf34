"""core.ladder: the renditions that every service derives from the settings."""

from __future__ import annotations

import pytest

from core.config import ChannelSettings, RenditionSettings
from core.ladder import find_rendition, renditions_of


def channel(**values: object) -> ChannelSettings:
    return ChannelSettings.model_validate({"slug": "c", "name": "C", "kind": "tv", **values})


@pytest.mark.parametrize(
    ("ladder", "names"),
    [
        ("1080p", ["1080p", "720p", "480p", "360p", "234p", "a96", "a32"]),
        ("720p", ["720p", "480p", "360p", "234p", "a96", "a32"]),
        ("480p", ["480p", "360p", "234p", "a96", "a32"]),
        ("360p", ["360p", "234p", "a96", "a32"]),
    ],
)
def test_a_preset_is_named_by_its_highest_rung(ladder: str, names: list[str]) -> None:
    assert [item.name for item in renditions_of(channel(ladder=ladder))] == names


def test_radio_has_sound_only() -> None:
    renditions = renditions_of(channel(kind="radio", ladder="1080p"))
    assert [(r.name, r.kind, r.bitrate_bps, r.channels) for r in renditions] == [
        ("a128", "audio", 128_000, 2),
        ("a64", "audio", 64_000, 2),
        ("a32", "audio", 32_000, 1),
    ]


def test_low_rungs_of_a_50_channel_run_at_25() -> None:
    rates = {r.name: r.frame_rate for r in renditions_of(channel(frame_rate=50))}
    assert rates == {"720p": 50, "480p": 25, "360p": 25, "234p": 25, "a96": 0, "a32": 0}


def test_own_rungs_replace_the_preset() -> None:
    rung = RenditionSettings(name="tall", width=406, height=720, video_kbps=1500)
    names = [r.name for r in renditions_of(channel(renditions=(rung,)))]
    assert names == ["tall", "a96", "a32"]


def test_finds_a_rendition_by_name() -> None:
    found = find_rendition(channel(), "360p")
    assert found is not None
    assert (found.width, found.height, found.bitrate_bps) == (640, 360, 600_000)
    assert find_rendition(channel(), "1080p") is None


def test_every_size_is_even() -> None:
    for item in renditions_of(channel(ladder="1080p")):
        assert item.width % 2 == item.height % 2 == 0
