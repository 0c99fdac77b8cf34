"""The task tree of ingest: the publishers' ports, the file loops, the feeds, the admin port."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

import structlog
from aiohttp import web

from core.admin import AdminPort, new_registry, serve_application
from core.config import Settings, load_settings
from core.environment import publisher_key_hashes
from core.errors import ConfigError
from core.programs import ffmpeg_program
from core.tasks import supervise
from ingest.admission import Admission
from ingest.files import FileLoop
from ingest.http import feeds_application
from ingest.icecast import IcecastServer
from ingest.metrics import IngestMetrics
from ingest.relay import Relay
from ingest.rtmp import RtmpServer

__all__ = ["IngestService"]

log = structlog.get_logger()


class IngestService:
    """All of ingest; :meth:`run` ends when cancelled."""

    def __init__(
        self,
        file: Path,
        settings: Settings,
        hashes: Mapping[tuple[str, str], bytes],
        *,
        secret: str,
    ) -> None:
        """Prepare; nothing is opened before :meth:`run`.

        Args:
            file: The settings' file, which a reload reads again.
            settings: What it says now.
            hashes: SHA-256 of each publisher's key, by (channel, input).
            secret: The internal secret.

        Raises:
            ConfigError: If there is no FFmpeg for file inputs.
        """
        self._file, self._settings, self._secret = file, settings, secret
        self._program = ffmpeg_program(settings.paths)
        self._registry = new_registry("ingest")
        metrics = IngestMetrics(self._registry)
        self._admission = Admission(metrics)
        self._admission.configure(settings, hashes)
        network = settings.network
        self._rtmp = RtmpServer(
            host=network.publish_host,
            port=network.rtmp_port,
            admission=self._admission,
            metrics=metrics,
        )
        self._icecast = IcecastServer(
            host=network.publish_host,
            port=network.icecast_port,
            admission=self._admission,
            metrics=metrics,
        )
        self._loops: dict[tuple[str, str, Path], asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Serve until cancelled.

        Raises:
            ConfigError: In a group, if a port cannot be had.
        """
        network = self._settings.network
        admin = AdminPort(
            service="ingest",
            host=network.internal_host,
            port=network.ingest_admin_port,
            registry=self._registry,
            not_ready=self._not_ready,
            secret=self._secret,
            routes=[web.get("/status", self._status), web.post("/reload", self._reload)],
        )
        feeds = feeds_application(self._admission, self._secret)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(admin.run())
            tasks.create_task(serve_application(feeds, network.internal_host, network.feeds_port))
            tasks.create_task(self._rtmp.run())
            tasks.create_task(self._icecast.run())
            self._tasks = tasks
            self._play_files()
            await self._rtmp.listener.listening.wait()
            await self._icecast.listener.listening.wait()
            log.info("ready", rtmp_port=network.rtmp_port, icecast_port=network.icecast_port)

    def _play_files(self) -> None:
        """Start the file loops that are new, end those that are gone; the others play on."""
        wanted = {
            (channel.slug, item.name, item.path)
            for channel in self._settings.channels
            for item in channel.inputs
            if item.path is not None
        }
        for loop in self._loops.keys() - wanted:
            self._loops.pop(loop).cancel()
        for channel, name, path in wanted - self._loops.keys():
            relay = self._admission.relay(channel, name)
            if relay is not None:
                task = self._tasks.create_task(self._play(relay, path))
                self._loops[channel, name, path] = task

    async def _play(self, relay: Relay, path: Path) -> None:
        loop = FileLoop(relay, path, program=self._program)
        await supervise(f"file.{relay.channel}.{relay.name}", loop.run)

    def _not_ready(self) -> str | None:
        if not self._rtmp.listener.listening.is_set():
            return "the RTMP port is not open"
        if not self._icecast.listener.listening.is_set():
            return "the Icecast port is not open"
        return None

    async def _status(self, _: web.Request) -> web.Response:
        return web.json_response({"inputs": [_describe(relay) for relay in self._admission.relays]})

    async def _reload(self, _: web.Request) -> web.Response:
        """Take over an edited settings file; a bad one is refused and the old one stays."""
        try:
            settings = await asyncio.to_thread(load_settings, self._file)
            hashes = publisher_key_hashes(settings)
            if (settings.network, settings.paths) != (self._settings.network, self._settings.paths):
                raise ConfigError(  # noqa: TRY301
                    "[network] and [paths] change with a restart only; take the change back or"
                    " restart"
                )
        except ConfigError as error:
            log.warning("reload_refused", detail=str(error))
            return web.Response(status=409, text=f"{error}\n")
        self._settings = settings
        self._admission.configure(settings, hashes)
        self._play_files()
        log.info("reloaded")
        return web.Response(status=204)


def _describe(relay: Relay) -> dict[str, object]:
    """Return what operators may know of an input."""
    facts: dict[str, object] = {
        "channel": relay.channel,
        "input": relay.name,
        "protocol": relay.protocol,
        "live": relay.session is not None,
        "title": relay.title.text,
    }
    session = relay.session
    if session is not None:
        facts |= {
            "since_ns": session.since_ns,
            "last_ns": session.last_ns,
            "bytes": session.received_bytes,
            "tracks": sorted(session.start.tracks) if session.start else [],
            "publisher": session.publisher,
            "session": session.id,
        }
    return facts
