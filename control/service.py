"""The control room's task tree: the snapshots kept fresh, the folder watched, the API served."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, Final

import structlog
from aiohttp import web

from control.clip_jobs import ClipJobs
from control.clip_routes import ClipRoutes
from control.database import DatabaseError
from control.folder import GuideFolder
from control.http import Api, caller_of
from control.journal import Act
from control.metrics import GuideMetrics
from control.podcasts import Episodes
from control.room import ControlRoom
from control.state import GuideState
from core.admin import AdminPort, new_registry, serve_application
from core.archive_open import open_archive
from core.clock import unix_ns
from core.config import Settings, load_settings
from core.environment import operator_key_hashes
from core.errors import ConfigError
from core.tasks import supervise

__all__ = ["ControlService"]

log = structlog.get_logger()

_POLL_S: Final = 0.5
_LOOK_S: Final = 2.0
_REWRITE_S: Final = 3_600
"""Snapshots are a window on the guide that moves with time, so they are written again by then."""

_LINGERING_S: Final = 1.0


class ControlService:
    """The control room's process."""

    def __init__(self, path: Path, settings: Settings, *, secret: str) -> None:
        """Prepare; nothing is opened before :meth:`run`.  Reads the host's time zones.

        Args:
            path: The settings file, for a reload.
            settings: What it says now.
            secret: The internal secret.

        Raises:
            ConfigError: If an operator's key, the zone or the database's URL is wrong.
        """
        self._path, self._settings = path, settings
        self._room = ControlRoom(settings)
        self.state = GuideState(self._room.channels)
        self._jobs = ClipJobs(settings, lambda: open_archive(self._settings))
        self._episodes = Episodes(self._jobs)
        self._api = Api(
            self._room,
            is_open=lambda: self.state.is_open,
            more=[ClipRoutes(self._jobs, self._note, caller_of).add_to],
        )
        self._api.hashes = operator_key_hashes(settings)
        self._written: dict[str, tuple[int, int]] = {}
        network = settings.network
        registry = new_registry("control")
        registry.register(GuideMetrics(self.state, lambda: unix_ns() / 1e9))
        self._admin = AdminPort(
            service="control",
            host=network.internal_host,
            port=network.control_admin_port,
            registry=registry,
            not_ready=lambda: None if self.state.is_open else self.state.why_not,
            secret=secret,
            routes=(web.get("/status", self._status), web.post("/reload", self._reload)),
        )

    async def run(self) -> None:
        """Serve until cancelled.

        Raises:
            ConfigError: In an exception group, if a port cannot be had.
        """
        network = self._settings.network
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._admin.run())
                tasks.create_task(
                    serve_application(
                        self._api.application(),
                        network.api_host,
                        network.api_port,
                        lingering_s=_LINGERING_S,
                    )
                )
                tasks.create_task(
                    supervise("guide", self._keep_guide, min_pause_s=0.5, max_pause_s=5.0)
                )
                tasks.create_task(
                    supervise("folder", self._keep_folder, min_pause_s=_LOOK_S, max_pause_s=30.0)
                )
                tasks.create_task(
                    supervise("clips", self._jobs.run, min_pause_s=1.0, max_pause_s=60.0)
                )
                tasks.create_task(
                    supervise("podcasts", self._episodes.run, min_pause_s=1.0, max_pause_s=60.0)
                )
        finally:
            await asyncio.to_thread(self._room.close)

    async def _keep_guide(self) -> None:
        """Write the snapshots of channels that changed, for ever.  Cancelling is safe.

        Raises:
            DatabaseError: When the database stops answering.
            SnapshotError: When a snapshot cannot be written.
        """
        try:
            await asyncio.to_thread(self._room.open)
            while True:
                await asyncio.to_thread(self._round, unix_ns() // 1_000_000_000)
                await asyncio.sleep(_POLL_S)
        except DatabaseError as error:
            self.state.is_open, self.state.why_not = False, str(error)
            raise

    def _round(self, now_s: int) -> None:
        room, state = self._room, self.state
        state.channels = room.channels
        versions = room.store.versions()
        if set(room.channels) - versions.keys():
            room.open()  # a reload brought a channel
            versions = room.store.versions()
        changed = [
            channel
            for channel in room.channels
            if self._written.get(channel, (0, 0))[0] != versions[channel]
            or now_s - self._written[channel][1] >= _REWRITE_S
        ]
        for channel in changed:
            room.snapshots.write([channel], now_s=now_s)
            self._written[channel] = (versions[channel], now_s)
        if changed:
            state.ends_s = room.store.ends()
        state.imports = room.store.import_counts()
        for channel in room.channels:
            written_s = room.snapshots.written_s(channel)
            if written_s is not None:
                state.written_s[channel] = written_s
        state.is_open = True

    async def _note(self, who: str, action: str, subject: str, after: Any) -> None:
        """Write into the audit what was done with a clip."""
        act = Act(who, unix_ns() // 1_000_000_000)
        await asyncio.to_thread(self._room.store.note, act, action, subject, after)

    async def _keep_folder(self) -> None:
        """Import what is laid into the watched folder, for ever.  Cancelling is safe."""
        folder: GuideFolder | None = None
        watched: Path | None = None
        while True:
            wanted = self._settings.guide.watch_dir
            if wanted != watched:
                watched = wanted
                folder = None if wanted is None else GuideFolder(wanted, self._room)
            if folder is not None and self.state.is_open:
                await asyncio.to_thread(folder.look, unix_ns() // 1_000_000_000)
            await asyncio.sleep(_LOOK_S)

    async def _status(self, _: web.Request) -> web.Response:
        return web.json_response(self.state.describe(unix_ns() / 1e9))

    async def _reload(self, _: web.Request) -> web.Response:
        try:
            settings = await asyncio.to_thread(load_settings, self._path)
            await asyncio.to_thread(self._take, settings)
        except ConfigError as error:
            log.warning("reload refused", detail=str(error))
            return web.Response(status=409, text=f"{error}\n")
        log.info("reloaded", channels=len(settings.channels))
        return web.Response(status=204)

    def _take(self, settings: Settings) -> None:
        old = self._settings
        if (settings.network, settings.paths, settings.control.database_env) != (
            old.network,
            old.paths,
            old.control.database_env,
        ):
            raise ConfigError(
                "a change of [network], [paths] or control.database_env needs a restart"
            )
        hashes = operator_key_hashes(settings)
        self._room.configure(settings)
        self._jobs.configure(settings)
        self._api.hashes = hashes
        self._settings = settings
