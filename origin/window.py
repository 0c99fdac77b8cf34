"""The live window: what of each channel the origin holds in memory.  Sans-I/O.

It is fed with publications and only ever learns: each fact is idempotent, a packager that
restarts with a shorter memory takes nothing away, and only the channel's progress makes old
segments expire.

A rendition's *edge* is the end of its unbroken run: every part up to it is published, or is
known to be missing.  Parts that arrive beyond a number nobody has spoken of wait behind the
edge, so a playlist never lists segment *n + 1* before segment *n* or the hole in its place.

Numbers that the packager will not speak of again are missing too: after it lost its memory,
those between our edge and the first number that it tells on the new connection.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from core.boxes import iter_boxes
from core.cmaf import TrackHeader, find_first_sample, parse_fragment, parse_header
from core.errors import FormatError
from core.publication import (
    ChannelState,
    DiscontinuityDeclared,
    HeaderPublished,
    HoleDeclared,
    HourArchived,
    MeasuredBitrate,
    PartPublished,
    Publication,
    SegmentArchived,
    SegmentLost,
    SegmentPublished,
    SnapshotEnd,
    SoundPublished,
    ThumbnailPublished,
    TitlePlayed,
)
from core.timeline import PARTS_PER_SEGMENT, SEGMENT_NS, PartAddress

__all__ = [
    "WINDOW_SEGMENTS",
    "Change",
    "ChannelWindow",
    "LiveWindow",
    "Part",
    "Segment",
    "Track",
    "missing_runs",
    "split_parts",
]

WINDOW_SEGMENTS: Final = -(-90_000_000_000 // SEGMENT_NS)
"""Segments kept behind the channel's edge: 90 s, which is 24."""

_KEPT_TITLES: Final = 50


@dataclass(frozen=True, slots=True)
class Part:
    """One published part."""

    data: bytes | memoryview
    independent: bool
    """It begins with a picture that needs none before it; true for all sound."""

    i_frame: tuple[int, int] | None = None
    """Which bytes of ``data`` that picture alone needs: (first, one past the last)."""


@dataclass(slots=True)
class Segment:
    """What is held of one segment of one rendition."""

    msn: int
    header_hash: str
    parts: list[Part | None]
    """The six parts by index; None for those not (yet) published."""

    whole: bool = False
    """All of it is here."""

    hole: bool = False
    """It was declared missing after that (EXT-X-GAP), until it is published again."""

    told: int = 0
    """Number of the connection on which it became whole."""

    @property
    def listed(self) -> bool:
        """It stands in playlists as a segment that can be fetched."""
        return self.whole and not self.hole

    @property
    def buffers(self) -> tuple[bytes | memoryview, ...]:
        """The bytes of the whole segment, part by part, not copied."""
        return tuple(part.data for part in self.parts if part is not None)


@dataclass(slots=True)
class Track:
    """One rendition's part of the window."""

    rendition: str
    segments: dict[int, Segment] = field(default_factory=dict)
    """By number; those wholly missing are absent."""

    headers: dict[str, TrackHeader] = field(default_factory=dict)
    """Headers that a segment uses, and the newest, by hash."""

    bitrate: tuple[int, int] | None = None
    """Measured (peak, average) in bit/s."""

    i_frame_bitrate: tuple[int, int] | None = None
    """The same of its I-frame playlist."""

    edge: PartAddress | None = None
    """The newest part of the unbroken run; None before the first."""

    first: int = 0
    """Number of the first segment of the unbroken run; meaningless without an edge."""

    @property
    def last_whole(self) -> int | None:
        """Number of the newest segment that has ended, be it a hole."""
        if self.edge is None:
            return None
        ended = self.edge.part == PARTS_PER_SEGMENT - 1
        last = self.edge.msn if ended else self.edge.msn - 1
        return last if last >= self.first else None

    @property
    def header(self) -> TrackHeader | None:
        """The newest header."""
        return next(reversed(self.headers.values()), None)


@dataclass(slots=True)
class ChannelWindow:
    """One channel's window."""

    channel: str
    tracks: dict[str, Track]
    holes: set[int] = field(default_factory=set)
    discontinuities: dict[int, int] = field(default_factory=dict)
    """EXT-X-DISCONTINUITY-SEQUENCE of a playlist that begins with the number."""

    thumbnails: dict[int, bytes] = field(default_factory=dict)
    """JPEGs by number, kept as long as the segments."""

    state: ChannelState | None = None
    history: list[TitlePlayed] = field(default_factory=list)
    """The last songs of a radio, newest first."""

    told_from: int | None = None
    """First number that the packager told on this connection."""

    newest: int = -1
    """Number of the newest segment of which any rendition has a part, or that is a hole."""

    def is_missing(self, msn: int) -> bool:
        """Tell whether nothing more is expected of ``msn``: a hole, or before all that is told."""
        return msn in self.holes or (self.told_from is not None and msn < self.told_from)

    def discontinuity_sequence(self, msn: int) -> int:
        """Return EXT-X-DISCONTINUITY-SEQUENCE of a playlist whose first segment is ``msn``.

        It counts the discontinuities up to and with that segment's own, whose tag is left out
        when the segment stands first (STANDARDS 29).
        """
        reached = [number for number in self.discontinuities if number <= msn]
        if reached:
            return self.discontinuities[max(reached)]
        return next((self.discontinuities[n] - 1 for n in sorted(self.discontinuities)), 0)


