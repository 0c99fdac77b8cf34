"""The list of channels as TV apps read it: M3U with Kodi's attributes and others'.  Sans-I/O.

The form has no escapes: a quote ends a value, a line end ends the entry, and Kodi looks for
``radio=`` with a plain search over the whole line.  So a name loses what could forge any of that.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from core.guide import xmltv_id
from core.text import clean_line

__all__ = ["M3U_TYPE", "M3uChannel", "base_of_host", "render_m3u"]

M3U_TYPE: Final = "audio/x-mpegurl; charset=utf-8"

_GROUPS: Final = {"tv": "Truyền hình", "radio": "Phát thanh"}
_NAME: Final = 200

# A name of letters, digits, dots and hyphens or a bracketed IPv6 address, and perhaps a port.
_HOST: Final = re.compile(
    r"(?:[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?|\[[0-9a-f:.]{2,45}\])(?::[0-9]{1,5})?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class M3uChannel:
    """A channel as the list tells it."""

    slug: str
    name: str
    kind: Literal["tv", "radio"]
    logo: str
    """Path of its picture."""

    catchup_days: int
    """0 for no catch-up."""


def base_of_host(host: str) -> str | None:
    """Return the address that a request's ``Host`` names, or None if it is not plainly one.

    What a stranger writes there ends up in the list, so nothing but a name and a port is taken.
    """
    return f"http://{host.lower()}" if _HOST.fullmatch(host) else None


def render_m3u(channels: Iterable[M3uChannel], *, base: str) -> bytes:
    """Return the list.

    Args:
        channels: In the order of their numbers.
        base: What all addresses begin with: ``https://xem.example.vn``.
    """
    guide = f"{base}/guide.xml.gz"
    # Kodi reads x-tvg-url, TVirl and its kin url-tvg (STANDARDS 186).
    lines = [f'#EXTM3U x-tvg-url="{guide}" url-tvg="{guide}"']
    for number, channel in enumerate(channels, 1):
        name = _plain(channel.name) or channel.slug
        facts = {
            "tvg-id": xmltv_id(channel.slug),
            "tvg-chno": str(number),
            "tvg-logo": f"{base}{channel.logo}",
            **({"radio": "true"} if channel.kind == "radio" else {}),
            **_catchup(channel.catchup_days),
            "group-title": _GROUPS[channel.kind],
            # Last, since readers that know no quotes look for the first of each word.
            "tvg-name": name,
        }
        attributes = " ".join(f'{key}="{value}"' for key, value in facts.items())
        lines.append(f"#EXTINF:-1 {attributes},{name}")
        lines.append(f"{base}/live/{channel.slug}/index.m3u8")
    return ("\n".join(lines) + "\n").encode()


def _catchup(days: int) -> dict[str, str]:
    if not days:
        return {}
    # Kodi takes a source with {utc} as exact to the second and one with {duration} as one that
    # ends (STANDARDS 194).  timeshift and tvg-rec are what older apps know.
    return {
        "catchup": "append",
        "catchup-source": "?utc={utc}&lutc={lutc}&duration={duration}",
        "catchup-days": str(days),
        "timeshift": str(days),
        "tvg-rec": str(days),
    }


def _plain(name: str) -> str:
    """Return a name that can be nothing but a name, in a quoted value and behind a comma."""
    line = clean_line(name, _NAME)
    for sign, instead in (('"', "\u201d"), ("=", " "), (", ", " - "), (",", "-")):
        line = line.replace(sign, instead)
    return clean_line(line, _NAME)
