"""Write multivariant playlists: what a channel offers, and at what rate.  Sans-I/O.

Every origin writes the same bytes: the rates are the packager's measurements or a fixed
formula over the settings, the codecs come from the headers.

**Source:** draft-pantos-hls-rfc8216bis-22, 4.4.6 (STANDARDS 41-50); Apple's authoring rules
(STANDARDS 103-130).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from core.config import ChannelSettings
from core.ladder import Rendition, renditions_of
from origin.window import ChannelWindow, Track

__all__ = [
    "language_name",
    "main_renditions",
    "rates_asked_for",
    "render_multivariant",
    "render_sound",
    "sound_renditions",
]

_FIRST_BPS: Final = 600_000
"""The rate of 360p, which stands first: it is where players begin (DESIGN 3.3)."""

_OVERHEAD_BPS: Final = 4_000
"""Boxes of a track: about 300 bytes a part."""

_PEAK_PERCENT: Final = 130
"""Peak rate until it is measured, in percent of what the encoder is asked for."""

_LANGUAGE_NAMES: Final = {"vi": "Tiếng Việt", "en": "English", "fr": "Français", "zh": "中文"}


def language_name(language: str) -> str:
    """Return a language's own name for itself, for players' menus."""
    return _LANGUAGE_NAMES.get(language, language)


def main_renditions(channel: ChannelSettings) -> tuple[Rendition, ...]:
    """Return the renditions of ``/live`` and ``/ll``: pictures and stereo, or radio's all."""
    renditions = renditions_of(channel)
    if channel.kind == "radio":
        return renditions
    return tuple(item for item in renditions if item.kind == "video" or item.channels > 1)


def sound_renditions(channel: ChannelSettings) -> tuple[Rendition, ...]:
    """Return the renditions of ``/sound``, the one that saves most data first."""
    sound = [item for item in renditions_of(channel) if item.kind == "audio"]
    return tuple(sorted(sound, key=lambda item: item.bitrate_bps))


def render_multivariant(
    channel: ChannelSettings, window: ChannelWindow, *, i_frames: bool
) -> str | None:
    """Return the playlist of ``/live`` or ``/ll``, or None until every header is known.

    Args:
        channel: Its settings.
        window: Its window.
        i_frames: Name the I-frame playlists too.  ``/ll`` does not: all playlists of one
            presentation have the same EXT-X-SERVER-CONTROL (STANDARDS 41), and theirs has no parts.
    """
    renditions = main_renditions(channel)
    if any(window.tracks[item.name].header is None for item in renditions):
        return None
    lines = ["#EXTM3U", "#EXT-X-INDEPENDENT-SEGMENTS"]
    video = [item for item in renditions if item.kind == "video"]
    audio = [item for item in renditions if item.kind == "audio"]
    if not video:
        # Radio: plain variants and no EXT-X-MEDIA; both on one URI failed in hls.js
        # (STANDARDS 130).
        lines += _sound_variants(audio, window)
        return "\n".join([*lines, ""])
    # Never an audio-only variant: "tvOS MUST NOT see" one (STANDARDS 111); the smallest picture
    # meets the rule of 192 kbit/s over cellular (STANDARDS 110).
    lines += [_sound_media(channel, item) for item in audio]
    first = min(video, key=lambda item: abs(item.bitrate_bps - _FIRST_BPS))
    by_rate = sorted(video, key=lambda item: item.bitrate_bps)
    for item in (first, *(other for other in by_rate if other is not first)):
        lines += _picture_variant(item, audio[0], window)
    if i_frames:
        lines += [_i_frame_variant(item, window) for item in by_rate]
    return "\n".join([*lines, ""])


def render_sound(channel: ChannelSettings, window: ChannelWindow) -> str | None:
    """Return the playlist of ``/sound``, or None until every header is known."""
    renditions = sound_renditions(channel)
    if any(window.tracks[item.name].header is None for item in renditions):
        return None
    lines = ["#EXTM3U", "#EXT-X-INDEPENDENT-SEGMENTS", *_sound_variants(renditions, window)]
    return "\n".join([*lines, ""])


