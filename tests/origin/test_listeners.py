"""origin.listeners: a real server, and listeners that are strict, slow, or gone."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass

import pytest

from core.publication import ChannelState, Publication, SnapshotEnd, SoundPublished
from core.timeline import SOUND_CHUNKS_PER_SEGMENT
from origin.connections import Connections, Limits
from origin.fastpath import FastPath, PublicServer
from origin.http import Site, create_app
from origin.listeners import MAX_BEHIND_BYTES, RadioDesk
from origin.preparation import Preparation
from origin.prepared import ResponseTable
from origin.tally import Tally
from tests.checker.icy import listen
from tests.origin.broadcast import MSN, Broadcast, make_settings

SETTINGS = make_settings()
RADIO = Broadcast(SETTINGS.channels[1], payload_bytes=30 * 300)
FIRST = MSN * SOUND_CHUNKS_PER_SEGMENT
CHUNK_BYTES = 3_840
LIMITS = Limits(header_s=0.3, idle_s=0.3, first_s=0.3, stalled_s=30, look_every_s=0.05)
"""Deadlines that a listener would meet at once if any were his."""


def sound(number: int) -> bytes:
    """Return a chunk of MP3, or what stands for one, that tells its number."""
    return f"<{number}>".encode().ljust(CHUNK_BYTES, b".")


@dataclass
class Running:
    """A public server, and what is told to it."""

    preparation: Preparation
    desk: RadioDesk
    tally: Tally
    server: PublicServer
    number: int = FIRST

    @property
    def port(self) -> int:
        """Of the public site."""
        return self.server.port

    def tell(self, publications: Iterable[Publication]) -> None:
        """Publish."""
        for publication in publications:
            change = self.preparation.apply(publication, stored_ns=0)
            self.desk.take(change, self.preparation.window)

    def play(self, chunks: int) -> None:
        """Publish the next chunks of MP3."""
        for _ in range(chunks):
            self.tell([SoundPublished(channel="hyfm", number=self.number, data=sound(self.number))])
            self.number += 1

    def title(self, text: str) -> None:
        """Publish a title."""
        self.tell([ChannelState(channel="hyfm", on_air="studio", title=text, since_ns=1)])

    def counted(self, name: str, **labels: str) -> float:
        """Return a sample's value, over the labels that are not given."""
        return sum(
            sample.value
            for collector in (self.desk, self.tally)
            for family in collector.collect()
            for sample in family.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        )

    async def until_listeners(self, count: int) -> None:
        """Wait until so many listeners of MP3 are counted."""
        labels = {"channel": "hyfm", "codec": "mp3"}
        while self.counted("lensong_radio_listeners", **labels) != count:  # noqa: ASYNC110 - a metric
            await asyncio.sleep(0)


@pytest.fixture
async def origin() -> AsyncIterator[Running]:
    table = ResponseTable(max_held=2)
    preparation = Preparation(table, SETTINGS.channels)
    tally = Tally(("hytv", "hyfm"), table)
    desk = RadioDesk(SETTINGS.channels, tally)
    fast = FastPath(table=table, tally=tally, connections=Connections(LIMITS))
    app = create_app(Site(preparation, tally), desk.add_to)
    server = PublicServer(app, fast, host="127.0.0.1", port=0)
    running = Running(preparation, desk, tally, server)
    preparation.begin_snapshot()
    running.tell([*RADIO.headers(), *RADIO.segments(MSN - 2, MSN), SnapshotEnd()])
    running.play(100)
    async with asyncio.timeout(15), asyncio.TaskGroup() as tasks:
        task = tasks.create_task(server.run())
        await server.listening.wait()
        yield running
        task.cancel()


@pytest.mark.parametrize("version", ["1.1", "1.0"])
async def test_a_burst_of_four_seconds_and_then_what_comes(origin: Running, version: str) -> None:
    async with listen(origin.port, "/radio/hyfm.mp3", version=version) as it:
        assert it.status == 200
        assert it.headers["content-type"] == "audio/mpeg"
        assert it.headers["cache-control"] == "no-store"
        assert it.headers["access-control-allow-origin"] == "*"
        assert it.headers["icy-name"] == "Phát thanh Hưng Yên"
        assert (it.headers["icy-br"], it.headers["icy-pub"]) == ("128", "0")
        assert "icy-metaint" not in it.headers
        assert it.headers.get("transfer-encoding") == ("chunked" if version == "1.1" else None)
        heard = await it.read_sound(17 * CHUNK_BYTES)
        assert heard == b"".join(sound(FIRST + number) for number in range(83, 100))
        for _ in range(3):
            origin.play(1)
            heard = await it.read_sound(len(heard) + CHUNK_BYTES)
            assert heard[-CHUNK_BYTES:] == sound(origin.number - 1)
        assert len(heard) == 20 * CHUNK_BYTES


