"""The packager's task tree."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Final, NoReturn

import structlog
from aiohttp import web

from core.admin import AdminPort, new_registry, serve_application
from core.archive_open import open_archive
from core.config import Settings, load_settings
from core.errors import ConfigError
from packager.archive_journal import Journal
from packager.archivist import Archivist
from packager.channel import ChannelMachine
from packager.followers import FollowerServer
from packager.http import Uploads, uploads_application
from packager.keeping import Keeper
from packager.keeping_ledger import KeepingLedger
from packager.keeping_metrics import KeepingMetrics
from packager.metrics import ArchiveMetrics, PackagerMetrics
from packager.publisher import Publisher
from packager.store import LiveSpool

__all__ = ["PackagerService"]

log = structlog.get_logger()

_TICK_S: Final = 0.1
"""How often holes are looked for."""


class PackagerService:
    """One packager: uploads in, publications out."""

    def __init__(self, settings: Settings, *, file: Path, secret: str) -> None:
        """Prepare; nothing is opened before :meth:`run`.

        Args:
            settings: Checked.
            file: Where they came from, for a reload.
            secret: The internal secret.
        """
        self._settings, self._file, self._secret = settings, file, secret
        self._registry = new_registry("packager")
        self._metrics = PackagerMetrics(self._registry)
        self._spool = LiveSpool(settings.paths.data_dir / "live", failed=self._metrics.spool_failed)
        self._publisher = Publisher(spool=self._spool, metrics=self._metrics)
        self._followers = FollowerServer(
            settings.packager_socket, snapshot=self._publisher.snapshot
        )
        self._publisher.followers = self._followers
        self._store = open_archive(settings)
        self._archivist = Archivist(
            store=self._store,
            journal=Journal(settings.paths.data_dir / "journal"),
            metrics=ArchiveMetrics(self._registry, backend=self._store.backend),
            max_pending_bytes=settings.archive.max_pending_mb * 1_000_000,
            machines=lambda: self._publisher.machines,
            now=self._publisher.now,
            publish=self._publisher.tell,
        )
        self._publisher.archivist = self._archivist
        self._keeper = Keeper(
            store=self._store,
            ledger=KeepingLedger(settings.paths.data_dir / "keeping"),
            metrics=KeepingMetrics(self._registry, backend=self._store.backend),
            settings=settings.archive,
            now=self._publisher.now,
        )
        self._uploads_open = False

    async def run(self) -> None:
        """Serve until cancelled.

        Raises:
            ConfigError: Inside an exception group, if a port or the socket cannot be had.
        """
        channels = self._settings.channels
        restored = await asyncio.to_thread(self._spool.load, [item.slug for item in channels])
        self._publisher.configure(channels, restored)
        self._archivist.configure(channels)
        self._keeper.configure(channels)
        network = self._settings.network
        uploads = uploads_application(
            Uploads(publisher=self._publisher, spool=self._spool, metrics=self._metrics),
            secret=self._secret,
        )
        uploads.on_startup.append(self._note_open)
        admin = AdminPort(
            service="packager",
            host=network.internal_host,
            port=network.packager_admin_port,
            registry=self._registry,
            not_ready=self._not_ready,
            secret=self._secret,
            routes=(web.get("/status", self._status), web.post("/reload", self._reload)),
        )
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._spool.run())
            tasks.create_task(self._followers.run())
            tasks.create_task(self._tick())
            tasks.create_task(self._archivist.run())
            tasks.create_task(self._keeper.run())
            tasks.create_task(admin.run())
            await self._followers.listening.wait()  # the edge first, then the media
            tasks.create_task(serve_application(uploads, network.internal_host, network.cmaf_port))

    async def _tick(self) -> NoReturn:
        while True:
            await asyncio.sleep(_TICK_S)
            self._publisher.advance()

    async def _note_open(self, _: web.Application) -> None:
        self._uploads_open = True

    def _not_ready(self) -> str | None:
        if not self._followers.listening.is_set():
            return "the publication socket is not open"
        return None if self._uploads_open else "the CMAF port is not open"

    async def _status(self, _: web.Request) -> web.Response:
        machines = self._publisher.machines
        return web.json_response(
            {
                "followers": self._followers.followers,
                "channels": {
                    slug: {**describe(machine), "archive": self._archivist.status(slug)}
                    for slug, machine in machines.items()
                },
            }
        )

    async def _reload(self, _: web.Request) -> web.Response:
        try:
            settings = await asyncio.to_thread(load_settings, self._file)
            refuse_moves(self._settings, settings)
        except ConfigError as error:
            return web.Response(status=409, text=f"{error}\n")
        self._settings = settings
        self._publisher.configure(settings.channels)
        self._archivist.configure(settings.channels)
        self._keeper.configure(settings.channels)
        log.info("reloaded", channels=[item.slug for item in settings.channels])
        return web.Response(status=204)


def refuse_moves(old: Settings, new: Settings) -> None:
    """Refuse settings that would take effect only in a new process.

    Raises:
        ConfigError: With one sentence.
    """
    pairs = (
        ("paths.data_dir", old.paths.data_dir, new.paths.data_dir),
        ("paths.run_dir", old.paths.run_dir, new.paths.run_dir),
        ("archive", old.archive, new.archive),
        ("network.internal_host", old.network.internal_host, new.network.internal_host),
        ("network.cmaf_port", old.network.cmaf_port, new.network.cmaf_port),
        (
            "network.packager_admin_port",
            old.network.packager_admin_port,
            new.network.packager_admin_port,
        ),
    )
    moved = [name for name, before, after in pairs if before != after]
    if moved:
        raise ConfigError(f"{', '.join(moved)}: a change needs a restart of the packager")


def describe(machine: ChannelMachine) -> dict[str, object]:
    """Return what ``lensong status`` is told of a channel."""
    status = machine.status()
    return {
        "edge_msn": status.edge_msn,
        "holes": status.holes,
        "complete_since_ns": status.complete_since_ns,
        "renditions": {
            name: None if newest is None else {"msn": newest.msn, "part": newest.part}
            for name, newest in status.renditions.items()
        },
    }
