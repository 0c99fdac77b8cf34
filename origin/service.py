"""The origin's task tree: follow the packager, serve the public port, serve the admin port."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Final

import structlog
from aiohttp import web
from prometheus_client import CollectorRegistry

from core.admin import AdminPort, new_registry
from core.archive_open import open_archive
from core.clock import monotonic_ns, unix_ns
from core.config import Settings, load_settings
from core.errors import ConfigError
from core.publication import Publication
from core.tasks import supervise
from core.timeline import end_of_part
from origin.app_manifest import render_manifest
from origin.archive import ArchiveReader
from origin.archived_media import ArchivedMedia
from origin.audience import AudienceDesk
from origin.clips import ClipSite
from origin.connections import Connections, Limits
from origin.exports import Exports
from origin.fastpath import FastPath, PublicServer
from origin.guide import Guide
from origin.http import Past, Site, create_app
from origin.link_previews import LinkPreviews, Sources
from origin.listeners import RadioDesk
from origin.metrics import LiveEdgeLag
from origin.preparation import Preparation
from origin.prepared import ResponseTable
from origin.privacy import PRIVACY_PATH, render_privacy
from origin.provinces import open_provinces
from origin.qoe import QoeDesk
from origin.recordings import Recordings
from origin.store import Follower
from origin.tally import Tally
from origin.told import ToldHours
from origin.web import DIST, WebApp, read_files
from origin.window import Change, missing_runs

__all__ = ["Origin"]

log = structlog.get_logger()

_PATIENCE_NS: Final = 15_000_000_000
"""How long a channel may take to appear before the origin counts as ready without it."""

_GRACE_NS: Final = 5_000_000_000
"""How long the origin counts as ready without a packager: the time of its restart."""

_WINDOW_S: Final = 2.0
"""How long an origin that starts waits for the packager's window before it opens its port."""