async def test_aac_is_what_the_parts_hold(origin: Running) -> None:
    async with listen(origin.port, "/radio/hyfm.aac") as it:
        assert it.headers["content-type"] == "audio/aac"
        heard = await it.read_sound(7 * 30 * 307)
        assert len(heard) == 7 * 30 * 307
        origin.tell(RADIO.live(MSN + 1, [0]))
        origin.tell(RADIO.live(MSN + 1, [0]))  # again
        heard = await it.read_sound(8 * 30 * 307)
        assert heard[7 * 30 * 307 :][7:].startswith(f"a128 {MSN + 1}.0 ".encode())
        assert len(heard) == 8 * 30 * 307


async def test_titles_are_told_as_they_change(origin: Running) -> None:
    origin.title("Trống cơm")
    async with (
        listen(origin.port, "/radio/hyfm.mp3", titles=True) as it,
        listen(origin.port, "/radio/hyfm.mp3", titles=True, version="1.0") as old,
    ):
        assert it.headers["icy-metaint"] == "16000"
        for listener in (it, old):
            await listener.until_title("Trống cơm")
        await origin.until_listeners(2)
        origin.title("Bèo dạt mây trôi")
        origin.play(5)
        for listener in (it, old):
            await listener.until_title("Bèo dạt mây trôi")
        origin.title("")
        origin.play(5)
        for listener in (it, old):
            await listener.until_title("")
            assert listener.titles == ["Trống cơm", "Bèo dạt mây trôi", ""]
            heard = await listener.read_sound(27 * CHUNK_BYTES)
            assert heard == b"".join(sound(FIRST + number) for number in range(83, 110))


async def test_a_hole_is_skipped_and_the_listener_goes_on(origin: Running) -> None:
    async with listen(origin.port, "/radio/hyfm.mp3") as it:
        await it.read_sound(17 * CHUNK_BYTES)
        await origin.until_listeners(1)
        origin.number += 40
        origin.play(1)
        heard = await it.read_sound(18 * CHUNK_BYTES)
        assert heard.endswith(sound(FIRST + 140))


async def test_listeners_are_counted_while_they_listen(origin: Running) -> None:
    await origin.until_listeners(0)
    async with listen(origin.port, "/radio/hyfm.mp3"), listen(origin.port, "/radio/hyfm.aac"):
        await origin.until_listeners(1)
        assert origin.counted("lensong_radio_listeners", channel="hyfm") == 2
        assert origin.counted("lensong_radio_listeners", channel="hytv") == 0
        before = origin.counted("lensong_http_response_bytes_total", handler="radio")
        assert before == 17 * CHUNK_BYTES + 7 * 30 * 307
        origin.play(2)
        after = origin.counted("lensong_http_response_bytes_total", handler="radio")
        assert after - before == 2 * CHUNK_BYTES
    await origin.until_listeners(0)
    assert origin.counted("lensong_radio_dropped_total") == 0
    assert origin.counted("lensong_http_requests_total", handler="radio", code="2xx") == 2


async def test_a_listener_who_takes_nothing_is_dropped_and_the_others_hear_on(
    origin: Running,
) -> None:
    """What may wait for him is bounded, in this process and in the kernel."""
    lazy = socket.socket()
    lazy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8_192)
    lazy.settimeout(0)
    await asyncio.get_running_loop().sock_connect(lazy, ("127.0.0.1", origin.port))
    lazy.send(b"GET /radio/hyfm.mp3 HTTP/1.1\r\nHost: x\r\n\r\n")
    try:
        async with listen(origin.port, "/radio/hyfm.mp3") as it:
            await origin.until_listeners(2)
            most = (MAX_BEHIND_BYTES + 512 * 1024) // CHUNK_BYTES
            for played in range(1, most):
                origin.play(1)
                await it.read_sound((17 + played) * CHUNK_BYTES)
                if origin.counted("lensong_radio_dropped_total"):
                    break
            await origin.until_listeners(1)
            labels = {"channel": "hyfm", "codec": "mp3", "reason": "slow"}
            assert origin.counted("lensong_radio_dropped_total", **labels) == 1
            origin.play(1)
            heard = await it.read_sound((18 + played) * CHUNK_BYTES)
            assert heard.endswith(sound(origin.number - 1))
    finally:
        lazy.close()


