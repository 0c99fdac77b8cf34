"""A radio programme's series as a podcast: RSS 2.0 with the tags of iTunes.  Sans-I/O.

**Source:** RSS 2.0 (rssboard.org), RFC 822 dates, Apple's "A Podcaster's Guide to RSS".
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from email.utils import formatdate
from html import escape
from typing import Final

from core.clip_records import ClipRecord
from core.clip_settings import PodcastSettings

__all__ = ["PODCAST_TYPE", "Station", "enclosure_path", "feed_path", "render_feed"]

PODCAST_TYPE: Final = "application/rss+xml; charset=utf-8"

_ITUNES: Final = "http://www.itunes.com/dtds/podcast-1.0.dtd"
_ATOM: Final = "http://www.w3.org/2005/Atom"
# "Char ::= #x9 | #xA | #xD | [#x20-#xD7FF] | ..." (XML 1.0, 2.2)
_NO_CHARACTERS: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Station:
    """Who publishes a feed, and where."""

    name: str
    base: str
    """Scheme, host and port, without a slash at the end."""

    language: str
    """BCP 47."""


def feed_path(series: str) -> str:
    """Return where a feed is."""
    return f"/podcast/{series}.xml"


def enclosure_path(series: str, programme: str) -> str:
    """Return where an episode's sound is."""
    return f"/podcast/{series}/{programme}.m4a"


def render_feed(
    podcast: PodcastSettings, station: Station, episodes: Iterable[ClipRecord]
) -> bytes:
    """Return the feed.

    Args:
        podcast: What it is called.
        station: Who publishes it.
        episodes: Finished clips, the newest first; who may not be heard is not among them.
    """
    items = list(episodes)
    image = podcast.image or next((item.image for item in items if item.image), "")
    author = podcast.author or station.name
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<rss version="2.0" xmlns:itunes="{_ITUNES}" xmlns:atom="{_ATOM}">',
        "<channel>",
        _text("title", podcast.title),
        _text("link", f"{station.base}/"),
        _empty(
            "atom:link",
            href=station.base + feed_path(podcast.series),
            rel="self",
            type="application/rss+xml",
        ),
        _text("description", podcast.description),
        _text("language", station.language),
        _text("copyright", station.name),
        _text("generator", "Lensong"),
        _text("itunes:author", author),
        _text("itunes:type", "episodic"),
        _text("itunes:explicit", "true" if podcast.explicit else "false"),
        _empty("itunes:category", text=podcast.category),
    ]
    if items:
        built_s = max(item.done_s or 0 for item in items)
        lines.append(_text("lastBuildDate", formatdate(built_s, usegmt=True)))
    if podcast.email:
        owner = _text("itunes:name", author) + _text("itunes:email", podcast.email)
        lines.append(f"<itunes:owner>{owner}</itunes:owner>")
    if image:
        lines.append(_empty("itunes:image", href=image))
        inside = _text("url", image) + _text("title", podcast.title)
        lines.append(f"<image>{inside}{_text('link', station.base + '/')}</image>")
    for item in items:
        lines += _item(podcast, station, item)
    lines += ["</channel>", "</rss>", ""]
    return "\n".join(lines).encode()


def _item(podcast: PodcastSettings, station: Station, item: ClipRecord) -> list[str]:
    title = f"{item.title}: {item.subtitle}" if item.subtitle else item.title
    lines = [
        "<item>",
        _text("title", title),
        _text("description", item.description or title),
        _text("pubDate", formatdate(item.end_ns // 1_000_000_000, usegmt=True)),
        # The programme's id: it stays when the guide is imported again, or the base changes.
        f'<guid isPermaLink="false">{_clean(item.programme)}</guid>',
        _empty(
            "enclosure",
            url=station.base + enclosure_path(podcast.series, item.programme),
            length=str(item.size_bytes),
            type="audio/mp4",
        ),
        _text("itunes:duration", str(round(item.duration_s))),
        _text("itunes:explicit", "true" if podcast.explicit else "false"),
    ]
    if item.image:
        lines.append(_empty("itunes:image", href=item.image))
    return [*lines, "</item>"]


def _text(tag: str, text: str) -> str:
    return f"<{tag}>{_clean(text)}</{tag}>"


def _empty(tag: str, **attributes: str) -> str:
    inside = "".join(f' {name}="{_clean(value)}"' for name, value in attributes.items())
    return f"<{tag}{inside}/>"


def _clean(text: str) -> str:
    return escape(_NO_CHARACTERS.sub("", unicodedata.normalize("NFC", text)), quote=True)
