"""What was found inside one segment: tracks, pictures, sound.  Sans-I/O."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from core.content import Luma
from core.errors import FormatError
from core.loudness import Sound

__all__ = [
    "Container",
    "SegmentFacts",
    "TrackFacts",
    "container_of",
    "packed_start_s",
]

Container = Literal["mpegts", "mp4", "aac", "mp3"]

_SYNC: Final = 0x47
_PACKET_BYTES: Final = 188
_ADTS, _ADTS_MASK, _MPEG_AUDIO = 0xF0, 0xF6, 0xE0
_TIMESTAMP_BYTES, _ID3_HEADER_BYTES = 8, 10
_TIMESTAMP_OWNER: Final = b"com.apple.streaming.transportStreamTimestamp\0"


@dataclass(frozen=True, slots=True)
class TrackFacts:
    """One track of a segment, as its packets say; times in seconds of media time."""

    kind: Literal["video", "audio"]
    codec: str
    """FFmpeg's name: h264, hevc, aac."""

    codec_string: str | None
    """As RFC 6381 writes it: ``avc1.64001e``; None where it cannot be told."""

    width: int
    height: int
    rate: int
    """Samples a second, of sound."""

    channels: int
    start_s: float
    """Earliest presentation time."""

    end_s: float
    """End of the last packet in presentation order."""

    first_dts_s: float
    end_dts_s: float
    """Where the next segment's decode times go on."""

    step_s: float
    """Longest distance of two packets."""

    packets: int
    key_frames: int
    begins_with_key: bool


@dataclass(frozen=True, slots=True)
class SegmentFacts:
    """One segment."""

    container: Container
    tracks: tuple[TrackFacts, ...]
    pictures: tuple[Luma, ...] = ()
    """Its key frames, decoded, four at most."""

    sound: Sound | None = None
    """All of its first sound, decoded: (samples, 2) at 48 kHz."""

    last_sound: bytes = b""
    """The last packet of its first sound, as it is encoded."""

    corrupt: int = 0
    """Packets and frames that could not be decoded."""

    def track(self, kind: Literal["video", "audio"]) -> TrackFacts | None:
        """Return the first track of that kind."""
        return next((track for track in self.tracks if track.kind == kind), None)

    @property
    def is_decoded(self) -> bool:
        """Whether anything could be seen or heard."""
        return bool(self.pictures) or self.sound is not None

    @property
    def main(self) -> TrackFacts | None:
        """The track that the segment is cut by: the picture, or else the sound."""
        return self.track("video") or self.track("audio")


def container_of(data: bytes, *, has_header: bool) -> Container:
    """Tell the container from the first bytes; FFmpeg's own guess would find one in noise.

    Raises:
        FormatError: If it is none that HLS knows.
    """
    if data[:1] == b"\x47" and (len(data) <= _PACKET_BYTES or data[_PACKET_BYTES] == _SYNC):
        return "mpegts"
    if data[4:8] in (b"styp", b"moof", b"ftyp", b"sidx", b"prft", b"emsg", b"mdat"):
        if not has_header and b"moov" not in data[:65_536]:
            raise FormatError("is fragmented MP4 without EXT-X-MAP")
        return "mp4"
    start = _after_id3(data)
    if data[start : start + 1] == b"\xff" and len(data) > start + 1:
        second = data[start + 1]
        if second & _ADTS_MASK == _ADTS:
            return "aac"
        if second & _MPEG_AUDIO == _MPEG_AUDIO:
            return "mp3"
    raise FormatError("is neither MPEG-TS nor fragmented MP4 nor packed audio")


def packed_start_s(data: bytes) -> float | None:
    """Return the time that packed audio carries in an ID3 tag (section 3.1.3), in seconds.

    "a 33-bit MPEG-2 Program Elementary Stream timestamp expressed as a big-endian eight-octet
    number, with the upper 31 bits set to zero".
    """
    end = _after_id3(data)
    at = data.find(_TIMESTAMP_OWNER, 0, end)
    value = data[at + len(_TIMESTAMP_OWNER) :][:_TIMESTAMP_BYTES]
    if at < 0 or len(value) < _TIMESTAMP_BYTES:
        return None
    return int.from_bytes(value) / 90_000


def _after_id3(data: bytes) -> int:
    if data[:3] != b"ID3" or len(data) < _ID3_HEADER_BYTES:
        return 0
    size = 0
    for octet in data[6:_ID3_HEADER_BYTES]:
        size = size << 7 | octet & 0x7F
    return _ID3_HEADER_BYTES + size
