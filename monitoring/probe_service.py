"""Play every channel without end, and tell Prometheus what the player had."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from functools import partial
from http import HTTPStatus
from typing import Final

import numpy as np
import structlog
from prometheus_client import CollectorRegistry, Counter
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from core.admin import AdminPort, new_registry
from core.clock import unix_ns
from core.config import Settings
from core.loudness import GatedLoudness, LoudnessMeter
from core.tasks import first_error
from core.timeline import SAMPLE_RATE, UnixNs
from monitoring.probe_catchup import oldest_in
from monitoring.probe_content import CONTENT_KINDS
from monitoring.probe_faults import FAULT_KINDS, Fault
from monitoring.probe_fetch import Fetcher, FetchError
from monitoring.probe_player import Probe, UnusableError
from monitoring.probe_segment import SegmentFacts

__all__ = ["ProbeService", "archives_of", "serve_probe", "targets_of"]

log = structlog.get_logger()

_PERIOD_S: Final = 3600.0
_RETRY_S: Final = 5.0
_GOOD_AFTER_NS: Final = 20_000_000_000
"""A fault is over when it was not seen for so long; one that stays is counted each 15 s."""

_SILENT_AFTER_NS: Final = 60_000_000_000
_PEAK_STEPS: Final = 100
"""Ten seconds."""

_FULL_SCALE: Final = 32_767.0
_FLOOR: Final = 1e-6
_ASK_S: Final = 5.0
_Count = Callable[[str, Fault], None]
_Oldest = Callable[[], Awaitable[float | None]]


def targets_of(settings: Settings) -> dict[str, str]:
    """Return the address that is played, by channel: our own ones, then foreign ones."""
    monitoring, network = settings.monitoring, settings.network
    if not monitoring.probe:
        return {}
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(network.http_host, network.http_host)  # noqa: S104
    site = f"http://[{host}]" if ":" in host else f"http://{host}"
    own = {
        channel.slug: f"{site}:{network.http_port}/live/{channel.slug}/index.m3u8"
        for channel in settings.channels
    }
    return {foreign.name: foreign.url for foreign in monitoring.probes} | own


def archives_of(settings: Settings) -> dict[str, _Oldest]:
    """Return, by own channel with an archive, what asks our packager how far it reaches."""
    network = settings.network
    host = f"[{network.internal_host}]" if ":" in network.internal_host else network.internal_host
    url = f"http://{host}:{network.packager_admin_port}/metrics"
    return {
        channel.slug: partial(_ask_oldest, url, channel.slug)
        for channel in settings.channels
        if channel.archive_days
    }


async def _ask_oldest(url: str, channel: str) -> float | None:
    try:
        async with Fetcher() as fetcher:
            answer = await fetcher.get(url, timeout_s=_ASK_S)
        return oldest_in(answer.body.decode(), channel) if answer.status == HTTPStatus.OK else None
    except (FetchError, ValueError):
        return None


async def serve_probe(
    url: str, *, channel: str, vantage: str, host: str, port: int, oldest: _Oldest | None = None
) -> None:
    """Play one address until cancelled, and tell ``/metrics`` what the player had.

    Args:
        url: Of a multivariant or media playlist.
        channel: Label of the families.
        vantage: Name of this place.
        host: Address to listen on.
        port: Port to listen on.
        oldest: Gives since when the channel is archived; None: catch-up is not checked.

    Raises:
        UnusableError: If it is no address.
        ConfigError: If the port cannot be had.
    """
    registry = new_registry("probe")
    archives = {} if oldest is None else {channel: oldest}
    service = ProbeService({channel: url}, vantage, registry, archives=archives, content=False)
    admin = AdminPort(
        service="probe", host=host, port=port, registry=registry, not_ready=lambda: None, secret=""
    )
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(admin.run())
            tasks.create_task(service.run())
    except ExceptionGroup as group:
        raise first_error(group) from None


class ProbeService(Collector):
    """The probes of one vantage; register it in a registry."""

    def __init__(
        self,
        targets: dict[str, str],
        vantage: str,
        registry: CollectorRegistry,
        *,
        archives: Mapping[str, _Oldest] | None = None,
        content: bool = True,
    ) -> None:
        """Prepare; nothing is asked before :meth:`run`.

        Args:
            targets: Address of a playlist, by channel.
            vantage: Name of this place.
            registry: Gets the families; every counter is there at 0.
            archives: Gives since when a channel is archived, by channel whose catch-up is checked.
            content: Tell black, freeze, silence and loudness too. They have no vantage, so one
                place of a station does.
        """
        self._vantage, self._tells_content = vantage, content
        self._faults = Counter(
            "lensong_probe_faults",
            "Faults seen by the synthetic player",
            ("channel", "vantage", "kind"),
            registry=registry,
        )
        self._players: dict[str, _Player] = {}
        self._running: dict[str, asyncio.Task[None]] = {}
        self._tasks: asyncio.TaskGroup | None = None
        self.configure(targets, archives or {})
        registry.register(self)

    def configure(self, targets: Mapping[str, str], archives: Mapping[str, _Oldest]) -> None:
        """Play these from now on; the series of what is played no more go.

        Targets that stay are not disturbed.  On the event loop, where :meth:`run` runs.

        Args:
            targets: Address of a playlist, by channel.
            archives: As for the constructor.
        """
        wanted = {name: (url, name in archives) for name, url in targets.items()}
        for name in [name for name, one in self._players.items() if one.key != wanted.get(name)]:
            del self._players[name]
            if (task := self._running.pop(name, None)) is not None:
                task.cancel()
            if name not in targets:
                for kind in FAULT_KINDS:
                    self._faults.remove(name, self._vantage, kind)
        for name, url in targets.items():
            if name in self._players:
                continue
            self._players[name] = _Player(name, url, self._count, archives.get(name))
            for kind in FAULT_KINDS:
                self._faults.labels(name, self._vantage, kind)
            self._start(name)

    def _start(self, name: str) -> None:
        if self._tasks is not None:
            self._running[name] = self._tasks.create_task(self._players[name].run(self._vantage))

    async def run(self) -> None:
        """Play every target until cancelled."""
        try:
            async with asyncio.TaskGroup() as tasks:
                self._tasks = tasks
                for name in self._players:
                    self._start(name)
                await asyncio.Event().wait()
        finally:
            self._tasks = None
            self._running.clear()

    def _count(self, channel: str, fault: Fault) -> None:
        if channel in self._players:  # one that is being cancelled brings no series back
            self._faults.labels(channel, self._vantage, fault.kind).inc()

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Make the gauges as they are now."""
        now = unix_ns()
        labels = ("channel", "vantage")
        success = GaugeMetricFamily(
            "lensong_probe_success",
            "1 if the last synthetic playback found no fault",
            labels=labels,
        )
        latency = GaugeMetricFamily(
            "lensong_probe_live_latency_seconds",
            "Latency seen by the synthetic player",
            labels=labels,
        )
        startup = GaugeMetricFamily(
            "lensong_probe_startup_seconds",
            "Master playlist request to first decodable frame",
            labels=labels,
        )
        for name, player in self._players.items():
            key = (name, self._vantage)
            success.add_metric(key, float(player.is_good(now)))
            report = player.probe.report
            if report.live_latency_s is not None:
                latency.add_metric(key, report.live_latency_s)
            if report.startup_s is not None:
                startup.add_metric(key, report.startup_s)
        yield from (success, latency, startup)
        if self._tells_content:
            yield from self._content()

    def _content(self) -> Iterator[GaugeMetricFamily]:
        active = GaugeMetricFamily(
            "lensong_content_fault_active",
            "1 while a fault of picture or sound is detected at a point",
            labels=("channel", "point", "kind"),
        )
        loudness = GaugeMetricFamily(
            "lensong_audio_loudness_lufs",
            "Loudness after EBU R 128",
            labels=("channel", "point", "window"),
        )
        peak = GaugeMetricFamily(
            "lensong_audio_true_peak_dbtp",
            "Highest true peak of the last 10 s",
            labels=("channel", "point"),
        )
        for name, player in self._players.items():
            shared = player.probe.shared
            found = shared.content.active if shared is not None else frozenset()
            for kind in CONTENT_KINDS:
                active.add_metric((name, "output", kind), float(kind in found))
            for window, value in player.ear.loudness.items():
                loudness.add_metric((name, "output", window), value)
            if player.ear.peaks:
                highest = 20 * float(np.log10(max(_FLOOR, *player.ear.peaks)))
                peak.add_metric((name, "output"), highest)
        yield from (active, loudness, peak)


