"""Keeps the archive: old hours go, those that stay are verified (I/O shell).

Both run beside the archivist in the packager's process, slowly: an hour's sizes are read from its
index and remembered, removals and reading are bounded.

*Order of a removal.*  The index goes first.  A crash in the middle then leaves segments that no
index claims, and no playlist promises what is gone; the folder is still listed, so that the next
turn removes the rest.  With the index last, it would promise until then what is answered 404.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, NoReturn

import structlog

from core.archive import (
    NEVER_SENT,
    THUMBNAILS,
    HourIndex,
    hour_at,
    hour_folder,
    index_key,
    start_of_hour,
)
from core.archive_read import segment_sizes, stored_hours, verify_hour
from core.archive_rebuild import good_index, rebuild_hour
from core.archive_store import ArchiveStore
from core.clock import monotonic_ns
from core.config import ArchiveSettings, ChannelSettings
from core.errors import ConfigError
from core.retention import (
    KEPT_HOURS,
    HourAddress,
    KeepingRule,
    Removal,
    decide_retention,
    rule_of,
)
from core.scrub import LOST_KINDS, Fault, choose_hour
from core.tasks import supervise
from core.timeline import UnixNs
from packager.keeping_ledger import HourNote, KeepingLedger
from packager.keeping_metrics import KeepingMetrics

__all__ = ["Keeper"]

log = structlog.get_logger()

_TURN_S: Final = 60.0
_SHORT_TURN_S: Final = 2.0
"""Between turns that left something to do."""

_REMOVALS_A_TURN: Final = 24
_INDEXES_A_TURN: Final = 500
_IDLE_S: Final = 300.0
_SAVE_EVERY_NS: Final = 60_000_000_000
_DAY_S: Final = 86_400
_HOUR_S: Final = 3_600
_LINES_AN_HOUR: Final = 20
"""Log lines on the faults of one hour; the rest is counted."""

_REBUILT_AFTER_HOURS: Final = 24
"""A younger hour without index may still be the archivist's to close."""


