"""From what somebody asks for to what is made: times, renditions, limits.  Sans-I/O."""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from core.clip import ClipError, ClipOrder, TrackOrder, exact_span
from core.config import ChannelSettings, Settings
from core.ladder import Rendition, renditions_of
from core.mp4 import MovieFacts
from core.timeline import UnixNs

__all__ = ["MAX_AHEAD_S", "clean_text", "local_time", "order_clip", "parse_moment"]

MAX_AHEAD_S: Final = 12 * 3_600
"""How far in the future a clip may end; it waits until then."""

_NS: Final = 1_000_000_000
_UNIX: Final = re.compile(r"[0-9]{1,11}(\.[0-9]{1,9})?")
_CLOCK: Final = re.compile(r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,3}))?)?")
_EPOCH: Final = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


def parse_moment(text: str, zone: ZoneInfo, now: UnixNs) -> UnixNs:
    """Return the moment that somebody wrote.

    Args:
        text: ``2026-11-23T19:00:00.500`` (local, or with an offset of its own), ``19:00[:30]``
            today, or UNIX seconds.
        zone: The station's.
        now: Decides what today is.

    Raises:
        ClipError: If it is none of these.
    """
    text = text.strip()
    if _UNIX.fullmatch(text):
        return UnixNs(int(Decimal(text) * _NS))
    if match := _CLOCK.fullmatch(text):
        hour, minute, second, fraction = match.groups()
        text = f"{_at(now, zone):%Y-%m-%d}T{int(hour):02}:{minute}:{second or '00'}"
        text += f".{fraction:0<3}" if fraction else ""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ClipError(
            f"{text!r} is no time: write 2026-11-23T19:00:00, 19:00:00 (today) or UNIX seconds",
            code="clip_span",
        ) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone)
    return UnixNs((moment - _EPOCH) // timedelta(microseconds=1) * 1_000)


def local_time(moment: int, zone: ZoneInfo) -> str:
    """Return a moment as people read it: ``2026-11-23T19:00:00.500+07:00``."""
    return _at(moment, zone).isoformat(timespec="milliseconds")


def _at(moment: int, zone: ZoneInfo) -> datetime:
    return datetime.fromtimestamp(moment // 1_000_000 / 1_000, zone)


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
    when = _at(start, zone)
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