class _Ear:
    """Loudness of what a player decoded."""

    def __init__(self) -> None:
        self._meter, self._gated = LoudnessMeter(), GatedLoudness()
        self.loudness: dict[str, float] = {}
        self.peaks: list[float] = []

    def hear(self, facts: SegmentFacts) -> None:
        """Take the sound of one segment; the meter knows 48 kHz alone."""
        track = facts.track("audio")
        if track is None or track.rate != SAMPLE_RATE:
            return
        for block in facts.sound:
            both = block.samples[:2] if len(block.samples) > 1 else block.samples[[0, 0]]
            whole = np.rint(np.clip(both, -1.0, 1.0) * _FULL_SCALE).astype(np.int16)
            for step in self._meter.add(np.ascontiguousarray(whole.T)):
                self._gated.add(step)
                self.peaks = [*self.peaks[1 - _PEAK_STEPS :], step.true_peak]
                for window, value in (
                    ("momentary", step.momentary),
                    ("short_term", step.short_term),
                ):
                    if value is not None:
                        self.loudness[window] = value
        if (whole_lufs := self._gated.integrated) is not None:
            self.loudness["integrated"] = whole_lufs


class _Player:
    """One target, played again and again."""

    def __init__(self, name: str, url: str, count: _Count, oldest: _Oldest | None) -> None:
        self._name, self._url, self._count, self._oldest = name, url, count, oldest
        self.key = (url, oldest is not None)
        self._failed: UnixNs | None = None
        self._judged = 0
        self._moved: UnixNs | None = None
        self.ear = _Ear()
        self.probe = Probe(url, vantage="")

    async def run(self, vantage: str) -> None:
        while True:
            self.ear = _Ear()
            self.probe = Probe(
                self._url,
                vantage=vantage,
                told=self._told,
                heard=self.ear.hear,
                oldest=self._oldest,
            )
            try:
                await self.probe.run(_PERIOD_S)
            except UnusableError as error:
                self._told(Fault("unreachable", "start", str(error)))
            if self.probe.report.watched_s < _PERIOD_S:
                await asyncio.sleep(_RETRY_S)

    def _told(self, fault: Fault) -> None:
        self._failed = unix_ns()
        self._count(self._name, fault)
        log.warning(
            "probe",
            channel=self._name,
            kind=fault.kind,
            where=fault.where,
            detail=fault.detail,
        )

    def is_good(self, now: UnixNs) -> bool:
        """Tell whether media come and no fault was seen for 20 s."""
        segments = self.probe.report.segments
        if segments != self._judged:
            self._judged, self._moved = segments, now
        last = self.probe.report.book.last
        newest = max((moment for moment in (last, self._failed) if moment), default=None)
        if newest is not None and now - newest < _GOOD_AFTER_NS:
            return False
        return self._moved is not None and now - self._moved < _SILENT_AFTER_NS
