"""The probe judges an HLS source that is not ours: FFmpeg's muxer, healthy and harmed.

All scenarios run side by side, once, on the wall clock: FFmpeg writes them live.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Final

import pytest

from monitoring.probe_player import Probe
from monitoring.probe_report import ProbeReport, render_table
from tests.monitoring.foreign_hls import HARMS, foreign_sources, harmful_server

pytestmark = [pytest.mark.media, pytest.mark.timeout(120)]

_WATCH_S = 9.0


_TABLE: Final[dict[str, set[str]]] = {
    "healthy-ts": set(),
    "healthy-fmp4": set(),
    "gaps": set(),
    "encrypted": set(),
    "ended": set(),
    "missing": {"segment_missing"},
    "refused": {"unreachable"},
    "frozen": {"playlist_stale"},
    "lying": {"extinf"},
    "backward": {"media_sequence"},
    "garbage": {"segment_broken"},
    "jump": {"timestamps"},
    "dark": {"black", "freeze", "silence"},
    "misaligned": {"misaligned"},
    "codecs": {"codecs"},
    "resolution": {"resolution"},
    "bandwidth": {"bandwidth"},
    "misdated": {"clock_drift"},
    "dates-jump": {"date_time"},
    "slow": {"segment_slow"},
    "moved": {"segment_changed"},
}
"""By scenario: the kinds of fault that are found, each of them and no other."""


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, ProbeReport]:
    """Watch every scenario at once."""
    return asyncio.run(_watch_all(tmp_path_factory.mktemp("foreign")))


async def _watch_all(folder: Path) -> dict[str, ProbeReport]:
    async with foreign_sources(folder) as folders, harmful_server(folders) as site:
        probes = {name: Probe(f"{site}/{name}/master.m3u8", vantage="here") for name in HARMS}
        async with asyncio.TaskGroup() as tasks:
            for probe in probes.values():
                tasks.create_task(probe.run(_WATCH_S))
        return {name: probe.report for name, probe in probes.items()}


@pytest.mark.parametrize(("scenario", "kinds"), _TABLE.items())
def test_each_fault_is_found_by_its_kind_and_no_other(
    reports: dict[str, ProbeReport], scenario: str, kinds: set[str]
) -> None:
    report = reports[scenario]
    assert {line.fault.kind for line in report.book.lines} == kinds, render_table(report)


def test_every_scenario_is_judged() -> None:
    assert _TABLE.keys() == HARMS.keys()


def test_a_healthy_stream_is_played_decoded_and_measured(reports: dict[str, ProbeReport]) -> None:
    report = reports["healthy-ts"]
    assert report.form == "multivariant, live, TS or packed"
    assert report.segments >= 6
    assert report.pictures >= 6
    assert report.startup_s is not None
    assert report.live_latency_s is not None
    assert 6.0 <= report.live_latency_s < 10.0
    assert reports["healthy-fmp4"].form == "multivariant, live, fMP4"


def test_encryption_is_told_and_a_presentation_that_ends_ends_the_watch(
    reports: dict[str, ProbeReport],
) -> None:
    assert reports["encrypted"].notes == ["encrypted (AES-128): media are fetched, and not decoded"]
    assert reports["ended"].watched_s < _WATCH_S - 1


def test_faults_name_the_segment(reports: dict[str, ProbeReport]) -> None:
    for line in reports["missing"].book.lines:
        name, number = line.fault.where.split()
        assert name == "s0"
        assert int(number) % 3 == 0
        assert line.fault.detail == "status 404"
