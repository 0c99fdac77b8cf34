"""Every fault that is made, the alerts that must name it, and the stations that suffer it.

An alert's deadline is the time after which its rule is to fire: the flag's own time, and ``for``.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from benchmarks import fault_host as host
from benchmarks import fault_viewers as viewers
from benchmarks import fault_ways as ways
from benchmarks.fault_ways import Breaking
from benchmarks.foreign_station import foreign_says, foreign_station
from benchmarks.station import radio_channel, radio_settings, tv_inputs, tv_settings
from benchmarks.watched_station import WatchedStation, watched_station

__all__ = ["FAULTS", "QUICK", "SESSIONS", "Expected", "Fault", "Session", "small_station"]

_CLEAR_S: Final = 120.0
_TWO_MINUTES_S: Final = 240.0
_FIVE_MINUTES_S: Final = 420.0
_TEN_MINUTES_S: Final = 720.0
_QUARTER_S: Final = 1020.0
_HOUR_S: Final = 3720.0


@dataclass(frozen=True, slots=True)
class Expected:
    """An alert that a fault is to raise."""

    alert: str
    severity: Literal["page", "ticket"]
    stage: str
    channel: str
    deadline_s: float
    """From the breaking to the moment at which the rule is to fire."""

    clear_s: float = _CLEAR_S
    """How long after the mending it may go on: mostly the window of its rule."""

    is_own: bool = False
    """The platform raises it by itself; Prometheus has no such rule."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A way to break the station, and who must say so."""

    breaking: Breaking
    expected: tuple[Expected, ...]
    belongs: frozenset[str] = frozenset()
    """Further pages that are true, since the fault takes the programme from viewers as well."""


def _fault(breaking: Breaking, *expected: Expected, belongs: tuple[str, ...] = ()) -> Fault:
    return Fault(breaking, expected, frozenset(belongs))


def _page(
    alert: str, stage: str, channel: str, deadline_s: float, clear_s: float = _CLEAR_S
) -> Expected:
    return Expected(alert, "page", stage, channel, deadline_s, clear_s)


def _ticket(
    alert: str, stage: str, channel: str, deadline_s: float, clear_s: float = _CLEAR_S
) -> Expected:
    return Expected(alert, "ticket", stage, channel, deadline_s, clear_s)


