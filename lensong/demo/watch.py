"""The demo's own viewer: reads the playlists and looks into every segment.  Sans-I/O.

It judges what came over the public address, not what the platform says of itself.
"""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass
from typing import Final, Literal

from core.boxes import iter_boxes
from core.cmaf import TrackHeader, parse_fragment
from core.errors import FormatError
from core.timeline import UnixNs

__all__ = ["SHOWN_SEGMENTS", "PlaylistEntry", "SegmentStrip", "count_samples", "parse_playlist"]

SHOWN_SEGMENTS: Final = 40
_PICTURES: Final = 96
_SOUND_FRAMES: Final = 180
_MEDIA_SEQUENCE = re.compile(r"#EXT-X-MEDIA-SEQUENCE:(\d+)")
_MAP = re.compile(r'#EXT-X-MAP:URI="([^"]+)"')


@dataclass(frozen=True, slots=True)
class PlaylistEntry:
    """One segment of a media playlist."""

    msn: int
    uri: str
    header_uri: str
    gap: bool
    """The playlist says that it is missing."""


def parse_playlist(text: str) -> list[PlaylistEntry]:
    """Read the segments of a media playlist of ours.

    Raises:
        FormatError: If it is not one.
    """
    found = _MEDIA_SEQUENCE.search(text)
    if found is None or not text.startswith("#EXTM3U"):
        raise FormatError("not a media playlist")
    msn = int(found[1])
    entries: list[PlaylistEntry] = []
    header, gap = "", False
    for line in text.splitlines():
        if (is_map := _MAP.match(line)) is not None:
            header = is_map[1]
        elif line.startswith("#EXT-X-GAP"):
            gap = True
        elif line and not line.startswith("#"):
            entries.append(PlaylistEntry(msn, line, header, gap))
            msn, gap = msn + 1, False
    return entries


def count_samples(segment: bytes, header: TrackHeader) -> int:
    """Return how many pictures or AAC frames a segment holds.

    Raises:
        FormatError: If it is not made of fragments of that track.
    """
    boxes = list(iter_boxes(segment))
    samples = 0
    for place, box in enumerate(boxes):
        if box.kind == b"moof":
            if place + 1 == len(boxes):
                raise FormatError("a moof without its mdat")
            samples += parse_fragment(bytes(box.raw), bytes(boxes[place + 1].raw), header).samples
    return samples


@dataclass(slots=True)
class _Seen:
    pictures: int | None = None
    sound: int | None = None
    missing: bool = False


class SegmentStrip:
    """The last segments of one channel, and since when none is missing."""

    def __init__(self, *, television: bool) -> None:
        self._television = television
        self._seen: dict[int, _Seen] = {}
        self._order: deque[int] = deque()
        self.unbroken_since: UnixNs | None = None
        """When the first good segment after the last bad one was seen; None before any."""

    def knows(self, msn: int, kind: Literal["video", "audio"]) -> bool:
        """Tell whether that track of that segment was looked at."""
        seen = self._seen.get(msn)
        if seen is None:
            return False
        return seen.missing or (seen.pictures if kind == "video" else seen.sound) is not None

    def add(
        self, msn: int, kind: Literal["video", "audio"], samples: int | None, now: UnixNs
    ) -> None:
        """Note what a segment holds; ``samples`` is None when it is missing."""
        newest = self._order[-1] if self._order else None
        if newest is not None and msn < newest - SHOWN_SEGMENTS:
            return
        for number in range(msn if newest is None else newest + 1, msn + 1):
            self._seen[number] = _Seen()
            self._order.append(number)
        while len(self._order) > SHOWN_SEGMENTS:
            del self._seen[self._order.popleft()]
        seen = self._seen.get(msn)
        if seen is None:
            return
        if samples is None:
            seen.missing = True
        elif kind == "video":
            seen.pictures = samples
        else:
            seen.sound = samples
        judgement = self._judge(seen)
        if judgement == "bad":
            self.unbroken_since = None
        elif judgement == "good" and self.unbroken_since is None:
            self.unbroken_since = now

    def _judge(self, seen: _Seen) -> Literal["good", "bad", "waiting"]:
        if seen.missing:
            return "bad"
        wanted = [(seen.sound, _SOUND_FRAMES)]
        if self._television:
            wanted.append((seen.pictures, _PICTURES))
        if any(count is not None and count != right for count, right in wanted):
            return "bad"
        return "waiting" if any(count is None for count, _ in wanted) else "good"

    def describe(self) -> list[dict[str, object]]:
        """Return the strip as JSON values, oldest first."""
        return [
            {
                "msn": msn,
                "state": self._judge(self._seen[msn]),
                "pictures": self._seen[msn].pictures,
                "sound": self._seen[msn].sound,
            }
            for msn in self._order
        ]
