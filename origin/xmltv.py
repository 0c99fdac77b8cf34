"""The guide as XMLTV, for TV apps.  Sans-I/O.

Elements stand in the DTD's order.  An element without text is left out, since validators refuse an
empty one, and so is a channel without programmes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from xml.sax.saxutils import escape
from zoneinfo import ZoneInfo

from core.guide import Programme, xmltv_id

__all__ = ["XmltvChannel", "render_xmltv"]

_HEAD: Final = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<!DOCTYPE tv SYSTEM "xmltv.dtd">\n'
    '<tv generator-info-name="Lensong" source-info-name="{station}">\n'
)

# "Char ::= #x9 | #xA | #xD | [#x20-#xD7FF] | [#xE000-#xFFFD] | [#x10000-#x10FFFF]" (XML 1.0, 2.2);
# those from #x7F to #x9F are allowed there, but validators take them for a wrong encoding.
_NOT_XML: Final = re.compile("[^\t\n\r\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class XmltvChannel:
    """A channel and what of its guide is told."""

    slug: str
    name: str
    logo: str
    """Whole URL of its picture; empty for none."""

    programmes: tuple[Programme, ...]


def render_xmltv(
    channels: Iterable[XmltvChannel], *, station: str, language: str, zone: ZoneInfo
) -> bytes:
    """Return the document.

    Args:
        channels: In the order in which apps show them.
        station: Name of the broadcaster.
        language: Of all texts (BCP 47).
        zone: In which the times are written, each with its offset.
    """
    told = [channel for channel in channels if channel.programmes]
    lang = f' lang="{_text(language)}"'
    lines = [_HEAD.format(station=_text(station))]
    for channel in told:
        lines.append(f'<channel id="{xmltv_id(channel.slug)}">\n')
        lines.append(_element("display-name", channel.name, lang))
        lines.append(_icon(channel.logo))
        lines.append("</channel>\n")
    for channel in told:
        lines += (_programme(channel.slug, item, lang, zone) for item in channel.programmes)
    lines.append("</tv>\n")
    return "".join(lines).encode()


def _programme(slug: str, item: Programme, lang: str, zone: ZoneInfo) -> str:
    start, stop = _time(item.began_s, zone), _time(item.ended_s, zone)
    return "".join(
        (
            f'<programme start="{start}" stop="{stop}" channel="{xmltv_id(slug)}">\n',
            _element("title", item.title, lang),
            _element("sub-title", item.subtitle, lang),
            _element("desc", item.description, lang),
            *(_element("category", name, lang) for name in item.categories),
            _icon(item.image),
            _element("episode-num", item.episode, ' system="onscreen"'),
            "</programme>\n",
        )
    )


def _time(moment_s: int, zone: ZoneInfo) -> str:
    # Without its zone a time is UTC to some readers and local to others (STANDARDS 197).
    return f"{datetime.fromtimestamp(moment_s, zone):%Y%m%d%H%M%S %z}"


def _element(name: str, text: str, attributes: str) -> str:
    # "Text without newlines" (STANDARDS 197).
    line = " ".join(text.split())
    return f"<{name}{attributes}>{_text(line)}</{name}>\n" if line else ""


def _icon(url: str) -> str:
    return f'<icon src="{_text(url)}"/>\n' if url else ""


def _text(text: str) -> str:
    """Return text as it may stand in an element and in a quoted attribute."""
    return escape(_NOT_XML.sub("", text), {'"': "&quot;"})