_STUDIOS: Final = {
    "publisher-killed": _fault(ways.studio_lost(), _page("ChannelOnSlate", "input", "hytv", 10.4)),
    "picture-black": _fault(
        ways.studio_says("black"), _page("ContentFaultOnAir", "input", "hytv", 17)
    ),
    "picture-frozen": _fault(
        ways.studio_says("freeze"), _page("ContentFaultOnAir", "input", "hytv", 20)
    ),
    "sound-silent": _fault(
        ways.studio_says("silence"), _page("ContentFaultOnAir", "input", "hytv", 20)
    ),
    "loudness-off": _fault(
        # A minute is measured before it is judged.
        ways.studio_says("loud", "hyfm"),
        _ticket("LoudnessOffTarget", "input", "hyfm", 60 + 1800),
    ),
    "main-studio-lost": _fault(
        ways.studio_lost("hydb"),
        _ticket("ChannelOnBackup", "input", "hydb", 60.4),
        _ticket("RedundancyLost", "input", "hydb", 300),
    ),
    "studio-flaps": _fault(
        ways.studio_flapping("hydb", 4),
        _ticket("InputFlapping", "input", "hydb", 30, _TEN_MINUTES_S),
    ),
    "wrong-keys": _fault(
        viewers.wrong_keys("hydb", 25),
        _ticket("AuthAttack", "input", "hydb", 5, _FIVE_MINUTES_S),
    ),
}
_PROCESSES: Final = {
    "decoder-crash": _fault(
        ways.decoder_killed(),
        _ticket("DecoderFailing", "input", "hytv", 0, _FIVE_MINUTES_S),
        belongs=("ChannelOnSlate",),  # the only input must be good for 10 s until it is trusted
    ),
    "encoder-starved": _fault(ways.encoder_starved, _page("EncoderSlow", "encoder", "hytv", 20)),
    "encoder-crashes": _fault(
        ways.encoder_killed(3),
        _ticket("EncoderRestarting", "encoder", "hytv", 15, _QUARTER_S),
    ),
    "packager-delayed": _fault(
        ways.packager_delayed, _ticket("PublishLate", "packager", "hytv", 30, _TWO_MINUTES_S)
    ),
    "programme-stopped": _fault(
        ways.processes_stopped(("transcoder", "hydb")),
        _page("ChannelOffAir", "switcher", "hydb", 16),
    ),
    "programme-pauses": _fault(
        ways.process_paused(6.0, "transcoder", "hydb"),
        # A segment that does not come is declared a gap 2.5 s after its end.
        _ticket("GapsPublished", "packager", "hydb", 15, _TEN_MINUTES_S),
    ),
    "packager-stopped": _fault(
        ways.processes_stopped(("packager",)),
        _page("ChannelOffAir", "packager", "hytv", 16),
        belongs=("ChannelOffAir",),
    ),
    "processes-lag": _fault(
        ways.processes_lagging(
            ("ingest",), ("transcoder", "hydb"), ("packager",), ("origin",), ("control",)
        ),
        *(
            _ticket("LoopLag", stage, "", 120, _FIVE_MINUTES_S)
            for stage in ("input", "switcher", "packager", "origin", "monitoring")
        ),
    ),
    "ingest-control-stopped": _fault(
        ways.processes_stopped(("ingest",), ("control",)),
        _ticket("ProcessMetricsAbsent", "input", "", 65),
        _ticket("ProcessMetricsAbsent", "monitoring", "", 65),
        belongs=("ChannelOnSlate",),  # without ingest no studio is heard
    ),
    "origin-stopped": _fault(
        ways.processes_stopped(("origin", "0")),
        _ticket("ProcessMetricsAbsent", "origin", "", 65),
        belongs=("ProbeFailing",),  # every second connection is answered by nobody
    ),
    "origins-cut-off": _fault(ways.origins_cut_off, _page("ChannelOffAir", "origin", "hyfm", 40)),
    "origins-stopped": _fault(
        ways.processes_stopped(("origin", "0"), ("origin", "1")),
        _page("ChannelMetricsAbsent", "origin", "", 35),
    ),
}
_VIEWERS: Final = {
    "player-bad-network": _fault(
        viewers.stalling_viewers,
        _page("RebufferingHigh", "player", "hytv", 300 + 20, _TWO_MINUTES_S),
    ),
    "viewers-leave": _fault(
        # A session that is silent for a minute is over.
        viewers.crowd_gone("hyfm"),
        _page("AudienceDrop", "player", "hyfm", 60 + 15 + 120),
    ),
    "slow-starts": _fault(
        viewers.slow_starts("hydb"), _ticket("StartupSlow", "player", "hydb", 300)
    ),
    "many-held": _fault(
        viewers.held_requests(36), _ticket("HeldRequestsNearLimit", "origin", "", 30)
    ),
    "origin-errors": _fault(
        viewers.overload,
        # After five minutes of 100 good answers a second.
        _page("DeliveryErrorBudgetFast", "origin", "", 45, _FIVE_MINUTES_S),
        belongs=("ProbeFailing",),
    ),
    "errors-draining": _fault(
        viewers.answers_in_error(host.unreadable_segment, a_second=20, share=0.0045),
        # The group of the long windows is evaluated once a minute.
        _ticket("DeliveryErrorBudgetDraining", "origin", "", 60 + 900, _FIVE_MINUTES_S),
    ),
    "errors-for-long": _fault(
        viewers.answers_in_error(host.unreadable_segment, a_second=100, share=0.012),
        # After a quarter of an hour with fewer, the window of half an hour needs 70 s.
        _page("DeliveryErrorBudgetSlow", "origin", "", 70 + 300, _FIVE_MINUTES_S),
    ),
    "foreign-black": _fault(
        foreign_says("black"), _page("ContentFaultOnAir", "encoder", "ngoai", 25)
    ),
    "foreign-stopped": _fault(foreign_says("stop"), _page("ProbeFailing", "origin", "ngoai", 45)),
    "uplink-small": _fault(
        host.uplink_too_small,
        _ticket("AudienceNearCapacity", "player", "", 1800),
    ),
}
_HOST: Final = {
    "clock-steps": _fault(
        host.clock_stepped(0.9),
        _page("ClockLag", "switcher", "hytv", 12),
        _ticket("ClockOffset", "monitoring", "", 60 + 60),
        belongs=("ClockLag",),
    ),
    "spool-read-only": _fault(
        host.spool_read_only("hydb"),
        _ticket("SpoolFailing", "packager", "hydb", 5, _TEN_MINUTES_S),
    ),
    "archive-read-only": _fault(
        host.archive_read_only,
        _ticket("ArchiveWriteFailing", "archive", "", 15, _FIVE_MINUTES_S),
    ),
    "archive-small": _fault(
        host.archive_too_small, _ticket("ArchiveFillsIn24h", "archive", "", 60 + 1800, 600)
    ),
    "segment-lost": _fault(
        host.lost_until_removed("hydb"), _ticket("ArchiveHoles", "archive", "hydb", 20)
    ),
    "archive-short": _fault(
        host.archive_disk_short,
        _ticket("ArchiveShortOfSpace", "archive", "hydb", 70, _HOUR_S),
        Expected("DiskFull", "page", "archive", "", 35, _CLEAR_S, is_own=True),
    ),
    "database-damaged": _fault(
        host.database_damaged, _ticket("ControlDatabaseDown", "monitoring", "", 65)
    ),
    "guide-ends": _fault(
        host.guide_ends("hyfm", after_s=60),
        _ticket("GuideEnding", "monitoring", "hyfm", 60 + 600),
    ),
    "guide-old": _fault(
        host.guide_from_backup("hydb"), _ticket("GuideStale", "monitoring", "hydb", 600)
    ),
    "addresses-old": _fault(
        host.old_addresses("programme-hydb", "packager"),
        _page("ChannelMetricsAbsent", "switcher", "hydb", 40),
        _page("ChannelMetricsAbsent", "packager", "", 40),
    ),
    "targets-gone": _fault(host.no_targets, _page("ChannelMetricsAbsent", "monitoring", "", 45)),
    "prometheus-stopped": _fault(
        # The Watchdog is heard once a minute or more often, and missed after five.
        host.prometheus_stopped,
        Expected("PrometheusSilent", "ticket", "monitoring", "", 300, _CLEAR_S, is_own=True),
    ),
}
FAULTS: Final[dict[str, Fault]] = {**_STUDIOS, **_PROCESSES, **_VIEWERS, **_HOST}


