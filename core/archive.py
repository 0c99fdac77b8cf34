"""What is archived, under which names, and the index of an hour.  Sans-I/O.

Time is the address: a segment's object is named by its channel, its rendition, the UTC hour
in which it starts, and its number.  When an hour is over, one *index* is written beside its
segments and never changes; it says of each number whether it is there, how long it is, its
SHA-256, its header, whether it shows the slate, and why it is missing.  It holds nothing
that the objects and the log of holes do not say, so it can be made again.

The form of an index: a head (one line of JSON), a table of 36 bytes a number (``u32`` size, zero
where there is none, and SHA-256), and the SHA-256 of both.

**Source:** DESIGN 3.4.
"""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any, Final

from core.errors import FormatError
from core.timeline import SEGMENT_NS, UnixNs, start_of_segment

__all__ = [
    "NEVER_SENT",
    "THUMBNAILS",
    "HeaderRange",
    "Hole",
    "HourIndex",
    "Run",
    "SegmentRecord",
    "TrackFacts",
    "header_folder",
    "header_key",
    "header_marker_key",
    "header_note_number",
    "hour_at",
    "hour_folder",
    "hour_of",
    "hours_of",
    "index_key",
    "make_index",
    "numbers_of",
    "parse_hour_folder",
    "parse_index",
    "render_index",
    "segment_key",
    "start_of_hour",
    "thumbnail_key",
]

THUMBNAILS: Final = "thumb"
"""The folder of a channel's thumbnails stands beside its renditions; no rendition has the name."""

NEVER_SENT: Final = "nothing was sent"
"""Reason of a hole that nobody declared: the channel, or the rendition, did not run."""

_HOUR_NS: Final = 3_600_000_000_000
_FORM: Final = 1
_RECORD: Final = struct.Struct(">I32s")
_DIGEST_BYTES: Final = 32


def hour_at(moment: UnixNs) -> int:
    """Return the number of the UTC hour, since the epoch, that holds ``moment``."""
    return moment // _HOUR_NS


def hour_of(msn: int) -> int:
    """Return the hour in which a segment starts, and with it the folder it lies in."""
    return msn * SEGMENT_NS // _HOUR_NS


def numbers_of(hour: int) -> range:
    """Return the numbers of the segments that start in an hour: 937 or 938."""
    return range(_first_of(hour), _first_of(hour + 1))


def hours_of(first: int, last: int) -> range:
    """Return the hours that hold the segments ``first`` to ``last``."""
    return range(hour_of(first), hour_of(last) + 1)


