"""Keep counted media time near the time of arrival.  Sans-I/O.

MP3, ADTS and Ogg carry no clock: time is what was counted.  When a publisher's sound card
stood still for five seconds, everything after it would count as five seconds old for ever, and
no decoder could use it; a sound card that runs fast by a ten-thousandth is eight seconds ahead
after a day.  A network that stood still looks the same at first, but then sends what it owes.
So the count is moved only when it was off the whole time of a window, by the least it was
off, and then so far that the relay anchors anew.
"""

from __future__ import annotations

from typing import Final

from core.timeline import UnixNs

__all__ = ["Pace"]

TOLERANCE_US: Final = 1_500_000
"""How far counted time may be off; over the second at which the relay sees a jump."""

WINDOW_NS: Final = 4_000_000_000
"""How long it must have been off."""


class Pace:
    """Watches one session's media time against its arrival."""

    def __init__(self) -> None:
        self._origin: tuple[int, UnixNs] | None = None
        self._since: UnixNs | None = None
        self._least_us = 0

    def correction_us(self, media_us: int, *, now: UnixNs) -> int:
        """Take the media time of a chunk that arrived at ``now``.

        Returns:
            Microseconds to add to the media time of this chunk and all later ones; mostly 0.
        """
        if self._origin is None:
            self._origin = (media_us, now)
        ahead_us = media_us - self._origin[0] - (now - self._origin[1]) // 1_000
        if abs(ahead_us) <= TOLERANCE_US or ahead_us * self._least_us < 0:
            self._since = None
            self._least_us = 0
        if abs(ahead_us) <= TOLERANCE_US:
            return 0
        if self._since is None:
            self._since, self._least_us = now, ahead_us
        self._least_us = min(self._least_us, ahead_us, key=abs)
        if now - self._since < WINDOW_NS:
            return 0
        correction_us = -self._least_us
        self._since, self._least_us = None, 0
        return correction_us
