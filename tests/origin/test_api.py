"""origin.api: the JSON of the web app."""

from __future__ import annotations

import json
from typing import Any

from core.publication import ChannelState
from origin.api import CHANNELS_PATH, NOW_PATH, put_channels, put_now
from origin.prepared import ResponseTable
from origin.window import LiveWindow
from tests.origin.broadcast import make_settings


def answer(table: ResponseTable, path: bytes) -> Any:
    found = table.get(path, gzip=False)
    assert found is not None
    return json.loads(b"".join(found.body))


def test_the_channels() -> None:
    table = ResponseTable(max_held=1)
    put_channels(table, make_settings())
    assert answer(table, CHANNELS_PATH) == {
        "station": "Đài Hưng Yên",
        "channels": [
            {
                "id": "hytv",
                "name": "Truyền hình Hưng Yên",
                "kind": "tv",
                "number": 1,
                "language": "vi",
                "hls": "/live/hytv/index.m3u8",
                "hls_ll": "/ll/hytv/index.m3u8",
                "audio_only": "/sound/hytv/index.m3u8",
            },
            {
                "id": "hyfm",
                "name": "Phát thanh Hưng Yên",
                "kind": "radio",
                "number": 2,
                "language": "vi",
                "hls": "/live/hyfm/index.m3u8",
                "hls_ll": "/ll/hyfm/index.m3u8",
                "audio_only": "/sound/hyfm/index.m3u8",
            },
        ],
    }


def test_what_is_on_air_now() -> None:
    window = LiveWindow({"hytv": ["a96"], "hyfm": ["a64"]})
    title = 'Trống cơm </script>"'
    window.apply(ChannelState(channel="hyfm", on_air="studio", title=title, since_ns=9))
    table = ResponseTable(max_held=1)
    put_now(table, window)
    assert answer(table, NOW_PATH) == {
        "channels": {
            "hytv": {"on_air": "", "title": "", "since_ns": 0},
            "hyfm": {"on_air": "studio", "title": title, "since_ns": 9},
        }
    }
