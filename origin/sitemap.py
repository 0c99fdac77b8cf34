"""What search engines read: which pages there are, and what is none of theirs.  Sans-I/O."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from xml.sax.saxutils import escape

__all__ = ["render_robots", "render_sitemap"]

_NOT_FOR_ROBOTS: Final = (
    "/api/",
    "/catchup/",
    "/dvr/",
    "/live/",
    "/ll/",
    "/media/",
    "/programmes/",
    "/qoe",
    "/radio/",
    "/sound/",
    "/ts/",
)
"""Media and data: no pages, and much traffic.  Pictures stay open, since previews show them."""


def render_robots(base: str) -> bytes:
    """Return ``robots.txt``; ``base`` is what whole addresses begin with."""
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in _NOT_FOR_ROBOTS)]
    return "\n".join([*lines, "", f"Sitemap: {base}/sitemap.xml", ""]).encode()


def render_sitemap(base: str, paths: Iterable[str]) -> bytes:
    """Return ``sitemap.xml`` of these paths, which are whole addresses behind ``base``."""
    urls = "\n".join(f"<url><loc>{escape(base + path)}</loc></url>" for path in paths)
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n'
        f"{urls}\n</urlset>\n"
    ).encode()