class Keeper:
    """Retention and verification of all channels."""

    def __init__(
        self,
        *,
        store: ArchiveStore,
        ledger: KeepingLedger,
        metrics: KeepingMetrics,
        settings: ArchiveSettings,
        now: Callable[[], UnixNs],
    ) -> None:
        """Prepare; nothing is touched before :meth:`run`.

        Args:
            store: The archive.
            ledger: What an earlier process knew.
            metrics: Are told.
            settings: Free space and the pace of verification.
            now: The packager's course.
        """
        self._store, self._ledger, self._metrics = store, ledger, metrics
        self._settings, self._now = settings, now
        self._rules: dict[str, KeepingRule] = {}
        self._listed: dict[str, int] = {}
        """At which hour a channel's folders were listed."""

        self._known = asyncio.Event()
        """Set once it is known what is stored."""

        self._saved_ns = 0

    def configure(self, channels: Iterable[ChannelSettings]) -> None:
        """Keep these channels from now on; the hours of others are not touched."""
        rules: dict[str, KeepingRule] = {}
        for channel in channels:
            try:
                rules[channel.slug] = rule_of(channel)
            except ConfigError as error:  # nothing goes of a channel whose deposit is unclear
                log.warning("keeping_stopped", channel=channel.slug, detail=str(error))
        for slug in self._rules.keys() - rules.keys():
            self._ledger.forget_channel(slug)
            self._listed.pop(slug, None)
            self._metrics.remove_channel(slug)
        for slug in rules:
            self._metrics.add_channel(slug)
        self._rules = rules

    async def run(self) -> None:
        """Keep until cancelled."""
        await self.load()
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(supervise("keeping.retention", self._retain))
                if self._settings.scrub_mb_per_s:
                    tasks.create_task(supervise("keeping.scrub", self._scrub))
        finally:
            await asyncio.to_thread(self._ledger.save, self._ledger.take_changes())

    async def load(self) -> None:
        """Read what an earlier process knew."""
        await asyncio.to_thread(self._ledger.load, list(self._rules))

    # Retention

    async def _retain(self) -> NoReturn:
        while True:
            done = await self.turn()
            await asyncio.sleep(_TURN_S if done else _SHORT_TURN_S)

    async def turn(self) -> bool:
        """Remove what is to go now, up to a limit.

        Returns:
            False if there is more to do.

        Raises:
            ArchiveError: If the archive does not answer; what was done is done.
        """
        now = self._now()
        await self._list(hour_at(now))
        self._known.set()
        learned = await self._learn_sizes(hour_at(now))
        free = await self._store.free_bytes()
        removals = await asyncio.to_thread(
            self._decide,
            dict(self._ledger.notes),
            list(self._rules.values()),
            now,
            free if learned else None,  # shares are unknown until all sizes are
        )
        for removal in removals:
            await self._remove(removal)
        self._metrics.set_free(await self._store.free_bytes() if removals else free)
        await self._tell(now)
        await self._save()
        return learned and len(removals) < _REMOVALS_A_TURN

    def _decide(
        self,
        notes: Mapping[HourAddress, HourNote],
        rules: Sequence[KeepingRule],
        now: UnixNs,
        free_bytes: int | None,
    ) -> list[Removal]:
        """Decide in a thread: a station with years of deposit has many thousand hours."""
        return decide_retention(
            rules=rules,
            stored={key: note.size_bytes or 0 for key, note in notes.items()},
            now=now,
            free_bytes=free_bytes,
            min_free_bytes=round(self._settings.min_free_gb * 1e9),
            limit=_REMOVALS_A_TURN,
        )

    async def _list(self, present: int) -> None:
        for slug in list(self._rules):
            if self._listed.get(slug) != present:
                self._ledger.listed(slug, await stored_hours(self._store, slug))
                self._listed[slug] = present

    async def _learn_sizes(self, present: int) -> bool:
        """Learn sizes from indexes, some at a time; False while some are unknown."""
        unknown = [
            key
            for key, note in self._ledger.notes.items()
            if note.size_bytes is None and _is_closed(key, present)
        ]
        for key in unknown[:_INDEXES_A_TURN]:
            index = await good_index(self._store, *key)
            if index is None:
                sizes = await segment_sizes(self._store, *key)
                note = HourNote(size_bytes=sum(sizes.values()))
            else:
                note = await asyncio.to_thread(_note_of, index)
            self._ledger.change(key, note)
        return len(unknown) <= _INDEXES_A_TURN

    async def _remove(self, removal: Removal) -> None:
        channel, hour = removal.channel, removal.hour
        facts = {
            "channel": channel,
            "hour": hour_folder(channel, "*", hour),
            "renditions": removal.renditions,
            "size_bytes": removal.size_bytes,
        }
        if removal.why == "deposit":
            log.error("deposit_removed_for_space", **facts)
        elif removal.why == "space":
            log.warning("hour_removed_for_space", **facts)
        for rendition in removal.renditions:
            await self._store.delete([index_key(channel, rendition, hour)])
            left = await self._store.objects(hour_folder(channel, rendition, hour))
            await self._store.delete([item.key for item in left])
            self._ledger.forget((channel, rendition, hour))
        self._metrics.removed(channel, removal.why)
        if removal.why == "days":
            log.info("hour_removed", **facts)

    # Verification

    async def _scrub(self) -> NoReturn:
        await self._known.wait()
        while True:
            if not await self.scrub_once():
                await asyncio.sleep(_IDLE_S)

    async def scrub_once(self) -> bool:
        """Verify the next hour that is due; False if none is.

        Raises:
            ArchiveError: If the archive does not answer.
        """
        now = self._now()
        every_s = self._settings.scrub_days * _DAY_S
        key = await asyncio.to_thread(_next_due, dict(self._ledger.notes), now, every_s)
        if key is None:
            return False
        found = await verify_hour(self._store, *key, pace=self._pace)
        index = found.index
        if index is None:
            await self._mend_index(key, now)
            return True
        if found.faults and await good_index(self._store, *key) != index:
            return True  # it went, or was closed again, while it was read: not this time
        self._log_faults(key, found.faults)
        note = await asyncio.to_thread(_note_of, index)
        self._ledger.change(key, replace(note, lost=found.lost, verified_s=_seconds(now)))
        await self._tell(now)
        await self._save()
        return True

    async def _mend_index(self, key: HourAddress, now: UnixNs) -> None:
        """Make a lost or damaged index again, when nobody else will; else look again later."""
        channel, rendition, hour = key
        facts = {"channel": channel, "hour": hour_folder(channel, rendition, hour)}
        if hour >= hour_at(now) - _REBUILT_AFTER_HOURS:
            log.warning("index_missing", **facts)
            later_s = _seconds(now) - self._settings.scrub_days * _DAY_S + _HOUR_S
            before = self._ledger.notes.get(key, HourNote())
            self._ledger.change(key, replace(before, verified_s=later_s))
            return
        if key not in self._ledger.notes:  # removed while it was looked at
            return
        log.error("index_missing", **facts)
        index = await rebuild_hour(self._store, *key, pace=self._pace)
        log.warning("index_made_again", **facts)
        note = await asyncio.to_thread(_note_of, index)
        self._ledger.change(key, replace(note, verified_s=_seconds(now)))
        await self._tell(now)

    async def _pace(self, size_bytes: int) -> None:
        if self._settings.scrub_mb_per_s:
            await asyncio.sleep(size_bytes / (self._settings.scrub_mb_per_s * 1e6))

    def _log_faults(self, key: HourAddress, faults: tuple[Fault, ...]) -> None:
        channel, rendition, hour = key
        lost = [fault for fault in faults if fault.kind in LOST_KINDS]
        for fault in faults[:_LINES_AN_HOUR]:
            log.error(
                "archive_fault",
                channel=channel,
                rendition=rendition,
                msn=fault.msn,
                kind=fault.kind,
                detail=fault.detail,
            )
        if len(faults) > _LINES_AN_HOUR:
            where = hour_folder(channel, rendition, hour)
            log.error("archive_faults", hour=where, faults=len(faults), lost=len(lost))

    # What is told

    async def _tell(self, now: UnixNs) -> None:
        present, due_s = hour_at(now), _seconds(now) - self._settings.scrub_days * _DAY_S
        first = {slug: present - rule.archive_days * 24 for slug, rule in self._rules.items()}
        states = await asyncio.to_thread(_states, dict(self._ledger.notes), first, present, due_s)
        for slug, state in states.items():
            if slug in self._rules:  # a reload may have come in between
                self._metrics.set_channel(
                    slug,
                    oldest_s=None if state.oldest is None else start_of_hour(state.oldest) / 1e9,
                    missing=state.lost,
                    holes=state.holes,
                    unverified=state.due,
                )

    async def _save(self) -> None:
        if monotonic_ns() - self._saved_ns > _SAVE_EVERY_NS:
            self._saved_ns = monotonic_ns()
            await asyncio.to_thread(self._ledger.save, self._ledger.take_changes())


