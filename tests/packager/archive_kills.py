"""Kill the packager while it archives, again and again, and look what is left."""

from __future__ import annotations

import asyncio
import hashlib
import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

import aiohttp

from core.archive import HourIndex, SegmentRecord, parse_index, segment_key
from core.publication import HourArchived, Publication, SegmentArchived, SegmentPublished
from tests.cmaf_media import make_segment
from tests.packager.station import Follower, Sender, Station, live_msn, process, ready, sending

__all__ = ["KillReport", "kill_while_archiving"]

_NEW_NUMBERS = 2
"""Segments that are sent between one kill and the next, in each rendition."""


@dataclass(slots=True)
class KillReport:
    """What was seen."""

    kills: int = 0
    acknowledged: int = 0
    """Segments of which the packager said that they are archived."""

    missing: list[str] = field(default_factory=list)
    """Those that were not there afterwards, or with other bytes."""

    uploaded: int = 0
    """Segments whose upload was answered."""

    lost_at_most: int = 0
    """The most segments of one kill that were uploaded and are not archived in the end."""


async def kill_while_archiving(
    station: Station,
    *,
    kills: int,
    rng: random.Random,
    report: KillReport,
    tell: Callable[[str], None] = lambda _: None,
) -> None:
    """Send segments, kill at a random moment, start again; at last compare every byte.

    Args:
        station: Fresh; at most 20 kills use up its live window.
        kills: How many.
        rng: Chooses the moments.
        report: Grows.
        tell: Told of the progress.
    """
    first = live_msn() - 22
    acknowledged: dict[tuple[str, int], str] = {}
    uploaded: dict[tuple[str, int], int] = {}
    for kill in range(kills):
        numbers = [first + kill * _NEW_NUMBERS + i for i in range(_NEW_NUMBERS)]
        if numbers[-1] > live_msn():
            break
        async with process(station) as child, sending(station) as sender:
            await ready(sender.session, station, child)
            async with asyncio.TaskGroup() as tasks:
                listening = tasks.create_task(_listen(station, acknowledged))
                posting = tasks.create_task(_post(sender, numbers, uploaded, kill))
                await asyncio.sleep(rng.uniform(0.01, 0.25))
                child.kill()
                await child.wait()
                posting.cancel()
                listening.cancel()
        report.kills += 1
        tell(f"{report.kills} kills, {len(acknowledged)} segments acknowledged")
    await _compare(station, acknowledged, uploaded, report)


async def _listen(station: Station, acknowledged: dict[tuple[str, int], str]) -> None:
    """Note what the packager acknowledges, from its first word to its last."""
    with suppress(OSError, AssertionError):
        async with Follower.connect(station.settings.packager_socket) as follower:
            at = 0
            while True:
                for item in follower.heard[at:]:
                    if isinstance(item, SegmentArchived):
                        acknowledged[item.rendition, item.msn] = item.sha256
                    if isinstance(item, HourArchived):
                        for record in _records(item):
                            acknowledged[item.rendition, record.msn] = record.sha256.hex()
                at = len(follower.heard)
                await follower.until(_is_archived)


def _is_archived(item: Publication) -> bool:
    return isinstance(item, SegmentArchived | HourArchived)


def _records(item: HourArchived) -> list[SegmentRecord]:
    index: HourIndex = parse_index(item.data)
    return list(index.records())


async def _post(
    sender: Sender, numbers: list[int], uploaded: dict[tuple[str, int], int], kill: int
) -> None:
    with suppress(OSError, aiohttp.ClientError):
        await sender.headers()
        for msn in numbers:
            for item in sender.station.renditions:
                status, _ = await sender.post(item.name, make_segment(item, msn))
                if status == 200:
                    uploaded[item.name, msn] = kill


async def _compare(
    station: Station,
    acknowledged: dict[tuple[str, int], str],
    uploaded: dict[tuple[str, int], int],
    report: KillReport,
) -> None:
    """Start once more, let the rest be archived, and read every object."""
    published: set[tuple[str, int]] = set()
    final: dict[tuple[str, int], str] = {}
    async with process(station) as child, sending(station) as sender:
        await ready(sender.session, station, child)
        async with Follower.connect(station.settings.packager_socket) as follower:
            for item in follower.heard:
                if isinstance(item, SegmentPublished):
                    published.add((item.rendition, item.msn))
        async with asyncio.timeout(30):
            while published - final.keys():
                async with asyncio.TaskGroup() as tasks:
                    listening = tasks.create_task(_listen(station, final))
                    await asyncio.sleep(0.3)
                    listening.cancel()
        child.terminate()
        await child.wait()
    report.acknowledged += len(acknowledged)
    report.uploaded += len(uploaded)
    for (rendition, msn), digest in {**final, **acknowledged}.items():
        path = station.settings.archive_dir / segment_key("hytv", rendition, msn)
        data = await asyncio.to_thread(_read, path)
        if hashlib.sha256(data).hexdigest() != digest:
            report.missing.append(f"{rendition} {msn}")
    for kill in set(uploaded.values()):
        lost = {key for key, number in uploaded.items() if number == kill} - final.keys()
        report.lost_at_most = max(report.lost_at_most, len(lost))


def _read(path: object) -> bytes:
    try:
        with open(str(path), "rb") as file:  # noqa: PTH123
            return file.read()
    except FileNotFoundError:
        return b""
