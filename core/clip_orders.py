"""From what somebody asks for to what is made: times, renditions, limits.  Sans-I/O."""

from __future__ import annotations

import unicodedata
from typing import Final
from zoneinfo import ZoneInfo

from core.clip import ClipError, ClipOrder, TrackOrder, exact_span
from core.config import ChannelSettings, Settings
from core.ladder import Rendition, renditions_of
from core.moments import at_local
from core.mp4 import MovieFacts
from core.timeline import UnixNs

__all__ = ["MAX_AHEAD_S", "clean_text", "order_clip"]

MAX_AHEAD_S: Final = 12 * 3_600
"""How far in the future a clip may end; it waits until then."""

_NS: Final = 1_000_000_000


def clean_text(text: str, longest: int) -> str:
    """Return text as it is kept: NFC, without control characters, not too long."""
    text = unicodedata.normalize("NFC", text)
    kept = (c for c in text if c == "\n" or unicodedata.category(c)[0] != "C")
    return "".join(kept).strip()[:longest]


def order_clip(
    settings: Settings,
    *,
    zone: ZoneInfo,
    channel: str,
    start: UnixNs,
    end: UnixNs,
    now: UnixNs,
    rendition: str | None = None,
    title: str = "",
    description: str = "",
) -> ClipOrder:
    """Return what is to be made of a wish.

    Args:
        settings: The installation.
        zone: The station's.
        channel: Slug.
        start: First moment.
        end: The moment at which the clip is over.
        now: A clip may end a little in the future.
        rendition: Name of the video rendition, of radio the sound; None for the best.
        title: Without one, channel and time.
        description: For the file's facts.

    Raises:
        ConfigError: If there is no such channel.
        ClipError: If it cannot be made.
    """
    facts = settings.channel(channel)
    chosen = _rendition(facts, rendition)
    span = exact_span(start, end, chosen.frame_rate)
    if span.seconds > settings.clips.max_hours * 3_600:
        raise ClipError(
            f"a clip of {span.seconds / 3_600:.1f} hours; the longest is"
            f" {settings.clips.max_hours:g} (clips.max_hours)",
            code="clip_span",
        )
    if end > now + MAX_AHEAD_S * _NS:
        raise ClipError(
            f"the clip would end more than {MAX_AHEAD_S // 3_600} hours from now", code="clip_span"
        )
    tracks: tuple[TrackOrder, ...] = (TrackOrder(chosen.name, chosen.kind),)
    if chosen.kind == "video":
        sound = next(item for item in renditions_of(facts) if item.kind == "audio")
        tracks += (TrackOrder(sound.name, "audio"),)
    when = at_local(start, zone)
    return ClipOrder(
        channel=channel,
        tracks=tracks,
        span=span,
        facts=MovieFacts(
            title=clean_text(title, 200) or f"{facts.name} {when:%d-%m-%Y %H.%M.%S}",
            artist=facts.name,
            description=clean_text(description, 1_000),
            date=when.isoformat(timespec="seconds"),
            unix_s=start // _NS,
        ),
        zone=zone,
    )


def _rendition(channel: ChannelSettings, name: str | None) -> Rendition:
    kind = "video" if channel.kind == "tv" else "audio"
    found = [item for item in renditions_of(channel) if item.kind == kind]
    if name is None:
        return found[0]
    for item in found:
        if item.name == name:
            return item
    known = ", ".join(item.name for item in found)
    raise ClipError(
        f"{channel.slug} has no rendition {name!r}; there are: {known}", code="clip_span"
    )