def _first_of(hour: int) -> int:
    return -(-hour * _HOUR_NS // SEGMENT_NS)


def hour_folder(channel: str, rendition: str, hour: int) -> str:
    """Return ``hytv/720p/2026/11/23/14``, without a slash at the end."""
    moment = datetime.fromtimestamp(hour * 3600, UTC)
    return f"{channel}/{rendition}/{moment:%Y/%m/%d/%H}"


def parse_hour_folder(steps: str) -> int | None:
    """Return the hour of ``2026/11/23/14``; None if it names none."""
    try:
        moment = datetime.strptime(steps, "%Y/%m/%d/%H").replace(tzinfo=UTC)
    except ValueError:
        return None
    return int(moment.timestamp()) // 3600


def segment_key(channel: str, rendition: str, msn: int) -> str:
    """Return the name of a segment's object."""
    return f"{hour_folder(channel, rendition, hour_of(msn))}/{msn}.m4s"


def thumbnail_key(channel: str, msn: int) -> str:
    """Return the name of a thumbnail's object."""
    return f"{hour_folder(channel, THUMBNAILS, hour_of(msn))}/{msn}.jpg"


def index_key(channel: str, rendition: str, hour: int) -> str:
    """Return the name of an hour's index."""
    return f"{hour_folder(channel, rendition, hour)}/index"


def header_key(channel: str, rendition: str, header_hash: str) -> str:
    """Return the name of a header's object."""
    return f"{header_folder(channel, rendition)}/{header_hash}.mp4"


def header_marker_key(channel: str, rendition: str, msn: int) -> str:
    """Return the name of the note that says which header is in force from ``msn`` on.

    Segments do not name their header; without these notes a lost index of a rendition that
    had two could not be made again.
    """
    return f"{header_folder(channel, rendition)}/from-{msn}"


def header_folder(channel: str, rendition: str) -> str:
    """Return the folder of a rendition's headers and of the notes on them."""
    return f"{channel}/{rendition}/headers"


def header_note_number(key: str) -> int | None:
    """Return from which number on a note speaks; None if the object is no note."""
    kind, _, number = key.rpartition("/")[2].partition("-")
    return int(number) if kind == "from" and number.isdigit() else None


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentRecord:
    """What is known of one archived segment."""

    msn: int
    size_bytes: int
    sha256: bytes
    """32 bytes."""

    header_hash: str
    slate: bool = False


@dataclass(frozen=True, slots=True)
class HeaderRange:
    """From which number on a header is in force."""

    first: int
    hash: str


@dataclass(frozen=True, slots=True)
class Hole:
    """A run of numbers that are missing, and why."""

    first: int
    last: int
    reason: str


@dataclass(frozen=True, slots=True)
class Run:
    """A run of numbers that are there, all with one header."""

    first: int
    last: int
    header_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackFacts:
    """What a multivariant playlist says of a rendition."""

    kind: str
    """``video`` or ``audio``."""

    codec: str
    """RFC 6381, of the first header in the hour."""

    width: int = 0
    height: int = 0
    frame_rate: int = 0
    channels: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class HourIndex:
    """One hour of one rendition."""

    channel: str
    rendition: str
    hour: int
    track: TrackFacts | None
    """None for an hour in which there is nothing."""

    headers: tuple[HeaderRange, ...]
    holes: tuple[Hole, ...]
    slate: tuple[tuple[int, int], ...]
    """Runs (first, last) of segments that show the slate."""

    discontinuities: tuple[int, ...]
    """Numbers with which a new configuration of the channel begins."""

    peak_bps: int
    """Of its largest segment."""

    average_bps: int
    """Of what is there."""

    table: bytes
    """36 bytes a number; empty where it was not asked for."""

    def record(self, msn: int) -> tuple[int, bytes] | None:
        """Return (size in bytes, SHA-256) of a segment, None where it is missing."""
        at = (msn - numbers_of(self.hour).start) * _RECORD.size
        size, digest = _RECORD.unpack_from(self.table, at)
        return (size, digest) if size else None

    def records(self) -> Iterator[SegmentRecord]:
        """Yield every segment that is stored, by number, those inside declared holes too."""
        slate = {msn for first, last in self.slate for msn in range(first, last + 1)}
        headers = iter([*self.headers, None])
        header, following = None, next(headers)
        for msn in numbers_of(self.hour):
            if following is not None and following.first <= msn:
                header, following = following, next(headers)
            found = self.record(msn)
            if found is not None and header is not None:
                yield SegmentRecord(
                    msn=msn,
                    size_bytes=found[0],
                    sha256=found[1],
                    header_hash=header.hash,
                    slate=msn in slate,
                )

    def runs(self) -> Iterator[Run]:
        """Yield what may be played as runs between holes and changes of header."""
        numbers = numbers_of(self.hour)
        starts = [*self.headers, HeaderRange(numbers.stop, "")]
        for header, following in pairwise(starts):
            first = max(header.first, numbers.start)
            for hole in self.holes:
                if hole.last < first or hole.first >= following.first:
                    continue
                if hole.first > first:
                    yield Run(first, hole.first - 1, header.hash)
                first = hole.last + 1
            if first < following.first:
                yield Run(first, following.first - 1, header.hash)


def make_index(
    *,
    channel: str,
    rendition: str,
    hour: int,
    track: TrackFacts | None,
    records: Iterable[SegmentRecord],
    reasons: dict[int, str],
    discontinuities: Iterable[int],
) -> HourIndex:
    """Make the index of an hour from what is known of its segments.

    Args:
        channel: Slug.
        rendition: Its name.
        hour: UTC hours since the epoch.
        track: None if there is no segment.
        records: The segments that are stored.
        reasons: Why numbers are missing, as far as it is known.  A number with a reason is a hole
            even if this rendition has it: holes are declared for a whole channel.
        discontinuities: Numbers with which a new configuration begins; others are passed over.
    """
    by_number = {record.msn: record for record in records}
    headers: list[HeaderRange] = []
    holes: list[Hole] = []
    slate: list[tuple[int, int]] = []
    table = bytearray()
    for msn in numbers_of(hour):
        record = by_number.get(msn)
        if record is None or msn in reasons:
            _extend_hole(holes, msn, reasons.get(msn, NEVER_SENT))
        if record is None:
            table += _RECORD.pack(0, bytes(_DIGEST_BYTES))
            continue
        table += _RECORD.pack(record.size_bytes, record.sha256)
        if not headers or headers[-1].hash != record.header_hash:
            headers.append(HeaderRange(msn, record.header_hash))
        if record.slate:
            if slate and slate[-1][1] == msn - 1:
                slate[-1] = (slate[-1][0], msn)
            else:
                slate.append((msn, msn))
    sizes = [record.size_bytes for record in by_number.values()]
    return HourIndex(
        channel=channel,
        rendition=rendition,
        hour=hour,
        track=track if sizes else None,
        headers=tuple(headers),
        holes=tuple(holes),
        slate=tuple(slate),
        discontinuities=tuple(sorted(set(discontinuities) & set(numbers_of(hour)))),
        peak_bps=_bits_per_second(max(sizes, default=0), 1),
        average_bps=_bits_per_second(sum(sizes), max(1, len(sizes))),
        table=bytes(table),
    )


def _extend_hole(holes: list[Hole], msn: int, reason: str) -> None:
    if holes and holes[-1].last == msn - 1 and holes[-1].reason == reason:
        holes[-1] = Hole(holes[-1].first, msn, reason)
    else:
        holes.append(Hole(msn, msn, reason))


def _bits_per_second(size_bytes: int, segments: int) -> int:
    return size_bytes * 8 * 1_000_000_000 // (SEGMENT_NS * segments)


def render_index(index: HourIndex) -> bytes:
    """Return the bytes of the index's object."""
    fields = asdict(index)
    del fields["table"]
    head = json.dumps({"form": _FORM, **fields}, ensure_ascii=False).encode() + b"\n"
    body = head + index.table
    return body + hashlib.sha256(body).digest()


def parse_index(data: bytes, *, table: bool = True) -> HourIndex:
    """Read an index back.

    Args:
        data: The object.
        table: Keep the table; a playlist does not need it.

    Raises:
        FormatError: If it is damaged, or of another form.
    """
    body, digest = data[:-_DIGEST_BYTES], data[-_DIGEST_BYTES:]
    if hashlib.sha256(body).digest() != digest:
        raise FormatError("the index is damaged")
    head, _, rows = body.partition(b"\n")
    try:
        fields: dict[str, Any] = json.loads(head)
        if fields.pop("form") != _FORM:
            raise FormatError("an index of another form")
        track = fields.pop("track")
        index = HourIndex(
            track=None if track is None else TrackFacts(**track),
            headers=tuple(HeaderRange(**item) for item in fields.pop("headers")),
            holes=tuple(Hole(**item) for item in fields.pop("holes")),
            slate=tuple((first, last) for first, last in fields.pop("slate")),
            discontinuities=tuple(fields.pop("discontinuities")),
            table=rows if table else b"",
            **fields,
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise FormatError("not an index") from error
    if len(rows) != _RECORD.size * len(numbers_of(index.hour)):
        raise FormatError("the index's table has another length")
    return index


def start_of_hour(hour: int) -> UnixNs:
    """Return the moment at which an hour's first segment starts, at most 3.84 s into the hour."""
    return start_of_segment(_first_of(hour))
