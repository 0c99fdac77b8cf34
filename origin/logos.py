"""Each channel's picture for TV apps: a file of the operator's, or its initials (I/O shell)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final
from xml.sax.saxutils import escape

import structlog

from core.config import ChannelSettings
from core.text import clean_line
from origin.documents import document, kept_for
from origin.prepared import ResponseTable

__all__ = ["Logo", "draw_logo", "logo_path", "put_logos", "read_logos"]

log = structlog.get_logger()

_MAX_BYTES: Final = 1_000_000
_TYPES: Final = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "webp": "image/webp",
    "svg": "image/svg+xml",
}
_STARTS: Final = {
    "png": b"\x89PNG\r\n\x1a\n",
    "jpg": b"\xff\xd8\xff",
    "jpeg": b"\xff\xd8\xff",
    "webp": b"RIFF",
    "svg": b"<",
}
_BEFORE_SVG: Final = b"\xef\xbb\xbf \t\r\n"

# A picture that is opened as a page may run nothing and load nothing.
_POLICY: Final = (
    "Content-Security-Policy",
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox",
)

# Dark enough for white letters (contrast of at least 4.5).
_COLOURS: Final = ("#8a1c1c", "#7a3e00", "#1f5c2e", "#0b5566", "#1d3f8a", "#5a2a82", "#7d1f56")

_DRAWING: Final = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 512 512" \
width="512" height="512" role="img" aria-label="{name}">
<rect width="512" height="512" rx="72" fill="{colour}"/>
<text x="256" y="256" dy="0.35em" text-anchor="middle" textLength="{width}" \
lengthAdjust="spacingAndGlyphs" font-family="'Be Vietnam Pro',Roboto,'Noto Sans',Arial,sans-serif" \
font-weight="700" font-size="{size}" fill="#fff">{letters}</text>
</svg>
"""


@dataclass(frozen=True, slots=True)
class Logo:
    """A picture as it is served."""

    suffix: str
    """Without the dot: ``png``."""

    data: bytes


def logo_path(slug: str, logo: Logo) -> str:
    """Return the path of a channel's picture."""
    return f"/logo/{slug}.{logo.suffix}"


def draw_logo(channel: ChannelSettings) -> Logo:
    """Draw the initials of a channel's name, in a colour that stays the same."""
    name = clean_line(channel.name, 100)
    letters = "".join(word[0] for word in name.split() if word[0].isalnum())[:4].upper() or "?"
    number = hashlib.sha256(channel.slug.encode()).digest()[0]
    drawing = _DRAWING.format(
        name=escape(name, {'"': "&quot;"}),
        letters=escape(letters),
        colour=_COLOURS[number % len(_COLOURS)],
        width=min(400, 150 * len(letters)),
        size=230 if len(letters) < 3 else 160,  # noqa: PLR2004
    )
    return Logo("svg", drawing.encode())


def read_logos(channels: Iterable[ChannelSettings]) -> dict[str, Logo]:
    """Return each channel's picture; blocks.  A file that is none is logged, and drawn instead."""
    return {channel.slug: _read(channel) or draw_logo(channel) for channel in channels}


def _read(channel: ChannelSettings) -> Logo | None:
    if channel.logo is None:
        return None
    suffix = channel.logo.suffix.lower().removeprefix(".")
    try:
        with channel.logo.open("rb") as file:
            data = file.read(_MAX_BYTES + 1)
    except OSError as error:
        log.warning("logo_unreadable", channel=channel.slug, detail=str(error))
        return None
    is_whole = len(data) <= _MAX_BYTES and data.lstrip(_BEFORE_SVG).startswith(_STARTS[suffix])
    if not is_whole or (suffix == "svg" and b"<svg" not in data):
        log.warning("logo_refused", channel=channel.slug, detail=f"no {suffix} of at most 1 MB")
        return None
    return Logo(suffix, data)


def put_logos(table: ResponseTable, logos: Mapping[str, Logo]) -> None:
    """Prepare the pictures, and take away what was there before."""
    for path in [path for path in table.entries if path.startswith(b"/logo/")]:
        table.remove(path)
    for slug, logo in logos.items():
        answer = document(
            logo.data,
            content_type=_TYPES[logo.suffix],
            cache_control=kept_for(3_600),
            handler="static",
            packed=logo.suffix == "svg",
            extra=(_POLICY,),
        )
        table.put(logo_path(slug, logo).encode(), answer.identity, answer.gzip)