async def test_listeners_who_leave_in_the_middle_of_a_chunk_hurt_nobody(origin: Running) -> None:
    """A transport may be closed some turns before its handler knows."""
    request = b"GET /radio/hyfm.mp3 HTTP/1.1\r\nHost: x\r\n%b\r\n"
    async with listen(origin.port, "/radio/hyfm.mp3") as it:
        played = 0
        for _ in range(10):
            leavers = []
            for number in range(20):
                reader, writer = await asyncio.open_connection("127.0.0.1", origin.port)
                writer.write(request % (b"Icy-MetaData: 1\r\n" if number % 2 else b""))
                leavers.append((reader, writer))
            for number, (reader, writer) in enumerate(leavers):
                await reader.readexactly(1_000 * number + 1)  # some leave sound unread
                (writer.transport.abort if number % 3 else writer.close)()
                origin.play(1)
                played += 1
                await asyncio.sleep(0)
            await it.read_sound((17 + played) * CHUNK_BYTES)
        await origin.until_listeners(1)
        assert len(it.sound) == (17 + played) * CHUNK_BYTES
    assert origin.counted("lensong_radio_dropped_total") == 0


async def test_no_deadline_of_the_site_ends_a_listener(origin: Running) -> None:
    """Silent longer than a connection may be idle: the encoder stands still, he does not."""
    async with listen(origin.port, "/radio/hyfm.mp3") as it:
        await it.read_sound(17 * CHUNK_BYTES)
        await asyncio.sleep(4 * LIMITS.idle_s)  # what is tested is that this time does nothing
        origin.play(1)
        assert len(await it.read_sound(18 * CHUNK_BYTES)) == 18 * CHUNK_BYTES


async def test_head_tells_what_get_would(origin: Running) -> None:
    async with listen(origin.port, "/radio/hyfm.aac", method="HEAD", titles=True) as it:
        assert it.status == 200
        assert it.headers["content-type"] == "audio/aac"
        assert it.headers["icy-metaint"] == "16000"
        assert await it.read() is False


@pytest.mark.parametrize(("method", "status"), [("OPTIONS", 204), ("POST", 405), ("PUT", 405)])
async def test_other_methods_are_answered_as_everywhere(
    origin: Running, method: str, status: int
) -> None:
    async with listen(origin.port, "/radio/hyfm.mp3", method=method) as it:
        assert it.status == status
        if status == 204:
            assert "Icy-MetaData" in it.headers["access-control-allow-headers"]


@pytest.mark.parametrize(
    ("path", "status", "sentence"),
    [
        ("/radio/hytv.mp3", 404, "hytv là kênh truyền hình"),
        ("/radio/nobody.aac", 404, "There is no such channel"),
        ("/radio/hyfm.ogg", 404, "no such thing"),
        ("/radio/hyfm%2Emp3", 404, "There is no such channel"),
    ],
)
async def test_what_is_no_radio_is_said_in_a_sentence(
    origin: Running, path: str, status: int, sentence: str
) -> None:
    async with listen(origin.port, path) as it:
        assert it.status == status
        length = int(it.headers["content-length"])
        assert sentence in (await it.read_sound(length)).decode()


async def test_a_radio_without_sound_is_asked_for_again_later(origin: Running) -> None:
    origin.desk.configure([])
    origin.desk.configure(SETTINGS.channels)
    async with listen(origin.port, "/radio/hyfm.mp3") as it:
        assert it.status == 503
        assert it.headers["retry-after"] == "1"
        assert it.headers["cache-control"] == "no-store"
    assert origin.counted("lensong_origin_empty_answers_total", channel="hyfm") == 1


async def test_listeners_of_a_channel_that_is_removed_are_let_go(origin: Running) -> None:
    async with listen(origin.port, "/radio/hyfm.mp3") as it:
        await origin.until_listeners(1)
        origin.desk.configure(SETTINGS.channels[:1])
        while await it.read():
            pass
        assert len(it.sound) == 17 * CHUNK_BYTES


async def test_many_listeners_all_hear_everything_in_order(origin: Running) -> None:
    """More than one turn of the loop writes to."""
    async with asyncio.TaskGroup() as tasks:

        async def one() -> bytes:
            async with listen(origin.port, "/radio/hyfm.mp3") as it:
                return await it.read_sound(21 * CHUNK_BYTES)

        listeners = [tasks.create_task(one()) for _ in range(520)]
        await origin.until_listeners(520)
        for _ in range(4):
            origin.play(1)
    wanted = b"".join(sound(FIRST + number) for number in range(83, 104))
    assert {task.result() for task in listeners} == {wanted}
