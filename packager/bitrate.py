"""Measure a rendition's bit rates and decide when playlists should say so.  Sans-I/O.

BANDWIDTH is the peak over any window of 0.5 to 1.5 target durations (STANDARDS 43): with
segments of 3.84 s and a target duration of 4 that is any one segment, since two are too long.
A peak above 125 % of BANDWIDTH or an average above 110 % of AVERAGE-BANDWIDTH breaks a
rule (STANDARDS 109), so figures rise at once; they fall at most once an hour, so that
multivariant playlists do not flap with the programme.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from core.timeline import SEGMENT_NS

__all__ = ["BitrateMeter"]

_MIN_SEGMENTS: Final = 20
_HOUR: Final = 937
"""Segments in an hour, rounded down."""

_STEP_BPS: Final = 1_000
_NS: Final = 1_000_000_000


class BitrateMeter:
    """The last hour of one rendition's segments."""

    def __init__(self, published: tuple[int, int] | None = None) -> None:
        """Begin to measure.

        Args:
            published: (peak, average) that playlists carry already, in bit/s.
        """
        self._sizes: deque[int] = deque(maxlen=_HOUR)
        self._published = published
        self._since_published = 0

    @property
    def published(self) -> tuple[int, int] | None:
        """(peak, average) that playlists should carry, in bit/s; None before there are any."""
        return self._published

    def add(self, segment_bytes: int) -> tuple[int, int] | None:
        """Take the size of one more segment.

        Returns:
            (peak, average) in bit/s when playlists should now carry new figures.
        """
        self._sizes.append(segment_bytes)
        self._since_published += 1
        if len(self._sizes) < _MIN_SEGMENTS:
            return None
        measured = (_bps(max(self._sizes), 1), _bps(sum(self._sizes), len(self._sizes)))
        news = self._news(measured)
        if news is not None:
            self._published, self._since_published = news, 0
        return news

    def _news(self, measured: tuple[int, int]) -> tuple[int, int] | None:
        published = self._published
        if published is None:
            return measured
        pairs = list(zip(measured, published, strict=True))
        if self._since_published >= _HOUR and any(now * 105 < was * 100 for now, was in pairs):
            return measured
        if any(now * 100 > was * 105 for now, was in pairs):
            return max(measured[0], published[0]), max(measured[1], published[1])
        return None


def _bps(size_bytes: int, segments: int) -> int:
    """Return bit/s, rounded up to whole kbit/s."""
    bps = size_bytes * 8 * _NS // (SEGMENT_NS * segments)
    return -(-bps // _STEP_BPS) * _STEP_BPS
