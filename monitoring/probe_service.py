"""Play every channel without end, and tell Prometheus what the player had."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Final

import structlog
from prometheus_client import CollectorRegistry, Counter
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from core.admin import AdminPort, new_registry
from core.clock import unix_ns
from core.config import Settings
from core.guide_files import GuideFiles
from core.loudness import FLOOR_LUFS, decibels
from core.tasks import first_error
from core.timeline import UnixNs
from monitoring.probe_catchup import oldest_in
from monitoring.probe_content import OutputContent, OutputRules
from monitoring.probe_faults import FAULT_KINDS, MILD_KINDS, Fault
from monitoring.probe_fetch import Fetcher, FetchError
from monitoring.probe_player import Probe, UnusableError

__all__ = ["ProbeService", "archives_of", "serve_probe", "targets_of"]

log = structlog.get_logger()

_PERIOD_S: Final = 3600.0
_RETRY_S: Final = 5.0
_GOOD_AFTER_NS: Final = 20_000_000_000
"""A fault is over when it was not seen for so long; one that stays is counted each 15 s."""

_SILENT_AFTER_NS: Final = 60_000_000_000
_ASK_S: Final = 5.0
_GUIDE_S: Final = 2.0
_Count = Callable[[str, Fault], None]
_Oldest = Callable[[], Awaitable[float | None]]


def targets_of(settings: Settings, foreign: Mapping[str, str]) -> dict[str, str]:
    """Return the address that is played, by channel: our own ones, then foreign ones.

    Args:
        settings: Our own channels.
        foreign: What :func:`core.environment.probe_urls` gave.
    """
    monitoring, network = settings.monitoring, settings.network
    if not monitoring.probe:
        return {}
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(network.http_host, network.http_host)  # noqa: S104
    site = f"http://[{host}]" if ":" in host else f"http://{host}"
    own = {
        channel.slug: f"{site}:{network.http_port}/live/{channel.slug}/index.m3u8"
        for channel in settings.channels
    }
    return {**foreign, **own}


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
        rules: Mapping[str, OutputRules] | None = None,
        guide: Path | None = None,
        content: bool = True,
    ) -> None:
        """Prepare; nothing is asked before :meth:`run`.

        Args:
            targets: Address of a playlist, by channel.
            vantage: Name of this place.
            registry: Gets the families; every counter is there at 0.
            archives: Gives since when a channel is archived, by channel whose catch-up is checked.
            rules: How pictures and sound are judged, by own channel.
            guide: Folder of the guide's snapshots, for exceptions; None where there is none.
            content: Tell black, freeze, silence and loudness too. They have no vantage, so one
                place of a station does.
        """
        self._vantage, self._tells_content, self._guide_folder = vantage, content, guide
        self._faults = Counter(
            "lensong_probe_faults",
            "Faults seen by the synthetic player",
            ("channel", "vantage", "kind"),
            registry=registry,
        )
        self._players: dict[str, _Player] = {}
        self._running: dict[str, asyncio.Task[None]] = {}
        self._tasks: asyncio.TaskGroup | None = None
        self.configure(targets, archives or {}, rules or {})
        registry.register(self)

    def configure(
        self,
        targets: Mapping[str, str],
        archives: Mapping[str, _Oldest],
        rules: Mapping[str, OutputRules],
    ) -> None:
        """Play these from now on; the series of what is played no more go.

        Targets that stay are not disturbed.  On the event loop, where :meth:`run` runs.

        Args:
            targets: Address of a playlist, by channel.
            archives: As for the constructor.
            rules: As for the constructor.
        """
        # Anew, so that whoever is new here is told what was read before.
        self._guide = None if self._guide_folder is None else GuideFiles(self._guide_folder)
        self._own = tuple(rules)
        wanted = {name: (url, name in archives) for name, url in targets.items()}
        for name in [name for name, one in self._players.items() if one.key != wanted.get(name)]:
            del self._players[name]
            if (task := self._running.pop(name, None)) is not None:
                task.cancel()
            if name not in targets:
                for kind in FAULT_KINDS:
                    self._faults.remove(name, self._vantage, kind)
        for name, url in targets.items():
            judged = rules.get(name, OutputRules())
            if name in self._players:
                self._players[name].content.replace(judged)
                continue
            content = OutputContent(judged)
            self._players[name] = _Player(name, url, self._count, archives.get(name), content)
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
                await self._follow_guide()
        finally:
            self._tasks = None
            self._running.clear()

    async def _follow_guide(self) -> None:
        """Take the guide's snapshots as they change; while nobody writes, the last ones hold."""
        while True:
            files, own = self._guide, self._own
            if files is not None:
                for snapshot in await asyncio.to_thread(files.read_changed, own):
                    if (player := self._players.get(snapshot.channel)) is not None:
                        player.content.schedule.guide = snapshot
                for name, player in self._players.items():
                    if player.content.schedule.misses_guide():
                        log.warning("exceptions_without_guide", channel=name)
            await asyncio.sleep(_GUIDE_S)

    def _count(self, channel: str, fault: Fault) -> None:
        if channel in self._players:  # one that is being cancelled brings no series back
            self._faults.labels(channel, self._vantage, fault.kind).inc()

    def collect(self) -> Iterator[Metric]:
        """Make the families as they are now."""
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
            yield from self._content(now)

    def _content(self, now: UnixNs) -> Iterator[Metric]:
        labels = ("channel", "point")
        active = GaugeMetricFamily(
            "lensong_content_fault_active",
            "1 while a fault of picture or sound is detected at a point",
            labels=(*labels, "kind"),
        )
        seconds = CounterMetricFamily(
            "lensong_content_fault_seconds",
            "Seconds in each content fault",
            labels=(*labels, "kind"),
        )
        loudness = GaugeMetricFamily(
            "lensong_audio_loudness_lufs",
            "Loudness after EBU R 128; -120 while there is none",
            labels=(*labels, "window"),
        )
        peak = GaugeMetricFamily(
            "lensong_audio_true_peak_dbtp", "Highest true peak of the last 10 s", labels=labels
        )
        for name, player in self._players.items():
            key, meter = (name, "output"), player.content.meter
            # Of a channel that does not come at all nobody knows how it looks.
            comes = player.is_coming(now)
            for kind in player.content.rules.kinds:
                active.add_metric((*key, kind), comes and meter.is_flagged(kind))
                seconds.add_metric((*key, kind), meter.flagged_s(kind))
            step = meter.step if comes else None
            windows = {
                "momentary": None if step is None else step.momentary,
                "short_term": None if step is None else step.short_term,
                "integrated": None if step is None else meter.integrated.integrated,
            }
            for window, value in windows.items():
                loudness.add_metric((*key, window), FLOOR_LUFS if value is None else value)
            peak.add_metric(key, decibels(meter.true_peak if comes else 0.0))
        yield from (active, seconds, loudness, peak)