@dataclass(slots=True)
class Change:
    """What one publication changed, for whoever prepares responses."""

    channel: str = ""
    """Empty when the channel is not ours."""

    announcement: bool = False
    """The multivariant playlists read otherwise: a header or a bit rate."""

    state: bool = False
    """What is on air, or what was, changed."""

    sound: SoundPublished | None = None
    """A radio's next MP3; the window does not hold it."""

    headers: list[tuple[str, str]] = field(default_factory=list)
    """New headers: (rendition, hash)."""

    parts: list[tuple[str, PartAddress]] = field(default_factory=list)
    """New parts."""

    segments: list[tuple[str, int]] = field(default_factory=list)
    """Segments that are whole now: (rendition, msn)."""

    thumbnails: list[int] = field(default_factory=list)
    """Numbers whose thumbnail is new."""

    edges: set[str] = field(default_factory=set)
    """Renditions whose edge moved."""

    playlists: set[str] = field(default_factory=set)
    """Renditions whose media playlists read otherwise; those of ``edges`` are among them."""

    expired_segments: list[tuple[str, int]] = field(default_factory=list)
    """Segments, with their parts, that left the window."""

    expired_thumbnails: list[int] = field(default_factory=list)
    """Numbers whose thumbnail left the window."""

    expired_headers: list[tuple[str, str]] = field(default_factory=list)
    """Headers that no segment uses any more."""


