"""origin.api: the JSON of the web app."""

from __future__ import annotations

import json
from typing import Any

from core.guide import Programme
from core.publication import ChannelState, TitlePlayed
from origin.api import CHANNELS_PATH, NOW_PATH, put_channels, put_now
from origin.prepared import ResponseTable
from origin.window import LiveWindow
from tests.origin.broadcast import make_settings


def answer(table: ResponseTable, path: bytes) -> Any:
    found = table.get(path, gzip=False)
    assert found is not None
    return json.loads(b"".join(found.body))


def test_the_channels() -> None:
    settings = make_settings()
    tv, radio = settings.channels
    channels = (tv, radio.model_copy(update={"archive_days": 0}))
    table = ResponseTable(max_held=1)
    put_channels(
        table, settings.model_copy(update={"channels": channels}), {"hytv": "/logo/hytv.png"}
    )
    assert answer(table, CHANNELS_PATH) == {
        "station": "Đài Hưng Yên",
        "timezone": "Asia/Ho_Chi_Minh",
        "channels": [
            {
                "id": "hytv",
                "name": "Truyền hình Hưng Yên",
                "kind": "tv",
                "number": 1,
                "language": "vi",
                "logo": "/logo/hytv.png",
                "hls": "/live/hytv/index.m3u8",
                "hls_ll": "/ll/hytv/index.m3u8",
                "audio_only": "/sound/hytv/index.m3u8",
                "dvr": "/dvr/hytv/index.m3u8",
                "dvr_seconds": 7200,
                "catchup_days": 7,
                "guide": "/api/v1/epg/hytv/{date}.json",
                "thumb_template": "/thumb/hytv/{msn}.jpg",
            },
            {
                "id": "hyfm",
                "name": "Phát thanh Hưng Yên",
                "kind": "radio",
                "number": 2,
                "language": "vi",
                "logo": None,
                "hls": "/live/hyfm/index.m3u8",
                "hls_ll": "/ll/hyfm/index.m3u8",
                "audio_only": "/sound/hyfm/index.m3u8",
                "dvr": None,
                "dvr_seconds": 0,
                "catchup_days": 0,
                "guide": "/api/v1/epg/hyfm/{date}.json",
                "thumb_template": None,
                "progressive": [
                    {"url": "/radio/hyfm.aac", "type": "audio/aac", "kbps": 128},
                    {"url": "/radio/hyfm.mp3", "type": "audio/mpeg", "kbps": 128},
                ],
            },
        ],
    }


def test_what_is_on_air_now() -> None:
    window = LiveWindow({"hytv": ["a96"], "hyfm": ["a64"]})
    title = 'Trống cơm </script>"'
    window.apply(ChannelState(channel="hyfm", on_air="studio", title=title, since_ns=9))
    news = Programme(id="n1", channel="hytv", start_s=100, end_s=200, title="Thời sự")
    late = Programme(
        id="n2", channel="hytv", start_s=200, end_s=300, title="Phim", as_run_start_s=210
    )
    for played in (("Quê hương", 4), (title, 9), ("Quê hương", 4)):
        window.apply(TitlePlayed(channel="hyfm", title=played[0], since_ns=played[1]))
    table = ResponseTable(max_held=1)
    put_now(table, window, {"hytv": (news, late)})
    assert answer(table, NOW_PATH) == {
        "channels": {
            "hytv": {
                "on_air": "",
                "title": "",
                "since_ns": 0,
                "programme": {"id": "n1", "title": "Thời sự", "start": 100, "stop": 200},
                "next": {"id": "n2", "title": "Phim", "start": 210, "stop": 300},
                "history": [],
            },
            "hyfm": {
                "on_air": "studio",
                "title": title,
                "since_ns": 9,
                "programme": None,
                "next": None,
                "history": [
                    {"title": title, "since_ns": 9},
                    {"title": "Quê hương", "since_ns": 4},
                ],
            },
        }
    }


def test_the_last_fifty_songs_are_kept_newest_first() -> None:
    window = LiveWindow({"hyfm": ["a64"]})
    for since in [*range(30, 70), *range(30), 3]:
        window.apply(TitlePlayed(channel="hyfm", title=f"Bài {since}", since_ns=since))
    history = window.channels["hyfm"].history
    assert [item.since_ns for item in history] == list(range(69, 19, -1))
