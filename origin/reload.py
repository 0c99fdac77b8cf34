"""Decide what a blocking playlist reload must do.  Sans-I/O.

A player asks for a playlist that does not exist yet by naming the part it wants.  The
origin answers at once, holds the request, or refuses it.  This module decides; the shells
(``origin.fastpath``, ``origin.http``) wait.

**Source:** draft-pantos-hls-rfc8216bis-22, 6.2.5.2 "Blocking Playlist Reload"
(STANDARDS 72-79).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

from core.timeline import PARTS_PER_SEGMENT, PartAddress, UnixNs

__all__ = ["HOLD_NS", "Hold", "Refuse", "Reload", "ServeNow", "decide_reload"]

ADVANCE_SEGMENT_LIMIT: Final = 2
"""How many segments past the last whole one a player may ask for."""

HOLD_NS: Final = 12_000_000_000
"""How long a request is held: three target durations, each 4 s.

A target duration is the segment's length rounded to whole seconds, so this is not three
segments (11.52 s).
"""


@dataclass(frozen=True, slots=True)
class ServeNow:
    """The playlist already holds the part: answer 200."""


@dataclass(frozen=True, slots=True)
class Hold:
    """Answer once ``until`` is published, or give up (503) at ``deadline``."""

    until: PartAddress
    deadline: UnixNs


@dataclass(frozen=True, slots=True)
class Refuse:
    """The request is not one a conforming player makes: answer 400."""

    reason: str


Reload: TypeAlias = ServeNow | Hold | Refuse


def decide_reload(*, msn: int | None, part: int | None, edge: PartAddress, now: UnixNs) -> Reload:
    """Decide how to answer one request for a low-latency media playlist.

    Args:
        msn: ``_HLS_msn``, the media sequence number asked for.
        part: ``_HLS_part``, the part index asked for; meaningless without ``msn``.
        edge: The newest part that is published.
        now: Moment of the request.

    Returns:
        What to do.  Nothing has been awaited and nothing has been changed.
    """
    if msn is None:
        # "If the URI contains an _HLS_part directive but no _HLS_msn directive, the Server
        # MUST return Bad Request" (STANDARDS 74).
        return ServeNow() if part is None else Refuse("_HLS_part without _HLS_msn")
    # Without a part: "a Playlist which contains a Media Segment with that number or later",
    # so the whole segment, not its first part (STANDARDS 72).
    wanted = PartAddress(msn, PARTS_PER_SEGMENT - 1 if part is None else part)
    if wanted.part >= PARTS_PER_SEGMENT:
        # "The Server MUST treat the request as one for Part Index 0 of the following Parent
        # Segment" (STANDARDS 75).
        wanted = PartAddress(wanted.msn + 1, 0)
    # "If the _HLS_msn is greater than the Media Sequence Number of the last Media Segment in
    # the current Playlist plus two ... the server SHOULD immediately return Bad Request"
    # (STANDARDS 77).  The last segment is the last whole one.
    # Player: hls.js out of low-latency mode asks for the last part of the next segment, six
    # parts ahead (STANDARDS 165), so the draft's Advance Part Limit (here 4) is not applied:
    # the limit on the number bounds the wait already.
    last_msn = edge.msn if edge.part == PARTS_PER_SEGMENT - 1 else edge.msn - 1
    if wanted.msn > last_msn + ADVANCE_SEGMENT_LIMIT:
        return Refuse("_HLS_msn is too far ahead")
    # "If the Playlist already contains it", or a later one, "deliver at once" (STANDARDS 76).
    if wanted <= edge:
        return ServeNow()
    return Hold(wanted, UnixNs(now + HOLD_NS))