@dataclass(slots=True)
class _State:
    """What is told of a channel."""

    oldest: int | None = None
    """Hour of the oldest segment that is served."""

    lost: int = 0
    holes: int = 0
    due: int = 0


def _states(
    notes: Mapping[HourAddress, HourNote], first: Mapping[str, int], present: int, due_s: int
) -> dict[str, _State]:
    """Sum up each channel; ``first`` is the first hour that each serves."""
    states = {slug: _State() for slug in first}
    for key, note in notes.items():
        slug, rendition, hour = key
        state = states.get(slug)
        if state is None:
            continue
        state.lost += note.lost
        state.holes += note.holes
        state.due += _is_closed(key, present) and note.verified_s <= due_s
        if rendition != THUMBNAILS and hour >= first[slug]:
            state.oldest = hour if state.oldest is None else min(state.oldest, hour)
    return states


def _next_due(
    notes: Mapping[HourAddress, HourNote], now: UnixNs, every_s: int
) -> HourAddress | None:
    present = hour_at(now)
    verified = {key: note.verified_s for key, note in notes.items() if _is_closed(key, present)}
    return choose_hour(verified, now_s=_seconds(now), every_s=every_s)


def _is_closed(key: HourAddress, present: int) -> bool:
    """Tell whether an hour should have its index by now; thumbnails never have one."""
    return key[1] != THUMBNAILS and key[2] < present - KEPT_HOURS


def _note_of(index: HourIndex) -> HourNote:
    holes = (hole for hole in index.holes if hole.reason != NEVER_SENT)
    return HourNote(
        size_bytes=sum(record.size_bytes for record in index.records()),
        holes=sum(hole.last - hole.first + 1 for hole in holes),
    )


def _seconds(moment: UnixNs) -> int:
    return moment // 1_000_000_000