# Stations

_HELD_LIMIT: Final = 40
_SMALL_HELD_LIMIT: Final = 8
_DISK_MB: Final = 1_500
_LARGE_DISK_MB: Final = 40_000
_AUDIENCE: Final = 60


@dataclass(frozen=True, slots=True)
class Session:
    """A station, and what happens to it."""

    station: Callable[[Path, int], AbstractAsyncContextManager[WatchedStation]]
    """Runs it in a folder, with its ports above an offset."""

    studios: tuple[tuple[str, str], ...]
    """(channel, input) of each."""

    beside: tuple[str, ...]
    """Faults with long deadlines: broken at the beginning, mended when they were told."""

    rounds: tuple[tuple[str, ...], ...]
    """One after the other; what a round names does not disturb each other."""

    last: str = ""
    """One of ``beside`` that another fault mends: it is waited for at the end."""


@asynccontextmanager
async def _television(folder: Path, offset: int) -> AsyncIterator[WatchedStation]:
    """TV and two radios whose clock can be stepped, on a disk of their own; a time server."""
    disk = folder / "disk"
    text = tv_settings(
        tv_inputs("studio")
        + radio_channel("studio")
        + radio_channel("studio", slug="hydb")
        + f"[origin]\nmax_held_requests = {_HELD_LIMIT}\n"
        + _archive_on(disk),
        folder=str(folder),
        offset=offset,
        ladder="360p",
    )
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(host.small_disk(disk, megabytes=_LARGE_DISK_MB))
        await host.old_hours(disk, "hydb", harm="lost")
        await stack.enter_async_context(host.time_server(offset + 63))
        yield await stack.enter_async_context(
            watched_station(
                text,
                folder,
                prometheus_port=offset + 60,
                webhook_port=offset + 61,
                monitoring=f'ntp_server = "127.0.0.1:{offset + 63}"\n',
                environment=await asyncio.to_thread(host.steppable_clock, folder),
            )
        )


def _archive_on(disk: Path) -> str:
    """Return the settings of an archive on a disk of its own."""
    return f'[archive]\ndir = "{disk}"\nmin_free_gb = 0.2\n'


@asynccontextmanager
async def _radios(folder: Path, offset: int) -> AsyncIterator[WatchedStation]:
    """Two radios, one of them with a backup, on a small archive disk, with an audience."""
    disk, foreign_port = folder / "disk", offset + 62
    text = (
        radio_settings(folder=str(folder), offset=offset, return_after_s=10.0)
        + radio_channel("studio", "backup", slug="hydb", return_after_s=1.0)
        + _archive_on(disk)
        + f'[guide]\nwatch_dir = "{folder / "guides"}"\n'
        + f'[[monitoring.probes]]\nname = "ngoai"\nurl = "http://127.0.0.1:{foreign_port}'
        + '/live.m3u8"\n'
    )
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(host.small_disk(disk, megabytes=_DISK_MB))
        database = folder / "data" / "audience.db"
        await asyncio.to_thread(host.audience_of_four_weeks, database, "hyfm", _AUDIENCE)
        await stack.enter_async_context(foreign_station(folder / "foreign", foreign_port))
        watched = await stack.enter_async_context(
            watched_station(
                text,
                folder,
                prometheus_port=offset + 60,
                webhook_port=offset + 61,
                monitoring="capacity_mbps = 4\n",
            )
        )
        await stack.enter_async_context(viewers.crowd(watched.station, "hyfm", _AUDIENCE))
        yield watched


