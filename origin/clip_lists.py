"""Podcasts, episodes and clips as the web app reads them in JSON.  Sans-I/O."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import Any

from core.clip_records import ClipRecord
from core.clip_settings import PodcastSettings
from core.podcast import enclosure_path, feed_path

__all__ = ["clip_item", "podcast_item"]


def clip_item(record: ClipRecord) -> dict[str, Any]:
    """Return what is told of a clip that may be had."""
    return _item(record, record.id, f"/clips/{record.id}{record.suffix}")


def podcast_item(
    podcast: PodcastSettings, station: str, episodes: Iterable[ClipRecord]
) -> dict[str, Any]:
    """Return what is told of a podcast.

    Args:
        podcast: What it is called.
        station: Who makes it, unless the settings say.
        episodes: Those that may be heard, the newest first.
    """
    return {
        "series": podcast.series,
        "title": _nfc(podcast.title),
        "desc": _nfc(podcast.description),
        "author": _nfc(podcast.author or station),
        "image": podcast.image or None,
        "feed": feed_path(podcast.series),
        "episodes": [
            _item(item, item.programme, enclosure_path(podcast.series, item.programme))
            for item in episodes
        ],
    }


def _item(record: ClipRecord, name: str, url: str) -> dict[str, Any]:
    return {
        "id": name,
        "title": _nfc(record.title),
        "subtitle": _nfc(record.subtitle),
        "desc": _nfc(record.description),
        "channel": record.channel,
        "kind": record.kind,
        "start": record.start_ns // 1_000_000_000,
        "duration_s": round(record.duration_s, 3),
        "size_bytes": record.size_bytes,
        "type": record.content_type,
        "url": url,
    }


def _nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)
