"""Monitoring as a process: its ports, its pages, the clock it compares."""

from __future__ import annotations

import asyncio
import re
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import cast

import aiohttp
import pytest
from aiohttp.test_utils import unused_port

from core.clock import unix_ns
from core.config import load_settings
from monitoring.host_clock import ask_time
from monitoring.service import MonitoringService

SECRET = "a secret of sixteen characters"  # noqa: S105


class SlowClock(asyncio.DatagramProtocol):
    """A time server whose clock is 1.5 s behind this machine's."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        self.transport = cast(asyncio.DatagramTransport, transport)  # uvloop's is no subclass

    def datagram_received(self, data: bytes, addr: tuple[str | object, int]) -> None:
        """Answer as a server whose clock is right."""
        seconds, rest = divmod(unix_ns() - 1_500_000_000, 1_000_000_000)
        stamp = struct.pack(">II", seconds + 2_208_988_800, (rest << 32) // 1_000_000_000)
        head = struct.pack(">BB22x", 0x24, 2)
        self.transport.sendto(head + data[40:48] + stamp * 2, addr)


@asynccontextmanager
async def slow_clock() -> AsyncIterator[str]:
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(SlowClock, local_addr=("127.0.0.1", 0))
    try:
        yield f"127.0.0.1:{transport.get_extra_info('sockname')[1]}"
    finally:
        transport.close()


def write_settings(folder: Path, more: str = "") -> Path:
    path = folder / "station.toml"
    path.write_text(
        f'[station]\nname = "Đài <thử>"\n[paths]\ndata_dir = "{folder}/data"\n'
        f'run_dir = "{folder}/run"\n[network]\nmonitoring_port = {unused_port()}\n'
        f"monitoring_admin_port = {unused_port()}\n{more}\n"
        '[[channels]]\nslug = "hyfm"\nname = "Phát thanh"\nkind = "radio"\n',
        encoding="utf-8",
    )
    return path


@asynccontextmanager
async def running(path: Path) -> AsyncIterator[tuple[aiohttp.ClientSession, str, str]]:
    settings = await asyncio.to_thread(load_settings, path)
    service = await asyncio.to_thread(MonitoringService, path, settings, secret=SECRET)
    network = settings.network
    async with aiohttp.ClientSession() as client, asyncio.TaskGroup() as tasks:
        task = tasks.create_task(service.run())
        admin = f"http://127.0.0.1:{network.monitoring_admin_port}"
        async with asyncio.timeout(10):
            while True:
                try:
                    async with client.get(f"{settings.pages_url}/"):
                        break
                except aiohttp.ClientConnectionError:
                    await asyncio.sleep(0.01)
        yield client, settings.pages_url, admin
        task.cancel()


async def test_the_first_page_names_the_station_and_its_channels(tmp_path: Path) -> None:
    async with running(await asyncio.to_thread(write_settings, tmp_path)) as (client, pages, _):
        async with client.get(pages) as answer:
            text = await answer.text()
            assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert "Đài &lt;thử&gt;" in text
        assert "Phát thanh" in text
        async with client.get(f"{pages}/nothing") as answer:
            assert answer.status == 404


async def test_a_time_server_that_is_behind_shows_how_far_the_clock_is_ahead() -> None:
    async with slow_clock() as server:
        assert await ask_time(server) == pytest.approx(1.5, abs=0.2)


async def test_the_clocks_offset_is_a_metric_of_monitoring(tmp_path: Path) -> None:
    async with slow_clock() as server:
        more = f'[monitoring]\nntp_server = "{server}"'
        settings = await asyncio.to_thread(write_settings, tmp_path, more)
        async with running(settings) as (client, _, admin), asyncio.timeout(10):
            name = 'lensong_clock_offset_seconds{service="monitoring"} '
            line = ""
            while not line:
                async with client.get(f"{admin}/metrics") as answer:
                    text = await answer.text()
                line = next((one for one in text.splitlines() if one.startswith(name)), "")
            assert float(line.removeprefix(name)) == pytest.approx(1.5, abs=0.2)


async def test_a_reload_takes_new_channels_and_refuses_what_needs_a_restart(
    tmp_path: Path,
) -> None:
    path = await asyncio.to_thread(write_settings, tmp_path)
    good = await asyncio.to_thread(path.read_text, encoding="utf-8")
    headers = {"Authorization": f"Bearer {SECRET}"}
    async with running(path) as (client, pages, admin):
        more = good + '[[channels]]\nslug = "two"\nname = "Kênh hai"\nkind = "radio"\n'
        await asyncio.to_thread(path.write_text, more, encoding="utf-8")
        async with client.post(f"{admin}/control/reload", headers=headers) as answer:
            assert answer.status == 204
        async with client.get(pages) as answer:
            assert "Kênh hai" in await answer.text()
        async with client.get(f"{admin}/metrics") as answer:
            assert 'lensong_probe_success{channel="two",' in await answer.text()
        moved = good.replace("[network]", '[network]\nmonitoring_host = "127.0.0.2"')
        await asyncio.to_thread(path.write_text, moved, encoding="utf-8")
        async with client.post(f"{admin}/control/reload", headers=headers) as answer:
            assert answer.status == 409
            assert "needs a restart" in await answer.text()


async def test_the_days_sheet_counts_what_processes_show_and_is_kept(tmp_path: Path) -> None:
    path = await asyncio.to_thread(write_settings, tmp_path)
    async with running(path) as (client, pages, _), asyncio.timeout(10):
        link = None
        while link is None:
            async with client.get(pages) as answer:
                link = re.search(r'href="(/reports/[0-9-]+)"', await answer.text())
        async with client.get(pages + link[1]) as answer:
            assert answer.status == 200
            assert "Phát thanh" in await answer.text()
        async with client.get(f"{pages}{link[1]}.csv") as answer:
            assert answer.content_type == "text/csv"
            assert (await answer.text()).splitlines()[1].split(",")[1:3] == ["1", "hyfm"]
        for wrong in ("2020-01-01", "2026-13-40", "..%2Falerts", "x.csv"):
            async with client.get(f"{pages}/reports/{wrong}") as answer:
                assert answer.status == 404, wrong
    assert (
        await asyncio.to_thread(lambda: len(list((tmp_path / "data/quality").glob("*.json")))) == 1
    )
