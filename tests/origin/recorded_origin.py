"""An origin over a recorded past: a real server, a real archive on disk, and a clock of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from aiohttp import ClientSession

from core.archive_disk import DiskArchive
from core.archive_store import ArchiveError, ArchiveStore, StoredObject
from core.clock import unix_ns
from core.config import Settings
from core.guide import GuideSnapshot, Programme
from core.ladder import renditions_of
from core.publication import HeaderPublished, Publication, SegmentPublished, SnapshotEnd
from core.rights import Restrictions, restrictions_of
from core.timeline import UnixNs, start_of_segment
from origin.archive import ArchiveReader
from origin.archived_media import ArchivedMedia
from origin.connections import Connections, Limits
from origin.fastpath import FastPath, PublicServer
from origin.http import Past, Site, create_app
from origin.preparation import Preparation
from origin.prepared import ResponseTable
from origin.recordings import Recordings
from origin.tally import Tally
from origin.told import ToldHours
from tests.recorded_media import Media, Recorder

__all__ = [
    "EDGE",
    "CountingStore",
    "FixedGuide",
    "RecordedOrigin",
    "live_facts",
    "record_channels",
    "recorded_origin",
]

EDGE: Final = 467_500_000
"""Number of the newest segment that has ended, for tests that pass their own ``now``."""


class CountingStore:
    """A store that counts what is asked of it, and fails when it is told to."""

    backend = "disk"

    def __init__(self, store: ArchiveStore) -> None:
        self._store = store
        self.asked: list[str] = []
        self.broken = False

    async def put(self, key: str, data: Sequence[bytes | memoryview]) -> None:
        """Pass it on."""
        await self._store.put(key, data)

    async def get(self, key: str) -> bytes:
        """Count, and pass it on."""
        self.asked.append(key)
        if self.broken:
            raise ArchiveError("the store is away")
        return await self._store.get(key)

    async def objects(self, folder: str) -> list[StoredObject]:
        """Count, and pass it on."""
        self.asked.append(f"{folder}/*")
        if self.broken:
            raise ArchiveError("the store is away")
        return await self._store.objects(folder)

    async def folders(self, folder: str) -> list[str]:
        """Count, and pass it on."""
        self.asked.append(f"{folder}/*/")
        if self.broken:
            raise ArchiveError("the store is away")
        return await self._store.folders(folder)

    async def delete(self, keys: Iterable[str]) -> None:
        """Pass it on."""
        await self._store.delete(keys)

    async def free_bytes(self) -> int | None:
        """Pass it on."""
        return await self._store.free_bytes()

    def close(self) -> None:
        """Pass it on."""
        self._store.close()


@dataclass(slots=True)
class FixedGuide:
    """A guide that a test writes."""

    snapshots: dict[str, GuideSnapshot] = field(default_factory=dict)

    def programme(self, programme_id: str) -> Programme | None:
        """Return the programme of that id."""
        for snapshot in self.snapshots.values():
            for item in snapshot.programmes:
                if item.id == programme_id:
                    return item
        return None

    def restrictions(self, channel: str, now_s: int) -> Restrictions:
        """Return what may not be served."""
        snapshot = self.snapshots.get(channel, GuideSnapshot(channel=channel))
        return restrictions_of(snapshot, now_s=now_s)


@dataclass(slots=True)
class RecordedOrigin:
    """A running origin."""

    preparation: Preparation
    told: ToldHours
    store: CountingStore
    guide: FixedGuide
    tally: Tally
    site: str
    """Its address."""

    session: ClientSession
    now: UnixNs

    def tell(self, publications: Iterable[Publication]) -> None:
        """Publish."""
        for publication in publications:
            self.preparation.apply(publication, stored_ns=0)
            self.told.apply(publication)

    async def get(self, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
        """Return status, headers and body."""
        async with self.session.get(self.site + path, headers=headers) as response:
            return response.status, dict(response.headers), await response.read()

    async def text(self, path: str) -> str:
        """Return the text of a list, which must be there."""
        status, _, body = await self.get(path)
        assert status == 200, (path, status, body)
        return body.decode()


def media_of(settings: Settings, media: tuple[Media, Media]) -> list[tuple[str, str, Media]]:
    """Return (channel, rendition, media) of everything."""
    return [
        (channel.slug, item.name, media[item.kind == "audio"])
        for channel in settings.channels
        for item in renditions_of(channel)
    ]


def live_facts(
    settings: Settings, media: tuple[Media, Media], first: int, last: int
) -> list[Publication]:
    """Return what a packager tells of its live window."""
    tracks = media_of(settings, media)
    facts: list[Publication] = [
        HeaderPublished(channel=slug, rendition=name, hash=item.header_hash, data=item.header)
        for slug, name, item in tracks
    ]
    for msn in range(first, last + 1):
        facts += [
            SegmentPublished(
                channel=slug,
                rendition=name,
                msn=msn,
                header_hash=item.header_hash,
                slate=False,
                data=item.segment(msn),
            )
            for slug, name, item in tracks
        ]
    return [*facts, SnapshotEnd()]


def record_channels(
    settings: Settings, media: tuple[Media, Media], first: int, last: int, **how: object
) -> None:
    """Write both channels' past; blocks."""
    for slug, name, item in media_of(settings, media):
        Recorder(settings.archive_dir, item, slug, name).write(first, last, **how)  # type: ignore[arg-type]


@asynccontextmanager
async def recorded_origin(
    settings: Settings,
    *,
    facts: Iterable[Publication] = (),
    now: UnixNs | None = None,
    guide: FixedGuide | None = None,
    store: ArchiveStore | None = None,
) -> AsyncIterator[RecordedOrigin]:
    """Serve meanwhile.

    Args:
        settings: Of both channels.
        facts: What the packager tells at first.
        now: What the origin's clock says, until the test changes it; None for the real one.
        guide: Its rights.
        store: Its archive; None for the one on disk that the settings name.
    """
    table = ResponseTable(max_held=100)
    preparation = Preparation(table, settings.channels)
    tally = Tally(tuple(channel.slug for channel in settings.channels), table)
    counting = CountingStore(store or DiskArchive(Path(settings.archive_dir)))
    told = ToldHours()
    reader = ArchiveReader(counting, told, media_bytes=16_000_000)
    rights = guide or FixedGuide()
    fixed = start_of_segment(EDGE + 1) if now is None else now

    def clock() -> UnixNs:
        return origin.now or unix_ns()

    past = Past(
        Recordings(preparation, reader, rights, settings.channels, now=clock),
        ArchivedMedia(reader, rights, settings.channels, now=clock),
    )
    limits = Limits(header_s=8, idle_s=60)
    fast = FastPath(table=table, tally=tally, connections=Connections(limits))
    server = PublicServer(
        create_app(Site(preparation, tally, (), past)), fast, host="127.0.0.1", port=0
    )
    async with ClientSession() as session, asyncio.TaskGroup() as tasks:
        serving = tasks.create_task(server.run())
        await server.listening.wait()
        site = f"http://127.0.0.1:{server.port}"
        origin = RecordedOrigin(preparation, told, counting, rights, tally, site, session, fixed)
        preparation.begin_snapshot()
        origin.tell(facts)
        try:
            yield origin
        finally:
            serving.cancel()
            counting.close()
