"""What the operators' pages have in common: their frame, and their names by day.  Sans-I/O."""

from __future__ import annotations

import re
from datetime import date
from html import escape
from typing import Final

__all__ = ["parse_day_name", "render_page"]

_STYLE: Final = (
    ":root{color-scheme:light dark}"
    "body{font:1rem/1.6 system-ui,sans-serif;max-width:48rem;margin:0 auto;padding:1rem}"
    "h1{font-size:1.4rem}h2{font-size:1.1rem}a{color:LinkText}"
    "table{border-collapse:collapse}th,td{padding:.25rem .75rem .25rem 0;text-align:left;"
    "vertical-align:top}code{background:color-mix(in srgb,CanvasText 10%,Canvas);padding:0 .2rem}"
)

_DAY_NAME: Final = re.compile(r"(\d{4}-\d{2}-\d{2})(\.csv)?")


def render_page(title: str, body: str) -> str:
    """Return a whole HTML page.

    Args:
        title: Plain text.
        body: HTML, escaped by who made it.
    """
    return (
        f'<!doctype html><html lang="vi"><head><meta charset="utf-8"><title>{escape(title)}'
        '</title><meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<style>{_STYLE}</style></head><body><main><h1>{escape(title)}</h1>{body}</main>"
        "</body></html>\n"
    )


def parse_day_name(name: str) -> tuple[date, bool] | None:
    """Return the day of ``2026-11-24`` or ``2026-11-24.csv``, and whether it is CSV.

    Anything else, and a day that no calendar has, gives None.
    """
    match = _DAY_NAME.fullmatch(name)
    if match is None:
        return None
    try:
        return date.fromisoformat(match[1]), match[2] is not None
    except ValueError:
        return None
