"""Reads every process once a minute into the day's ledger, and shows the days (I/O shell)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import structlog
from aiohttp import web
from prometheus_client.parser import text_string_to_metric_families

from core.admin_calls import AdminCalls
from core.clock import unix_ns
from core.config import Settings
from core.durable import write_durably
from monitoring.alert_book import Message
from monitoring.day_ledger import COUNTED, DayLedger, Series, day_of
from monitoring.day_sheet import channel_day, render_csv, render_sheet
from monitoring.observer import admin_ports
from monitoring.page import parse_day_name

__all__ = ["DayKeeper"]

log = structlog.get_logger()

_EVERY_S: Final = 60.0
_OK: Final = 200


class DayKeeper:
    """The ledgers: one file a day, ``{data_dir}/quality/{day}.json``."""

    def __init__(self, settings: Settings, *, secret: str) -> None:
        """Prepare; nothing is read before :meth:`run`.  Reads the host's time zones."""
        self._secret = secret
        self._folder = settings.paths.data_dir / "quality"
        self._ledger: DayLedger | None = None
        self.configure(settings)

    def configure(self, settings: Settings) -> None:
        """Use these channels from now on.  Reads the host's time zones."""
        self._settings = settings
        self._zone = ZoneInfo(settings.station.timezone)

    @property
    def routes(self) -> tuple[web.RouteDef, ...]:
        """The pages' routes."""
        return (web.get("/reports/{name}", self._answer),)

    async def run(self) -> None:
        """Read once a minute until cancelled; what was read is kept.

        Raises:
            OSError: If the folder cannot be written; what was read so far stays in memory.
        """
        async with AdminCalls(self._settings.network.internal_host, self._secret) as calls:
            while True:
                ledger = await self._today()
                ledger.add(await self._read(calls))
                await self._keep(ledger)
                await asyncio.sleep(_EVERY_S - unix_ns() / 1e9 % _EVERY_S)

    def note(self, message: Message) -> None:
        """Keep what a message tells in the day's sheet."""
        if self._ledger is None:
            return
        for told in message.alerts:
            self._ledger.note_alert(
                {
                    "name": told.alert.name,
                    "channel": told.alert.channel,
                    "severity": told.alert.severity,
                    "began_s": told.began_s,
                    "ended_s": told.ended_s,
                }
            )

    def days(self) -> list[date]:
        """Return the days that there is a ledger of, the newest first.  Blocks."""
        return sorted((day for day, _ in self._files()), reverse=True)

    async def _today(self) -> DayLedger:
        today = day_of(unix_ns() / 1e9, self._zone)
        if self._ledger is None:
            self._ledger = await asyncio.to_thread(self._load, today)
        if self._ledger.day != today:
            self._ledger = self._ledger.next_day(today)
            await asyncio.to_thread(self._remove_old, today)
        return self._ledger

    async def _read(self, calls: AdminCalls) -> dict[str, dict[Series, float]]:
        network = self._settings.network
        ports = {name: port for name, (port, _) in admin_ports(self._settings).items()}
        ports["monitoring"] = network.monitoring_admin_port
        async with asyncio.TaskGroup() as tasks:
            asked = {
                name: tasks.create_task(calls.get(port, "/metrics")) for name, port in ports.items()
            }
        replies = {name: task.result() for name, task in asked.items()}
        texts = {name: reply.text for name, reply in replies.items() if reply.status == _OK}
        return await asyncio.to_thread(_counters, texts)

    async def _keep(self, ledger: DayLedger) -> None:
        path = self._path(ledger.day)
        await asyncio.to_thread(write_durably, path, json.dumps(ledger.describe()).encode())

    def _load(self, day: date) -> DayLedger:
        """Read the day's ledger, or begin it where the newest one stopped."""
        for found in self.days():
            ledger = self._read_file(self._path(found))
            if ledger is not None:
                return ledger if ledger.day == day else ledger.next_day(day)
        return DayLedger(day)

    def _read_file(self, path: Path) -> DayLedger | None:
        try:
            return DayLedger.restore(json.loads(path.read_bytes()))
        except FileNotFoundError:
            return None
        except (OSError, KeyError, TypeError, ValueError) as error:
            log.warning("a day's ledger cannot be read", path=str(path), detail=repr(error))
            return None

    def _files(self) -> list[tuple[date, Path]]:
        found: list[tuple[date, Path]] = []
        for path in self._folder.glob("*.json"):
            try:
                found.append((date.fromisoformat(path.stem), path))
            except ValueError:
                continue  # not ours
        return found

    def _remove_old(self, today: date) -> None:
        days = self._settings.monitoring.report_days
        for day, path in self._files():
            if (today - day).days > days:
                path.unlink(missing_ok=True)

    def _path(self, day: date) -> Path:
        return self._folder / f"{day.isoformat()}.json"

    async def _answer(self, request: web.Request) -> web.Response:
        """Answer ``/reports/2026-11-24`` with the page, ``....csv`` with the sheet."""
        day, is_csv = parse_day_name(request.match_info["name"]) or (None, False)
        ledger = None if day is None else await self._ledger_of(day)
        if ledger is None:
            return web.Response(status=404, text="không có ngày này / there is no such day\n")
        channels = [
            channel_day(ledger, slug=channel.slug, name=channel.name)
            for channel in self._settings.channels
        ]
        if is_csv:
            return web.Response(text=render_csv(ledger, channels), content_type="text/csv")
        station = self._settings.station.name
        page = render_sheet(ledger, channels, station=station, zone=self._zone)
        return web.Response(text=page, content_type="text/html")

    async def _ledger_of(self, day: date) -> DayLedger | None:
        if self._ledger is not None and self._ledger.day == day:
            return self._ledger
        return await asyncio.to_thread(self._read_file, self._path(day))


def _counters(texts: Mapping[str, str]) -> dict[str, dict[Series, float]]:
    found: dict[str, dict[Series, float]] = {}
    for process, text in texts.items():
        counters = found.setdefault(process, {})
        for family in text_string_to_metric_families(text + "\n"):
            for sample in family.samples:
                if sample.name in COUNTED:
                    counters[sample.name, tuple(sorted(sample.labels.items()))] = sample.value
    return found
