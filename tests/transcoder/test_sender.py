"""transcoder.sender: segments to the packager, whatever the connection does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer

from core.cmaf import TrackHeader
from core.timeline import PartAddress
from transcoder.fragments import MadeHeader, MadePart
from transcoder.sender import RenditionSender

MSN = 467_000_000


def header(data: bytes = b"header") -> MadeHeader:
    return MadeHeader(
        TrackHeader(
            data=data, hash="h", kind="audio", track_id=1, timescale=48_000, codec="mp4a.40.2",
            width=0, height=0, channels=2, sample_rate=48_000, configuration=b"",
            default_duration=1024, default_size=0, default_flags=0,
        )
    )  # fmt: skip


def part(msn: int, number: int) -> MadePart:
    return MadePart(PartAddress(msn, number), 30, f"<{msn - MSN}.{number}>".encode())


class RecordingPackager:
    """A server that keeps each body it is sent and answers what it is told to."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.answers: list[int] = []
        """Statuses of the next answers; 0 breaks the connection off; 200 when empty."""

        self.grown = asyncio.Event()

    async def post(self, request: web.Request) -> web.Response:
        """Take one upload."""
        answer = self.answers.pop(0) if self.answers else 200
        if answer == 0 and request.transport is not None:
            request.transport.abort()
            return web.Response()
        if answer != 200:
            return web.Response(status=answer, text="told to")
        body = await request.read()
        self.bodies.append(body[body.find(b"<") :] if b"<" in body else body)
        self.grown.set()
        return web.Response(text="{}")

    async def wait_for(self, count: int) -> None:
        """Wait until so many uploads have come whole."""
        while len(self.bodies) < count:
            self.grown.clear()
            await self.grown.wait()


@asynccontextmanager
async def sending(packager: RecordingPackager) -> AsyncIterator[RenditionSender]:
    app = web.Application()
    app.router.add_post("/cmaf/c/a96", packager.post)
    async with TestServer(app) as server, aiohttp.ClientSession() as session:
        sender = RenditionSender(
            rendition="a96",
            url=str(server.make_url("/cmaf/c/a96")),
            session=session,
            showed_slate=lambda msn: msn == MSN + 1,
        )
        async with asyncio.timeout(15), asyncio.TaskGroup() as tasks:
            task = tasks.create_task(sender.run())
            yield sender
            task.cancel()


def put_segment(sender: RenditionSender, msn: int) -> None:
    for number in range(6):
        sender.put(part(msn, number))


def whole(msn: int) -> bytes:
    return b"".join(part(msn, number).data for number in range(6))


async def test_the_header_comes_first_and_each_segment_in_one_request() -> None:
    packager = RecordingPackager()
    async with sending(packager) as sender:
        sender.put(header())
        put_segment(sender, MSN)
        put_segment(sender, MSN + 2)
        await packager.wait_for(3)
    assert packager.bodies == [b"header", whole(MSN), whole(MSN + 2)]


async def test_a_packager_that_wants_the_header_gets_it_and_all_that_is_kept() -> None:
    packager = RecordingPackager()
    async with sending(packager) as sender:
        sender.put(header())
        put_segment(sender, MSN)
        await packager.wait_for(2)
        packager.answers = [412]
        put_segment(sender, MSN + 2)
        await packager.wait_for(5)
    assert packager.bodies[2:] == [b"header", whole(MSN), whole(MSN + 2)]


async def test_a_broken_connection_loses_nothing() -> None:
    packager = RecordingPackager()
    packager.answers = [0, 200, 0]
    async with sending(packager) as sender:
        sender.put(header())
        put_segment(sender, MSN)
        await packager.wait_for(3)
    assert packager.bodies == [b"header", b"header", whole(MSN)]


async def test_a_refusal_is_not_repeated_for_ever() -> None:
    """400 means that the upload is wrong: sending it again mends nothing."""
    packager = RecordingPackager()
    packager.answers = [200, 400]
    async with sending(packager) as sender:
        sender.put(header())
        put_segment(sender, MSN)
        put_segment(sender, MSN + 2)
        await packager.wait_for(2)
    assert packager.bodies == [b"header", whole(MSN + 2)]


async def test_a_segment_that_its_encoder_left_is_closed_and_begun_again() -> None:
    packager = RecordingPackager()
    async with sending(packager) as sender:
        sender.put(header())
        for number in range(2):
            sender.put(part(MSN, number))
        sender.put(header())  # another encoder
        put_segment(sender, MSN)
        await packager.wait_for(3)
    assert packager.bodies == [b"header", b"<0.0><0.1>", whole(MSN)]


async def test_what_cannot_be_sent_grows_old_and_is_counted() -> None:
    packager = RecordingPackager()
    async with sending(packager) as sender:
        sender.put(header())
        for index in range(8):
            put_segment(sender, MSN + 2 + index)
        assert sender.dropped_segments == 3
        await packager.wait_for(6)
    assert packager.bodies[1:] == [whole(MSN + 5 + index) for index in range(5)]
