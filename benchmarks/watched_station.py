"""A station that is watched: Debian's Prometheus scrapes it, its rules judge it, somebody is told.

    async with watched_station(text, folder) as watched:
        await watched.query('up{job="lensong"}')
        await watched.firing()
        watched.told          # what the webhook got, in order

Prometheus runs with the files that ``lensong monitoring-files`` writes for these settings, and
sends its alerts to the station's own monitoring, which posts them to a webhook that is ours.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from aiohttp import web

from benchmarks.station import ROOT, Station, running_platform
from core.clock import unix_ns

__all__ = ["WatchedStation", "watched_station"]

_READY_S: Final = 30.0
_OK: Final = 200


@dataclass(slots=True)
class WatchedStation:
    """The station, the Prometheus that watches it, and what was told."""

    station: Station
    prometheus: str
    """Address of Prometheus."""

    files: Path
    """Folder with ``prometheus.yml`` and ``rules.yml``."""

    told: list[tuple[float, dict[str, Any]]] = field(default_factory=list)
    """(UNIX seconds, JSON of the webhook) of each message."""

    process: asyncio.subprocess.Process | None = None
    """Prometheus, while it runs."""

    async def query(self, expression: str) -> list[dict[str, Any]]:
        """Return the result of an instant query: ``metric`` and ``value`` of each series.

        Raises:
            ValueError: If Prometheus refuses the expression; with its words.
        """
        parameters = {"query": expression}
        url = f"{self.prometheus}/api/v1/query"
        async with self.station.client.get(url, params=parameters) as answer:
            body = await answer.json()
        if body["status"] != "success":
            raise ValueError(f"{expression}: {body.get('error')}")
        data = body["data"]
        if data["resultType"] == "vector":
            result: list[dict[str, Any]] = data["result"]
            return result
        return [{"metric": {}, "value": data["result"]}]

    async def firing(self) -> list[dict[str, str]]:
        """Return the labels of every alert that fires now, the Watchdog left out."""
        async with self.station.client.get(f"{self.prometheus}/api/v1/alerts") as answer:
            body = await answer.json()
        return [
            alert["labels"]
            for alert in body["data"]["alerts"]
            if alert["state"] == "firing" and alert["labels"]["alertname"] != "Watchdog"
        ]

    async def held(self) -> list[dict[str, str]]:
        """Return ``name``, ``severity``, ``stage``, ``channel`` of what monitoring holds firing.

        That is what Prometheus reported, and what the platform noticed by itself.
        """
        url = f"{self.station.settings.pages_url}/alerts"
        async with self.station.client.get(url) as answer:
            alerts: list[dict[str, str]] = (await answer.json())["alerts"]
        return alerts

    async def start_prometheus(self) -> None:
        """Start Prometheus on what it stored before, and wait until it answers.

        Raises:
            TimeoutError: If it does not.
        """
        folder = self.files.parent
        with (folder / "prometheus.log").open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                "prometheus",
                f"--config.file={self.files}/prometheus.yml",
                f"--storage.tsdb.path={folder}/tsdb",
                f"--web.listen-address={self.prometheus.removeprefix('http://')}",
                "--log.level=warn",
                stdout=asyncio.subprocess.DEVNULL,
                stderr=log,
            )

        async def is_ready() -> bool:
            async with self.station.client.get(f"{self.prometheus}/-/ready") as answer:
                return answer.status == _OK

        await self.station.until("Prometheus is ready", is_ready, _READY_S)

    async def stop_prometheus(self) -> None:
        """End Prometheus, if it runs."""
        process, self.process = self.process, None
        if process is not None:
            with suppress(ProcessLookupError):
                process.terminate()
            await process.wait()

    def reload_prometheus(self) -> None:
        """Have Prometheus read its files again, soon."""
        if self.process is not None:
            self.process.send_signal(signal.SIGHUP)

    async def until_scraped(self) -> None:
        """Wait until Prometheus has read every process once.

        Raises:
            TimeoutError: If one does not answer.
        """

        async def is_scraped() -> bool:
            values = [item["value"][1] for item in await self.query('up{job="lensong"}')]
            return bool(values) and set(values) == {"1"}

        await self.station.until("Prometheus has read every process", is_scraped, _READY_S)


@asynccontextmanager
async def watched_station(
    text: str,
    folder: Path,
    *,
    prometheus_port: int,
    webhook_port: int,
    monitoring: str = "",
    environment: Mapping[str, str] | None = None,
) -> AsyncIterator[WatchedStation]:
    """Run a platform, Prometheus and a webhook; nothing is left when the block ends.

    Args:
        text: The settings without ``[monitoring]``.
        folder: For settings, logs and Prometheus' data.
        prometheus_port: A free port.
        webhook_port: A free port.
        monitoring: Lines of ``[monitoring]``.
        environment: What else the platform's has.
    """
    more = f'[monitoring]\n{monitoring}[[monitoring.webhooks]]\nname = "judge"\n'
    urls = {"JUDGE_URL": f"http://127.0.0.1:{webhook_port}/"}
    async with AsyncExitStack() as stack:
        told: list[tuple[float, dict[str, Any]]] = []
        await _take_messages(stack, told, webhook_port)
        station = await stack.enter_async_context(
            running_platform(
                f'{text}{more}url_env = "JUDGE_URL"\n',
                folder,
                environment={**(environment or {}), **urls},
            )
        )
        files = folder / "prometheus"
        await _write_files(folder / "station.toml", files)
        address = f"http://127.0.0.1:{prometheus_port}"
        watched = WatchedStation(station, address, files, told)
        stack.push_async_callback(watched.stop_prometheus)
        await watched.start_prometheus()
        yield watched


async def _take_messages(
    stack: AsyncExitStack, told: list[tuple[float, dict[str, Any]]], port: int
) -> None:
    async def take(request: web.Request) -> web.Response:
        told.append((unix_ns() / 1e9, await request.json()))
        return web.Response(status=204)

    app = web.Application()
    app.router.add_post("/", take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    await web.TCPSite(runner, "127.0.0.1", port).start()


async def _write_files(settings: Path, files: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "lensong", "monitoring-files", str(settings), "--out", str(files)),
        cwd=ROOT,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    _, complaint = await process.communicate()
    if process.returncode:
        raise RuntimeError(complaint.decode())