@asynccontextmanager
async def _two_origins(folder: Path, offset: int) -> AsyncIterator[WatchedStation]:
    """A radio with two origins, whose archive has a segment that cannot be read."""
    text = radio_settings(folder=str(folder), offset=offset, return_after_s=10.0)
    text += f"[origin]\ncount = 2\nmax_held_requests = {_SMALL_HELD_LIMIT}\n"
    await host.old_hours(folder / "data" / "archive", "hyfm", harm="unreadable")
    async with watched_station(
        text, folder, prometheus_port=offset + 60, webhook_port=offset + 61
    ) as watched:
        yield watched


@asynccontextmanager
async def small_station(folder: Path, offset: int) -> AsyncIterator[WatchedStation]:
    """TV and a radio, each with one studio, for the faults of :data:`QUICK`."""
    text = tv_settings(
        tv_inputs("studio")
        + radio_channel("studio", return_after_s=2.0)  # a decoder dies: 2 s of slate
        + f"[origin]\nmax_held_requests = {_HELD_LIMIT}\n",
        folder=str(folder),
        offset=offset,
        ladder="360p",
    )
    data = folder / "data"
    await host.old_hours(data / "archive", "hyfm", harm="lost")
    # Too few for an alert when they are not there.
    await asyncio.to_thread(host.audience_of_four_weeks, data / "audience.db", "hyfm", 20)
    async with (
        host.time_server(offset + 63),
        watched_station(
            text,
            folder,
            prometheus_port=offset + 60,
            webhook_port=offset + 61,
            monitoring=f'ntp_server = "127.0.0.1:{offset + 63}"\ncapacity_mbps = 100\n',
        ) as watched,
    ):
        yield watched


QUICK: Final[dict[str, Fault]] = {
    "wrong-keys": _fault(viewers.wrong_keys("hyfm", 25), _ticket("AuthAttack", "input", "hyfm", 5)),
    "encoder-crashes": _fault(
        ways.encoder_killed(3, "hyfm"), _ticket("EncoderRestarting", "encoder", "hyfm", 15)
    ),
    "decoder-crash": _fault(
        ways.decoder_killed("hyfm"), _ticket("DecoderFailing", "input", "hyfm", 0)
    ),
    "segment-lost": _fault(host.lost_before, _ticket("ArchiveHoles", "archive", "hyfm", 20)),
    "picture-black": FAULTS["picture-black"],
}
"""Faults that are soon told of, in one message, and do not disturb each other."""

SESSIONS: Final[dict[str, Session]] = {
    "television": Session(
        _television,
        (("hytv", "studio"), ("hyfm", "studio"), ("hydb", "studio")),
        beside=("segment-lost",),
        rounds=(
            # First: it is over an hour later.
            ("archive-short", "player-bad-network", "many-held"),
            ("processes-lag",),
            ("decoder-crash",),
            ("encoder-crashes",),
            ("publisher-killed",),
            ("picture-black",),
            ("picture-frozen",),
            ("sound-silent",),
            ("encoder-starved",),
            ("packager-delayed",),
            ("packager-stopped",),
            ("clock-steps",),
            ("ingest-control-stopped",),
        ),
        last="segment-lost",
    ),
    "radios": Session(
        _radios,
        (("hyfm", "studio"), ("hydb", "studio"), ("hydb", "backup")),
        beside=(
            "loudness-off",
            "archive-small",
            "uplink-small",
            "guide-ends",
            "guide-old",
        ),
        rounds=(
            (
                "main-studio-lost",
                "slow-starts",
                "wrong-keys",
                "spool-read-only",
                "database-damaged",
            ),
            # Not in the first five minutes, in which the start's slate is not forgotten.
            ("foreign-stopped", "archive-read-only", "viewers-leave"),
            ("studio-flaps", "foreign-black"),
            ("programme-pauses",),
            ("programme-stopped",),
            ("addresses-old",),
        ),
    ),
    "two-origins": Session(
        _two_origins,
        (("hyfm", "studio"),),
        beside=(),
        rounds=(
            ("errors-draining",),
            ("errors-for-long",),
            ("origin-errors",),
            ("origin-stopped",),
            ("origins-stopped",),
            ("origins-cut-off",),
            ("targets-gone",),
            ("prometheus-stopped",),
        ),
    ),
}