class _Player:
    """One target, played again and again."""

    def __init__(
        self, name: str, url: str, count: _Count, oldest: _Oldest | None, content: OutputContent
    ) -> None:
        self._name, self._url, self._count, self._oldest = name, url, count, oldest
        self.key = (url, oldest is not None)
        self._failed: UnixNs | None = None
        self._judged = 0
        self._moved: UnixNs | None = None
        self.content = content
        self.probe = Probe(url, vantage="")

    async def run(self, vantage: str) -> None:
        while True:
            self.probe = Probe(
                self._url,
                vantage=vantage,
                told=self._told,
                content=self.content,
                oldest=self._oldest,
            )
            try:
                await self.probe.run(_PERIOD_S)
            except UnusableError as error:
                self._told(Fault("unreachable", "start", str(error)))
            if self.probe.report.watched_s < _PERIOD_S:
                await asyncio.sleep(_RETRY_S)

    def _told(self, fault: Fault) -> None:
        if fault.kind not in MILD_KINDS:
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
        last = self.probe.report.book.last
        newest = max((moment for moment in (last, self._failed) if moment), default=None)
        if newest is not None and now - newest < _GOOD_AFTER_NS:
            return False
        return self.is_coming(now)

    def is_coming(self, now: UnixNs) -> bool:
        """Tell whether there was a new segment within the last minute."""
        segments = self.probe.report.segments
        if segments != self._judged:
            self._judged, self._moved = segments, now
        return self._moved is not None and now - self._moved < _SILENT_AFTER_NS
