"""Joins the channels' machines with what carries their publications: sockets, spool, metrics.

One method publishes; it does not wait for anything, so that a part leaves in the same turn
of the event loop in which its last byte came.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import structlog

from core.clock import monotonic_ns, unix_ns
from core.config import ChannelSettings
from core.ladder import renditions_of
from core.publication import (
    ChannelState,
    DiscontinuityDeclared,
    HoleDeclared,
    MeasuredBitrate,
    Publication,
    SegmentPublished,
    TitlePlayed,
)
from core.timeline import SEGMENT_NS, UnixNs, start_of_part
from packager.archivist import Archivist
from packager.channel import ChannelMachine, Duplicate, Taken
from packager.course import Course
from packager.cutter import PartCut
from packager.followers import FollowerServer
from packager.metrics import PackagerMetrics
from packager.sound import RadioSound
from packager.store import LiveSpool
from packager.window import SnapshotItem

__all__ = ["Publisher"]

log = structlog.get_logger()

_Fact = ChannelState | DiscontinuityDeclared | HoleDeclared | MeasuredBitrate | TitlePlayed


class Publisher:
    """All channels of this packager."""

    def __init__(self, *, spool: LiveSpool, metrics: PackagerMetrics) -> None:
        self._spool, self._metrics = spool, metrics
        self._machines: dict[str, ChannelMachine] = {}
        self._spooled_from: dict[str, int] = {}
        self._course = Course(monotonic_ns=monotonic_ns(), unix_ns=unix_ns())
        self.followers: FollowerServer | None = None
        self.archivist: Archivist | None = None

    @property
    def machines(self) -> Mapping[str, ChannelMachine]:
        """The channels, by slug."""
        return self._machines

    def now(self) -> UnixNs:
        """Return the moment by the course, which no step of the system clock moves."""
        return self._course.now(monotonic_ns=monotonic_ns(), unix_ns=unix_ns())

    def configure(
        self,
        channels: Sequence[ChannelSettings],
        restored: Mapping[str, Iterable[Publication]] | None = None,
    ) -> None:
        """Take the configured channels; those that stay keep their window."""
        wanted = {channel.slug: renditions_of(channel) for channel in channels}
        for slug in set(self._machines) - set(wanted):
            del self._machines[slug]
            self._metrics.remove_channel(slug)
            self._spool.remove_channel(slug)
        for slug, renditions in wanted.items():
            if slug in self._machines:
                self._machines[slug].set_renditions(renditions)
            else:
                window = (restored or {}).get(slug, ())
                self._machines[slug] = ChannelMachine(
                    slug, renditions, now=self.now(), restored=window
                )
            self._metrics.add_channel(slug, [item.name for item in renditions])

    def take_part(self, machine: ChannelMachine, rendition: str, cut: PartCut) -> bool:
        """Publish a part with what follows from it; False if it was there before.

        Raises:
            FormatError: If it may not be published.
        """
        now, system = self.now(), unix_ns()
        verdict = machine.receive_part(rendition, cut, now=max(now, system))
        match verdict:
            case Taken(publications, kept):
                self._publish(machine, publications)
                self._spool.put([] if kept is None else [kept])
            case Duplicate():
                return False
        if start_of_part(cut.address) > now + SEGMENT_NS:
            log.warning("course_follows_system_clock", by_ns=system - now)
            self._course.adopt(monotonic_ns=monotonic_ns(), unix_ns=system)
        return True

    def take_thumbnail(self, machine: ChannelMachine, msn: int, data: bytes) -> bool:
        """Publish a thumbnail; False if there is one of that number.

        Raises:
            FormatError: If it may not be published.
        """
        match machine.receive_thumbnail(msn, data, now=max(self.now(), unix_ns())):
            case Taken(publications):
                self._publish(machine, publications)
                return True
            case Duplicate():
                return False

    def take_sound(
        self, machine: ChannelMachine, sound: RadioSound, number: int, data: bytes
    ) -> bool:
        """Publish a chunk of a radio's MP3; False if it is known or of no use any more.

        Raises:
            FormatError: If it may not be published.
        """
        chunk = sound.receive(number, data, now=max(self.now(), unix_ns()))
        if chunk is None:
            return False
        self._publish(machine, [chunk])
        return True

    def take_state(self, machine: ChannelMachine, state: ChannelState) -> None:
        """Publish what is on air."""
        self._publish(machine, machine.set_state(state))

    def advance(self) -> None:
        """Declare the holes that are due."""
        now = self.now()
        for machine in self._machines.values():
            for hole in (found := machine.advance(now)):
                log.warning("hole", channel=machine.slug, detail=str(hole))
            self._publish(machine, found)

    def snapshot(self) -> list[SnapshotItem]:
        """Return the window of all channels, and what is archived of their last hours."""
        found = [item for machine in self._machines.values() for item in machine.snapshot()]
        if self.archivist is not None:
            found += [(item, ()) for item in self.archivist.snapshot()]
        return found

    def tell(self, publications: list[Publication]) -> None:
        """Tell the followers what the archive has."""
        if self.followers is not None:
            self.followers.publish(publications)

    def _publish(self, machine: ChannelMachine, publications: list[Publication]) -> None:
        if not publications:
            return
        if self.followers is not None:
            self.followers.publish(publications)
        if self.archivist is not None:
            self.archivist.take(machine, publications)
        self._metrics.published(publications, now=unix_ns())
        self._spool.put(publications)
        if any(
            isinstance(item, _Fact) or (isinstance(item, SegmentPublished) and item.data)
            for item in publications
        ):
            self._spool.put_facts(machine.slug, machine.facts())
        first = machine.first_kept
        if first is not None and self._spooled_from.get(machine.slug) != first:
            self._spooled_from[machine.slug] = first
            self._spool.expire(machine.slug, first)
