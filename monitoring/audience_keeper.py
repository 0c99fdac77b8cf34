"""Asks each origin once a minute who watched, keeps it, and forecasts (I/O shell)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Final
from zoneinfo import ZoneInfo

import structlog
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from core.admin_calls import AdminCalls
from core.clock import unix_ns
from core.config import Settings
from core.errors import FormatError
from monitoring.audience_outlook import HISTORY, Outlook, bytes_per_session, look_ahead
from monitoring.audience_store import AudienceStore, read_samples
from monitoring.forecast import QUARTER_S

__all__ = ["AudienceKeeper"]

log = structlog.get_logger()

_MINUTE_S: Final = 60
_BEHIND_S: Final = 5.0
"""After a minute's end, when origins have sampled it."""

_OK: Final = 200
_MINUTES_OF_DAY: Final = 1440


class AudienceKeeper(Collector):
    """The file ``{data_dir}/audience.db`` and the families made from it."""

    def __init__(self, settings: Settings, registry: CollectorRegistry, *, secret: str) -> None:
        """Prepare and register; nothing is opened before :meth:`run`.  Reads time zones."""
        self._secret = secret
        self._store = AudienceStore(settings.paths.data_dir / "audience.db")
        self._outlook = Outlook({}, None)
        self._quarter = -1
        self.configure(settings)
        registry.register(self)

    def configure(self, settings: Settings) -> None:
        """Use these channels from now on.  Reads the host's time zones."""
        self._settings = settings
        self._zone = ZoneInfo(settings.station.timezone)

    async def run(self) -> None:
        """Ask and keep until cancelled; a transaction that has begun is ended.

        Raises:
            OSError: If the file cannot be read or written; origins hold two hours meanwhile.
        """
        try:
            await asyncio.to_thread(self._store.open)
            async with AdminCalls(self._settings.network.internal_host, self._secret) as calls:
                while True:
                    await self.ask(calls)
                    await asyncio.to_thread(self.refresh, unix_ns() // 1_000_000_000)
                    now_s = unix_ns() / 1e9
                    await asyncio.sleep(_MINUTE_S - (now_s - _BEHIND_S) % _MINUTE_S)
        finally:
            self._store.close()

    async def ask(self, calls: AdminCalls) -> None:
        """Ask every origin once.

        Raises:
            OSError: If what they tell cannot be kept.
        """
        count = self._settings.origin.count
        for index in range(count):
            newest = await asyncio.to_thread(self._store.newest, index)
            since = 0 if newest is None else newest + 1
            port = self._settings.network.origin_admin_port + index
            reply = await calls.get(port, f"/control/audience?since={since}")
            if reply.status != _OK:
                continue  # its absence is alerted of elsewhere
            try:
                samples = read_samples(reply.body)
            except FormatError as error:
                log.warning("an origin's audience cannot be read", origin=index, detail=str(error))
                continue
            await asyncio.to_thread(self._store.put, index, count, samples)

    def refresh(self, now_s: int) -> None:
        """Forecast, once in a quarter of an hour, and remove what is too old.  Blocks.

        Args:
            now_s: Unix time in seconds.

        Raises:
            OSError: If the file cannot be read or written.
        """
        quarter = now_s // QUARTER_S
        if quarter == self._quarter:
            return
        minute = now_s // _MINUTE_S
        settings = self._settings
        histories = self._store.quarters(quarter - HISTORY, HISTORY)
        watched = self._store.renditions(minute - _MINUTES_OF_DAY)
        self._outlook = look_ahead(
            histories,
            bytes_per_session(settings.channels, watched),
            first=quarter - HISTORY,
            zone=self._zone,
            special_days=settings.monitoring.special_days,
        )
        self._store.remove_before(minute - settings.monitoring.audience_days * _MINUTES_OF_DAY)
        self._quarter = quarter

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Make the families; what is not known makes no series."""
        sessions = GaugeMetricFamily(
            "lensong_audience_forecast_sessions",
            "Concurrent sessions expected in this quarter of an hour, and those a week before",
            labels=("channel", "level"),
        )
        for labels, value in self._outlook.sessions.items():
            sessions.add_metric(labels, value)
        yield sessions
        peak = GaugeMetricFamily(
            "lensong_audience_forecast_peak_bytes_per_second",
            "Traffic expected in the coming day's highest quarter, each channel at its p95",
        )
        if self._outlook.peak_bytes is not None:
            peak.add_metric((), self._outlook.peak_bytes)
        yield peak
        capacity = GaugeMetricFamily(
            "lensong_audience_capacity_bytes_per_second",
            "The uplink's capacity of monitoring.capacity_mbps",
        )
        if (mbps := self._settings.monitoring.capacity_mbps) is not None:
            capacity.add_metric((), mbps * 1e6 / 8)
        yield capacity
