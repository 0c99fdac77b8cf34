"""Playlists and segments' facts for tests of the probe, made of few words."""

from __future__ import annotations

from typing import Literal

from core.timeline import UnixNs
from monitoring.probe_playlist import MediaPlaylist, Segment, read_playlist
from monitoring.probe_segment import SegmentFacts, TrackFacts

START = UnixNs(1_795_514_400_000_000_000)
"""2026-11-24T10:00:00Z, when segment 0 begins."""


def at(seconds: float) -> UnixNs:
    return UnixNs(START + round(seconds * 1e9))


def live(
    first: int,
    last: int,
    *,
    head: str = "",
    dated: bool = True,
    names: str = "a",
    shift_s: int = 0,
    ended: bool = False,
    marks: dict[int, str] | None = None,
    lengths: dict[int, float] | None = None,
) -> MediaPlaylist:
    """Return a playlist of 2 s segments ``first`` to ``last``; ``marks`` are tags before one."""
    lines = ["#EXTM3U", "#EXT-X-VERSION:3", "#EXT-X-TARGETDURATION:2"]
    lines += [f"#EXT-X-MEDIA-SEQUENCE:{first}", *head.split()]
    for msn in range(first, last + 1):
        lines += (marks or {}).get(msn, "").split()
        if dated:
            seconds = 2 * msn + shift_s
            lines.append(
                f"#EXT-X-PROGRAM-DATE-TIME:2026-11-24T{10 + seconds // 3600:02}:"
                f"{seconds // 60 % 60:02}:{seconds % 60:02}.000Z"
            )
        lines += [f"#EXTINF:{(lengths or {}).get(msn, 2.0)},", f"{names}{msn}.ts"]
    if ended:
        lines.append("#EXT-X-ENDLIST")
    playlist = read_playlist("\n".join([*lines, ""]).encode()).playlist
    assert isinstance(playlist, MediaPlaylist)
    return playlist


def segment(msn: int, *, duration_s: float = 2.0, marks: str = "", dated: bool = True) -> Segment:
    playlist = live(msn, msn, marks={msn: marks}, lengths={msn: duration_s}, dated=dated)
    return playlist.segments[0]


def track(
    kind: Literal["video", "audio"],
    start_s: float,
    length_s: float = 2.0,
    *,
    codec: str | None = None,
    codec_string: str | None = None,
    key: bool = True,
) -> TrackFacts:
    picture = kind == "video"
    return TrackFacts(
        kind=kind,
        codec=codec or ("h264" if picture else "aac"),
        codec_string=codec_string,
        width=320 if picture else 0,
        height=180 if picture else 0,
        rate=0 if picture else 48_000,
        channels=0 if picture else 2,
        start_s=start_s,
        end_s=start_s + length_s,
        first_dts_s=start_s,
        end_dts_s=start_s + length_s,
        step_s=0.04,
        packets=50,
        key_frames=1,
        begins_with_key=key,
    )


def facts(*tracks: TrackFacts, container: Literal["mpegts", "mp4"] = "mp4") -> SegmentFacts:
    return SegmentFacts(container, tracks)
