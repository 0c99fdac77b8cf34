"""The web app manifest: what the page is called when it is installed.  Sans-I/O."""

from __future__ import annotations

import json
from collections.abc import Iterable
from itertools import islice
from typing import Any, Final

from core.config import ChannelSettings, Settings
from core.text import clean_line

__all__ = ["render_manifest"]

_PRODUCT: Final = "Lên sóng"
_SHORT: Final = 12
"""Launchers cut longer names. **Source:** Android's guidelines for ``short_name``."""

_GROUNDS: Final = {
    "light": {"theme_color": "#f5f6f8", "background_color": "#f5f6f8"},
    "dark": {"theme_color": "#0e1116", "background_color": "#0e1116"},
}
"""The page's own grounds (``player_web/src/base/look.ts``)."""

_ICONS: Final = (
    ("/icon-192.png", "192x192", "any"),
    ("/icon-512.png", "512x512", "any"),
    ("/mark.png", "512x512", "maskable"),
)

_MOST_SHORTCUTS: Final = 4
"""Systems show no more."""


def render_manifest(settings: Settings) -> bytes:
    """Write the manifest of a station.

    **Source:** W3C Web Application Manifest; ``color_scheme_dark`` is its newest member, and what
    does not know it takes the light colours.
    """
    name = clean_line(settings.station.name, 100)
    manifest = {
        "id": "/",
        "name": name,
        "short_name": name if len(name) <= _SHORT else _PRODUCT,
        "description": "Xem truyền hình và nghe phát thanh trực tiếp.",
        "lang": "vi",
        "dir": "ltr",
        "start_url": "/",
        "scope": "/",
        "display": "standalone",
        **_GROUNDS["light"],
        "color_scheme_dark": _GROUNDS["dark"],
        "categories": ["entertainment", "news"],
        "icons": [
            {"src": src, "sizes": sizes, "type": "image/png", "purpose": purpose}
            for src, sizes, purpose in _ICONS
        ],
        "shortcuts": [_shortcut(one) for one in islice(_turns(settings.channels), _MOST_SHORTCUTS)],
    }
    return json.dumps(manifest, ensure_ascii=False).encode()


def _turns(channels: Iterable[ChannelSettings]) -> Iterable[ChannelSettings]:
    """Return the first of television and of radio, then the others in their order."""
    listed = tuple(channels)
    first = [next((one for one in listed if one.kind == kind), None) for kind in ("tv", "radio")]
    yield from (one for one in first if one is not None)
    yield from (one for one in listed if one not in first)


def _shortcut(channel: ChannelSettings) -> dict[str, Any]:
    radio = channel.kind == "radio"
    return {
        "name": f"{'Nghe' if radio else 'Xem'} {clean_line(channel.name, 60)}",
        "short_name": clean_line(channel.name, 24),
        "url": f"/{'nghe' if radio else 'xem'}/{channel.slug}",
        "icons": [{"src": "/icon-192.png", "sizes": "192x192", "type": "image/png"}],
    }
