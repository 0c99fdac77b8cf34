"""What a link shows where people share it: the head of the page's HTML.  Sans-I/O.

Those who show links run no script, so what they are to show stands in the HTML that is sent.
Every text is somebody's: it is cut, cleaned and escaped here, and nowhere else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from html import escape
from typing import Final
from urllib.parse import quote

from core.text import clean_line

__all__ = ["Picture", "Preview", "Template", "base_of_request", "render_head", "size_of"]

_TITLE: Final = 120
_DESCRIPTION: Final = 300

_TITLE_TAG: Final = re.compile(r"<title>[^<]*</title>", re.IGNORECASE)
_DESCRIPTION_TAG: Final = re.compile(r'[ \t]*<meta name="description"[^>]*>\n?', re.IGNORECASE)

# As ``origin.m3u``: a name of letters, digits, dots and hyphens or a bracketed IPv6 address.
_HOST: Final = re.compile(
    r"(?:[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?|\[[0-9a-f:.]{2,45}\])(?::[0-9]{1,5})?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture of a preview."""

    address: str
    """Its path on this site, or a whole URL."""

    width: int = 0
    """Pixels; 0 when unknown."""

    height: int = 0
    """Pixels; 0 when unknown."""

    wide: bool = False
    """It is a picture of what was on air, no logo."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What a page says of itself."""

    title: str
    description: str = ""
    site: str = ""
    """Name of the broadcaster."""

    path: str
    """The one address of this page, with the query that belongs to it."""

    kind: str = "website"
    """``og:type``."""

    picture: Picture | None = None
    video: str = ""
    """Path of a file that plays by itself, MP4; empty for none."""

    embed: str = ""
    """Path of the page that may stand in frames of others; empty for none."""

    listed: bool = True
    """Search engines may list it."""


class Template:
    """A page of the build, with room for a head."""

    def __init__(self, html: bytes) -> None:
        """Find the room: where the page has its own title."""
        text = _DESCRIPTION_TAG.sub("", html.decode("utf-8", "replace"), count=1)
        match = _TITLE_TAG.search(text)
        self._parts = None if match is None else (text[: match.start()], text[match.end() :])
        self._html = html

    def fill(self, head: str) -> bytes:
        """Return the page with ``head`` in place of its title and description."""
        if self._parts is None:
            return self._html
        return head.join(self._parts).encode()


def render_head(preview: Preview, base: str | None) -> str:
    """Return the lines of a head.

    Args:
        preview: What they say.
        base: What whole addresses begin with, ``https://xem.example.vn``; without it none is
            written, since readers of previews take no others.
    """
    shown = replace(
        preview,
        title=clean_line(preview.title, _TITLE),
        description=clean_line(preview.description, _DESCRIPTION),
        site=clean_line(preview.site, _TITLE),
    )
    return "\n    ".join(_lines(shown, base))


def _lines(preview: Preview, base: str | None) -> Iterator[str]:
    site = preview.site
    title = f"{preview.title} · {site}" if site and site not in preview.title else preview.title
    yield f"<title>{escape(title)}</title>"
    if preview.description:
        yield _meta("name", "description", preview.description)
    if not preview.listed:
        yield _meta("name", "robots", "noindex")
    yield _meta("property", "og:title", preview.title)
    if preview.description:
        yield _meta("property", "og:description", preview.description)
    if site:
        yield _meta("property", "og:site_name", site)
    yield _meta("property", "og:type", preview.kind)
    yield _meta("property", "og:locale", "vi_VN")
    picture = preview.picture
    wide = picture is not None and picture.wide
    yield _meta("name", "twitter:card", "summary_large_image" if wide else "summary")
    if base is None:
        return
    url = f"{base}{preview.path}"
    yield _meta("property", "og:url", url)
    yield f'<link rel="canonical" href="{escape(url)}">'
    if picture is not None:
        yield from _picture_lines(picture, preview.title, base)
    if preview.video:
        yield _meta("property", "og:video", f"{base}{preview.video}")
        yield _meta("property", "og:video:type", "video/mp4")
    if preview.embed:
        asked = f"{base}/oembed?format=json&url={quote(url, safe='')}"
        yield (
            '<link rel="alternate" type="application/json+oembed" '
            f'href="{escape(asked)}" title="{escape(preview.title)}">'
        )


def _picture_lines(picture: Picture, title: str, base: str) -> Iterator[str]:
    address = picture.address
    yield _meta("property", "og:image", address if "://" in address else f"{base}{address}")
    if picture.width and picture.height:
        yield _meta("property", "og:image:width", str(picture.width))
        yield _meta("property", "og:image:height", str(picture.height))
    yield _meta("property", "og:image:alt", title)


def _meta(kind: str, name: str, content: str) -> str:
    return f'<meta {kind}="{name}" content="{escape(content)}">'


def base_of_request(host: str, forwarded_proto: str) -> str | None:
    """Return what whole addresses begin with, by what a request says of itself.

    Both are a stranger's words, so nothing but a plain name with a port is taken, and of the
    protocol whether the first proxy was asked by HTTPS.

    Args:
        host: The Host header.
        forwarded_proto: X-Forwarded-Proto; empty where there is none.
    """
    if not _HOST.fullmatch(host):
        return None
    secure = forwarded_proto.partition(",")[0].strip().lower() == "https"
    return f"{'https' if secure else 'http'}://{host.lower()}"


def size_of(data: bytes) -> tuple[int, int]:
    """Return width and height of a JPEG or PNG picture in pixels; (0, 0) of anything else."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return int.from_bytes(data[16:20]), int.from_bytes(data[20:24])
    at = 2
    while data.startswith(b"\xff\xd8") and at + 9 <= len(data) and data[at] == 0xFF:  # noqa: PLR2004
        # Of the frames' headers, those but DHT, JPG and DAC begin with length, depth, lines, width.
        if 0xC0 <= data[at + 1] <= 0xCF and data[at + 1] not in {0xC4, 0xC8, 0xCC}:  # noqa: PLR2004
            return int.from_bytes(data[at + 7 : at + 9]), int.from_bytes(data[at + 5 : at + 7])
        at += 2 + int.from_bytes(data[at + 2 : at + 4])
    return 0, 0
