"""What the packager publishes and every origin follows, and its form on the wire.  Sans-I/O.

A *publication* is one fact about a channel.  A follower that connects is first
told the whole live window (header by header, segment by segment, oldest first), then
:class:`SnapshotEnd`, then each new fact as it happens.  Facts are idempotent: a
follower keeps what it has and ignores what it knows, so a packager that restarts
with a shorter memory never shortens an origin's window.

On the wire a publication is ``u32 length of the JSON, u32 length of the media bytes,
JSON, media bytes``, big-endian.
"""

from __future__ import annotations

import dataclasses
import json
import struct
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from core.errors import FormatError

__all__ = [
    "ChannelState",
    "DiscontinuityDeclared",
    "HeaderPublished",
    "HoleDeclared",
    "HourArchived",
    "MeasuredBitrate",
    "PartPublished",
    "Publication",
    "PublicationReader",
    "SegmentArchived",
    "SegmentLost",
    "SegmentPublished",
    "SnapshotEnd",
    "SoundPublished",
    "ThumbnailPublished",
    "TitlePlayed",
    "render_publication",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class HeaderPublished:
    """The CMAF header of a rendition, published once for each configuration."""

    channel: str
    rendition: str
    hash: str
    """Its name in URLs: ``/media/{channel}/{rendition}/{hash}.mp4``."""

    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class PartPublished:
    """One part: 0.64 s of one rendition, ready for every viewer."""

    channel: str
    rendition: str
    msn: int
    part: int
    header_hash: str
    independent: bool
    """It begins with a picture that needs none before it; true for all sound."""

    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentPublished:
    """A whole segment: 3.84 s of one rendition.

    ``data`` is empty when all six parts were published before, since the segment is then
    their concatenation; in a snapshot and after a refill it holds the whole segment.
    """

    channel: str
    rendition: str
    msn: int
    header_hash: str
    slate: bool
    """It shows the slate for some of its time."""

    data: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class ThumbnailPublished:
    """One small picture: the first frame of segment ``msn``.

    It is published once for each number, when the segment begins: before the segment is whole,
    and even if the segment becomes a hole.
    """

    channel: str
    msn: int
    data: bytes
    """A JPEG."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HoleDeclared:
    """Segment ``msn`` is missing in every rendition of the channel (EXT-X-GAP).

    A later :class:`SegmentPublished` of the same number refills it.
    """

    channel: str
    msn: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscontinuityDeclared:
    """A new configuration begins with segment ``msn`` in every rendition (EXT-X-DISCONTINUITY)."""

    channel: str
    msn: int
    sequence: int
    """EXT-X-DISCONTINUITY-SEQUENCE of a playlist whose first segment is ``msn``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredBitrate:
    """Measured bit rates of a rendition, for BANDWIDTH and AVERAGE-BANDWIDTH.

    The packager alone measures, so that every origin writes the same figures.
    """

    channel: str
    rendition: str
    peak_bps: int
    average_bps: int
    i_frame_peak_bps: int = 0
    """Of its I-frame playlist; 0 until it is measured, and for sound."""

    i_frame_average_bps: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelState:
    """What is on air, in words: which input, and the song's title where there is one."""

    channel: str
    on_air: str
    """Name of the input that feeds the programme; ``slate`` when none does."""

    title: str
    """``StreamTitle`` of a radio's song, NFC; empty when unknown."""

    since_ns: int
    """UNIX nanoseconds at which ``title`` began."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentArchived:
    """The archive has the segment, durably: this is the packager's acknowledgement."""

    channel: str
    rendition: str
    msn: int
    header_hash: str
    size_bytes: int
    sha256: str
    """In hexadecimal digits."""

    slate: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentLost:
    """The segment was on air, but will not be archived: this rendition has a hole there."""

    channel: str
    rendition: str
    msn: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HourArchived:
    """What is archived of a rendition's hour so far; what came before of that hour is void."""

    channel: str
    rendition: str
    hour: int
    """UTC hours since the epoch."""

    closed: bool
    """The hour's index is in the archive and this is it: nothing more is coming."""

    data: bytes
    """In the form of :func:`core.archive.render_index`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TitlePlayed:
    """A song that was on air; a follower is told the last fifty of a radio channel."""

    channel: str
    title: str
    """NFC, never empty."""

    since_ns: int
    """UNIX nanoseconds at which it began."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SoundPublished:
    """A radio channel's next 0.24 s of MP3, for those who listen without playlists.

    It is not archived and stands in no playlist; a number that is left out is a hole.
    """

    channel: str
    number: int
    """It begins so many times 0.24 s after the UNIX epoch."""

    data: bytes
    """Ten whole frames."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotEnd:
    """The window has been told whole; what follows is live."""


Publication: TypeAlias = (
    HeaderPublished
    | PartPublished
    | SegmentPublished
    | ThumbnailPublished
    | HoleDeclared
    | DiscontinuityDeclared
    | MeasuredBitrate
    | ChannelState
    | SegmentArchived
    | SegmentLost
    | HourArchived
    | TitlePlayed
    | SoundPublished
    | SnapshotEnd
)

_KINDS: Final[dict[str, type[Any]]] = {
    kind.__name__: kind
    for kind in (
        HeaderPublished,
        PartPublished,
        SegmentPublished,
        ThumbnailPublished,
        HoleDeclared,
        DiscontinuityDeclared,
        MeasuredBitrate,
        ChannelState,
        SegmentArchived,
        SegmentLost,
        HourArchived,
        TitlePlayed,
        SoundPublished,
        SnapshotEnd,
    )
}
_LENGTHS: Final = struct.Struct(">II")
_MAX_JSON_BYTES: Final = 64 * 1024
_MAX_MEDIA_BYTES: Final = 64 * 1024 * 1024


def render_publication(publication: Publication) -> tuple[bytes, bytes]:
    """Return (head, media bytes) of a publication; a writer sends one after the other."""
    fields = {
        field.name: getattr(publication, field.name)
        for field in dataclasses.fields(publication)
        if field.name != "data"
    }
    media: bytes = getattr(publication, "data", b"")
    text = json.dumps({"kind": type(publication).__name__, **fields}).encode()
    return _LENGTHS.pack(len(text), len(media)) + text, media


class PublicationReader:
    """Cut the wire form back into publications, from bytes in any pieces."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    @property
    def pending_bytes(self) -> int:
        """Bytes of a publication that is not complete yet."""
        return len(self._buffer)

    def receive(self, data: bytes) -> list[Publication]:
        """Take ``data`` and return every publication that is now complete.

        Raises:
            FormatError: If the bytes are not the wire form; the connection is of no use then.
        """
        self._buffer += data
        found: list[Publication] = []
        at = 0
        while len(self._buffer) - at >= _LENGTHS.size:
            text_bytes, media_bytes = _LENGTHS.unpack_from(self._buffer, at)
            if text_bytes > _MAX_JSON_BYTES or media_bytes > _MAX_MEDIA_BYTES:
                raise FormatError("a publication over the size limit", code="size")
            body = at + _LENGTHS.size
            end = body + text_bytes + media_bytes
            if end > len(self._buffer):
                break
            text = bytes(self._buffer[body : body + text_bytes])
            found.append(_parse(text, bytes(self._buffer[body + text_bytes : end])))
            at = end
        if at:
            del self._buffer[:at]
        return found


def _parse(text: bytes, media: bytes) -> Publication:
    try:
        fields: dict[str, Any] = json.loads(text)
        kind = _KINDS[fields.pop("kind")]
        if "data" in kind.__dataclass_fields__:
            fields["data"] = media
        publication: Publication = kind(**fields)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise FormatError("not a publication") from error
    return publication
