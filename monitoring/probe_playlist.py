"""Read anyone's playlists, strictly: what they say, and which rules they break.  Sans-I/O.

The library ``m3u8`` reads the tags; it forgives, so the rules of syntax are checked on the lines
themselves.  No other module knows the library.

**Source:** draft-pantos-hls-rfc8216bis-22, sections 4.1 to 4.4 and 8.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeAlias

from m3u8.parser import ParseError, parse

from core.timeline import UnixNs

__all__ = [
    "ByteRange",
    "Hint",
    "MediaPlaylist",
    "Multivariant",
    "Part",
    "Reading",
    "Rendition",
    "Resource",
    "Segment",
    "Variant",
    "read_playlist",
]


@dataclass(frozen=True, slots=True)
class ByteRange:
    """A part of a resource, in bytes."""

    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class Resource:
    """Something that can be fetched."""

    uri: str
    """As written."""

    range: ByteRange | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """EXT-X-PART."""

    resource: Resource
    duration_s: float
    independent: bool
    gap: bool


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment; the last of a low-latency playlist may have parts only."""

    msn: int
    resource: Resource | None
    """None where only parts are there."""

    duration_s: float
    """EXTINF; of parts only, their sum."""

    date_time: UnixNs | None
    """EXT-X-PROGRAM-DATE-TIME, or reckoned from the segments before."""

    dated: bool
    """The tag stands at this segment."""

    discontinuity: bool
    gap: bool
    header: Resource | None
    """EXT-X-MAP."""

    encryption: str | None
    """METHOD of EXT-X-KEY, unless it is NONE."""

    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Hint:
    """EXT-X-PRELOAD-HINT of a part."""

    uri: str
    ranged: bool
    """It names a range of bytes."""


@dataclass(frozen=True, slots=True)
class MediaPlaylist:
    """A media playlist."""

    target_duration_s: int
    media_sequence: int
    discontinuity_sequence: int
    kind: str | None
    """EXT-X-PLAYLIST-TYPE: vod or event."""

    ended: bool
    """EXT-X-ENDLIST."""

    segments: tuple[Segment, ...]
    part_target_s: float | None
    hold_back_s: float | None
    part_hold_back_s: float | None
    can_block: bool
    can_skip_until_s: float | None
    hint: Hint | None
    skipped: int
    """Segments that EXT-X-SKIP stands for."""

    @property
    def whole(self) -> tuple[Segment, ...]:
        """The segments that are listed whole, gaps too."""
        return tuple(segment for segment in self.segments if segment.resource is not None)

    @property
    def edge(self) -> tuple[int, int]:
        """(msn, part) of the newest part; part -1 where the newest segment is without parts."""
        if not self.segments:
            return (self.media_sequence - 1, -1)
        last = self.segments[-1]
        return (last.msn, len(last.parts) - 1)

    @property
    def duration_s(self) -> float:
        """What is listed, in seconds."""
        return sum(segment.duration_s for segment in self.segments)


@dataclass(frozen=True, slots=True)
class Variant:
    """EXT-X-STREAM-INF."""

    uri: str
    bandwidth_bps: int
    codecs: tuple[str, ...]
    width: int | None
    height: int | None
    audio: str | None
    """GROUP-ID of its sound."""

    @property
    def has_picture(self) -> bool:
        """What its attributes say; without CODECS and RESOLUTION a picture is assumed."""
        if self.width is not None or not self.codecs:
            return True
        return any(not codec.startswith(_SOUND_CODECS) for codec in self.codecs)


@dataclass(frozen=True, slots=True)
class Rendition:
    """EXT-X-MEDIA with an address."""

    kind: str
    group: str
    name: str
    uri: str
    default: bool


