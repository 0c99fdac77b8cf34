"""The JSON that the web app reads: which channels there are, what is on air now."""

from __future__ import annotations

import json
from functools import partial
from typing import Any, Final

from core.config import Settings
from origin.preparation import pack
from origin.prepared import ResponseTable, prepare
from origin.window import LiveWindow

__all__ = ["CHANNELS_PATH", "NOW_PATH", "put_channels", "put_now"]

CHANNELS_PATH: Final = b"/api/v1/channels.json"
NOW_PATH: Final = b"/api/v1/now.json"

_CHANNELS_CACHE: Final = "max-age=60"
_NOW_CACHE: Final = "max-age=2"


def put_channels(table: ResponseTable, settings: Settings) -> None:
    """Prepare the list of channels."""
    channels = [
        {
            "id": channel.slug,
            "name": channel.name,
            "kind": channel.kind,
            "number": number,
            "language": channel.language,
            "hls": f"/live/{channel.slug}/index.m3u8",
            "hls_ll": f"/ll/{channel.slug}/index.m3u8",
            "audio_only": f"/sound/{channel.slug}/index.m3u8",
        }
        for number, channel in enumerate(settings.channels, 1)
    ]
    answer = {"station": settings.station.name, "channels": channels}
    _put(table, CHANNELS_PATH, answer, _CHANNELS_CACHE)


def put_now(table: ResponseTable, window: LiveWindow) -> None:
    """Prepare what is on air: the source, and the song's title where there is one."""
    channels = {
        slug: {
            "on_air": "" if channel.state is None else channel.state.on_air,
            "title": "" if channel.state is None else channel.state.title,
            "since_ns": 0 if channel.state is None else channel.state.since_ns,
        }
        for slug, channel in window.channels.items()
    }
    _put(table, NOW_PATH, {"channels": channels}, _NOW_CACHE)


def _put(table: ResponseTable, path: bytes, answer: dict[str, Any], cache: str) -> None:
    data = json.dumps(answer, ensure_ascii=False).encode()
    form = partial(
        prepare, content_type="application/json", cache_control=cache, handler="api", channel=""
    )
    vary = ("Vary", "Accept-Encoding")
    packed = form(pack(data), extra=(("Content-Encoding", "gzip"), vary))
    table.put(path, form(data, extra=(vary,)), packed)
