"""A programme and a packager with an upload that stands still between them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer, unused_port

from core.clock import unix_ns
from core.config import load_settings
from core.publication import HoleDeclared, PartPublished, SegmentPublished
from core.timeline import SEGMENT_NS, msn_at
from tests.packager.station import SECRET, Follower, Station, new_station, running
from transcoder.service import ProgrammeService

STALLED: Final = "234p"
STALL_S: Final = 2.0


class Proxy:
    """Passes uploads on, one rendition's only while its gate is open."""

    def __init__(self, upstream: str, session: aiohttp.ClientSession) -> None:
        self._upstream, self._session = upstream, session
        self.gate = asyncio.Event()
        self.gate.set()

    async def forward(self, request: web.Request) -> web.Response:
        """Pass one upload on, byte by byte as it comes."""
        stalls = request.path.endswith(f"/{STALLED}")

        async def body() -> AsyncIterator[bytes]:
            async for data in request.content.iter_any():
                if stalls:
                    await self.gate.wait()
                yield data

        headers = {"Authorization": request.headers["Authorization"]}
        url = self._upstream + request.path_qs
        async with self._session.post(url, data=body(), headers=headers) as answer:
            return web.Response(status=answer.status, body=await answer.read())


@pytest.fixture
def station() -> Iterator[Station]:
    with new_station() as found:
        yield found


@asynccontextmanager
async def proxy_to(station: Station) -> AsyncIterator[tuple[Proxy, int]]:
    async with aiohttp.ClientSession() as session:
        proxy = Proxy(station.cmaf_url, session)
        app = web.Application()
        app.router.add_post("/{path:.*}", proxy.forward)
        async with TestServer(app) as server:
            assert server.port is not None
            yield proxy, server.port


@asynccontextmanager
async def programme_through(station: Station, cmaf_port: int) -> AsyncIterator[str]:
    """Run the channel's programme, its uploads going to ``cmaf_port``; yield its admin address."""
    admin_port = unused_port()
    text = await asyncio.to_thread(station.file.read_text, encoding="utf-8")
    text = text.replace(
        f"cmaf_port = {station.settings.network.cmaf_port}",
        f"cmaf_port = {cmaf_port}\nfeeds_port = {unused_port()}\n"
        f"programme_admin_port = {admin_port}",
    )
    file = Path(station.folder, "programme.toml")
    await asyncio.to_thread(file.write_text, text, encoding="utf-8")
    settings = await asyncio.to_thread(load_settings, file)
    service = await asyncio.to_thread(
        lambda: ProgrammeService(settings=settings, path=file, slug="hytv", secret=SECRET)
    )
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(service.run())
        yield f"http://127.0.0.1:{admin_port}"
        task.cancel()


async def encoder_pid(admin_url: str) -> int:
    headers = {"Authorization": f"Bearer {SECRET}"}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.get(f"{admin_url}/control/status") as answer,
    ):
        return int((await answer.json())["encoder_pid"])


def segments_of(follower: Follower) -> set[tuple[str, int]]:
    """Return (rendition, number) of every segment that was published whole."""
    segments = (item for item in follower.heard if isinstance(item, SegmentPublished))
    return {(item.rendition, item.msn) for item in segments}


def most_parts_behind(follower: Follower) -> int:
    """Return by how many parts the stalled rendition was behind the others at most."""
    newest = {True: 0, False: 0}
    behind = 0
    for item in follower.heard:
        if isinstance(item, PartPublished):
            newest[item.rendition == STALLED] = item.msn * 6 + item.part
            if newest[True]:
                behind = max(behind, newest[False] - newest[True])
    return behind


async def until_whole(follower: Follower, station: Station, msn: int) -> None:
    """Read until a segment is published in every rendition."""
    wanted = {(item.name, msn) for item in station.renditions}
    while wanted - segments_of(follower):
        await follower.until(lambda item: isinstance(item, SegmentPublished))


@pytest.mark.media
@pytest.mark.timeout(120)
async def test_one_renditions_upload_that_stands_still_costs_nothing(station: Station) -> None:
    """For 2 s the packager gets no picture: the sound goes on, and then all of it is there.

    It begins at a segment's end, when its last part is on its way: then a hole is nearest.
    """
    async with (
        running(station),
        proxy_to(station) as (proxy, port),
        Follower.connect(station.settings.packager_socket) as follower,
        programme_through(station, port) as admin_url,
    ):
        await follower.until(lambda item: isinstance(item, SegmentPublished))
        first = max(msn for _, msn in segments_of(follower))
        await until_whole(follower, station, first + 1)  # the packager's patience at start is over
        pid = await encoder_pid(admin_url)
        # The two sleeps are what is tested: the moment on the grid, and the stall's length.
        await asyncio.sleep(-unix_ns() % SEGMENT_NS / 1e9)
        stalled = msn_at(unix_ns())
        proxy.gate.clear()
        await asyncio.sleep(STALL_S)
        proxy.gate.set()
        await until_whole(follower, station, stalled + 1)
        assert await encoder_pid(admin_url) == pid
    assert most_parts_behind(follower) >= 3  # it did stand still, and alone
    numbers = range(first + 1, stalled + 2)
    assert {(item.name, msn) for item in station.renditions for msn in numbers} <= (
        segments_of(follower)
    )
    assert not [item for item in follower.heard if isinstance(item, HoleDeclared)]
