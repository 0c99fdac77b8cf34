"""One channel's live window and what is published of it.  Sans-I/O.

Parts come in for each rendition and are published as they come.  The rules:

* A part is the next one of its segment, or it is known already, or it is refused.
* A segment is published when its six parts are.
* A number that some rendition still lacks 2.5 s after its end is a hole of *all* renditions:
  playlists of one channel never differ in it.  When the last rendition is complete after
  all, the segment is published again, whole, in each.
* Nothing at all for ten segments: no more holes are declared, the edge stands still.  When
  media return, the numbers between are declared missing in one go.
* A thumbnail is published once for each number, and kept as long as the number's segments.
* A new configuration begins with a segment, and is a discontinuity of the channel.

The machine never waits: the shell calls :meth:`ChannelMachine.advance` now and then.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from core.cmaf import TrackHeader, parse_header
from core.errors import FormatError, InputError
from core.ladder import Rendition
from core.publication import (
    ChannelState,
    DiscontinuityDeclared,
    HeaderPublished,
    HoleDeclared,
    MeasuredBitrate,
    PartPublished,
    Publication,
    SegmentPublished,
    ThumbnailPublished,
    TitlePlayed,
)
from core.timeline import (
    PARTS_PER_GOP,
    PARTS_PER_SEGMENT,
    SEGMENT_NS,
    PartAddress,
    UnixNs,
    end_of_segment,
    msn_at,
    start_of_part,
    start_of_segment,
)
from packager.cutter import PartCut
from packager.sound import RadioSound
from packager.window import WINDOW_SEGMENTS, Segment, SnapshotItem, Track, split_parts

__all__ = [
    "FREEZE_AFTER",
    "HOLE_AFTER_NS",
    "ChannelMachine",
    "ChannelStatus",
    "Duplicate",
    "Taken",
]

HOLE_AFTER_NS: Final = 2_500_000_000
"""How long after its end a segment may still become complete without a hole.

An upload that stands still for 2 s costs none, wherever in a segment that begins.
"""

FREEZE_AFTER: Final = 10
"""After so many segments without any media the edge stands still."""

_GRACE_NS: Final = 4_000_000_000
"""After a start or a stop of this process: senders must find back before we judge."""

_LATE_WAKE_NS: Final = 1_000_000_000

_STOPPED_NS: Final = 500_000_000
"""A process that looks some times a second and has not looked for this long was stopped."""


@dataclass(frozen=True, slots=True)
class Taken:
    """The part is new."""

    publications: list[Publication]
    """To be published, in this order."""

    kept: PartPublished | None = None
    """To be remembered over a restart, though not published: a part of a hole not yet refilled."""


@dataclass(frozen=True, slots=True)
class Duplicate:
    """The part was there before.  Senders repeat themselves after a fault; that is right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelStatus:
    """What ``lensong status`` shows of a channel."""

    edge_msn: int | None
    holes: list[int]
    """Numbers missing from the window."""

    complete_since_ns: int | None
    """Start of the first segment since which none was missing; None before any."""

    renditions: dict[str, PartAddress | None]
    """The newest part of each."""


