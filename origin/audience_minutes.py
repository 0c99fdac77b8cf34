"""How many watched at the end of each minute of the last two hours.  Sans-I/O.

A number belongs to a channel, a kind, a rendition and a class of devices.  The class is told from
the User-Agent when a report arrives; the text itself is kept nowhere.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, Literal, NamedTuple, TypeAlias

__all__ = [
    "KEPT_MINUTES",
    "UNCOUNTED",
    "AudienceMinutes",
    "Cell",
    "Device",
    "PlaceCell",
    "device_of",
]

Device: TypeAlias = Literal["phone", "desktop", "tv", "other"]

UNCOUNTED: Final = "uncounted"
"""Kind of the one cell of a channel whose viewers are not counted: its minutes are not known."""

KEPT_MINUTES: Final = 120
"""So long may nobody ask without a minute being lost."""

_LOOKED_AT: Final = 512
"""Characters of a User-Agent; what matters stands among the first."""

# In this order: a television's browser says Linux, and Android TV says Android.
_TV: Final = re.compile(
    r"smart-?tv|\btv\b|web0s|webos|tizen|googletv|appletv|apple tv|aft[a-z]|bravia|roku|crkey|hbbtv"
    r"|viera|vidaa|dlnadoc|set-?top",
    re.IGNORECASE,
)
_PHONE: Final = re.compile(r"android|iphone|ipad|ipod|mobile", re.IGNORECASE)
_DESKTOP: Final = re.compile(r"windows nt|macintosh|mac os x|x11|linux x86_64|cros", re.IGNORECASE)


class Cell(NamedTuple):
    """What a number of sessions belongs to."""

    channel: str
    kind: str
    """live, dvr, catchup or radio of those that report; ``http`` of radio without playlists, whose
    listeners may report too and must not be added to the others; :data:`UNCOUNTED`."""

    rendition: str
    """Empty where it is not known."""

    device: Device


class PlaceCell(NamedTuple):
    """What a number of sessions belongs to when they are counted by province.

    It is a count of its own: province, rendition and device together could be somebody's.
    """

    channel: str
    kind: str
    province: str


def device_of(user_agent: str) -> Device:
    """Return the class of a device; tablets are phones."""
    text = user_agent[:_LOOKED_AT]
    if _TV.search(text):
        return "tv"
    if _PHONE.search(text):
        return "phone"
    return "desktop" if _DESKTOP.search(text) else "other"


_NOWHERE: Final[Mapping[PlaceCell, int]] = {}


class AudienceMinutes:
    """The last :data:`KEPT_MINUTES` samples."""

    def __init__(self) -> None:
        """Begin without any."""
        self._samples: dict[int, tuple[dict[Cell, int], dict[PlaceCell, int]]] = {}

    def add(
        self, minute: int, cells: Mapping[Cell, int], places: Mapping[PlaceCell, int] = _NOWHERE
    ) -> None:
        """Keep the sample of a minute's end; the first one of a minute stays.

        Args:
            minute: Since the Unix epoch.
            cells: Concurrent sessions; nobody at all is a sample too.
            places: The same sessions by province, where it is known.
        """
        self._samples.setdefault(
            minute,
            (
                {cell: count for cell, count in cells.items() if count},
                {place: count for place, count in places.items() if count},
            ),
        )
        for old in sorted(self._samples)[:-KEPT_MINUTES]:
            del self._samples[old]

    def describe(self, since: int = 0) -> list[dict[str, Any]]:
        """Return the samples from minute ``since`` on, in JSON's terms, the oldest first."""
        return [
            {
                "minute": minute,
                "cells": [[*cell, count] for cell, count in sorted(cells.items())],
                "places": [[*place, count] for place, count in sorted(places.items())],
            }
            for minute, (cells, places) in sorted(self._samples.items())
            if minute >= since
        ]
