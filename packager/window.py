"""One rendition's live window: its segments, headers and what was published of them.  Sans-I/O."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from core.boxes import iter_boxes
from core.cmaf import TrackHeader, find_first_sample
from core.errors import FormatError
from core.ladder import Rendition
from core.publication import (
    HeaderPublished,
    MeasuredBitrate,
    PartPublished,
    Publication,
    SegmentPublished,
)
from core.timeline import PARTS_PER_GOP, PARTS_PER_SEGMENT, PartAddress
from packager.bitrate import BitrateMeter

__all__ = ["WINDOW_SEGMENTS", "Segment", "SnapshotItem", "Track", "split_parts"]

WINDOW_SEGMENTS: Final = 24
"""Segments in memory: 90 s, rounded up."""

SnapshotItem = tuple[Publication, tuple[bytes, ...]]
"""A publication, and its media in pieces where they are not joined yet."""


@dataclass(slots=True)
class Segment:
    """One number of one rendition, growing part by part."""

    header_hash: str
    parts: list[bytes] = field(default_factory=list)
    independents: list[bool] = field(default_factory=list)
    slate: bool = False
    published: int = 0
    """How many of its parts were published; fewer than there are only inside a hole."""

    @property
    def complete(self) -> bool:
        """All six parts are there."""
        return len(self.parts) == PARTS_PER_SEGMENT

    @property
    def i_frame_bytes(self) -> int | None:
        """Size of what an I-frame playlist names of it; None if it does not tell."""
        parts = self.parts[::PARTS_PER_GOP]
        try:
            ranges = [find_first_sample(part) for part in parts]
        except FormatError:
            return None
        return sum(end - start for start, end in ranges)

    def add(self, data: bytes, *, independent: bool) -> None:
        """Add the next part."""
        self.parts.append(data)
        self.independents.append(independent)


@dataclass(slots=True)
class Track:
    """One rendition of one channel."""

    channel: str
    rendition: Rendition
    joined: bool = True
    """False for a rendition that a reload added, until its first part: it cannot lack any."""

    segments: dict[int, Segment] = field(default_factory=dict)
    headers: dict[str, TrackHeader] = field(default_factory=dict)
    """The published ones, by hash."""

    current: str | None = None
    """Hash of the header of the newest segment."""

    senders: dict[str, TrackHeader] = field(default_factory=dict)
    """The header that each encoder posted last."""

    meter: BitrateMeter = field(default_factory=BitrateMeter)
    i_frame_meter: BitrateMeter = field(default_factory=BitrateMeter)

    def measure(self, segment: Segment) -> MeasuredBitrate | None:
        """Measure a complete segment; return the rates when playlists should carry others."""
        news = self.meter.add(sum(map(len, segment.parts))) is not None
        if self.rendition.kind == "video":
            size = segment.i_frame_bytes
            news |= size is not None and self.i_frame_meter.add(size) is not None
        rates = self.meter.published
        if rates is None or not news:
            return None
        i_frames = self.i_frame_meter.published or (0, 0)
        return MeasuredBitrate(
            channel=self.channel,
            rendition=self.rendition.name,
            peak_bps=rates[0],
            average_bps=rates[1],
            i_frame_peak_bps=i_frames[0],
            i_frame_average_bps=i_frames[1],
        )

    def restore_rates(self, measured: MeasuredBitrate) -> None:
        """Take the rates that an earlier process published."""
        self.meter = BitrateMeter((measured.peak_bps, measured.average_bps))
        if measured.i_frame_peak_bps:
            self.i_frame_meter = BitrateMeter(
                (measured.i_frame_peak_bps, measured.i_frame_average_bps)
            )

    def newest(self) -> PartAddress | None:
        """Return the newest part that is there."""
        if not self.segments:
            return None
        msn = max(self.segments)
        return PartAddress(msn, len(self.segments[msn].parts) - 1)

    def has(self, msn: int) -> bool:
        """Tell whether the channel need not wait for this rendition's segment ``msn``."""
        segment = self.segments.get(msn)
        return not self.joined or (segment is not None and segment.complete)

    def has_begun_after(self, msn: int) -> bool:
        """Tell whether a part of a later segment was taken."""
        return any(number > msn for number in self.segments)

    def published_header(self, header: TrackHeader) -> TrackHeader | None:
        """Return the published header whose samples ``header``'s are, if there is one.

        The first of a configuration stays published; a sender whose defaults differ needs
        its own, since they are not repeated in the fragments.
        """
        wanted = _defaults(header)
        for known in self.headers.values():
            own = _defaults(known)
            if own == wanted and known.same_configuration(header):
                return known
        return None

    def check_configuration(self, address: PartAddress, header: TrackHeader) -> None:
        """Refuse a header that changes where none may change.

        Raises:
            FormatError: With code ``configuration``.
        """
        segment = self.segments.get(address.msn)
        if segment is not None and segment.header_hash != header.hash:
            raise FormatError(
                f"another configuration within segment {address.msn}", code="configuration"
            )
        newest = self.newest()
        if newest is not None and address.msn < newest.msn and header.hash not in self.headers:
            raise FormatError("a new configuration behind the edge", code="configuration")

    def expire(self, first: int) -> None:
        """Forget the numbers below ``first`` and headers that nothing names any more."""
        for msn in [msn for msn in self.segments if msn < first]:
            del self.segments[msn]
        used = {item.header_hash for item in self.segments.values()} | {self.current}
        self.headers = {name: item for name, item in self.headers.items() if name in used}

    def header(self, header: TrackHeader) -> HeaderPublished:
        """Return the publication of a header."""
        return HeaderPublished(
            channel=self.channel,
            rendition=self.rendition.name,
            hash=header.hash,
            data=header.data,
        )

    def part(self, msn: int, index: int) -> PartPublished:
        """Return the publication of a part that is there."""
        segment = self.segments[msn]
        return PartPublished(
            channel=self.channel,
            rendition=self.rendition.name,
            msn=msn,
            part=index,
            header_hash=segment.header_hash,
            independent=segment.independents[index],
            data=segment.parts[index],
        )

    def segment(self, msn: int) -> SegmentPublished:
        """Return the publication of a complete segment, without its media."""
        segment = self.segments[msn]
        return SegmentPublished(
            channel=self.channel,
            rendition=self.rendition.name,
            msn=msn,
            header_hash=segment.header_hash,
            slate=segment.slate,
        )

    def refill(self, msn: int) -> SegmentPublished:
        """Return the publication of a complete segment, whole, and note it."""
        segment = self.segments[msn]
        segment.published = PARTS_PER_SEGMENT
        return replace(self.segment(msn), data=b"".join(segment.parts))

    def snapshot(self, msn: int) -> Iterator[SnapshotItem]:
        """Yield what was published of a number."""
        segment = self.segments.get(msn)
        if segment is None:
            return
        if segment.published == PARTS_PER_SEGMENT:
            yield self.segment(msn), tuple(segment.parts)
        else:
            for index in range(segment.published):
                yield self.part(msn, index), ()


def _defaults(header: TrackHeader) -> tuple[int, int, int, int]:
    """Return what a fragment leaves to its header."""
    return header.track_id, header.default_duration, header.default_size, header.default_flags


def split_parts(data: bytes) -> list[bytes]:
    """Cut a whole segment of our own back into its parts.

    Raises:
        FormatError: If it is not pairs of ``moof`` and ``mdat``.
    """
    boxes = list(iter_boxes(data))
    pairs = list(zip(boxes[::2], boxes[1::2], strict=False))
    kinds = {(moof.kind, mdat.kind) for moof, mdat in pairs}
    if kinds != {(b"moof", b"mdat")} or len(boxes) % 2:
        raise FormatError("not pairs of moof and mdat")
    return [bytes(moof.raw) + bytes(mdat.raw) for moof, mdat in pairs]
