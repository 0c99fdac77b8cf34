"""The probe without end: its targets and its families."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import UTC
from pathlib import Path

from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from core.config import parse_settings
from core.environment import probe_urls
from core.guide import GuideSnapshot, Programme
from core.guide_files import write_guide
from monitoring.probe_content import output_rules
from monitoring.probe_faults import FAULT_KINDS
from monitoring.probe_service import ProbeService, targets_of

SETTINGS = """
[station]
name = "Đài"
[network]
http_port = 8123
[monitoring]
{more}
[[monitoring.probes]]
name = "far"
url = "https://far.example/x.m3u8"
[[channels]]
slug = "hytv"
name = "Truyền hình"
kind = "tv"
"""


def test_own_channels_and_foreign_ones_are_played() -> None:
    settings = parse_settings(SETTINGS.format(more=""), name="test")
    assert targets_of(settings, probe_urls(settings)) == {
        "far": "https://far.example/x.m3u8",
        "hytv": "http://127.0.0.1:8123/live/hytv/index.m3u8",
    }


def test_nothing_is_played_where_the_probe_is_switched_off() -> None:
    assert (
        targets_of(parse_settings(SETTINGS.format(more="probe = false"), name="test"), {"a": "b"})
        == {}
    )


async def test_counters_begin_at_zero_and_a_server_that_is_not_there_is_a_fault() -> None:
    registry = CollectorRegistry()
    service = ProbeService({"hytv": "http://127.0.0.1:9/x.m3u8"}, "inside", registry)

    def faults(kind: str) -> float | None:
        labels = {"channel": "hytv", "vantage": "inside", "kind": kind}
        return registry.get_sample_value("lensong_probe_faults_total", labels)

    def success() -> float | None:
        labels = {"channel": "hytv", "vantage": "inside"}
        return registry.get_sample_value("lensong_probe_success", labels)

    assert [faults(kind) for kind in FAULT_KINDS] == [0.0] * len(FAULT_KINDS)
    assert success() == 0.0
    with suppress(TimeoutError):
        async with asyncio.timeout(1.0):
            await service.run()
    assert faults("unreachable") == 1.0
    assert success() == 0.0
    assert faults("media_sequence") == 0.0


async def test_the_guide_is_read_and_missed_once(tmp_path: Path) -> None:
    settings = parse_settings(
        SETTINGS.format(more="")
        + """
[[channels.exceptions]]
kinds = ["silence"]
programme = "Phút mặc niệm"
""",
        name="test",
    )
    targets = {"hytv": "http://127.0.0.1:9/x.m3u8"}
    rules = output_rules(settings, UTC)
    minute = Programme(id="p", channel="hytv", start_s=60, end_s=120, title="Phút mặc niệm")

    async def logged() -> list[str]:
        service = ProbeService(targets, "inside", CollectorRegistry(), rules=rules, guide=tmp_path)
        with capture_logs() as lines, suppress(TimeoutError):
            async with asyncio.timeout(0.5):
                await service.run()
        return [line["channel"] for line in lines if line["event"] == "exceptions_without_guide"]

    assert await logged() == ["hytv"]
    guide = GuideSnapshot(channel="hytv", programmes=(minute,))
    await asyncio.to_thread(write_guide, tmp_path, guide)
    assert await logged() == []


async def test_a_reload_plays_what_is_new_and_forgets_what_is_gone() -> None:
    registry = CollectorRegistry()
    events: asyncio.Queue[str] = asyncio.Queue()

    async def hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        name = (await reader.readuntil(b"\r\n\r\n")).split()[1].decode().strip("/")
        events.put_nowait(f"{name} asks")
        await reader.read()
        events.put_nowait(f"{name} leaves")
        writer.close()

    def told() -> set[str]:
        return {
            sample.labels["channel"] for family in registry.collect() for sample in family.samples
        }

    async with await asyncio.start_server(hold, "127.0.0.1", 0) as server:
        site = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        targets = {name: f"{site}/{name}" for name in ("hytv", "stays", "hyfm")}
        new = targets.pop("hyfm")
        service = ProbeService(targets, "inside", registry)
        async with asyncio.timeout(8), asyncio.TaskGroup() as tasks:
            running = tasks.create_task(service.run())
            assert {await events.get(), await events.get()} == {"hytv asks", "stays asks"}
            assert told() == {"hytv", "stays"}
            service.configure({"stays": targets["stays"], "hyfm": new}, {}, {})
            assert {await events.get(), await events.get()} == {"hytv leaves", "hyfm asks"}
            assert told() == {"stays", "hyfm"}
            assert events.empty()
            running.cancel()
