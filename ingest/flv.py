"""Make an FLV feed of RTMP's pictures and sound.  Sans-I/O.

RTMP's media messages are FLV tags without their frame.  :class:`FlvFeed` puts the frame back,
with time stamps that do not stop at 2^32 ms, keeps what a decoder must have first (the
sequence headers), and says when a decoder must start anew: another configuration, or a
track that comes late.

A demuxer believes the flags at the head of an FLV file and waits for each track they
promise.  So the feed begins only when it is known which tracks there are: as soon as
``onMetaData``'s promises are kept, or 0.7 s of media or 1 s of time after the first tag.

**Source:** Adobe, "Video File Format Specification" 10.1, annex E; Veovera, "Enhanced RTMP" v2.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from core.errors import FormatError
from core.timeline import UnixNs
from ingest.amf import AmfValue, decode_amf0, encode_amf0
from ingest.feed import Chunk, FeedStart, Track, as_ffmpeg_reports

__all__ = ["FeedChunk", "FlvFeed", "FlvOutput", "TitleSaid"]

_WRAP: Final = 1 << 32
_SETTLE_MS: Final = 700
_SETTLE_NS: Final = 1_000_000_000
_MAX_WAITING_BYTES: Final = 8 * 1024 * 1024
_SANE: Final = 1e6

_TAGS: Final = {"audio": 8, "video": 9, "data": 18}
_AVC: Final = 7
_AAC: Final = 10
_EXTENDED_SOUND: Final = 9
_KEYFRAME: Final = 1
_COMMAND_FRAME: Final = 5
_IS_EXTENDED: Final = 0x80
_SEQUENCE_START, _SEQUENCE_END, _METADATA = 0, 2, 4
_KEPT_METADATA: Final = (
    "width",
    "height",
    "framerate",
    "videodatarate",
    "audiodatarate",
    "audiosamplerate",
)


@dataclass(frozen=True, slots=True)
class FeedChunk:
    """A chunk for the relay, and when it arrived: it may have waited for the head."""

    chunk: Chunk
    arrived_ns: UnixNs


@dataclass(frozen=True, slots=True)
class TitleSaid:
    """The publisher's data says what is played."""

    text: str


FlvOutput: TypeAlias = FeedStart | FeedChunk | TitleSaid

_Role: TypeAlias = Literal["header", "entry", "media", "nothing"]


def _role_of_video(payload: bytes) -> _Role:
    """Tell what a video tag is, classic or enhanced."""
    if len(payload) < 5:  # noqa: PLR2004
        return "nothing"
    frame = payload[0] >> 4 & 0x07
    if payload[0] & _IS_EXTENDED:
        kind, classic = payload[0] & 0x0F, False
    else:
        kind, classic = payload[1], True
        if payload[0] & 0x0F != _AVC:  # no headers in the codecs before H.264
            return "nothing" if frame == _COMMAND_FRAME else _entry_if(frame == _KEYFRAME)
    if kind == _SEQUENCE_START:
        return "header"
    if frame == _COMMAND_FRAME or kind == _SEQUENCE_END or (kind == _METADATA and not classic):
        return "nothing"
    return _entry_if(frame == _KEYFRAME)


def _role_of_sound(payload: bytes) -> _Role:
    """Tell what a sound tag is, classic or enhanced."""
    if len(payload) < 2:  # noqa: PLR2004
        return "nothing"
    codec = payload[0] >> 4
    kind = 1
    if codec == _EXTENDED_SOUND:
        kind = payload[0] & 0x0F
    elif codec == _AAC:
        kind = payload[1]
        if kind and len(payload) == 2:  # noqa: PLR2004
            return "nothing"  # an AAC frame without a byte
    if kind == _SEQUENCE_START:
        return "header"
    return "nothing" if kind in (_SEQUENCE_END, _METADATA) else "media"


def _entry_if(is_key: bool) -> _Role:  # noqa: FBT001
    return "entry" if is_key else "media"


def _tag(kind: str, timestamp_ms: int, payload: bytes) -> bytes:
    stamp = timestamp_ms % _WRAP
    header = struct.pack(">I", _TAGS[kind] << 24 | len(payload))
    header += struct.pack(">I", (stamp & 0xFFFFFF) << 8 | stamp >> 24) + bytes(3)
    return header + payload + struct.pack(">I", len(header) + len(payload))


