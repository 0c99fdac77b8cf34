"""Monitoring's task tree: the clock compared, alerts delivered, the operators' pages served."""

from __future__ import annotations

import asyncio
from pathlib import Path
from zoneinfo import ZoneInfo

import structlog
from aiohttp import web

from core.admin import AdminPort, new_registry, serve_application
from core.config import Settings, load_settings
from core.environment import probe_urls, receiver_secrets
from core.errors import ConfigError
from core.tasks import supervise
from monitoring.alert_desk import AlertDesk
from monitoring.audience_keeper import AudienceKeeper
from monitoring.day_keeper import DayKeeper
from monitoring.home import render_home
from monitoring.host_clock import HostClock
from monitoring.http import pages_application
from monitoring.loudness_pages import LoudnessPages
from monitoring.probe_content import output_rules
from monitoring.probe_service import ProbeService, archives_of, targets_of
from monitoring.receivers import receivers_of
from monitoring.runbooks import load_runbooks, runbook_routes

__all__ = ["MonitoringService"]

log = structlog.get_logger()


class MonitoringService:
    """Monitoring's process."""

    def __init__(self, path: Path, settings: Settings, *, secret: str) -> None:
        """Prepare; nothing is opened before :meth:`run`.  Reads the host's time zones.

        Args:
            path: The settings file, for a reload.
            settings: What it says now.
            secret: The internal secret.

        Raises:
            ConfigError: If a receiver's variable is not set.
        """
        self._path, self._settings = path, settings
        self._zone = ZoneInfo(settings.station.timezone)
        network = settings.network
        registry = new_registry("monitoring")
        self._clock = HostClock(settings.monitoring.ntp_server, registry)
        receivers = receivers_of(settings, receiver_secrets(settings))
        self._days = DayKeeper(settings, secret=secret)
        self._loudness = LoudnessPages(settings)
        self._audience = AudienceKeeper(settings, registry, secret=secret)
        self._alerts = AlertDesk(settings, receivers, registry, secret=secret, note=self._days.note)
        self._probes = ProbeService(
            targets_of(settings, probe_urls(settings)),
            settings.monitoring.vantage,
            registry,
            archives=archives_of(settings),
            rules=output_rules(settings, self._zone),
            guide=settings.guide_dir,
        )
        self._admin = AdminPort(
            service="monitoring",
            host=network.internal_host,
            port=network.monitoring_admin_port,
            registry=registry,
            not_ready=lambda: None,
            secret=secret,
            routes=(
                web.get("/status", self._status),
                web.post("/reload", self._reload),
                web.post("/alerts", self._alerts.answer_list),
                web.post("/test-alert", self._test_alert),
                web.post("/silence", self._alerts.answer_silence),
                web.post("/speak", self._alerts.answer_speak),
            ),
        )

    async def run(self) -> None:
        """Serve until cancelled.

        Raises:
            ConfigError: In an exception group, if a port cannot be had.
        """
        network = self._settings.network
        runbooks = runbook_routes(await asyncio.to_thread(load_runbooks))
        routes = [*self._alerts.routes, *self._days.routes, *self._loudness.routes, *runbooks]
        pages = pages_application(routes, self._home)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._admin.run())
            tasks.create_task(
                serve_application(pages, network.monitoring_host, network.monitoring_port)
            )
            tasks.create_task(self._clock.run())
            tasks.create_task(self._probes.run())
            tasks.create_task(self._alerts.run())
            tasks.create_task(supervise("audience", self._audience.run, max_pause_s=60.0))
            tasks.create_task(supervise("days", self._days.run, max_pause_s=60.0))

    async def _home(self) -> str:
        days = await asyncio.to_thread(self._days.days)
        return render_home(self._settings, self._alerts.firing, days, self._alerts.silences)

    async def _status(self, _: web.Request) -> web.Response:
        return web.json_response({"pages": self._settings.pages_url})

    async def _test_alert(self, _: web.Request) -> web.Response:
        return web.json_response({"receivers": await self._alerts.send_test()})

    async def _reload(self, _: web.Request) -> web.Response:
        try:
            settings = await asyncio.to_thread(load_settings, self._path)
            targets = targets_of(settings, probe_urls(settings))
            await asyncio.to_thread(self._take, settings)
        except ConfigError as error:
            log.warning("reload refused", detail=str(error))
            return web.Response(status=409, text=f"{error}\n")
        rules = output_rules(settings, self._zone)
        self._probes.configure(targets, archives_of(settings), rules)
        log.info("reloaded", channels=len(settings.channels))
        return web.Response(status=204)

    def _take(self, settings: Settings) -> None:
        old = self._settings
        if (settings.network, settings.paths, settings.monitoring) != (
            old.network,
            old.paths,
            old.monitoring,
        ):
            raise ConfigError("a change of [network], [paths] or [monitoring] needs a restart")
        self._settings = settings
        self._zone = ZoneInfo(settings.station.timezone)
        self._alerts.configure(settings)
        self._days.configure(settings)
        self._loudness.configure(settings)
        self._audience.configure(settings)
