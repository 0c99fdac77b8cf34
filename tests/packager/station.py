"""A small station for the packager's shell tests: settings, a sender, a follower."""

from __future__ import annotations

import asyncio
import shutil
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import aiohttp

from core.clock import unix_ns
from core.config import Settings, load_settings
from core.environment import INTERNAL_SECRET_VARIABLE, child_environment
from core.ladder import Rendition, renditions_of
from core.publication import (
    HourArchived,
    Publication,
    PublicationReader,
    SegmentArchived,
    SnapshotEnd,
)
from core.timeline import msn_at
from packager.service import PackagerService
from tests.cmaf_media import make_header, make_segment

__all__ = [
    "SECRET",
    "Follower",
    "Sender",
    "Station",
    "live_msn",
    "new_station",
    "process",
    "ready",
    "running",
    "sending",
]

SECRET: Final = "a secret of sixteen or more"  # noqa: S105

_TOML: Final = """
[station]
name = "Đài thử"
[paths]
data_dir = "{folder}/data"
run_dir = "{folder}/run"
[network]
cmaf_port = {ports[0]}
packager_admin_port = {ports[1]}
[[channels]]
slug = "hytv"
name = "Truyền hình Hưng Yên"
kind = "tv"
[[channels.renditions]]
name = "234p"
width = 416
height = 234
video_kbps = 145
"""

RADIO: Final = """
[[channels]]
slug = "hyfm"
name = "Phát thanh Hưng Yên"
kind = "radio"
"""


def live_msn() -> int:
    """Return the newest number of which all parts may be sent now."""
    return msn_at(unix_ns())


def _free_ports(count: int) -> list[int]:
    with_ports = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    try:
        return [item.getsockname()[1] for item in with_ports]
    finally:
        for item in with_ports:
            item.close()


@dataclass(frozen=True, slots=True)
class Station:
    """Where a packager of the tests lives."""

    folder: Path
    file: Path
    settings: Settings

    @property
    def renditions(self) -> tuple[Rendition, ...]:
        """The ladder of ``hytv``."""
        return renditions_of(self.settings.channel("hytv"))

    @property
    def cmaf_url(self) -> str:
        """Where the programme posts."""
        return f"http://127.0.0.1:{self.settings.network.cmaf_port}"

    @property
    def admin_url(self) -> str:
        """The admin port."""
        return f"http://127.0.0.1:{self.settings.network.packager_admin_port}"


@contextmanager
def new_station(*, radio: bool = False) -> Iterator[Station]:
    """Write settings into a short folder of their own: a socket's path has at most 107 bytes."""
    folder = Path(tempfile.mkdtemp(prefix="pk"))
    try:
        text = _TOML.format(folder=folder, ports=_free_ports(2)) + (RADIO if radio else "")
        file = folder / "lensong.toml"
        file.write_text(text, encoding="utf-8")
        yield Station(folder, file, load_settings(file))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def ready(
    session: aiohttp.ClientSession,
    station: Station,
    child: asyncio.subprocess.Process | None = None,
) -> None:
    """Return once the packager says that it can do its job."""
    async with asyncio.timeout(60):
        while True:
            if child is not None and child.returncode is not None:
                _, said = await child.communicate()
                raise AssertionError(said.decode())
            with suppress(aiohttp.ClientConnectionError):
                async with session.get(f"{station.admin_url}/healthz") as response:
                    if response.status == 200:
                        return
            await asyncio.sleep(0.02)  # nothing tells that a port opened but trying it


@asynccontextmanager
async def process(station: Station) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run ``python -m packager`` until the block ends."""
    environment = child_environment() | {INTERNAL_SECRET_VARIABLE: SECRET}
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "packager", str(station.file)),
        env=environment,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield child
    finally:
        if child.returncode is None:
            child.kill()
        await child.communicate()


@asynccontextmanager
async def running(station: Station) -> AsyncIterator[Sender]:
    """Run a packager in this process; yield a sender for it."""
    service = await asyncio.to_thread(
        PackagerService, station.settings, file=station.file, secret=SECRET
    )
    async with asyncio.TaskGroup() as tasks, sending(station) as sender:
        task = tasks.create_task(service.run())
        await ready(sender.session, station)
        try:
            yield sender
        finally:
            task.cancel()


@asynccontextmanager
async def sending(station: Station) -> AsyncIterator[Sender]:
    """Yield a sender with a session of its own."""
    headers = {"Authorization": f"Bearer {SECRET}"}
    async with aiohttp.ClientSession(headers=headers) as session:
        yield Sender(station, session)


@dataclass(frozen=True, slots=True)
class Sender:
    """Posts as a programme does."""

    station: Station
    session: aiohttp.ClientSession

    async def post(
        self,
        rendition: str,
        body: bytes | AsyncIterator[bytes],
        *,
        channel: str = "hytv",
        query: str = "?encoder=a",
    ) -> tuple[int, str]:
        """Post one upload; return status and text."""
        url = f"{self.station.cmaf_url}/cmaf/{channel}/{rendition}{query}"
        async with self.session.post(url, data=body) as response:
            return response.status, await response.text()

    async def headers(self) -> None:
        """Post the header of each rendition."""
        for item in self.station.renditions:
            assert await self.post(item.name, make_header(item)) == (200, "{}")

    async def segments(self, *numbers: int, slate: bool = False) -> None:
        """Post these segments of each rendition."""
        for msn in numbers:
            for item in self.station.renditions:
                body = make_segment(item, msn, slate=slate)
                assert await self.post(item.name, body) == (200, "{}")

    async def admin(self, path: str, *, method: str = "GET") -> tuple[int, str]:
        """Ask the admin port."""
        async with self.session.request(method, self.station.admin_url + path) as response:
            return response.status, await response.text()


class Follower:
    """Follows the packager as an origin does."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self._reader, self._cutter = reader, PublicationReader()
        self.heard: list[Publication] = []

    @classmethod
    @asynccontextmanager
    async def connect(cls, path: Path) -> AsyncIterator[Follower]:
        """Connect and read the snapshot."""
        reader, writer = await asyncio.open_unix_connection(path)
        try:
            follower = cls(reader)
            await follower.until(lambda item: isinstance(item, SnapshotEnd))
            yield follower
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    @property
    def window(self) -> list[Publication]:
        """What was heard of the live window: all but what is archived."""
        return [i for i in self.heard if not isinstance(i, HourArchived | SegmentArchived)]

    async def until(self, wanted: Callable[[Publication], bool]) -> list[Publication]:
        """Read until a publication is ``wanted``; return what was read meanwhile."""
        start = len(self.heard)
        async with asyncio.timeout(30):
            while not any(wanted(item) for item in self.heard[start:]):
                data = await self._reader.read(65_536)
                assert data, "the packager closed the connection"
                self.heard += self._cutter.receive(data)
        return self.heard[start:]
