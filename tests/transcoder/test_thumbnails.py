"""transcoder.thumbnails: numbers, and the way to the packager."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from core.errors import FormatError
from tests.core.test_jpeg import make_jpeg
from transcoder.thumbnails import MadeThumbnail, ThumbnailCutter, ThumbnailSender

MSN = 467_000_000


def thumbnail(number: int) -> MadeThumbnail:
    return MadeThumbnail(MSN + number, f"<{number}>".encode())


def test_counts_from_the_segment_with_which_the_run_began() -> None:
    cutter = ThumbnailCutter(MSN)
    first, second = make_jpeg(16, 16), make_jpeg(32, 16)
    assert cutter.receive(first + second[:9]) == [MadeThumbnail(MSN, first)]
    assert cutter.receive(second[9:]) == [MadeThumbnail(MSN + 1, second)]
    with pytest.raises(FormatError):
        cutter.receive(b"no jpeg")


class RecordingPackager:
    """A server that keeps each thumbnail and answers what it is told to."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, bytes]] = []
        self.answers: list[int] = []
        """Statuses of the next answers; 0 breaks the connection off; 200 when empty."""

        self.grown = asyncio.Event()

    async def post(self, request: web.Request) -> web.Response:
        """Take one."""
        answer = self.answers.pop(0) if self.answers else 200
        if answer == 0 and request.transport is not None:
            request.transport.abort()
            return web.Response()
        if answer == 200:
            self.taken.append((request.match_info["msn"], await request.read()))
        self.grown.set()
        return web.Response(status=answer, text="told to")

    async def wait_for(self, count: int) -> list[int]:
        """Wait until so many were taken; return their numbers."""
        while len(self.taken) < count:
            self.grown.clear()
            await self.grown.wait()
        return [int(msn) - MSN for msn, _ in self.taken]


@asynccontextmanager
async def sending(packager: RecordingPackager) -> AsyncIterator[ThumbnailSender]:
    app = web.Application()
    app.router.add_post("/thumb/c/{msn}", packager.post)
    async with TestServer(app) as server, aiohttp.ClientSession() as session:
        sender = ThumbnailSender(url=str(server.make_url("/thumb/c")), session=session)
        async with asyncio.timeout(15), asyncio.TaskGroup() as tasks:
            task = tasks.create_task(sender.run())
            yield sender
            task.cancel()


async def test_each_is_posted_under_its_number() -> None:
    packager = RecordingPackager()
    async with sending(packager) as sender:
        sender.put(thumbnail(0))
        sender.put(thumbnail(1))
        await packager.wait_for(2)
    assert packager.taken == [(f"{MSN}", b"<0>"), (f"{MSN + 1}", b"<1>")]


async def test_after_a_fault_all_that_is_kept_goes_again() -> None:
    packager = RecordingPackager()
    async with sending(packager) as sender:
        sender.put(thumbnail(0))
        await packager.wait_for(1)
        packager.answers = [0, 503]
        sender.put(thumbnail(1))
        assert await packager.wait_for(3) == [0, 0, 1]
        assert sender.dropped == 0


async def test_a_refused_one_is_not_sent_again() -> None:
    packager = RecordingPackager()
    packager.answers = [400]
    async with sending(packager) as sender:
        sender.put(thumbnail(0))
        sender.put(thumbnail(1))
        assert await packager.wait_for(1) == [1]


async def test_what_grows_too_old_is_dropped_and_counted() -> None:
    """Nobody takes them: the five newest are kept."""
    packager = RecordingPackager()
    packager.answers = [503]
    async with sending(packager) as sender:
        for number in range(8):
            sender.put(thumbnail(number))
        assert sender.dropped == 3
        assert await packager.wait_for(5) == [3, 4, 5, 6, 7]
