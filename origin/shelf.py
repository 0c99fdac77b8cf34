"""What there is of a channel's past: the archive and the live window together (I/O shell)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from core.archive import TrackFacts, hours_of, numbers_of
from core.config import ChannelSettings
from core.errors import TimelineError
from core.ladder import find_rendition, renditions_of
from core.rights import Restrictions
from core.timeline import UnixNs, msn_at
from origin.archive import ArchiveReader
from origin.multivariant import rates_asked_for
from origin.recorded import HourView, Recording, record, window_runs
from origin.recorded_multivariant import RecordedRendition
from origin.window import ChannelWindow, LiveWindow

__all__ = ["NOTHING_THERE", "UNKNOWN", "Beginning", "Shelf"]

NOTHING_THERE: Final = (
    "Không có gì được lưu trong khoảng này.\nNothing of this span is in the archive."
)
UNKNOWN: Final = "Không có gì ở địa chỉ này.\nThere is no such thing here."


@dataclass(frozen=True, slots=True)
class Beginning:
    """Where a span's media begin."""

    first: int
    renditions: tuple[RecordedRendition, ...]
    closed: bool
    """Nothing that a multivariant playlist says of them will change."""


class Shelf:
    """Finds what there is; each method may raise :exc:`~core.archive_store.ArchiveError`."""

    def __init__(self, window: LiveWindow, reader: ArchiveReader) -> None:
        self._window, self._reader = window, reader

    def window(self, channel: str) -> ChannelWindow:
        """Return a channel's live window."""
        return self._window.channels[channel]

    def edge(self, window: ChannelWindow) -> int | None:
        """Return the newest number that has ended in every rendition that goes on."""
        ended = [track.last_whole for track in window.tracks.values()]
        known = [msn for msn in ended if msn is not None]
        return min(known) if known else None

    def until(self, window: ChannelWindow, last: int, now: UnixNs) -> int:
        """Return up to which number a list can go that ends with ``last``."""
        edge = self.edge(window)
        return min(last, msn_at(now) - 1 if edge is None else edge)

    async def record(
        self, channel: str, rendition: str, first: int, until: int, restrictions: Restrictions
    ) -> Recording:
        """Return what there is of a rendition between two numbers, both included."""
        hours = await self._reader.hours(channel, rendition, hours_of(first, until))
        track = self.window(channel).tracks.get(rendition)
        return record(
            first,
            until,
            hours=hours,
            live=window_runs(track),
            declared=self._reader.told.declared(channel),
            restrictions=restrictions,
        )

    async def last_of_channel(
        self,
        settings: ChannelSettings,
        rendition: str,
        last: int,
        until: int,
        restrictions: Restrictions,
    ) -> int:
        """Return the last number between two of which any rendition has media."""
        if last >= until:
            return last
        for name in await self.names(settings):
            if name != rendition:
                found = await self.record(settings.slug, name, last + 1, until, restrictions)
                if found.runs:
                    last = found.last
        return last

    async def names(self, settings: ChannelSettings) -> list[str]:
        """Return the renditions of the settings, then those that only the archive has."""
        names = [item.name for item in renditions_of(settings)]
        archived = await self._reader.renditions(settings.slug)
        return [*names, *(name for name in archived if name not in names)]

    async def require_rendition(self, settings: ChannelSettings, name: str) -> None:
        """Raise :exc:`~core.errors.TimelineError` if no rendition ever had that name."""
        if find_rendition(settings, name) is None and name not in await self.names(settings):
            raise TimelineError(UNKNOWN)

    async def beginning(
        self, settings: ChannelSettings, first: int, until: int, restrictions: Restrictions
    ) -> Beginning:
        """Find the first number of which there are media, and what there is of it.

        Raises:
            TimelineError: If there is nothing.
        """
        slug = settings.slug
        names = await self.names(settings)
        window = self.window(slug)
        live = {name: window_runs(window.tracks.get(name)) for name in names}
        for hour in hours_of(first, until):
            views = await self._reader.side_by_side(slug, names, hour)
            numbers = numbers_of(hour)
            found = {
                name: record(
                    max(first, numbers.start),
                    min(until, numbers.stop - 1),
                    hours=[views[name]],
                    live=live[name],
                    declared=(),
                    restrictions=restrictions,
                )
                for name in names
            }
            begun = [item.first for item in found.values() if item.runs]
            if begun:
                begin = min(begun)
                here = [name for name in names if found[name].holds(begin)]
                renditions = (self._described(settings, name, views[name]) for name in here)
                return Beginning(
                    begin,
                    tuple(item for item in renditions if item is not None),
                    closed=all(views[name].closed for name in here),
                )
        raise TimelineError(NOTHING_THERE)

    def _described(
        self, settings: ChannelSettings, name: str, view: HourView
    ) -> RecordedRendition | None:
        configured = find_rendition(settings, name)
        window = self.window(settings.slug)
        live = window.tracks.get(name)
        header = None if live is None else live.header
        track = view.track
        if track is None and header is not None:
            track = TrackFacts(
                kind=header.kind,
                codec=header.codec,
                width=header.width,
                height=header.height,
                channels=header.channels,
            )
        if track is None:
            return None
        if not track.frame_rate and configured is not None:
            track = replace(track, frame_rate=configured.frame_rate)
        if view.peak_bps:
            rates = view.peak_bps, view.average_bps
        elif live is not None and live.bitrate is not None:
            rates = live.bitrate
        elif configured is not None:
            rates = rates_asked_for(configured)
        else:
            return None
        return RecordedRendition(name=name, track=track, peak_bps=rates[0], average_bps=rates[1])
