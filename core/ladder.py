"""Which renditions a channel is encoded into.  Sans-I/O.

A rendition is one encoded version: one CMAF track, one media playlist.  Programme,
packager and origin all derive the same list from the same settings.

**Source:** the bit rates of DESIGN 3.3; 416x234 at 145 kbit/s and the order of the
multivariant playlist after Apple's authoring rules (STANDARDS 107, 108, 110).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from core.config import ChannelSettings
from core.errors import ConfigError

__all__ = ["Rendition", "deposit_renditions", "find_rendition", "renditions_of"]

_RUNGS: Final = {
    1080: ("1080p", 1920, 5000),
    720: ("720p", 1280, 2800),
    480: ("480p", 854, 1200),
    360: ("360p", 640, 600),
    234: ("234p", 416, 145),
}
_DEPOSIT_LINES: Final = 480

_HALF_RATE_BELOW: Final = 540
"""In a channel of 50 frames/s the rungs below this many lines run at 25."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendition:
    """One encoded version of a channel."""

    name: str
    """Its name in URLs and metrics; sound begins with ``a``: ``720p``, ``a96``."""

    kind: Literal["video", "audio"]
    bitrate_bps: int
    """Average bit rate that the encoder is asked for."""

    width: int = 0
    height: int = 0
    frame_rate: int = 0
    """Frames a second; 0 for sound."""

    channels: int = 0
    """Channels of sound; 0 for video."""


def renditions_of(channel: ChannelSettings) -> tuple[Rendition, ...]:
    """Return the channel's renditions: video from the highest rung down, then sound."""
    if channel.kind == "radio":
        return (_sound("a128", 128, 2), _sound("a64", 64, 2), _sound("a32", 32, 1))
    if channel.renditions:
        rungs = [(r.name, r.width, r.height, r.video_kbps) for r in channel.renditions]
    else:
        top = int(channel.ladder.removesuffix("p"))
        rungs = [
            (name, width, height, kbps)
            for height, (name, width, kbps) in _RUNGS.items()
            if height <= top
        ]
    video = (
        Rendition(
            name=name,
            kind="video",
            bitrate_bps=kbps * 1000,
            width=width,
            height=height,
            frame_rate=25 if height < _HALF_RATE_BELOW else channel.frame_rate,
        )
        for name, width, height, kbps in rungs
    )
    return (*video, _sound("a96", 96, 2), _sound("a32", 32, 1))


def find_rendition(channel: ChannelSettings, name: str) -> Rendition | None:
    """Return the channel's rendition of that name, if there is one."""
    return next((item for item in renditions_of(channel) if item.name == name), None)


def deposit_renditions(channel: ChannelSettings) -> tuple[Rendition, ...]:
    """Return what of the channel is kept for ``deposit_days``; nothing if that is 0.

    Raises:
        ConfigError: If ``deposit_rendition`` names no rendition of the channel.
    """
    if not channel.deposit_days:
        return ()
    renditions = renditions_of(channel)
    name = channel.deposit_rendition
    chosen = next((item for item in renditions if item.name == name), None)
    if name is not None and chosen is None:
        known = ", ".join(item.name for item in renditions)
        raise ConfigError(f"{channel.slug}: no rendition {name} to deposit; there are: {known}")
    video = [item for item in renditions if item.kind == "video"]
    audio = [item for item in renditions if item.kind == "audio"]
    if not video:
        return (chosen or next(item for item in audio if item.name == "a64"),)
    if chosen is None:
        chosen = min(video, key=lambda item: abs(item.height - _DEPOSIT_LINES))
    return (chosen,) if chosen.kind == "audio" else (chosen, audio[0])


def _sound(name: str, kbps: int, channels: int) -> Rendition:
    return Rendition(name=name, kind="audio", bitrate_bps=kbps * 1000, channels=channels)
