"""Answer what an oEmbed consumer asks: how a page of ours is shown on a page of theirs.  Sans-I/O.

**Source:** oEmbed 1.0, https://oembed.com.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from html import escape
from typing import Any, Final
from urllib.parse import urlsplit
from xml.sax.saxutils import escape as escape_xml

from core.text import clean_line
from origin.pages import Page, find_page
from origin.previews import Preview

__all__ = ["TYPES", "Asked", "frame_size", "oembed_answer", "page_of_url", "render_oembed"]

TYPES: Final = {"json": "application/json; charset=utf-8", "xml": "text/xml; charset=utf-8"}
"""Content type by format."""

_WIDTH: Final = 640
_BAR: Final = 56
"""Height of the controls below the picture."""

_SOUND: Final = (480, 232)
_LEAST: Final = 200
_MAX_URL: Final = 2_000
_CACHE_S: Final = 300


@dataclass(frozen=True, slots=True)
class Asked:
    """A page of ours that somebody wants to show."""

    page: Page
    steps: dict[str, str]
    moment: str
    """``t`` of its query, as written; empty for none."""


def page_of_url(url: str, base: str) -> Asked | None:
    """Return which of our pages an URL names; None if it is none of ours.

    Args:
        url: Whatever somebody wrote.
        base: What our addresses begin with; the URL may say http or https.
    """
    if len(url) > _MAX_URL:
        return None
    try:
        parts, ours = urlsplit(url.strip()), urlsplit(base)
    except ValueError:
        return None
    if parts.scheme not in {"http", "https"} or parts.netloc.lower() != ours.netloc.lower():
        return None
    found = find_page(parts.path)
    if found is None:
        return None
    query = dict(item.partition("=")[::2] for item in parts.query.split("&"))
    return Asked(*found, query.get("t", "").replace("%3A", ":").replace("%3a", ":"))


def frame_size(kind: str, max_width: int | None, max_height: int | None) -> tuple[int, int]:
    """Return width and height of the frame, in pixels.

    Args:
        kind: ``tv``, ``radio`` or ``clip``.
        max_width: The most that the consumer has room for; None for any.
        max_height: Likewise.
    """
    if kind == "radio":
        width = min(_SOUND[0], max_width or _SOUND[0])
        return max(width, _LEAST), max(min(_SOUND[1], max_height or _SOUND[1]), _LEAST)
    width = min(_WIDTH, max_width or _WIDTH)
    height = width * 9 // 16 + _BAR
    if max_height is not None and height > max_height:
        height = max(max_height, _LEAST)
        width = min(width, (height - _BAR) * 16 // 9)
    return max(width, _LEAST), max(height, _LEAST)


def oembed_answer(
    preview: Preview, base: str, *, kind: str, max_width: int | None, max_height: int | None
) -> dict[str, Any]:
    """Return what is answered for a page.

    Args:
        preview: What the page says of itself.
        base: What our addresses begin with.
        kind: ``tv``, ``radio`` or ``clip``.
        max_width: The most pixels that the consumer has room for; None for any.
        max_height: Likewise.
    """
    width, height = frame_size(kind, max_width, max_height)
    title = clean_line(preview.title, 200)
    html = (
        f'<iframe src="{escape(base + preview.embed)}" width="{width}" height="{height}" '
        f'title="{escape(title)}" allow="autoplay; fullscreen; picture-in-picture" '
        'allowfullscreen loading="lazy" frameborder="0"></iframe>'
    )
    answer: dict[str, Any] = {
        "version": "1.0",
        "type": "rich" if kind == "radio" else "video",
        "title": title,
        "author_name": preview.site,
        "author_url": f"{base}/",
        "provider_name": preview.site,
        "provider_url": f"{base}/",
        "cache_age": _CACHE_S,
        "html": html,
        "width": width,
        "height": height,
    }
    picture = preview.picture
    # "If this parameter is present, thumbnail_width and thumbnail_height must also be present."
    if picture is not None and picture.width and picture.height:
        address = picture.address
        answer["thumbnail_url"] = address if "://" in address else f"{base}{address}"
        answer |= {"thumbnail_width": picture.width, "thumbnail_height": picture.height}
    return answer


def render_oembed(answer: dict[str, Any], form: str) -> bytes:
    """Return an answer as ``json`` or ``xml``."""
    if form == "json":
        return json.dumps(answer, ensure_ascii=False).encode()
    lines = [f"<{name}>{escape_xml(str(value))}</{name}>" for name, value in answer.items()]
    head = '<?xml version="1.0" encoding="utf-8" standalone="yes"?>'
    return f"{head}\n<oembed>\n{chr(10).join(lines)}\n</oembed>\n".encode()
