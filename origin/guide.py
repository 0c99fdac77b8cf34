"""The programme guide in this origin: read when it changes, held, told to who listens (I/O shell).

The control room writes the guide's snapshots (``core.guide``); while it is down the last ones hold.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import structlog

from core.clock import unix_ns
from core.guide import GuideSnapshot, Programme
from core.guide_files import GuideFiles
from core.rights import Restrictions, restrictions_of
from core.text import clean_line, clean_text
from origin.schedule import Schedule

__all__ = ["Guide", "Listener", "cleaned"]

log = structlog.get_logger()

Listener = Callable[[frozenset[str]], None]
"""Called with the slugs whose guide changed; it must not raise and must not block."""

_EVERY_S: Final = 1.0
_AHEAD_S: Final = 10
_MINUTES_HELD: Final = 4
_LINE: Final = 300
_DESCRIPTION: Final = 20_000
_UNTITLED: Final = "Chương trình"


@dataclass(frozen=True, slots=True)
class _Known:
    """One channel's guide, and what is looked up in it."""

    snapshot: GuideSnapshot
    schedule: Schedule
    programmes: Mapping[str, Programme]


class Guide:
    """The newest guide of each channel."""

    def __init__(self, folder: Path, channels: Iterable[str]) -> None:
        """Begin empty; nothing is read before :meth:`refresh`.

        Args:
            folder: Where the snapshots lie, ``{data_dir}/guide``.
            channels: Slugs.
        """
        self._folder = folder
        self._known: dict[str, _Known] = {}
        self._listeners: list[Listener] = []
        self._reading = asyncio.Lock()
        # By channel, then by minute since the epoch.
        self._restrictions: dict[str, dict[int, Restrictions]] = {}
        self.configure(channels)

    def configure(self, channels: Iterable[str]) -> None:
        """Hold the guides of these channels from now on; each is read anew."""
        self._channels = tuple(channels)
        self._files = GuideFiles(self._folder)
        for slug in self._known.keys() - set(self._channels):
            del self._known[slug]
            self._restrictions.pop(slug, None)

    def listen(self, listener: Listener) -> None:
        """Tell ``listener`` of every change from now on."""
        self._listeners.append(listener)

    async def run(self) -> None:
        """Read what changed, once a second, for ever.  Cancelling is safe."""
        while True:
            await self.refresh()
            await asyncio.sleep(_EVERY_S)

    async def refresh(self) -> None:
        """Read what changed, and tell the listeners.  Cancelling is safe."""
        async with self._reading:
            await self._refresh()

    async def _refresh(self) -> None:
        read = await asyncio.to_thread(_read, self._files, self._channels)
        # The channels may have been configured anew meanwhile.
        changed = frozenset(read) & frozenset(self._channels)
        for slug in changed:
            self._known[slug] = read[slug]
            self._restrictions.pop(slug, None)
        if changed:
            log.info("guide read", channels=sorted(changed))
            for listener in self._listeners:
                listener(changed)
        await self._foresee(unix_ns() // 1_000_000_000)

    async def _foresee(self, now_s: int) -> None:
        """Work out this minute's and the coming one's restrictions beside the loop.

        A guide of 200 days costs about 50 ms; a request would have to wait for that.
        """
        minutes = {now_s // 60, (now_s + _AHEAD_S) // 60}
        wanted = [
            (known.snapshot, minute)
            for slug, known in self._known.items()
            for minute in sorted(minutes - self._restrictions.get(slug, {}).keys())
        ]
        if not wanted:
            return
        made = await asyncio.to_thread(lambda: [_restrict(*which) for which in wanted])
        for (snapshot, minute), found in zip(wanted, made, strict=True):
            if self.snapshot(snapshot.channel) is snapshot:
                self._keep(snapshot.channel, minute, found)

    def snapshot(self, channel: str) -> GuideSnapshot:
        """Return what is known of a channel's guide; an empty one when nothing is."""
        known = self._known.get(channel)
        return GuideSnapshot(channel=channel) if known is None else known.snapshot

    def schedule(self, channel: str) -> Schedule:
        """Return a channel's programmes by time."""
        known = self._known.get(channel)
        return Schedule() if known is None else known.schedule

    def programme(self, programme_id: str) -> Programme | None:
        """Return the programme of that id, of any channel."""
        for known in self._known.values():
            found = known.programmes.get(programme_id)
            if found is not None:
                return found
        return None

    def restrictions(self, channel: str, now_s: int) -> Restrictions:
        """Return what of a channel may not be served at ``now_s`` (UNIX seconds).

        They are worked out once a minute and when the guide changes, for the end of that minute:
        what will be refused within it is refused already, never the other way round.
        """
        minute = now_s // 60
        found = self._restrictions.get(channel, {}).get(minute)
        if found is None:
            found = self._keep(channel, minute, _restrict(self.snapshot(channel), minute))
        return found

    def _keep(self, channel: str, minute: int, found: Restrictions) -> Restrictions:
        by_minute = self._restrictions.setdefault(channel, {})
        by_minute[minute] = found
        if len(by_minute) > _MINUTES_HELD:
            del by_minute[min(by_minute)]
        return found


def cleaned(snapshot: GuideSnapshot) -> GuideSnapshot:
    """Return a snapshot whose texts can be shown anywhere: no control characters, no endless ones.

    The control room cleans what it takes in; this holds whoever wrote the file.
    """
    return replace(snapshot, programmes=tuple(map(_clean, snapshot.programmes)))


def _clean(item: Programme) -> Programme:
    categories = (clean_line(name, _LINE) for name in item.categories)
    image = item.image if item.image.startswith(("https://", "http://")) else ""
    return replace(
        item,
        title=clean_line(item.title, _LINE) or _UNTITLED,
        subtitle=clean_line(item.subtitle, _LINE),
        description=clean_text(item.description, _DESCRIPTION),
        categories=tuple(name for name in categories if name),
        episode=clean_line(item.episode, _LINE),
        series=clean_line(item.series, _LINE),
        image=clean_line(image, 4 * _LINE),
    )


def _restrict(snapshot: GuideSnapshot, minute: int) -> Restrictions:
    return restrictions_of(snapshot, now_s=60 * minute + 59)


def _read(files: GuideFiles, channels: tuple[str, ...]) -> dict[str, _Known]:
    return {item.channel: _index(cleaned(item)) for item in files.read_changed(channels)}


def _index(snapshot: GuideSnapshot) -> _Known:
    programmes = {item.id: item for item in snapshot.programmes}
    return _Known(snapshot, Schedule(snapshot.programmes), programmes)
