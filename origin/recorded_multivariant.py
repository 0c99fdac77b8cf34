"""Write multivariant playlists of what is recorded.  Sans-I/O.

What a playlist says of a rendition (codec, size, rates) comes from the index of the hour in which
the span begins and from nothing that one origin alone knows, so every origin that sees the same
archive writes the same bytes.

**Source:** draft-pantos-hls-rfc8216bis-22, 4.4.6 (STANDARDS 41-50); Apple's authoring rules
(STANDARDS 103-130).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from core.archive import TrackFacts
from origin.multivariant import language_name
from origin.recorded_playlist import start_line

__all__ = ["RecordedRendition", "render_recorded_multivariant", "render_recorded_sound"]

_FIRST_LINES: Final = 360
"""The rung where players begin (DESIGN 3.3)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedRendition:
    """One rendition that has media where the span begins."""

    name: str
    track: TrackFacts
    peak_bps: int
    average_bps: int


def render_recorded_multivariant(
    renditions: Iterable[RecordedRendition],
    *,
    language: str,
    uri: Callable[[str], str],
    offset_ms: int | None,
) -> str:
    """Return the playlist of pictures and stereo, or of radio's all.

    Args:
        renditions: What there is; something.
        language: Of the sound (BCP 47).
        uri: Returns the address of a rendition's media playlist.
        offset_ms: How far into the lists playing begins; None leaves it to the player.
    """
    items = list(renditions)
    video = sorted(
        (item for item in items if item.track.kind == "video"),
        key=lambda item: (item.track.height, item.average_bps, item.name),
    )
    if not video:
        return render_recorded_sound(items, uri=uri, offset_ms=offset_ms)
    sound = [item for item in items if item.track.kind == "audio"]
    stereo = sorted(
        [item for item in sound if item.track.channels != 1] or sound,
        key=lambda item: (-item.average_bps, item.name),
    )[:1]
    lines = _head(offset_ms)
    for item in stereo:
        channels = f'CHANNELS="{item.track.channels}",' if item.track.channels else ""
        lines.append(
            f'#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="sound",LANGUAGE="{language}",'
            f'NAME="{language_name(language)}",DEFAULT=YES,AUTOSELECT=YES,{channels}'
            f'STABLE-RENDITION-ID="{item.name}",URI="{uri(item.name)}"'
        )
    first = min(video, key=lambda item: abs(item.track.height - _FIRST_LINES))
    for item in (first, *(other for other in video if other is not first)):
        lines += (_picture_variant(item, stereo), uri(item.name))
    return "\n".join([*lines, ""])


def render_recorded_sound(
    renditions: Iterable[RecordedRendition],
    *,
    uri: Callable[[str], str],
    offset_ms: int | None,
) -> str:
    """Return the playlist of sound alone, the rendition that saves most data first."""
    lines = _head(offset_ms)
    sound = [item for item in renditions if item.track.kind == "audio"]
    for item in sorted(sound, key=lambda item: (item.average_bps, item.name)):
        rates = f"BANDWIDTH={item.peak_bps},AVERAGE-BANDWIDTH={item.average_bps}"
        names = f'CODECS="{item.track.codec}",STABLE-VARIANT-ID="{item.name}"'
        lines += (f"#EXT-X-STREAM-INF:{rates},{names}", uri(item.name))
    return "\n".join([*lines, ""])


def _head(offset_ms: int | None) -> list[str]:
    start = [] if offset_ms is None else [start_line(offset_ms)]
    return ["#EXTM3U", "#EXT-X-INDEPENDENT-SEGMENTS", *start]


def _picture_variant(item: RecordedRendition, sound: list[RecordedRendition]) -> str:
    # The rate is that "of the largest playable combination" (STANDARDS 43), the codecs are those
    # of every rendition that the variant can use (STANDARDS 44).
    peak = item.peak_bps + sum(other.peak_bps for other in sound)
    average = item.average_bps + sum(other.average_bps for other in sound)
    codecs = ",".join([item.track.codec, *(other.track.codec for other in sound)])
    track = item.track
    rate = f"FRAME-RATE={track.frame_rate}.000," if track.frame_rate else ""
    group = 'AUDIO="sound",' if sound else ""
    return (
        f'#EXT-X-STREAM-INF:BANDWIDTH={peak},AVERAGE-BANDWIDTH={average},CODECS="{codecs}",'
        f"RESOLUTION={track.width}x{track.height},{rate}VIDEO-RANGE=SDR,CLOSED-CAPTIONS=NONE,"
        f'{group}STABLE-VARIANT-ID="{item.name}"'
    )
