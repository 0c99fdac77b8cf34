"""Read our media playlists strictly.  Sans-I/O.

Real players forgive; this reader does not: an unknown tag, a tag in the wrong place or a
missing one is a fault.  It is written from the playlists' specification and shares nothing with
the code that writes them.

**Source:** draft-pantos-hls-rfc8216bis, sections 4.4 and 6.2.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

__all__ = ["MediaPlaylist", "PlaylistError", "Segment", "parse_media", "parse_multivariant"]

_ATTRIBUTE: Final = re.compile(r'([A-Z0-9-]+)=("[^"]*"|[^",]*)(?:,|$)')
_IGNORED: Final = {
    "#EXT-X-INDEPENDENT-SEGMENTS",
    "#EXT-X-VERSION",
    "#EXT-X-RENDITION-REPORT",
    "#EXT-X-PRELOAD-HINT",
    "#EXT-X-BITRATE",
}


class PlaylistError(Exception):
    """The text is no playlist of ours."""


@dataclass(slots=True)
class Segment:
    """One segment, or the parts of one that is not complete yet."""

    msn: int
    uri: str = ""
    """Empty while only parts are there."""

    duration_s: str = ""
    """As written after EXTINF."""

    start_ms: int | None = None
    """EXT-X-PROGRAM-DATE-TIME, UNIX milliseconds."""

    gap: bool = False
    discontinuity: bool = False
    header_uri: str = ""
    parts: list[dict[str, str]] = field(default_factory=list)
    """Attributes of each EXT-X-PART."""


@dataclass(slots=True)
class MediaPlaylist:
    """A media playlist."""

    target_duration_s: int = 0
    media_sequence: int = 0
    discontinuity_sequence: int = 0
    skipped: int = 0
    """Segments that a delta update leaves out."""

    server_control: dict[str, str] = field(default_factory=dict)
    part_target: str = ""
    segments: list[Segment] = field(default_factory=list)
    """Complete ones and, last, perhaps one with parts only."""

    @property
    def complete(self) -> list[Segment]:
        """The segments that are listed whole, gaps too."""
        return [segment for segment in self.segments if segment.uri]

    @property
    def edge(self) -> tuple[int, int]:
        """(msn, part) of the newest part; part -1 where the newest segment is a whole one."""
        if not self.segments:
            return (self.media_sequence - 1, -1)
        last = self.segments[-1]
        return (last.msn, len(last.parts) - 1)


def attributes(text: str) -> dict[str, str]:
    """Split an attribute list.

    Raises:
        PlaylistError: If it is none, or names an attribute twice.
    """
    found: dict[str, str] = {}
    at = 0
    while at < len(text):
        match = _ATTRIBUTE.match(text, at)
        if match is None or match[1] in found:
            raise PlaylistError(f"not an attribute list: {text!r}")
        found[match[1]] = match[2].strip('"')
        at = match.end()
    return found


def parse_media(text: str) -> MediaPlaylist:
    """Read a media playlist.

    Raises:
        PlaylistError: If a line is not what it should be.
    """
    lines = text.split("\n")
    if lines[0] != "#EXTM3U" or lines[-1] != "":
        raise PlaylistError("does not begin with #EXTM3U or does not end with a line break")
    reader = _Reader()
    for line in lines[1:-1]:
        reader.read(line)
    return reader.finish()


class _Reader:
    def __init__(self) -> None:
        self.playlist = MediaPlaylist()
        self._segment: Segment | None = None
        self._header_uri = ""

    def read(self, line: str) -> None:
        name, _, value = line.partition(":")
        if not line.startswith("#"):
            self._end_segment(line)
        elif name in _IGNORED:
            return
        elif not self._read_playlist_tag(name, value):
            self._read_segment_tag(name, value)

    def finish(self) -> MediaPlaylist:
        if self._segment is not None and self._segment.parts:
            self.playlist.segments.append(self._segment)
        if not self.playlist.target_duration_s:
            raise PlaylistError("no EXT-X-TARGETDURATION")
        return self.playlist

    def _read_playlist_tag(self, name: str, value: str) -> bool:
        playlist = self.playlist
        match name:
            case "#EXT-X-TARGETDURATION":
                playlist.target_duration_s = int(value)
            case "#EXT-X-MEDIA-SEQUENCE":
                playlist.media_sequence = int(value)
            case "#EXT-X-DISCONTINUITY-SEQUENCE":
                playlist.discontinuity_sequence = int(value)
            case "#EXT-X-SERVER-CONTROL":
                playlist.server_control = attributes(value)
            case "#EXT-X-PART-INF":
                playlist.part_target = attributes(value)["PART-TARGET"]
            case "#EXT-X-SKIP":
                playlist.skipped = int(attributes(value)["SKIPPED-SEGMENTS"])
            case _:
                return False
        return True

    def _read_segment_tag(self, name: str, value: str) -> None:
        if name == "#EXT-X-MAP":
            self._header_uri = attributes(value)["URI"]
            if self._segment is not None:
                self._segment.header_uri = self._header_uri
            return
        segment = self._open()
        match name:
            case "#EXTINF":
                segment.duration_s = value.rstrip(",")
            case "#EXT-X-PROGRAM-DATE-TIME":
                moment = datetime.fromisoformat(value)
                segment.start_ms = round(moment.timestamp() * 1000)
            case "#EXT-X-GAP":
                segment.gap = True
            case "#EXT-X-DISCONTINUITY":
                segment.discontinuity = True
            case "#EXT-X-PART":
                segment.parts.append(attributes(value))
            case _:
                raise PlaylistError(f"unknown tag {name!r}")

    def _open(self) -> Segment:
        if self._segment is None:
            playlist = self.playlist
            msn = playlist.media_sequence + playlist.skipped + len(playlist.segments)
            self._segment = Segment(msn, header_uri=self._header_uri)
        return self._segment

    def _end_segment(self, uri: str) -> None:
        segment = self._open()
        if not uri or not segment.duration_s:
            raise PlaylistError(f"an address without EXTINF, or an empty line: {uri!r}")
        segment.uri = uri
        self.playlist.segments.append(segment)
        self._segment = None


def parse_multivariant(text: str) -> dict[str, dict[str, str]]:
    """Return the attributes of each media playlist of a multivariant one, by its address.

    Raises:
        PlaylistError: If it lists none.
    """
    found: dict[str, dict[str, str]] = {}
    variant: dict[str, str] | None = None
    for line in text.split("\n"):
        if line.startswith("#EXT-X-STREAM-INF:"):
            variant = attributes(line.partition(":")[2])
        elif line.startswith("#EXT-X-MEDIA:"):
            media = attributes(line.partition(":")[2])
            if "URI" in media:
                found.setdefault(media["URI"], media)
        elif line and not line.startswith("#"):
            if variant is None:
                raise PlaylistError(f"an address without EXT-X-STREAM-INF: {line}")
            found[line] = variant
            variant = None
    if not found:
        raise PlaylistError("a multivariant playlist that lists nothing")
    return found
