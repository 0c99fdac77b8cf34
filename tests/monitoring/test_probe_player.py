"""The probe judges an HLS source that is not ours: FFmpeg's muxer, healthy and harmed.

All scenarios run side by side, once, on the wall clock: FFmpeg writes them live.
"""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress
from pathlib import Path
from typing import Final

import pytest
from prometheus_client import CollectorRegistry

from core.clock import unix_ns
from core.content import CONTENT_KINDS
from core.content_settings import ContentExceptionSettings
from core.guide import GuideSnapshot, Programme
from core.guide_files import write_guide
from monitoring.probe_content import OutputRules
from monitoring.probe_player import Probe
from monitoring.probe_report import ProbeReport, render_table
from monitoring.probe_service import ProbeService
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
    "dark": {"black", "silence"},
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


_REGISTRY: Final = CollectorRegistry()
"""Of the service, which plays the healthy and the dark scenario meanwhile."""


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, ProbeReport]:
    """Watch every scenario at once."""
    return asyncio.run(_watch_all(tmp_path_factory.mktemp("foreign")))


_EXCUSED: Final = ContentExceptionSettings(kinds=("black", "silence"), programme="Phút mặc niệm*")


def _dark_hours() -> GuideSnapshot:
    """Return a guide by which what is dark now is meant to be."""
    now_s = unix_ns() // 1_000_000_000
    minute = Programme(
        id="p",
        channel="excused",
        start_s=now_s - 3_600,
        end_s=now_s + 3_600,
        title="Phút mặc niệm 27/7",
    )
    return GuideSnapshot(channel="excused", programmes=(minute,))


async def _watch_all(folder: Path) -> dict[str, ProbeReport]:
    async with foreign_sources(folder) as folders, harmful_server(folders) as site:
        probes = {name: Probe(f"{site}/{name}/master.m3u8", vantage="here") for name in HARMS}
        targets = {name: f"{site}/{name}/master.m3u8" for name in ("healthy-ts", "dark")}
        targets["excused"] = targets["dark"]
        rules = {"excused": OutputRules(exceptions=(_EXCUSED,))}
        await asyncio.to_thread(write_guide, folder / "guide", _dark_hours())
        service = ProbeService(targets, "inside", _REGISTRY, rules=rules, guide=folder / "guide")
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_for_a_while(service))
            for probe in probes.values():
                tasks.create_task(probe.run(_WATCH_S))
        return {name: probe.report for name, probe in probes.items()}


async def _for_a_while(service: ProbeService) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(_WATCH_S):
            await service.run()


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
    assert report.loudness_lufs == pytest.approx(-18.8, abs=0.4)
    assert report.true_peak_dbtp == pytest.approx(-17.8, abs=0.6)
    line = r"^loudness +-1[89]\.\d LUFS, true peak -1[78]\.\d dBTP$"
    assert re.search(line, render_table(report), re.MULTILINE)
    assert reports["healthy-fmp4"].form == "multivariant, live, fMP4"


def test_encryption_is_told_and_a_presentation_that_ends_ends_the_watch(
    reports: dict[str, ProbeReport],
) -> None:
    assert reports["encrypted"].notes == ["encrypted (AES-128): media are fetched, and not decoded"]
    assert reports["ended"].watched_s < _WATCH_S - 1


def test_the_service_tells_prometheus_what_the_player_had(
    reports: dict[str, ProbeReport],
) -> None:
    assert reports

    def sample(name: str, channel: str, **labels: str) -> float:
        value = _REGISTRY.get_sample_value(name, {"channel": channel, **labels})
        assert value is not None, (name, channel, labels)
        return value

    place = {"vantage": "inside"}
    assert sample("lensong_probe_success", "healthy-ts", **place) == 1.0
    assert sample("lensong_probe_success", "dark", **place) == 0.0
    assert 0 < sample("lensong_probe_startup_seconds", "healthy-ts", **place) < 3
    assert 6 <= sample("lensong_probe_live_latency_seconds", "healthy-ts", **place) < 10
    assert sample("lensong_probe_faults_total", "healthy-ts", kind="silence", **place) == 0
    assert sample("lensong_probe_faults_total", "dark", kind="silence", **place) >= 1
    point = {"point": "output"}
    assert sample("lensong_content_fault_active", "dark", kind="black", **point) == 1
    assert sample("lensong_content_fault_active", "healthy-ts", kind="black", **point) == 0
    seconds = "lensong_content_fault_seconds_total"
    assert 0 < sample(seconds, "dark", kind="black", **point) < _WATCH_S + 6
    assert [sample(seconds, "healthy-ts", kind=kind, **point) for kind in CONTENT_KINDS] == [
        0.0
    ] * 6
    # FFmpeg's sine is an eighth of full scale, mono: heard from both sides, -18.1 dBFS and K.
    loudness = sample("lensong_audio_loudness_lufs", "healthy-ts", window="integrated", **point)
    assert -21 < loudness < -15
    peak = sample("lensong_audio_true_peak_dbtp", "healthy-ts", **point)
    assert -19 < peak < -16


def test_what_the_guide_excuses_is_no_fault_of_the_same_stream(
    reports: dict[str, ProbeReport],
) -> None:
    assert reports

    def seen(channel: str) -> list[float | None]:
        black = {"channel": channel, "kind": "black"}
        return [
            _REGISTRY.get_sample_value(name, labels)
            for name, labels in (
                ("lensong_content_fault_active", black | {"point": "output"}),
                ("lensong_probe_faults_total", black | {"vantage": "inside"}),
                ("lensong_probe_success", {"channel": channel, "vantage": "inside"}),
            )
        ]

    assert seen("dark") == [1, 1, 0]
    assert seen("excused") == [0, 0, 1]


def test_faults_name_the_segment(reports: dict[str, ProbeReport]) -> None:
    for line in reports["missing"].book.lines:
        name, number = line.fault.where.split()
        assert name == "s0"
        assert int(number) % 3 == 0
        assert line.fault.detail == "status 404"
