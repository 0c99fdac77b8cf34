"""The JSON that the web app reads: which channels there are, what is on air now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from core.config import ChannelSettings, Settings
from core.guide import Programme
from origin.documents import json_document, kept_for
from origin.items import brief_item
from origin.prepared import ResponseTable
from origin.radio import CONTENT_TYPES, KBPS, Codec
from origin.window import LiveWindow

__all__ = ["CHANNELS_PATH", "NOW_PATH", "NowNext", "put_channels", "put_now"]

CHANNELS_PATH: Final = b"/api/v1/channels.json"
NOW_PATH: Final = b"/api/v1/now.json"

_CHANNELS_CACHE: Final = kept_for(60)
_NOW_CACHE: Final = kept_for(2)

NowNext = tuple[Programme | None, Programme | None]
"""What is on, and what follows."""


def put_channels(
    table: ResponseTable, settings: Settings, logos: Mapping[str, str] | None = None
) -> None:
    """Prepare the list of channels.

    Args:
        table: Where it goes.
        settings: The channels.
        logos: Path of each channel's picture.
    """
    channels = [
        {
            "id": channel.slug,
            "name": channel.name,
            "kind": channel.kind,
            "number": number,
            "language": channel.language,
            "logo": (logos or {}).get(channel.slug),
            "hls": f"/live/{channel.slug}/index.m3u8",
            "hls_ll": f"/ll/{channel.slug}/index.m3u8",
            "audio_only": f"/sound/{channel.slug}/index.m3u8",
            "dvr": f"/dvr/{channel.slug}/index.m3u8" if channel.archive_days else None,
            "dvr_seconds": 60 * channel.dvr_minutes if channel.archive_days else 0,
            "catchup_days": channel.archive_days,
            "guide": f"/api/v1/epg/{channel.slug}/{{date}}.json",
            # For the player: msn is floor(unix_time / 3.84).
            "thumb_template": f"/thumb/{channel.slug}/{{msn}}.jpg"
            if channel.kind == "tv"
            else None,
            **_progressive(channel),
        }
        for number, channel in enumerate(settings.channels, 1)
    ]
    station = settings.station
    answer = {"station": station.name, "timezone": station.timezone, "channels": channels}
    _put(table, CHANNELS_PATH, answer, _CHANNELS_CACHE)


def _progressive(channel: ChannelSettings) -> dict[str, Any]:
    """Return a radio's addresses for players that know no playlist."""
    if channel.kind != "radio":
        return {}
    codecs: tuple[Codec, ...] = ("aac", "mp3")
    forms = [
        {"url": f"/radio/{channel.slug}.{codec}", "type": CONTENT_TYPES[codec], "kbps": KBPS}
        for codec in codecs
    ]
    return {"progressive": forms}


def put_now(
    table: ResponseTable, window: LiveWindow, guide: Mapping[str, NowNext] | None = None
) -> None:
    """Prepare what is on air: the source, the song's title and those before it, the programme.

    Args:
        table: Where it goes.
        window: The sources and titles.
        guide: What is on and what follows, by channel.
    """
    channels = {}
    for slug, channel in window.channels.items():
        now, following = (guide or {}).get(slug, (None, None))
        channels[slug] = {
            "on_air": "" if channel.state is None else channel.state.on_air,
            "title": "" if channel.state is None else channel.state.title,
            "since_ns": 0 if channel.state is None else channel.state.since_ns,
            "programme": brief_item(now),
            "next": brief_item(following),
            "history": [
                {"title": item.title, "since_ns": item.since_ns} for item in channel.history
            ],
        }
    _put(table, NOW_PATH, {"channels": channels}, _NOW_CACHE)


def _put(table: ResponseTable, path: bytes, answer: dict[str, Any], cache: str) -> None:
    made = json_document(answer, cache_control=cache)
    table.put(path, made.identity, made.gzip)
