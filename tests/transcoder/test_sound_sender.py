"""transcoder.sound_sender: MP3 to the packager, whatever the connection does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer

from core.timeline import PartAddress, UnixNs, start_of_segment
from transcoder.fragments import MadeSound, SoundNumberer
from transcoder.sound_sender import SoundSender

FIRST = 467_000_000 * 16
FRAME = bytes.fromhex("fffb9400") + bytes(380)


def chunk(index: int) -> MadeSound:
    return MadeSound(FIRST + index, f"<{index}>".encode())


class RecordingPackager:
    """A server that keeps each body, with its first number, and answers what it is told to."""

    def __init__(self) -> None:
        self.uploads: list[tuple[int, bytes]] = []
        self.answers: list[int] = []
        """Statuses of the next answers; 0 breaks the connection off; 200 when empty."""

        self.grown = asyncio.Event()

    async def post(self, request: web.Request) -> web.Response:
        """Take one upload."""
        answer = self.answers.pop(0) if self.answers else 200
        if answer == 0 and request.transport is not None:
            request.transport.abort()
            return web.Response()
        body = await request.read()
        if answer == 200:
            self.uploads.append((int(request.query["first"]) - FIRST, body))
        self.grown.set()
        return web.Response(status=answer, text="told to")

    async def wait_for(self, count: int) -> None:
        """Wait until so many uploads have come whole."""
        while len(self.uploads) < count:
            self.grown.clear()
            await self.grown.wait()


@asynccontextmanager
async def sending(packager: RecordingPackager) -> AsyncIterator[SoundSender]:
    app = web.Application()
    app.router.add_post("/sound/c", packager.post)
    async with TestServer(app) as server, aiohttp.ClientSession() as session:
        sender = SoundSender(url=str(server.make_url("/sound/c")), session=session)
        async with asyncio.timeout(15), asyncio.TaskGroup() as tasks:
            task = tasks.create_task(sender.run())
            yield sender
            task.cancel()


def joined(first: int, last: int) -> bytes:
    return b"".join(chunk(index).data for index in range(first, last + 1))


async def test_a_segment_is_one_request() -> None:
    packager = RecordingPackager()
    async with sending(packager) as sender:
        for index in range(33):
            sender.put(chunk(index))
        await packager.wait_for(2)
        assert sender.waiting_s in {0.24, 4.08}  # the second answer may still be on its way
    assert packager.uploads == [(0, joined(0, 15)), (16, joined(16, 31))]


async def test_what_a_new_encoder_repeats_is_left_out_and_a_hole_is_counted_anew() -> None:
    packager = RecordingPackager()
    async with sending(packager) as sender:
        for index in (0, 1, 2, 0, 1, 2, 3, *range(7, 16)):
            sender.put(chunk(index))
        await packager.wait_for(2)
    assert packager.uploads == [(0, joined(0, 3)), (7, joined(7, 15))]


async def test_a_broken_connection_loses_nothing() -> None:
    packager = RecordingPackager()
    packager.answers = [0, 200, 503]
    async with sending(packager) as sender:
        for index in range(32):
            sender.put(chunk(index))
        await packager.wait_for(3)
    wanted = [(0, joined(0, 15)), (0, joined(0, 15)), (16, joined(16, 31))]
    assert packager.uploads == wanted


async def test_a_refusal_is_not_repeated_for_ever() -> None:
    packager = RecordingPackager()
    packager.answers = [400]
    async with sending(packager) as sender:
        for index in range(32):
            sender.put(chunk(index))
        await packager.wait_for(1)
    assert packager.uploads == [(16, joined(16, 31))]


async def test_what_cannot_be_sent_grows_old_and_is_counted() -> None:
    packager = RecordingPackager()
    async with sending(packager) as sender:
        for index in range(80):
            sender.put(chunk(index))
        assert sender.dropped_chunks == 16
        await packager.wait_for(4)
    assert [first for first, _ in packager.uploads] == [16, 32, 48, 64]


def test_chunks_are_numbered_from_the_encoders_first_segment() -> None:
    numberer = SoundNumberer(start_of_segment(467_000_000))
    made = numberer.receive(FRAME * 25)
    assert [item.number for item in made] == [7_472_000_000, 7_472_000_001]
    assert numberer.receive(FRAME * 5) == [MadeSound(7_472_000_002, FRAME * 10)]


def test_a_chunk_covers_the_parts_that_end_with_it() -> None:
    """2.67 chunks a part: the keeper asks for whole segments only."""
    numbers = [SoundNumberer(UnixNs(0)).receive(FRAME * 170)[index].covers for index in range(17)]
    assert numbers[0] == PartAddress(-1, 5)
    assert numbers[2] == PartAddress(0, 0)
    assert numbers[14] == PartAddress(0, 4)
    assert numbers[15] == PartAddress(0, 5)
    assert numbers[16] == PartAddress(0, 5)
