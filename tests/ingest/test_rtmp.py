"""The RTMP port: real encoders, awkward ones, strangers."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import BaseTestServer, TestServer
from prometheus_client import CollectorRegistry

from core.config import parse_settings
from core.errors import ConfigError
from ingest.admission import Admission
from ingest.http import feeds_application
from ingest.metrics import IngestMetrics
from ingest.relay import Relay
from ingest.rtmp import RtmpServer
from tests.ingest.pictures import first_stamps_us, pictures
from tests.ingest.publisher import AAC_HEADER, AVC_HEADER, Publisher, frame, key_frame, sound
from tests.ingest.sound import FFMPEGS

SECRET = "0123456789abcdef"  # noqa: S105
KEY = "s3cret"
SETTINGS = """
[station]
name = "Đài"
[[channels]]
slug = "hytv"
name = "TV"
kind = "tv"
[[channels.inputs]]
name = "studio"
protocol = "rtmp"
key_sha256_env = "A"
"""


@dataclass
class Station:
    """A running RTMP port with its feeds."""

    rtmp: RtmpServer
    relay: Relay
    feeds: BaseTestServer
    registry: CollectorRegistry

    def count(self, name: str, **labels: str) -> float | None:
        """Return a counter of the studio's."""
        labels = {"channel": "hytv", "input": "studio"} | labels
        return self.registry.get_sample_value(name, labels)

    @asynccontextmanager
    async def feed(self) -> AsyncIterator[tuple[dict[str, str], asyncio.StreamReader]]:
        """Open the studio's feed: its headers and body."""
        headers = {"Authorization": f"Bearer {SECRET}"}
        async with (
            ClientSession(headers=headers) as session,
            session.get(self.feeds.make_url("/feeds/hytv/studio")) as response,
        ):
            assert response.status == 200
            yield dict(response.headers), response.content  # type: ignore[misc]

    async def publish(self, data: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect and send everything up to here without waiting for answers."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.rtmp.listener.port)
        writer.write(data)
        await writer.drain()
        return reader, writer


@asynccontextmanager
async def station(
    *, silence_s: float = 15.0, admit_within_s: float = 10.0
) -> AsyncIterator[Station]:
    registry = CollectorRegistry()
    metrics = IngestMetrics(registry)
    admission = Admission(metrics)
    hashes = {("hytv", "studio"): hashlib.sha256(KEY.encode()).digest()}
    admission.configure(parse_settings(SETTINGS, name="test"), hashes)
    rtmp = RtmpServer(
        host="127.0.0.1",
        port=0,
        admission=admission,
        metrics=metrics,
        silence_s=silence_s,
        admit_within_s=admit_within_s,
        refusal_pause_s=0.0,
    )
    relay = admission.relay("hytv", "studio")
    assert relay is not None
    async with (
        TestServer(feeds_application(admission, SECRET)) as feeds,
        asyncio.TaskGroup() as tasks,
    ):
        running = tasks.create_task(rtmp.run())
        await rtmp.listener.listening.wait()
        yield Station(rtmp, relay, feeds, registry)
        running.cancel()


def opening(client: Publisher, name: str = f"studio.{KEY}", app: str = "hytv") -> bytes:
    return client.hello() + client.echo() + client.opening(app, name)


async def test_a_feed_is_held_until_a_publisher_is_live_and_ends_with_it() -> None:
    async with station() as tv:
        client = Publisher()

        async def encoder() -> asyncio.StreamWriter:
            _, writer = await tv.publish(
                opening(client)
                + client.message(9, 0, AVC_HEADER)
                + client.message(8, 0, AAC_HEADER)
                + client.message(9, 0, key_frame())
                + client.message(8, 10, sound())
                + client.message(9, 40, frame())
            )
            return writer

        async with asyncio.TaskGroup() as tasks:
            publishing = tasks.create_task(encoder())
            async with tv.feed() as (headers, content):
                writer = await publishing
                writer.write(client.command("deleteStream", 6.0, None, 1.0))
                body = await content.read()
                writer.close()
        assert headers["Lensong-Format"] == "flv"
        assert headers["Lensong-Tracks"] == "video,audio"
        assert headers["Lensong-Media-Start-Us"] == "0"
        assert body.startswith(b"FLV\x01\x05")
        assert AVC_HEADER in body
        assert body.endswith(frame() + (11 + len(frame())).to_bytes(4, "big"))
        assert tv.count("lensong_input_disconnects_total", reason="eof") == 1


@pytest.mark.parametrize(
    ("app", "name"),
    [
        ("hytv", "studio.wrong"),
        ("hytv", "studio"),
        ("hytv", f"backup.{KEY}"),
        ("nope", f"studio.{KEY}"),
        ("../hytv", f"studio.{KEY}"),
    ],
)
async def test_whatever_is_wrong_the_refusal_is_the_same(app: str, name: str) -> None:
    async with station() as tv:
        reader, writer = await tv.publish(opening(Publisher(), name, app))
        said = await reader.read()
        assert b"NetStream.Publish.Denied" in said
        assert b"no such input, or not its key" in said
        assert KEY.encode() not in said
        assert tv.relay.session is None
        writer.close()


async def test_a_second_publisher_is_refused_and_the_first_goes_on() -> None:
    async with station() as tv:
        first, second = Publisher(), Publisher()
        data = opening(first) + first.message(9, 0, AVC_HEADER) + first.message(8, 0, AAC_HEADER)
        _, writer = await tv.publish(data + first.message(9, 0, key_frame()))
        async with tv.feed() as (_, body):
            reader, other = await tv.publish(opening(second))
            said = await reader.read()
            assert b"NetStream.Publish.BadName" in said
            assert b"already publishing" in said
            assert b"hytv/studio" in said
            writer.write(first.message(9, 40, frame(b"on air")))
            seen = b""
            while b"on air" not in seen:
                seen += await body.read(1_000)
            other.close()
        writer.close()


async def test_one_that_freezes_is_kept_for_a_while_and_then_let_go() -> None:
    async with station(silence_s=0.3) as tv:
        client = Publisher()
        data = opening(client) + client.message(9, 0, AVC_HEADER) + client.message(8, 0, AAC_HEADER)
        reader, writer = await tv.publish(data)
        writer.write(client.message(4, 0, b"\x00\x06\x00\x00\x00\x01"))  # a ping is no media
        await reader.read()
        assert tv.count("lensong_input_disconnects_total", reason="timeout") == 1
        assert tv.relay.session is None
        writer.close()


@pytest.mark.parametrize("data", [b"", b"\x03", b"\x03" + bytes(1536)])
async def test_half_a_handshake_is_closed(data: bytes) -> None:
    async with station(admit_within_s=0.2) as tv:
        reader, writer = await tv.publish(data)
        await reader.read()
        assert reader.at_eof()  # the server closed it; the test's own time limit says when
        assert tv.relay.session is None
        writer.close()


async def test_broken_bytes_end_only_their_own_connection() -> None:
    async with station() as tv:
        good, bad = Publisher(), Publisher()
        data = opening(good) + good.message(9, 0, AVC_HEADER) + good.message(8, 0, AAC_HEADER)
        _, writer = await tv.publish(data)
        hello = bad.hello() + bad.echo()
        for rest in (
            b"\xc4" + bytes(100),
            bytes.fromhex("02000000 000004 01 00000000 80000000"),
            bytes.fromhex("03000000 ffffff 14 00000000") + bytes(128),
            bad.message(20, 0, b"\x03\x00\x01a" * 3_000),
        ):
            reader, stranger = await tv.publish(hello + rest)
            await reader.read()
            stranger.close()
        name = "lensong_input_connections_total"
        labels = {"protocol": "rtmp", "result": "protocol_error"}
        assert tv.count(name, channel="unknown", input="unknown", **labels) == 4
        assert tv.relay.session is not None
        writer.close()


async def test_a_port_that_is_taken_is_a_fault_of_the_settings() -> None:
    async with station() as tv:
        admission = Admission(IngestMetrics(CollectorRegistry()))
        metrics = IngestMetrics(CollectorRegistry())
        second = RtmpServer(
            host="127.0.0.1", port=tv.rtmp.listener.port, admission=admission, metrics=metrics
        )
        with pytest.raises(ExceptionGroup) as group:
            await second.run()
        assert group.group_contains(ConfigError, match="cannot listen on 127.0.0.1 port")


async def until(condition: Callable[[], bool], relay: Relay) -> None:
    """Wait for something that comes true while media flows."""
    with relay.subscribe() as feed:
        await feed.joined()
        async for _ in feed:
            if condition():
                return
    raise AssertionError("the session ended before")


@pytest.mark.media
@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    ("ffmpeg", "cut"), [(FFMPEGS[0], False), (FFMPEGS[1], False), (FFMPEGS[0], True)]
)
async def test_ffmpeg_publishes_and_a_joiner_decodes_from_the_told_time(
    ffmpeg: str, tmp_path: Path, *, cut: bool
) -> None:
    file = tmp_path / "studio.flv"
    data = await asyncio.to_thread(pictures, "flv", seconds=2)
    await asyncio.to_thread(file.write_bytes, data)
    async with station() as tv, asyncio.TaskGroup() as tasks:
        port = tv.rtmp.listener.port
        proxy: list[asyncio.Task[None]] = []
        if cut:
            port = await _slicing_proxy(tasks, port, proxy)
        url = f"rtmp://127.0.0.1:{port}/hytv/studio.{KEY}"
        encoder = await asyncio.create_subprocess_exec(
            *(ffmpeg, "-v", "error", "-re", "-i", str(file), "-c", "copy", "-f", "flv", url)
        )
        async with tv.feed() as (_, body):
            assert (await body.read(3)) == b"FLV"
        await until(
            lambda: (tv.count("lensong_input_bytes_total") or 0) > len(data) * 0.6, tv.relay
        )
        async with tv.feed() as (headers, body):
            joined = await body.read()
        assert await encoder.wait() == 0
        start_us = int(headers["Lensong-Media-Start-Us"])
        assert start_us >= 1_000_000
        stamps = await asyncio.to_thread(first_stamps_us, FFMPEGS[1], "flv", joined)
        assert stamps["video"][0] == start_us
        assert 0 <= stamps["audio"][0] - start_us < 50_000
        assert tv.count("lensong_input_timestamp_jumps_total") == 0
        for task in proxy:
            task.cancel()