class LiveWindow:
    """Every configured channel's window, fed with publications."""

    def __init__(self, renditions: Mapping[str, Iterable[str]]) -> None:
        """Begin empty.

        Args:
            renditions: Names of the renditions of each channel; facts about others are ignored.
        """
        self.channels: dict[str, ChannelWindow] = {}
        self._connection = 0
        self._in_snapshot = False
        self.configure(renditions)

    def configure(self, renditions: Mapping[str, Iterable[str]]) -> None:
        """Hold these channels from now on; those that stay keep what they have."""
        channels: dict[str, ChannelWindow] = {}
        for channel, names in renditions.items():
            window = self.channels.get(channel) or ChannelWindow(channel, {})
            window.tracks = {name: window.tracks.get(name) or Track(name) for name in names}
            channels[channel] = window
        self.channels = channels

    @property
    def in_snapshot(self) -> bool:
        """The packager is telling what was, and :class:`SnapshotEnd` has not come yet."""
        return self._in_snapshot

    def begin_snapshot(self) -> None:
        """Note that a new connection tells its window; call it before its first publication."""
        self._connection += 1
        self._in_snapshot = True
        for window in self.channels.values():
            window.told_from = None

    def apply(self, publication: Publication) -> Change:
        """Take one fact and return what it changed.

        Raises:
            FormatError: If a header cannot be read, or media come before what they need; the
                connection is of no use then.
        """
        if isinstance(publication, SnapshotEnd):
            self._in_snapshot = False
            return Change()
        window = self.channels.get(publication.channel)
        if window is None:
            return Change()
        change = Change(window.channel)
        match publication:
            case ChannelState() | TitlePlayed() | SoundPublished():
                _take_radio(window, publication, change)
            case HoleDeclared():
                self._declare_hole(window, publication.msn, change)
            case ThumbnailPublished():
                _take_thumbnail(window, publication, change)
            case DiscontinuityDeclared():
                window.discontinuities[publication.msn] = publication.sequence
                change.playlists |= window.tracks.keys()
            case HeaderPublished() | MeasuredBitrate() | PartPublished() | SegmentPublished():
                track = window.tracks.get(publication.rendition)
                if track is not None:
                    self._apply_to_track(window, track, publication, change)
            case SegmentArchived() | SegmentLost() | HourArchived():
                pass  # the archive's, not the live window's
        return change

    def _apply_to_track(
        self,
        window: ChannelWindow,
        track: Track,
        fact: HeaderPublished | MeasuredBitrate | PartPublished | SegmentPublished,
        change: Change,
    ) -> None:
        match fact:
            case HeaderPublished():
                if fact.hash not in track.headers:
                    track.headers[fact.hash] = parse_header(fact.data)
                    change.announcement = True
                    change.headers.append((track.rendition, fact.hash))
            case MeasuredBitrate():
                before = track.bitrate, track.i_frame_bitrate
                track.bitrate = (fact.peak_bps, fact.average_bps)
                if fact.i_frame_peak_bps:
                    track.i_frame_bitrate = (fact.i_frame_peak_bps, fact.i_frame_average_bps)
                change.announcement = before != (track.bitrate, track.i_frame_bitrate)
            case PartPublished() | SegmentPublished():
                if fact.header_hash not in track.headers:
                    raise FormatError("media before their header", code="order")
                if fact.msn <= window.newest - WINDOW_SEGMENTS:
                    return
                segment = track.segments.get(fact.msn)
                if segment is None:
                    segment = Segment(fact.msn, fact.header_hash, [None] * PARTS_PER_SEGMENT)
                    track.segments[fact.msn] = segment
                if isinstance(fact, PartPublished):
                    self._take_part(window, track, segment, fact, change)
                else:
                    self._take_segment(track, segment, fact, change)
                _advance(window, self._renditions_to_advance(window, track, fact.msn), change)
                _expire(window, fact.msn, change)

    def _take_part(
        self,
        window: ChannelWindow,
        track: Track,
        segment: Segment,
        fact: PartPublished,
        change: Change,
    ) -> None:
        if not 0 <= fact.part < PARTS_PER_SEGMENT:
            raise FormatError(f"a part {fact.part}", code="order")
        if segment.parts[fact.part] is not None:
            return
        kind = track.headers[fact.header_hash].kind
        segment.parts[fact.part] = _part(fact.data, kind, independent=fact.independent)
        address = PartAddress(fact.msn, fact.part)
        change.parts.append((track.rendition, address))
        if track.edge is not None and address <= track.edge:  # a part of a hole, late
            change.playlists.add(track.rendition)
        # Six parts are the segment, unless it was given up before; then only the packager says
        # that it is whole again, in every rendition.
        if None not in segment.parts and fact.msn not in window.holes:
            self._complete(track, segment, change)

    def _take_segment(
        self, track: Track, segment: Segment, fact: SegmentPublished, change: Change
    ) -> None:
        if segment.listed:
            return
        if fact.data and not segment.whole:
            segment.header_hash = fact.header_hash
            segment.parts = list(split_parts(fact.data, track.headers[fact.header_hash]))
            change.parts += [
                (track.rendition, PartAddress(fact.msn, part)) for part in range(PARTS_PER_SEGMENT)
            ]
        if None in segment.parts:
            raise FormatError("a segment without some of its parts", code="order")
        segment.hole = False
        self._complete(track, segment, change)

    def _complete(self, track: Track, segment: Segment, change: Change) -> None:
        segment.whole, segment.told = True, self._connection
        change.segments.append((track.rendition, segment.msn))
        change.playlists.add(track.rendition)

    def _renditions_to_advance(
        self, window: ChannelWindow, track: Track, msn: int
    ) -> Iterable[Track]:
        """Note a number told on this connection; return the renditions that it may move on."""
        if window.told_from is not None and window.told_from <= msn:
            return (track,)
        window.told_from = msn  # what lies before it will not be told any more
        return window.tracks.values()

    def _declare_hole(self, window: ChannelWindow, msn: int, change: Change) -> None:
        if msn <= window.newest - WINDOW_SEGMENTS or window.newest < 0:
            return
        window.holes.add(msn)
        for track in window.tracks.values():
            segment = track.segments.get(msn)
            # A snapshot's hole is no news about what we held before: a refill that a restarted
            # packager forgot stays.  Live, and in what this snapshot told, it is a hole for all.
            if segment is not None and (not self._in_snapshot or segment.told == self._connection):
                segment.hole = segment.whole
        change.playlists |= window.tracks.keys()
        _advance(window, window.tracks.values(), change)
        _expire(window, msn, change)


def _take_radio(
    window: ChannelWindow, fact: ChannelState | TitlePlayed | SoundPublished, change: Change
) -> None:
    """Take what is on air in words, a song into the history, or MP3, which is only passed on."""
    match fact:
        case ChannelState():
            change.state = window.state != fact
            window.state = fact
        case TitlePlayed() if fact not in window.history:
            change.state = True
            window.history.append(fact)
            window.history.sort(key=lambda item: item.since_ns, reverse=True)
            del window.history[_KEPT_TITLES:]
        case SoundPublished():
            change.sound = fact
        case _:
            pass