class FlvFeed:
    """Turn media messages into a feed."""

    def __init__(self) -> None:
        self._headers: dict[Track, bytes] = {}
        self._tracks: set[Track] = set()
        self._promised: frozenset[Track] | None = None
        self._metadata: dict[str, AmfValue] = {}
        self._settled = False
        self._waiting: list[FeedChunk] = []
        self._waiting_bytes = 0
        self._first: tuple[int, UnixNs] | None = None
        self._last_ms: int | None = None

    def receive(
        self,
        kind: Literal["audio", "video", "data"],
        timestamp_ms: int,
        payload: bytes,
        now: UnixNs,
    ) -> list[FlvOutput]:
        """Take one message and return what follows from it, in order."""
        if kind == "data":
            return self._data(payload)
        role = _role_of_video(payload) if kind == "video" else _role_of_sound(payload)
        if role == "nothing":
            return []
        stamp = self._unwrap(timestamp_ms)
        self._first = self._first or (stamp, now)
        fresh = self._note_track(kind, role, payload)
        output: list[FlvOutput] = []
        if fresh and self._settled:
            output.append(self._start())
        if role != "header":
            output += self._media(kind, stamp, payload, role, now)
        if not self._settled and self._is_settled(stamp, now):
            self._settled = True
            output = [self._start(), *self._waiting]
            self._waiting = []
        return output

    def _unwrap(self, timestamp_ms: int) -> int:
        """Return the time stamp on a line without end (STANDARDS 228)."""
        if self._last_ms is None:
            self._last_ms = timestamp_ms
        else:
            step = (timestamp_ms - self._last_ms + _WRAP // 2) % _WRAP - _WRAP // 2
            self._last_ms += step
        return self._last_ms

    def _note_track(self, kind: Track, role: _Role, payload: bytes) -> bool:
        """Remember the track and its header; True when a decoder does not know them yet."""
        fresh = kind not in self._tracks
        if role == "header":
            fresh = self._headers.get(kind) != payload
            self._headers[kind] = payload
        self._tracks.add(kind)
        return fresh

    def _media(
        self, kind: Track, stamp: int, payload: bytes, role: _Role, now: UnixNs
    ) -> list[FlvOutput]:
        chunk = Chunk(
            data=_tag(kind, stamp, payload),
            media_us=stamp * 1_000,
            entry=role == "entry" or "video" not in self._tracks,
            track=kind,
            reported_us=as_ffmpeg_reports(stamp, bits=32, ticks_per_s=1_000) * 1_000,
        )
        if self._settled:
            return [FeedChunk(chunk, now)]
        self._waiting.append(FeedChunk(chunk, now))
        self._waiting_bytes += len(chunk.data)
        return []

    def _is_settled(self, stamp: int, now: UnixNs) -> bool:
        if self._promised is not None and self._promised <= self._tracks:
            return True
        if len(self._tracks) == 2:  # noqa: PLR2004
            return True
        first_ms, first_ns = self._first or (stamp, now)
        late = stamp - first_ms >= _SETTLE_MS or now - first_ns >= _SETTLE_NS
        return late or self._waiting_bytes > _MAX_WAITING_BYTES

    def _start(self) -> FeedStart:
        flags = 4 * ("audio" in self._tracks) | ("video" in self._tracks)
        head = [b"FLV\x01", struct.pack(">BII", flags, 9, 0)]
        if self._metadata:
            head.append(_tag("data", 0, encode_amf0("onMetaData", self._metadata)))
        head += [_tag(kind, 0, self._headers[kind]) for kind in sorted(self._headers)]
        return FeedStart("flv", frozenset(self._tracks), b"".join(head))

    def _data(self, payload: bytes) -> list[FlvOutput]:
        try:
            values = decode_amf0(payload)
        except FormatError:
            return []  # decoration that we cannot read is no reason to lose the pictures
        if values and values[0] == "@setDataFrame":
            values = values[1:]
        if len(values) < 2 or not isinstance(values[1], dict):  # noqa: PLR2004
            return []
        name, facts = values[0], values[1]
        if name == "onMetaData":
            self._take_metadata(facts)
        title = facts.get("title" if name == "onMetaData" else "text")
        said = name in ("onMetaData", "onTextData") and isinstance(title, str)
        return [TitleSaid(str(title))] if said else []

    def _take_metadata(self, facts: dict[str, AmfValue]) -> None:
        """Keep the sane figures; a decoder is told nothing else that a stranger wrote."""
        if self._settled:
            return
        self._metadata = {
            name: value
            for name in _KEPT_METADATA
            if isinstance(value := facts.get(name), float)
            and math.isfinite(value)
            and 0 < value < _SANE
        }
        promised: set[Track] = set()
        if facts.get("videocodecid") not in (None, 0.0, ""):
            promised.add("video")
        if facts.get("audiocodecid") not in (None, 0.0, ""):
            promised.add("audio")
        self._promised = frozenset(promised) or None