class ChannelMachine:
    """What one channel has, and what of it is to be published."""

    def __init__(
        self,
        slug: str,
        renditions: Sequence[Rendition],
        *,
        now: UnixNs,
        restored: Iterable[Publication] = (),
    ) -> None:
        """Begin, with the window of an earlier process where there was one.

        Args:
            slug: The channel's.
            renditions: Its ladder.
            now: Wall clock.
            restored: What :meth:`facts`, parts and segments of the earlier process said.
        """
        self.slug = slug
        self._tracks = {item.name: Track(slug, item) for item in renditions}
        self._edge: int | None = None
        """Newest number of which any part was taken."""
        self._judge: int | None = None
        """The next number to be found complete or missing; None before the first segment."""
        self._first: int | None = None
        self._complete_from: int | None = None
        self._holes: dict[int, HoleDeclared] = {}
        self._discontinuities: list[DiscontinuityDeclared] = []
        self._thumbnails: dict[int, ThumbnailPublished] = {}
        self._measured: dict[str, MeasuredBitrate] = {}
        self._state: ChannelState | None = None
        self.sound = _sound_of(slug, renditions)
        """What only a radio channel has."""

        self._not_before = now
        self._looked: UnixNs | None = None
        self._restore(restored, now)

    # What comes in

    def set_state(self, state: ChannelState) -> list[Publication]:
        """Take what is on air."""
        if state == self._state:
            return []
        self._state = state
        return [state, *([] if self.sound is None else self.sound.note_title(state))]

    def set_renditions(self, renditions: Sequence[Rendition]) -> None:
        """Take a changed ladder; renditions that stay keep their window."""
        sound = _sound_of(self.slug, renditions)
        self.sound = sound and (self.sound or sound)
        old = self._tracks
        self._tracks = {
            item.name: replace(old[item.name], rendition=item)
            if item.name in old
            else Track(self.slug, item, joined=False)
            for item in renditions
        }
        self._measured = {k: v for k, v in self._measured.items() if k in self._tracks}

    @property
    def has_picture(self) -> bool:
        """It is television."""
        return any(track.rendition.kind == "video" for track in self._tracks.values())

    def rendition(self, name: str) -> Rendition | None:
        """Return the rendition of that name, if the channel has it."""
        track = self._tracks.get(name)
        return None if track is None else track.rendition

    def set_sender_header(self, rendition: str, encoder: str, header: TrackHeader) -> None:
        """Take an encoder's header; it is published with the first part that needs it."""
        self._track(rendition).senders[encoder] = header

    def sender_header(self, rendition: str, encoder: str) -> TrackHeader | None:
        """Return what :meth:`set_sender_header` was told last, if anything."""
        return self._track(rendition).senders.get(encoder)

    def receive_part(self, rendition: str, cut: PartCut, *, now: UnixNs) -> Taken | Duplicate:
        """Take one part.

        Args:
            rendition: Whose it is.
            cut: The part.
            now: Wall clock.

        Raises:
            FormatError: ``late``, ``early``, ``order`` or ``configuration``; nothing changed.
        """
        track, msn = self._track(rendition), cut.address.msn
        self._check_moment(cut.address, now)
        segment = track.segments.get(msn)
        have = 0 if segment is None else len(segment.parts)
        if cut.address.part < have:
            return Duplicate()
        if cut.address.part > have:
            raise FormatError(f"{cut.address} while part {have} is missing", code="order")
        canonical = track.published_header(cut.header) or cut.header
        track.check_configuration(cut.address, canonical)

        found = self._resume(msn, now)
        found += self._publish_header(track, msn, canonical)
        self._edge = msn if self._edge is None else max(self._edge, msn)
        track.joined = True
        segment = track.segments.setdefault(msn, Segment(canonical.hash))
        segment.add(cut.data, independent=cut.independent)
        segment.slate |= cut.slate
        part = track.part(msn, cut.address.part)
        missing = msn in self._holes
        if not missing:
            segment.published = len(segment.parts)
            found.append(part)
        if segment.complete:
            found += self._complete(track, msn, segment, now)
        found += self._declare_passed_by(now)
        self._expire(self._edge)
        return Taken(found, kept=part if missing else None)

    def receive_thumbnail(self, msn: int, data: bytes, *, now: UnixNs) -> Taken | Duplicate:
        """Take one thumbnail, which the caller has found to be a JPEG.

        Args:
            msn: The segment whose first frame it shows.
            data: The JPEG.
            now: Wall clock.

        Raises:
            FormatError: ``late`` or ``early``; nothing changed.
        """
        self._check_moment(PartAddress(msn, 0), now)
        if msn in self._thumbnails:
            return Duplicate()  # what a URL has shown, it goes on to show
        published = ThumbnailPublished(channel=self.slug, msn=msn, data=data)
        self._thumbnails[msn] = published
        # It may be one segment ahead of the media; and without media the number stays bounded.
        self._expire_thumbnails(max(self._thumbnails) - WINDOW_SEGMENTS)
        return Taken([published])

    # What time brings

    def next_wakeup(self) -> UnixNs | None:
        """Return when :meth:`advance` has something to decide; None while it has not."""
        if self._judge is None or self._frozen():
            return None
        return UnixNs(max(end_of_segment(self._judge) + HOLE_AFTER_NS, self._not_before))

    def advance(self, now: UnixNs) -> list[Publication]:
        """Declare the holes that are due at ``now``; call it some times a second."""
        before, self._looked = self._looked, now
        due = self.next_wakeup()
        if due is None:
            return []
        if now > due + _LATE_WAKE_NS or (before is not None and now > before + _STOPPED_NS):
            # We were stopped, not the senders: what they sent meanwhile waits in the sockets.
            self._not_before = UnixNs(now + _GRACE_NS)
            return []
        if now < due:
            return []
        return self._declare_holes(now, self._edge_or(0) + FREEZE_AFTER)

    # What there is

    @property
    def first_kept(self) -> int | None:
        """Lowest number that the window may hold; None while it is empty."""
        newest = self._newest()
        return None if newest is None else newest - WINDOW_SEGMENTS + 1

    def facts(self) -> list[Publication]:
        """Return what is known beside the media: state, songs, rates, discontinuities, holes."""
        found: list[Publication] = [] if self._state is None else [self._state]
        found += [] if self.sound is None else self.sound.titles
        return [*found, *self._measured.values(), *self._discontinuities, *self._holes.values()]

    def snapshot(self) -> list[SnapshotItem]:
        """Return the whole window, as a follower that just connected is told it."""
        found: list[SnapshotItem] = [] if self._state is None else [(self._state, ())]
        if self.sound is not None:
            found += [(item, ()) for item in self.sound.titles]
            found += [(item, ()) for item in self.sound.chunks]
        found += [(item, ()) for item in self._measured.values()]
        for track in self._tracks.values():
            found += [(track.header(header), ()) for header in track.headers.values()]
        found += [(item, ()) for item in self._discontinuities]
        numbers = {msn for track in self._tracks.values() for msn in track.segments}
        for msn in sorted(numbers | set(self._holes)):
            for track in self._tracks.values():
                found += track.snapshot(msn)
            if msn in self._holes:
                found.append((self._holes[msn], ()))
        # Last: no picture comes before the media that viewers wait for.
        return found + [(item, ()) for item in self.thumbnails()]

    def thumbnails(self) -> list[ThumbnailPublished]:
        """Return the thumbnails of the window, oldest first."""
        return [self._thumbnails[msn] for msn in sorted(self._thumbnails)]

    def segment(self, rendition: str, msn: int) -> tuple[Segment, TrackHeader] | None:
        """Return a segment that was published whole, with its header."""
        track = self._tracks.get(rendition)
        segment = None if track is None else track.segments.get(msn)
        if track is None or segment is None or segment.published < PARTS_PER_SEGMENT:
            return None
        return segment, track.headers[segment.header_hash]

    def published_segments(self) -> list[tuple[str, int]]:
        """Return (rendition, number) of every segment that was published whole, oldest first."""
        found = [
            (msn, name)
            for name, track in self._tracks.items()
            for msn, segment in track.segments.items()
            if segment.published == PARTS_PER_SEGMENT
        ]
        return [(name, msn) for msn, name in sorted(found)]

    def status(self) -> ChannelStatus:
        """Return what operators are shown."""
        since = self._complete_from
        return ChannelStatus(
            edge_msn=self._edge,
            holes=sorted(self._holes),
            complete_since_ns=None if since is None else start_of_segment(since),
            renditions={name: track.newest() for name, track in self._tracks.items()},
        )

    # Checks

    def _track(self, rendition: str) -> Track:
        track = self._tracks.get(rendition)
        if track is None:  # a reload took it away during the upload
            raise InputError(f"{self.slug} has no rendition {rendition}", code="unknown")
        return track

    def _check_moment(self, address: PartAddress, now: UnixNs) -> None:
        if start_of_part(address) > now + SEGMENT_NS:
            raise FormatError(f"{address} lies in the future", code="early")
        newest = self._newest()
        if newest is None:
            oldest = msn_at(now) - WINDOW_SEGMENTS + 1
        else:
            oldest = newest - WINDOW_SEGMENTS + 1
            if self._first is not None:  # numbers of a playlist never begin lower later
                oldest = max(oldest, self._first)
        if address.msn < oldest:
            raise FormatError(f"{address} is behind the window", code="late")

    # Decisions

    def _newest(self) -> int | None:
        """Return the newest number that is published, as media or as a hole."""
        if self._judge is None or self._edge is None:
            return self._edge
        return max(self._edge, self._judge - 1)

    def _edge_or(self, otherwise: int) -> int:
        return otherwise if self._edge is None else self._edge

    def _frozen(self) -> bool:
        return self._judge is not None and self._judge > self._edge_or(0) + FREEZE_AFTER

    def _resume(self, msn: int, now: UnixNs) -> list[Publication]:
        """Declare what is missing before ``msn``, with which media return after a long time."""
        if self._judge is None or not self._frozen() or msn < self._judge:
            return []
        self._expire(msn)
        return self._declare_holes(now, msn - 1)

    def _publish_header(self, track: Track, msn: int, canonical: TrackHeader) -> list[Publication]:
        found: list[Publication] = []
        if canonical.hash not in track.headers:
            track.headers[canonical.hash] = canonical
            found.append(track.header(canonical))
        newest = track.newest()
        if newest is not None and newest.msn > msn:
            return found  # a refill behind the edge changes nothing
        changed = track.current not in (None, canonical.hash)
        track.current = canonical.hash
        if changed and all(item.msn != msn for item in self._discontinuities):
            last = self._discontinuities[-1].sequence if self._discontinuities else 0
            declared = DiscontinuityDeclared(channel=self.slug, msn=msn, sequence=last + 1)
            self._discontinuities.append(declared)
            found.append(declared)
        return found

    def _complete(self, track: Track, msn: int, segment: Segment, now: UnixNs) -> list[Publication]:
        """Publish what the sixth part completes."""
        found: list[Publication] = []
        if msn not in self._holes:
            found.append(track.segment(msn))
        elif all(item.has(msn) for item in self._tracks.values()):
            del self._holes[msn]
            found += [item.refill(msn) for item in self._tracks.values() if msn in item.segments]
        if self._judge is None:
            # Parts of an earlier number are published, where an encoder ended within its first
            # segment: that number is judged too, or players would wait for the rest of it.
            self._first = self._judge = self._begun()
            self._complete_from = msn
            # A sender may begin with what it kept for us: let it do so in every rendition.
            self._not_before = UnixNs(now + _GRACE_NS)
        self._skip_complete()
        measured = track.measure(segment)
        if measured is not None:
            self._measured[measured.rendition] = measured
            found.append(measured)
        return found

    def _begun(self) -> int:
        """Return the lowest number of which there is any part."""
        return min(msn for track in self._tracks.values() for msn in track.segments)

    def _skip_complete(self) -> None:
        while self._judge is not None and self._judge <= (self._edge or 0):
            if not all(track.has(self._judge) for track in self._tracks.values()):
                break
            self._judge += 1

    def _declare_holes(self, now: UnixNs, last: int) -> list[Publication]:
        """Judge the numbers up to ``last`` whose time is up: complete, or a hole."""
        found: list[Publication] = []
        while self._judge is not None:
            self._skip_complete()
            due = max(end_of_segment(self._judge) + HOLE_AFTER_NS, self._not_before)
            if self._judge > last or now < due:
                break
            found.append(self._declare_hole(self._judge))
        return found

    def _declare_passed_by(self, now: UnixNs) -> list[Publication]:
        """Declare numbers that will not come: whatever lacks them has gone on to a later one.

        A sender sends its segments in order, so this is known as soon as a new encoder's first
        parts are there; low-latency players would otherwise stand still until the hole is due.
        """
        found: list[Publication] = []
        while self._judge is not None and now >= self._not_before:
            self._skip_complete()
            judge = self._judge
            lacking = [track for track in self._tracks.values() if not track.has(judge)]
            if not lacking or not all(track.has_begun_after(judge) for track in lacking):
                break
            found.append(self._declare_hole(judge))
        return found

    def _declare_hole(self, msn: int) -> HoleDeclared:
        hole = HoleDeclared(channel=self.slug, msn=msn, reason=self._reason())
        self._holes[msn] = hole
        self._judge = self._complete_from = msn + 1
        return hole

    def _reason(self) -> str:
        """Say why the number that is judged is missing."""
        lacking = [name for name, track in self._tracks.items() if not track.has(self._judge or 0)]
        return "no media" if len(lacking) == len(self._tracks) else f"no {', '.join(lacking)}"

    def _expire(self, newest: int) -> None:
        """Forget what is behind the window whose newest number is ``newest``."""
        if self._judge is not None:
            newest = max(newest, self._judge - 1)
        first = newest - WINDOW_SEGMENTS + 1
        if self._judge is not None and self._judge < first:
            self._judge = self._complete_from = first
        for track in self._tracks.values():
            track.expire(first)
        for msn in [msn for msn in self._holes if msn < first]:
            del self._holes[msn]
        self._expire_thumbnails(first)
        # The last one before the window stays: it tells the sequence at its start.
        while len(self._discontinuities) > 1 and self._discontinuities[1].msn <= first:
            del self._discontinuities[0]

    def _expire_thumbnails(self, first: int) -> None:
        for msn in [msn for msn in self._thumbnails if msn < first]:
            del self._thumbnails[msn]

    # An earlier process's window

    def _restore(self, restored: Iterable[Publication], now: UnixNs) -> None:
        items = list(restored)
        for item in items:
            self._restore_fact(item)
        parts = [item for item in items if isinstance(item, PartPublished)]
        for part in sorted(parts, key=lambda part: (part.msn, part.part)):
            self._restore_part(part)
        for item in items:
            if isinstance(item, SegmentPublished):
                self._restore_segment(item)
        self._restore_numbers(now)

    def _restore_fact(self, item: Publication) -> None:
        match item:
            case HeaderPublished() if item.rendition in self._tracks:
                self._tracks[item.rendition].headers[item.hash] = parse_header(item.data)
            case MeasuredBitrate() if item.rendition in self._tracks:
                self._measured[item.rendition] = item
                self._tracks[item.rendition].restore_rates(item)
            case HoleDeclared():
                self._holes[item.msn] = item
            case ThumbnailPublished():
                self._thumbnails[item.msn] = item
            case DiscontinuityDeclared():
                self._discontinuities.append(item)
            case ChannelState():
                self._state = item
            case TitlePlayed() if self.sound is not None:
                self.sound.restore(item)
            case _:
                pass

    def _restore_part(self, item: PartPublished) -> None:
        track = self._tracks.get(item.rendition)
        if track is None or item.header_hash not in track.headers:
            return
        have = track.segments.get(item.msn)
        if item.part != (0 if have is None else len(have.parts)):
            return  # a part before it was not written: what follows is of no use
        segment = track.segments.setdefault(item.msn, Segment(item.header_hash))
        segment.add(item.data, independent=item.independent)
        segment.published = len(segment.parts)
        track.current = track.segments[max(track.segments)].header_hash
        self._edge = max(item.msn, self._edge_or(item.msn))

    def _restore_segment(self, item: SegmentPublished) -> None:
        """Take a segment's marks, and its media where it was published whole."""
        track = self._tracks.get(item.rendition)
        if track is None:
            return
        for index, data in enumerate(split_parts(item.data) if item.data else ()):
            self._restore_part(
                PartPublished(
                    channel=self.slug,
                    rendition=item.rendition,
                    msn=item.msn,
                    part=index,
                    header_hash=item.header_hash,
                    independent=track.rendition.kind == "audio" or index % PARTS_PER_GOP == 0,
                    data=data,
                )
            )
        if item.msn in track.segments:
            track.segments[item.msn].slate = item.slate

    def _restore_numbers(self, now: UnixNs) -> None:
        complete = [
            msn
            for track in self._tracks.values()
            for msn, segment in track.segments.items()
            if segment.complete
        ]
        if self._edge is None or not complete:
            return
        self._not_before = UnixNs(now + _GRACE_NS)
        self._first = self._begun()
        beyond_holes = max(self._holes, default=-1) + 1
        self._complete_from = max(self._first, beyond_holes)
        # The earlier process judged all but the last numbers; a part it could not write to
        # its disk is no hole of the channel.
        self._judge = max(self._complete_from, self._edge - 1)
        self._skip_complete()
        self._expire(self._edge)


def _sound_of(slug: str, renditions: Sequence[Rendition]) -> RadioSound | None:
    """Return what a channel has if it is a radio: one with no picture."""
    return RadioSound(slug) if all(item.kind == "audio" for item in renditions) else None