class Origin:
    """One origin process."""

    def __init__(self, path: Path, settings: Settings, *, index: int, secret: str) -> None:
        """Prepare; only the table of provinces is opened before :meth:`run`.

        Args:
            path: The settings file, for a reload.
            settings: What it says now.
            index: Which of the origins this is, from 0; it decides the admin port.
            secret: The internal secret.

        Raises:
            ConfigError: If that table cannot be read.
        """
        self._path, self._settings, self._index = path, settings, index
        slugs = tuple(channel.slug for channel in settings.channels)
        self.table = ResponseTable(max_held=settings.origin.max_held_requests)
        self.preparation = Preparation(self.table, settings.channels)
        self._files: Mapping[str, bytes] = {}
        self._tally = Tally(slugs, self.table)
        self.guide = Guide(settings.guide_dir, slugs)
        self.exports = Exports(self.table, self.preparation.window, self.guide, settings)
        self._clips = ClipSite(settings, self.guide, self._tally)
        self._radio = RadioDesk(settings.channels, self._tally)
        provinces = open_provinces(settings.origin.provinces_file)
        counts = settings.monitoring.count_viewers
        self._qoe = QoeDesk(settings.channels, self._tally, collects=counts, provinces=provinces)
        self._audience = AudienceDesk(
            self._qoe.audience, self._radio.audience, places=self._qoe.places
        )
        self._told = ToldHours()
        self._archive = open_archive(settings)
        self._reader = ArchiveReader(
            self._archive, self._told, media_bytes=settings.origin.media_cache_mb * 1_000_000
        )
        self._past = Past(
            Recordings(self.preparation, self._reader, self.guide, settings.channels, now=unix_ns),
            ArchivedMedia(self._reader, self.guide, settings.channels, now=unix_ns),
        )
        self._previews, self._web = self._make_web(settings)
        connections = Connections(
            Limits(header_s=settings.origin.header_timeout_s, idle_s=settings.origin.idle_timeout_s)
        )
        self.public = self._make_public(connections)
        self.follower = Follower(
            settings.packager_socket, self.preparation, self._changed, self._take_told
        )
        registry = new_registry("origin")
        lag = LiveEdgeLag(self.preparation, unix_ns)
        mine = (self._tally, connections, self._radio, lag, self._reader, self._qoe.counts)
        for collector in mine:
            registry.register(collector)
        self._admin = self._make_admin(registry, secret)

    async def run(self) -> None:
        """Serve until cancelled.

        Raises:
            ConfigError: In an exception group, if a port cannot be had.
        """
        self._files = await asyncio.to_thread(read_files, DIST)
        # Nothing is answered before the rights are known.
        await self.guide.refresh()
        self._put_fixed()
        await self.exports.refresh()
        follow = partial(supervise, "packager", self.follower.run, min_pause_s=0.1, max_pause_s=1.0)
        try:
            await self._serve(follow)
        finally:
            self._archive.close()

    async def _serve(self, follow: Callable[[], Coroutine[Any, Any, None]]) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(follow())
            tasks.create_task(self._admin.run())
            tasks.create_task(self.guide.run())
            tasks.create_task(self.exports.run())
            tasks.create_task(self._web.run())
            tasks.create_task(self._audience.run())
            # Several origins share the port: one that restarts takes no viewer before it has
            # the window, unless there is none to be had.
            with suppress(TimeoutError):
                async with asyncio.timeout(_WINDOW_S):
                    await self.follower.told.wait()
            tasks.create_task(self.public.run())

    def not_ready(self) -> str | None:
        """Return why viewers cannot be served, or None when they can."""
        now_ns, since_ns, lost_ns = (
            monotonic_ns(),
            self.follower.following_since_ns,
            self.follower.lost_ns,
        )
        if since_ns is None:
            if lost_ns is not None and now_ns - lost_ns < _GRACE_NS:
                return None
            return f"not following the packager at {self._settings.packager_socket}"
        slugs = [channel.slug for channel in self._settings.channels]
        waited = now_ns - since_ns >= _PATIENCE_NS
        if waited or any(self.preparation.is_ready(slug) for slug in slugs):
            return None
        return "no channel has a window yet"

    def _make_public(self, connections: Connections) -> PublicServer:
        network = self._settings.network
        answers = [self.exports.answer, self._web.answer]
        return PublicServer(
            create_app(
                Site(self.preparation, self._tally, answers, self._past, self._qoe),
                self._clips.add_to,
                self._radio.add_to,
                self._qoe.add_to,
            ),
            FastPath(table=self.table, tally=self._tally, connections=connections, desk=self._qoe),
            host=network.http_host,
            port=network.http_port,
        )

    def _make_admin(self, registry: CollectorRegistry, secret: str) -> AdminPort:
        network = self._settings.network
        return AdminPort(
            service="origin",
            host=network.internal_host,
            port=network.origin_admin_port + self._index,
            registry=registry,
            not_ready=self.not_ready,
            secret=secret,
            routes=(
                web.get("/status", self._status),
                web.get("/audience", self._audience.answer),
                web.post("/reload", self._reload),
            ),
        )

    def _make_web(self, settings: Settings) -> tuple[LinkPreviews, WebApp]:
        sources = Sources(
            guide=self.guide,
            window=self.preparation.window,
            logo=self.exports.logo,
            archived=self._past.media.picture,
            clip=self._clips.shown,
        )
        previews = LinkPreviews(settings, sources)
        app = WebApp(self.table, previews)
        self.guide.listen(app.forget)
        return previews, app

    def _put_fixed(self) -> None:
        self.exports.configure(self._settings)
        with_provinces = self._settings.origin.provinces_file is not None
        privacy = render_privacy(self._settings.station.name, with_provinces=with_provinces)
        self.table.put(PRIVACY_PATH.encode(), privacy)
        settings = self._settings
        self._previews.configure(settings)
        self._web.configure(
            self._files,
            [item.slug for item in settings.channels],
            settings.station.public_url,
            keep_app=settings.origin.keep_app,
            manifest=render_manifest(settings),
        )

    def _changed(self, change: Change) -> None:
        if change.state:
            self.exports.put_now()
        self._radio.take(change, self.preparation.window)

    def _take_told(self, publication: Publication) -> None:
        written = self._told.apply(publication)
        if written is not None:
            self._reader.index_written(*written)

    async def _status(self, _: web.Request) -> web.Response:
        now = unix_ns()
        channels: dict[str, Any] = {}
        for slug, window in self.preparation.window.channels.items():
            edge = self.preparation.edge(slug)
            channels[slug] = {
                "ready": self.preparation.is_ready(slug),
                "edge": None if edge is None else [edge.msn, edge.part],
                "edge_lag_s": None if edge is None else round((now - end_of_part(edge)) / 1e9, 3),
                "holes": missing_runs(window.holes),
                "held_requests": self.table.held.get(slug, 0),
            }
        following = self.follower.following_since_ns is not None
        return web.json_response(
            {"index": self._index, "following": following, "channels": channels}
        )

    async def _reload(self, _: web.Request) -> web.Response:
        try:
            settings = await asyncio.to_thread(load_settings, self._path)
            self._take(settings)
        except ConfigError as error:
            log.warning("reload refused", detail=str(error))
            return web.Response(status=409, text=f"{error}\n")
        log.info("reloaded", channels=len(settings.channels))
        return web.Response(status=204)

    def _take(self, settings: Settings) -> None:
        old = self._settings
        fixed = (settings.network, settings.paths, settings.origin, settings.archive)
        if fixed != (old.network, old.paths, old.origin, old.archive):
            raise ConfigError("a change of [network], [paths], [origin], [archive] needs a restart")
        self._settings = settings
        self._tally.configure(tuple(channel.slug for channel in settings.channels))
        self._radio.configure(settings.channels)
        self._qoe.configure(settings.channels, collects=settings.monitoring.count_viewers)
        self.preparation.configure(settings.channels)
        self._past.lists.configure(settings.channels)
        self._past.media.configure(settings.channels)
        self.guide.configure(channel.slug for channel in settings.channels)
        self._clips.configure(settings)
        self._put_fixed()