def split_parts(data: bytes, header: TrackHeader) -> list[Part]:
    """Cut a whole segment into its six parts, each a view into it.

    What stands before the first fragment (``styp``) belongs to the first part, so that the
    parts are the segment (STANDARDS 60).

    Raises:
        FormatError: If the segment is not six fragments.
    """
    view = memoryview(data)
    parts: list[Part] = []
    moof: bytes | None = None
    start = at = 0
    for box in iter_boxes(view):
        at += len(box.raw)
        if box.kind == b"moof":
            moof = bytes(box.raw)
        elif box.kind == b"mdat" and moof is not None:
            fragment = parse_fragment(moof, b"", header)
            independent = header.kind == "audio" or fragment.starts_with_sync
            parts.append(_part(view[start:at], header.kind, independent=independent))
            start, moof = at, None
    if len(parts) != PARTS_PER_SEGMENT or start != at:
        raise FormatError(f"a segment of {len(parts)} fragments", code="parts")
    return parts


def _part(data: bytes | memoryview, kind: str, *, independent: bool) -> Part:
    i_frame = None
    if independent and kind == "video":
        # What does not tell its first picture's size is played all the same.
        with suppress(FormatError):
            i_frame = find_first_sample(data)
    return Part(data, independent, i_frame)


def missing_runs(numbers: Iterable[int]) -> list[tuple[int, int]]:
    """Return the runs (first, last) of consecutive numbers, for the operators' status page."""
    runs: list[tuple[int, int]] = []
    for number in sorted(numbers):
        if runs and runs[-1][1] == number - 1:
            runs[-1] = (runs[-1][0], number)
        else:
            runs.append((number, number))
    return runs


def _take_thumbnail(window: ChannelWindow, fact: ThumbnailPublished, change: Change) -> None:
    """Keep a thumbnail that the window has room for; it moves no edge."""
    if fact.msn <= window.newest - WINDOW_SEGMENTS or fact.msn in window.thumbnails:
        return
    window.thumbnails[fact.msn] = fact.data
    change.thumbnails.append(fact.msn)
    # It comes when its segment begins; without media the number stays bounded all the same.
    _expire_thumbnails(window, max(window.thumbnails) - WINDOW_SEGMENTS, change)


def _expire_thumbnails(window: ChannelWindow, oldest: int, change: Change) -> None:
    for number in [number for number in window.thumbnails if number < oldest]:
        del window.thumbnails[number]
        change.expired_thumbnails.append(number)


def _advance(window: ChannelWindow, tracks: Iterable[Track], change: Change) -> None:
    """Move edges over all that is published or missing."""
    for track in tracks:
        edge = _next_edge(window, track)
        if edge is not None and edge != track.edge:
            track.edge = edge
            change.edges.add(track.rendition)
            change.playlists.add(track.rendition)


def _next_edge(window: ChannelWindow, track: Track) -> PartAddress | None:
    edge = track.edge
    if edge is None:
        starts = [msn for msn, segment in track.segments.items() if segment.parts[0] is not None]
        if not starts:
            return None
        track.first = min(starts)
        edge = PartAddress(track.first, 0)
    while True:
        following = edge.next()
        segment = track.segments.get(following.msn)
        if segment is not None and segment.parts[following.part] is not None:
            edge = following
        elif window.is_missing(following.msn):
            edge = PartAddress(following.msn, PARTS_PER_SEGMENT - 1)
        else:
            return edge


def _expire(window: ChannelWindow, msn: int, change: Change) -> None:
    """Take ``msn`` as the newest number if it is, and drop what is a window behind it."""
    if msn <= window.newest:
        return
    window.newest = msn
    oldest = msn - WINDOW_SEGMENTS + 1
    for track in window.tracks.values():
        old = [number for number in track.segments if number < oldest]
        for number in old:
            del track.segments[number]
            change.expired_segments.append((track.rendition, number))
        if track.edge is not None and track.edge.msn < oldest:  # it stopped long ago
            track.edge = None
            change.playlists.add(track.rendition)
        track.first = max(track.first, oldest)
        if old:
            _expire_headers(track, change)
    _expire_thumbnails(window, oldest, change)
    window.holes = {number for number in window.holes if number >= oldest}
    # The newest of those that left is still needed: it tells the count (STANDARDS 29).
    gone = sorted(number for number in window.discontinuities if number < oldest)
    for number in gone[:-1]:
        del window.discontinuities[number]


def _expire_headers(track: Track, change: Change) -> None:
    kept = {segment.header_hash for segment in track.segments.values()}
    kept.add(next(reversed(track.headers)))
    for name in [name for name in track.headers if name not in kept]:
        del track.headers[name]
        change.expired_headers.append((track.rendition, name))