def _sound_media(channel: ChannelSettings, item: Rendition) -> str:
    name = language_name(channel.language)
    return (
        f'#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="sound",LANGUAGE="{channel.language}",NAME="{name}",'
        f'DEFAULT=YES,AUTOSELECT=YES,CHANNELS="{item.channels}",'
        f'STABLE-RENDITION-ID="{item.name}",URI="{item.name}/index.m3u8"'
    )


def _picture_variant(item: Rendition, sound: Rendition, window: ChannelWindow) -> list[str]:
    # The rate is that "of the largest playable combination" (STANDARDS 43), the codecs are those
    # of every rendition that the variant can use (STANDARDS 44).
    peak, average = _rates(item, window.tracks[item.name])
    sound_peak, sound_average = _rates(sound, window.tracks[sound.name])
    codecs = f"{_codec(window, item)},{_codec(window, sound)}"
    variant = (
        f"#EXT-X-STREAM-INF:BANDWIDTH={peak + sound_peak},"
        f'AVERAGE-BANDWIDTH={average + sound_average},CODECS="{codecs}",'
        f"RESOLUTION={item.width}x{item.height},FRAME-RATE={item.frame_rate}.000,"
        f'VIDEO-RANGE=SDR,CLOSED-CAPTIONS=NONE,AUDIO="sound",STABLE-VARIANT-ID="{item.name}"'
    )
    return [variant, f"{item.name}/index.m3u8"]


def _i_frame_variant(item: Rendition, window: ChannelWindow) -> str:
    # It has the attributes of EXT-X-STREAM-INF but FRAME-RATE and the groups (STANDARDS 48, 123).
    peak, average = _i_frame_rates(item, window.tracks[item.name])
    return (
        f"#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH={peak},AVERAGE-BANDWIDTH={average},"
        f'CODECS="{_codec(window, item)}",RESOLUTION={item.width}x{item.height},VIDEO-RANGE=SDR,'
        f'STABLE-VARIANT-ID="{item.name}-i-frames",URI="{item.name}/iframes.m3u8"'
    )


def _sound_variants(items: Sequence[Rendition], window: ChannelWindow) -> list[str]:
    lines: list[str] = []
    for item in items:
        peak, average = _rates(item, window.tracks[item.name])
        variant = (
            f"#EXT-X-STREAM-INF:BANDWIDTH={peak},AVERAGE-BANDWIDTH={average},"
            f'CODECS="{_codec(window, item)}",STABLE-VARIANT-ID="{item.name}"'
        )
        lines += [variant, f"{item.name}/index.m3u8"]
    return lines


def _rates(item: Rendition, track: Track) -> tuple[int, int]:
    """Return (peak, average) in bit/s."""
    return rates_asked_for(item) if track.bitrate is None else track.bitrate


def rates_asked_for(item: Rendition) -> tuple[int, int]:
    """Return (peak, average) in bit/s of what the encoder is asked for, until it is measured."""
    return item.bitrate_bps * _PEAK_PERCENT // 100 + _OVERHEAD_BPS, item.bitrate_bps + _OVERHEAD_BPS


def _i_frame_rates(item: Rendition, track: Track) -> tuple[int, int]:
    """Return (peak, average) in bit/s of an I-frame playlist."""
    if track.i_frame_bitrate is not None:
        return track.i_frame_bitrate
    # The encoder's buffer is of one second, so no picture is larger; one comes in 1.92 s.
    peak = item.bitrate_bps * 25 // 48 + _OVERHEAD_BPS
    return peak, peak // 2


def _codec(window: ChannelWindow, item: Rendition) -> str:
    header = window.tracks[item.name].header
    return "" if header is None else header.codec