@dataclass(frozen=True, slots=True)
class Multivariant:
    """A multivariant playlist."""

    variants: tuple[Variant, ...]
    renditions: tuple[Rendition, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """A playlist, as far as it can be read, and the rules that it breaks."""

    playlist: MediaPlaylist | Multivariant | None
    """None where it cannot be used at all."""

    faults: tuple[str, ...]


_SOUND_CODECS: Final = ("mp4a", "ac-3", "ec-3", "opus", "Opus", "fLaC", "alac", "mp3")
_LONGEST_S: Final = 86_400.0
_CONTROL: Final = re.compile(r"[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_ATTRIBUTE: Final = re.compile(r'([A-Z0-9-]+)=("[^"\r\n]*"|[^",\s][^",]*)(?:,|$)')
_LISTS: Final = {
    *("STREAM-INF", "I-FRAME-STREAM-INF", "MEDIA", "SESSION-DATA", "SESSION-KEY"),
    *("MAP", "KEY", "START", "DATERANGE", "SERVER-CONTROL", "PART-INF", "PART"),
    *("PRELOAD-HINT", "SKIP", "RENDITION-REPORT", "CONTENT-STEERING"),
}
_MEDIA_TAGS: Final = {
    *("TARGETDURATION", "MEDIA-SEQUENCE", "DISCONTINUITY-SEQUENCE", "ENDLIST", "PLAYLIST-TYPE"),
    *("I-FRAMES-ONLY", "PART-INF", "SERVER-CONTROL", "BYTERANGE", "DISCONTINUITY", "KEY", "MAP"),
    *("PROGRAM-DATE-TIME", "GAP", "BITRATE", "PART", "DATERANGE", "SKIP", "PRELOAD-HINT"),
    "RENDITION-REPORT",
}
_MULTIVARIANT_TAGS: Final = {
    *("MEDIA", "STREAM-INF", "I-FRAME-STREAM-INF", "SESSION-DATA", "SESSION-KEY"),
    "CONTENT-STEERING",
}
_ONCE: Final = (
    *("VERSION", "TARGETDURATION", "MEDIA-SEQUENCE", "DISCONTINUITY-SEQUENCE", "ENDLIST"),
    *("PLAYLIST-TYPE", "I-FRAMES-ONLY", "PART-INF", "SERVER-CONTROL", "INDEPENDENT-SEGMENTS"),
    *("START", "SKIP"),
)
_NEEDS_VERSION: Final = {"BYTERANGE": 4, "I-FRAMES-ONLY": 4, "MAP": 6, "SKIP": 9}
Lines: TypeAlias = Sequence[str]


class _RefusedError(ValueError):
    """Ours, whose text may be shown."""


def read_playlist(body: bytes) -> Reading:
    """Read a playlist of either kind.  Never raises, whatever the bytes are."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return Reading(None, ("is not UTF-8",))
    if text.lstrip("\ufeff \r\n").startswith("#EXTM3U") is False:
        return Reading(None, ("does not begin with #EXTM3U: it is no playlist",))
    lines = [line.rstrip("\r") for line in text.split("\n")]
    faults = _line_faults(text, lines)
    try:
        data = parse(text.lstrip("\ufeff"))
        if data["is_variant"]:
            return Reading(_multivariant(data), (*faults, *_multivariant_faults(data)))
        return Reading(_media(data), tuple(faults))
    except (ParseError, ValueError, KeyError, TypeError, IndexError, OverflowError) as error:
        # The library raises whatever its conversions raise; it quotes lines, which may hold tokens.
        why = str(error) if isinstance(error, _RefusedError) else type(error).__name__
        return Reading(None, (*faults, f"cannot be read: {why}"))


def _line_faults(text: str, lines: Lines) -> list[str]:
    faults: list[str] = []
    if not text.startswith("#EXTM3U"):
        faults.append("does not begin with #EXTM3U at once (a byte order mark, or space)")
    # "MUST NOT contain UTF-8 control characters, with the exceptions of CR and LF".
    if _CONTROL.search(text):
        faults.append("contains control characters")
    tags = [_tag(line) for line in lines]
    counted = Counter(tag for tag in tags if tag)
    faults += [f"has EXT-X-{tag} {counted[tag]} times" for tag in _ONCE if counted[tag] > 1]
    media, multivariant = counted.keys() & _MEDIA_TAGS, counted.keys() & _MULTIVARIANT_TAGS
    if multivariant and (media or counted["INF"]):
        faults.append(f"mixes the tags of both kinds of playlist: {', '.join(sorted(media))}")
    if not multivariant:
        faults += _media_line_faults(lines, tags, counted)
    faults += [
        f"has an attribute list that breaks the rules: EXT-X-{tag}"
        for tag in dict.fromkeys(
            tag
            for tag, line in zip(tags, lines, strict=True)
            if tag in _LISTS and not _good_attributes(line.partition(":")[2])
        )
    ]
    return faults


def _tag(line: str) -> str:
    """Return the tag's name without ``#EXT-X-``; ``INF`` for EXTINF; empty for other lines."""
    name = line.partition(":")[0]
    return (
        name.removeprefix("#EXT-X-")
        if name.startswith("#EXT-X-")
        else name[4:] * (name == "#EXTINF")
    )


def _good_attributes(text: str) -> bool:
    at, names = 0, set()
    while at < len(text):
        match = _ATTRIBUTE.match(text, at)
        if match is None or match[1] in names:
            return False
        names.add(match[1])
        at = match.end()
    return bool(names) and not text.endswith(",")


def _media_line_faults(lines: Lines, tags: Lines, counted: Counter[str]) -> list[str]:
    faults = [] if counted["TARGETDURATION"] else ["has no EXT-X-TARGETDURATION"]
    first = tags.index("INF") if "INF" in tags else len(tags)
    faults += [
        f"has EXT-X-{tag} after the first segment"
        for tag in ("MEDIA-SEQUENCE", "DISCONTINUITY-SEQUENCE")
        if counted[tag] and tags.index(tag) > first
    ]
    promised = False
    for line, tag in zip(lines, tags, strict=True):
        if tag == "INF":
            promised = True
        elif line and not line.startswith("#"):
            if not promised:
                faults.append("has an address without EXTINF")
                break
            promised = False
    return faults + _version_faults(lines, tags, counted)


def _version_faults(lines: Lines, tags: Lines, counted: Counter[str]) -> list[str]:
    """Compare EXT-X-VERSION with what the tags in use need (section 8)."""
    written = [line for line, tag in zip(lines, tags, strict=True) if tag == "VERSION"]
    number = written[0].partition(":")[2].strip() if written else "1"
    if not number.isdigit():
        return [f"has EXT-X-VERSION {number!r}"]
    needs = {tag: need for tag, need in _NEEDS_VERSION.items() if counted[tag]}
    if counted["I-FRAMES-ONLY"] and "MAP" in needs:
        needs["MAP"] = 5
    if any(
        tag == "INF" and "." in line.partition(",")[0]
        for line, tag in zip(lines, tags, strict=True)
    ):
        needs["decimal EXTINF"] = 3
    return [
        f"uses {tag}, which needs version {need}, and says {number}"
        for tag, need in needs.items()
        if need > int(number)
    ]


def _multivariant_faults(data: dict[str, Any]) -> list[str]:
    faults = []
    groups = {media.get("group_id") for media in data["media"]}
    for entry in data["playlists"]:
        facts = entry["stream_info"]
        if "bandwidth" not in facts:
            faults.append("has EXT-X-STREAM-INF without BANDWIDTH")
        if "audio" in facts and facts["audio"] not in groups:
            faults.append(f"has no EXT-X-MEDIA for AUDIO={facts['audio']}")
    if not data["playlists"]:
        faults.append("lists no variant")
    return list(dict.fromkeys(faults))


def _multivariant(data: dict[str, Any]) -> Multivariant | None:
    variants = []
    for entry in data["playlists"]:
        facts = entry["stream_info"]
        width, height = _resolution(facts.get("resolution"))
        codecs = tuple(code.strip() for code in facts.get("codecs", "").split(",") if code.strip())
        bandwidth = facts.get("bandwidth", 0)
        variants.append(Variant(entry["uri"], bandwidth, codecs, width, height, facts.get("audio")))
    renditions = tuple(
        Rendition(
            media["type"],
            media["group_id"],
            media["name"],
            media["uri"],
            media.get("default") == "YES",
        )
        for media in data["media"]
        if "uri" in media
    )
    return Multivariant(tuple(variants), renditions) if variants else None


def _resolution(text: str | None) -> tuple[int | None, int | None]:
    width, _, height = (text or "").partition("x")
    if width.isdigit() and height.isdigit():
        return int(width), int(height)
    return None, None


def _media(data: dict[str, Any]) -> MediaPlaylist | None:
    if "targetduration" not in data:
        return None
    control, hint = data.get("server_control", {}), data.get("preload_hint", {})
    skipped = data["skip"].get("skipped_segments", 0)
    return MediaPlaylist(
        target_duration_s=max(1, data["targetduration"]),
        media_sequence=data["media_sequence"],
        discontinuity_sequence=data.get("discontinuity_sequence", 0),
        kind=data["playlist_type"],
        ended=data["is_endlist"],
        segments=tuple(_segments(data, data["media_sequence"] + skipped)),
        part_target_s=data["part_inf"].get("part_target"),
        hold_back_s=control.get("hold_back"),
        part_hold_back_s=control.get("part_hold_back"),
        can_block=control.get("can_block_reload") == "YES",
        can_skip_until_s=control.get("can_skip_until"),
        hint=Hint(hint["uri"], "byterange_start" in hint) if hint.get("type") == "PART" else None,
        skipped=skipped,
    )


def _segments(data: dict[str, Any], msn: int) -> list[Segment]:
    found: list[Segment] = []
    moment: UnixNs | None = None
    previous: Resource | None = None
    for facts in data["segments"]:
        parts = _parts(facts.get("parts", []))
        if "uri" not in facts and not parts:
            continue
        duration_s = _seconds(facts.get("duration", sum(part.duration_s for part in parts)))
        dated = facts.get("program_date_time")
        if dated is not None:
            moment = _unix_ns(dated)
        resource = _resource(facts, previous) if "uri" in facts else None
        key, header = facts.get("key") or {}, facts.get("init_section")
        method = key.get("method", "NONE")
        found.append(
            Segment(
                msn=msn,
                resource=resource,
                duration_s=duration_s,
                date_time=moment,
                dated=dated is not None,
                discontinuity=bool(facts.get("discontinuity")),
                gap=bool(facts.get("gap_tag")),
                header=_resource(header, None) if header else None,
                encryption=None if method == "NONE" else method,
                parts=parts,
            )
        )
        msn, previous = msn + 1, resource
        if moment is not None:
            moment = UnixNs(moment + round(duration_s * 1e9))
    return found


def _parts(facts: list[dict[str, Any]]) -> tuple[Part, ...]:
    parts: list[Part] = []
    previous: Resource | None = None
    for part in facts:
        previous = _resource(part, previous)
        parts.append(
            Part(
                previous,
                _seconds(part["duration"]),
                part.get("independent") == "YES",
                part.get("gap") == "YES",
            )
        )
    return tuple(parts)


def _resource(facts: dict[str, Any], previous: Resource | None) -> Resource:
    """Read an address and its range; one without an offset goes on where the last one ended."""
    text = facts.get("byterange")
    if not text:
        return Resource(facts["uri"])
    length, _, offset = text.partition("@")
    start = int(offset) if offset else 0
    if not offset and previous is not None and previous.range and previous.uri == facts["uri"]:
        start = previous.range.offset + previous.range.length
    return Resource(facts["uri"], ByteRange(start, int(length)))


def _seconds(value: float) -> float:
    if not math.isfinite(value) or value < 0 or value > _LONGEST_S:
        raise _RefusedError(f"a duration of {value} s")
    return value


def _unix_ns(moment: datetime) -> UnixNs:
    """Convert without losing microseconds; a moment without a zone is refused."""
    if moment.tzinfo is None:
        raise _RefusedError("PROGRAM-DATE-TIME has no time zone")
    return UnixNs(round(moment.timestamp() * 1e6) * 1000)
