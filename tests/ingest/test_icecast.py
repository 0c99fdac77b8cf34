"""The Icecast port with real sources: FFmpeg, libshout, and raw bytes good and bad."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import pytest
from prometheus_client import CollectorRegistry

from core.config import parse_settings
from core.errors import ConfigError
from ingest.admission import Admission
from ingest.icecast import IcecastServer
from ingest.metrics import IngestMetrics
from ingest.relay import Joined, Relay
from tests.ingest.sound import CODECS, FFMPEGS, decode, sound, source

KEY = "correct horse battery"
AUTH = "Authorization: Basic " + base64.b64encode(f"source:{KEY}".encode()).decode()
SETTINGS = """
[station]
name = "Đài"
[[channels]]
slug = "hyfm"
name = "FM"
kind = "radio"
inputs = [{name = "mixer", protocol = "icecast", key_sha256_env = "B"}]
"""


@dataclass
class Station:
    """A running port and its only input."""

    port: int
    relay: Relay
    registry: CollectorRegistry
    admission: Admission

    def count(self, name: str, **labels: str) -> float:
        """Return a counter of the input."""
        everything = {"channel": "hyfm", "input": "mixer", **labels}
        return self.registry.get_sample_value(f"lensong_input_{name}_total", everything) or 0.0

    async def ask(self, *lines: str, body: bytes = b"") -> bytes:
        """Send a request and return the whole answer."""
        reader, writer = await self.open(*lines, body=body)
        answer = await reader.read()
        writer.close()
        return answer

    async def open(
        self, *lines: str, body: bytes = b""
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Send a request and keep the connection."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write("\r\n".join([*lines, "", ""]).encode() + body)
        return reader, writer


@asynccontextmanager
async def station(*, head_timeout_s: float = 10, silence_s: float = 15) -> AsyncIterator[Station]:
    registry = CollectorRegistry()
    metrics = IngestMetrics(registry)
    admission = Admission(metrics)
    hashes = {("hyfm", "mixer"): hashlib.sha256(KEY.encode()).digest()}
    admission.configure(parse_settings(SETTINGS, name="test"), hashes)
    server = IcecastServer(
        host="127.0.0.1",
        port=0,
        admission=admission,
        metrics=metrics,
        head_timeout_s=head_timeout_s,
        silence_s=silence_s,
    )
    async with asyncio.timeout(40), asyncio.TaskGroup() as tasks:
        running = tasks.create_task(server.run())
        await server.listener.listening.wait()
        relay = admission.relay("hyfm", "mixer")
        assert relay is not None
        try:
            yield Station(server.listener.port, relay, registry, admission)
        finally:
            running.cancel()


async def collect(relay: Relay) -> tuple[Joined, bytes]:
    """Join the feed as a decoder does and return all of its body."""
    with relay.subscribe() as subscription:
        joined = await subscription.joined()
        return joined, b"".join([piece async for piece in subscription])


async def until_closed(reader: asyncio.StreamReader) -> None:
    """Read to the end, which is a reset where bytes of ours were still under way."""
    with suppress(ConnectionError):
        await reader.read()


def chunked(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


@pytest.mark.media
@pytest.mark.timeout(60)
@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize(
    ("start", "coding", "answer"),
    [
        (("SOURCE /hyfm/mixer ICE/1.0",), "raw", b"HTTP/1.0 200 OK\r\nServer: Lensong\r\n\r\n"),
        (("PUT /hyfm/mixer HTTP/1.1", "Expect: 100-continue"), "chunked", b"HTTP/1.1 100 Continue"),
        (("PUT /hyfm/mixer HTTP/1.1",), "length", b"HTTP/1.1 200 OK"),
        (("PUT /hyfm/mixer HTTP/1.0",), "raw", b"HTTP/1.0 200 OK"),
    ],
)
async def test_relays_what_a_decoder_plays_from_its_first_frame(
    codec: str, start: tuple[str, ...], coding: str, answer: bytes
) -> None:
    data = await asyncio.to_thread(sound, codec, 4, "Bài hát")
    types = {"mp3": "audio/mpeg", "aac": "audio/aac"}
    headers = [*start, AUTH, f"Content-Type: {types.get(codec, 'application/ogg')}"]
    headers += ["Transfer-Encoding: chunked"] if coding == "chunked" else []
    headers += [f"Content-Length: {len(data)}"] if coding == "length" else []
    async with station() as on, asyncio.TaskGroup() as tasks:
        reader, writer = await on.open(*headers)
        body = tasks.create_task(collect(on.relay))
        for at in range(0, len(data), 1_711):
            piece = data[at : at + 1_711]
            writer.write(chunked(piece) if coding == "chunked" else piece)
            await writer.drain()
        writer.write(b"0\r\n\r\n" if coding == "chunked" else b"")
        if coding == "raw":
            writer.write_eof()
        answered = await reader.read()
        writer.close()
        joined, received = await body
        assert answered.startswith(answer)
        assert answered.endswith(b"OK\n") == (not start[0].startswith("SOURCE"))
        assert on.count("disconnects", reason="eof") == 1
        assert on.count("bytes") > 0.9 * len(data) - 5_000  # Ogg's head is not counted as media
        assert on.relay.session is None
    assert joined.media_start_us == 0
    reported_s, seconds, complaints = await asyncio.to_thread(
        decode, FFMPEGS[1], joined.start.format, received
    )
    assert (reported_s, complaints) == (0.0, "")
    assert seconds == pytest.approx(4.0, abs=0.1)


@pytest.mark.media
@pytest.mark.timeout(60)
@pytest.mark.parametrize("ffmpeg", FFMPEGS)
@pytest.mark.parametrize(
    ("codec", "options"),
    [
        ("mp3", ()),
        ("mp3", ("-legacy_icecast", "1")),
        ("aac", ("-content_type", "audio/aac")),
        ("opus", ("-content_type", "application/ogg")),
        ("vorbis", ("-content_type", "audio/ogg")),
    ],
)
async def test_ffmpeg_publishes(ffmpeg: str, codec: str, options: tuple[str, ...]) -> None:
    # FFmpeg: with SOURCE it never reads our answer, and so its close resets the connection and
    # destroys what we had not read; sent in real time (-re), that is next to nothing.
    async with station() as on, asyncio.TaskGroup() as tasks:
        body = tasks.create_task(collect(on.relay))
        url = f"icecast://source:{KEY.replace(' ', '%20')}@127.0.0.1:{on.port}/hyfm/mixer"
        process = await asyncio.create_subprocess_exec(
            *(
                ffmpeg,
                "-v",
                "error",
                *(("-re",) if "1" in options else ()),
                *source(2),
                "-metadata",
                "title=Bài hát",
            ),
            *(*CODECS[codec], "-ice_name", "Đài Hưng Yên", *options, url),
            stderr=asyncio.subprocess.PIPE,
        )
        _, said = await process.communicate()
        assert (process.returncode, said) == (0, b"")
        joined, received = await body
        assert on.count("connections", protocol="icecast", result="accepted") == 1
    _, seconds, complaints = await asyncio.to_thread(decode, ffmpeg, joined.start.format, received)
    assert complaints == ""
    assert seconds == pytest.approx(2.0, abs=0.2)


@pytest.mark.media
@pytest.mark.timeout(60)
@pytest.mark.parametrize("codec", ["opus", "vorbis"])
async def test_libshout_publishes(codec: str) -> None:
    # It asks with a TLS hello first, then GET /admin/!POKE, and takes PUT where Allow names it.
    data = await asyncio.to_thread(sound, codec, 2)
    async with station() as on, asyncio.TaskGroup() as tasks:
        body = tasks.create_task(collect(on.relay))
        process = await asyncio.create_subprocess_exec(
            *("shout", "--host", "127.0.0.1", "--port", str(on.port), "--user", "source"),
            *("--pass", KEY, "--mount", "/hyfm/mixer", "--format", "ogg"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await process.communicate(data)
        assert process.returncode == 0, said
        joined, received = await body
    assert joined.start.format == "ogg"
    _, seconds, complaints = await asyncio.to_thread(decode, FFMPEGS[1], "ogg", received)
    assert complaints == ""
    assert seconds == pytest.approx(2.0, abs=0.15)


MP3_FRAME = bytes.fromhex("fffb50c0") + bytes(204)
SOURCE = ("SOURCE /hyfm/mixer HTTP/1.0", AUTH, "Content-Type: audio/mpeg")
UPDATE = "GET /admin/metadata?mode=updinfo&mount=/hyfm/mixer&song=B%C3%A0i%20h%C3%A1t HTTP/1.0"


@pytest.mark.parametrize(
    "head",
    [
        ("SOURCE /hyfm/mixer HTTP/1.0", "Content-Type: audio/mpeg"),
        (
            "PUT /hyfm/mixer HTTP/1.1",
            "Content-Type: audio/mpeg",
            "Authorization: Basic c291cmNlOng=",
        ),
        ("PUT /hyfm/other HTTP/1.1", "Content-Type: audio/mpeg", AUTH),
        ("PUT /other/mixer HTTP/1.1", "Content-Type: video/webm", AUTH),
        (UPDATE,),
        (UPDATE, "Authorization: Basic c291cmNlOng="),
        (UPDATE.replace("mixer", "other"), AUTH),
    ],
)
async def test_a_stranger_is_told_to_log_in_and_nothing_else(head: tuple[str, ...]) -> None:
    async with station() as on:
        answer = await on.ask(*head, body=MP3_FRAME * 500)
        assert answer.partition(b" ")[2].startswith(b"401 Authentication Required\r\n")
        assert b'WWW-Authenticate: Basic realm="Lensong"' in answer
        assert KEY.encode() not in answer
        assert on.relay.session is None


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (("PUT /hyfm/mixer HTTP/1.1", AUTH), b"403 No Content-type given"),
        (("PUT /hyfm/mixer HTTP/1.1", AUTH, "Content-Type: text/html"), b"403 Content-type not"),
        (("PUT /hyfm HTTP/1.1", AUTH), b"404 No such mountpoint"),
        (("POST /hyfm/mixer HTTP/1.1", AUTH), b"405 "),
        (("PUT /hyfm/mixer HTTP/1.1", "A: \x01"), b"400 Bad request"),
        (("PUT /hyfm/mixer HTTP/1.1", "A: " + "x" * 20_000), b"431 Too large"),
        (("PUT /hyfm/mixer HTTP/1.1", *("A: x",) * 1_000), b"431 Too large"),
        ((*SOURCE, "Transfer-Encoding: gzip"), b"400 Bad request"),
        ((UPDATE, AUTH), b"400 Source does not exist"),
        (("OPTIONS / HTTP/1.1",), b"204 No Content"),
        (("GET /admin/!POKE HTTP/1.1",), b"404 Not found"),
    ],
)
async def test_refuses_in_the_words_of_the_protocol(head: tuple[str, ...], status: bytes) -> None:
    async with station() as on:
        answer = await on.ask(*head)
        assert answer.partition(b" ")[2].startswith(status)
        assert on.relay.session is None


async def test_a_second_source_is_refused_and_the_first_goes_on() -> None:
    async with station() as on:
        reader, writer = await on.open(*SOURCE, body=MP3_FRAME * 4)
        assert await reader.readline() == b"HTTP/1.0 200 OK\r\n"
        answer = await on.ask(*SOURCE)
        assert answer.startswith(b"HTTP/1.0 403 Mountpoint in use\r\n")
        with on.relay.subscribe() as subscription:
            await subscription.joined()
            assert await anext(subscription) == MP3_FRAME * 4
            writer.write(MP3_FRAME)
            assert await anext(subscription) == MP3_FRAME
        assert on.count("connections", protocol="icecast", result="limit") == 1
        writer.close()


async def test_a_title_reaches_those_who_follow_it() -> None:
    async with station() as on:
        reader, writer = await on.open(*SOURCE, body=MP3_FRAME * 4)
        await reader.readline()
        titles = on.relay.titles()
        assert (await anext(titles)).text == ""
        answer = await on.ask(UPDATE, AUTH)
        assert answer.startswith(b"HTTP/1.0 200 OK\r\n")
        assert b"<message>Metadata update successful</message><return>1</return>" in answer
        assert (await anext(titles)).text == "Bài hát"
        writer.close()


async def test_half_a_head_is_closed_after_its_time() -> None:
    async with station(head_timeout_s=0.05) as on:
        reader, writer = await asyncio.open_connection("127.0.0.1", on.port)
        writer.write(b"PUT /hyfm/mixer HTTP/1.1\r\n")
        assert await reader.read() == b""
        writer.close()


async def test_a_source_that_drips_bytes_but_no_frame_is_let_go() -> None:
    async with station(silence_s=0.3) as on:
        reader, writer = await on.open(*SOURCE)
        assert await reader.readline() == b"HTTP/1.0 200 OK\r\n"
        async with asyncio.TaskGroup() as tasks:
            rest = tasks.create_task(until_closed(reader))
            for byte in MP3_FRAME:
                if rest.done():
                    break
                writer.write(bytes([byte]))
                await asyncio.wait([rest], timeout=0.02)  # the pace of the drip
        assert on.count("disconnects", reason="timeout") == 1
        assert on.relay.session is None
        writer.close()


async def test_sound_of_another_format_than_announced_is_refused() -> None:
    async with station() as on:
        head = ("PUT /hyfm/mixer HTTP/1.1", AUTH, "Content-Type: application/ogg")
        answer = await on.ask(*head, body=bytes(200_000))
        assert answer.startswith(b"HTTP/1.1 400 Bad request\r\n")
        assert on.count("disconnects", reason="decode") == 1
        assert on.count("connections", protocol="icecast", result="protocol_error") == 1


async def test_an_input_taken_out_of_the_settings_is_closed() -> None:
    async with station() as on:
        reader, writer = await on.open(*SOURCE, body=MP3_FRAME * 4)
        await reader.readline()
        with on.relay.subscribe() as subscription:
            await subscription.joined()
        gone = SETTINGS.replace("mixer", "other")
        on.admission.configure(parse_settings(gone, name="test"), {})
        writer.write(MP3_FRAME)
        assert await reader.read() == b"Server: Lensong\r\n\r\n"
        writer.close()


async def test_a_port_in_use_is_said_in_one_sentence() -> None:
    async with station() as on:
        metrics = IngestMetrics(CollectorRegistry())
        second = IcecastServer(
            host="127.0.0.1", port=on.port, admission=on.admission, metrics=metrics
        )
        with pytest.raises(ExceptionGroup) as raised:
            await second.run()
        assert raised.group_contains(ConfigError, match=f"port {on.port} for Icecast")