async def _slicing_proxy(
    tasks: asyncio.TaskGroup, port: int, running: list[asyncio.Task[None]]
) -> int:
    """Pass connections on in pieces of odd sizes; return the port."""
    listening: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        size = 1
        while data := await reader.read(size):
            writer.write(data)
            await writer.drain()
            size = size * 7 % 4_093 + 1
        writer.close()

    async def on_connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, thither = await asyncio.open_connection("127.0.0.1", port)
        async with asyncio.TaskGroup() as both:
            both.create_task(copy(reader, thither))
            both.create_task(copy(there, writer))

    async def serve() -> None:
        server = await asyncio.start_server(on_connection, "127.0.0.1", 0)
        listening.set_result(server.sockets[0].getsockname()[1])
        try:
            await asyncio.Event().wait()
        finally:
            server.close()

    running.append(tasks.create_task(serve()))
    return await listening


@pytest.mark.media
@pytest.mark.timeout(60)
@pytest.mark.parametrize("ffmpeg", FFMPEGS)
async def test_ffmpeg_says_why_it_was_refused(ffmpeg: str, tmp_path: Path) -> None:
    file = tmp_path / "studio.flv"
    data = await asyncio.to_thread(pictures, "flv", seconds=2)
    await asyncio.to_thread(file.write_bytes, data)
    async with station() as tv:
        url = f"rtmp://127.0.0.1:{tv.rtmp.listener.port}/hytv/studio.wrong"
        encoder = await asyncio.create_subprocess_exec(
            *(ffmpeg, "-v", "error", "-re", "-i", str(file), "-c", "copy", "-f", "flv", url),
            stderr=asyncio.subprocess.PIPE,
        )
        _, said = await encoder.communicate()
        assert encoder.returncode != 0
        assert b"no such input, or not its key" in said
