"""The fast path against bare aiohttp: whatever is sent, nobody can tell which one answered.

Two servers give the same application: one with the fast path before it, one without.  Thousands
of exchanges, valid, odd and hostile, are sent to both, cut at random bytes; status, headers (but
``Date``), bodies and the fate of the connection must be equal.

An exchange ends with a request that says ``Connection: close``, so that a connection that lives
shows its whole answer and then ends by itself, and nothing is ever waited for.  Where the bytes
leave the server waiting for more, the client's end of sending shows the same.
"""

from __future__ import annotations

import asyncio
import logging
import random
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
from aiohttp import web

from core.config import parse_settings
from core.timeline import PartAddress
from origin.connections import Connections, Limits
from origin.fastpath import FastPath, PublicServer
from origin.http import Site, create_app
from origin.preparation import Preparation
from origin.prepared import PlaylistBytes, ResponseTable, prepare
from origin.tally import Tally

AT_ONCE = 20
LAST = b"GET /api/v1/channels.json HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
LISTEN = b""
"""Not sent: the client waits until it hears something, for a moment at most."""

SETTINGS = """
[station]
name = "Hưng Yên"
[[channels]]
slug = "hytv"
name = "Truyền hình Hưng Yên"
kind = "tv"
"""

TARGETS = (
    b"/ll/hytv/720p/index.m3u8",
    b"/ll/hytv/720p/index.m3u8?_HLS_msn=100&_HLS_part=3",
    b"/ll/hytv/720p/index.m3u8?_HLS_msn=7&_HLS_skip=YES&CMCD=bl%3D2100%2Csid%3D%22a%22",
    b"/ll/hytv/720p/index.m3u8?_HLS_skip=v2",
    b"/media/hytv/720p/100.m4s",
    b"/media/hytv/720p/100.3.m4s",
    b"/media/hytv/720p/100.3.m4s?CMCD=ot%3Dv",
    b"/live/hytv/720p/index.m3u8?_HLS_msn=999",
    b"/page",
)
ODD_TARGETS = (
    b"/",
    b"/nothing",
    b"/media/hytv/720p/5.m4s",
    b"/media/hytv/720p/99999.m4s",
    b"/media/hytv/720p/../720p/100.m4s",
    b"/media/hytv/720p/%2e%2e/720p/100.m4s",
    b"/media/hytv/%37%32%30p/100.m4s",
    b"/media//hytv/720p/100.m4s",
    b"/media/hytv/720p/100.m4s/",
    b"/media/hytv/720p/100.m4s%00",
    b"/media/hytv/720p/100.m4s#x",
    b"/media/hytv/720p/100.m4s?a b",
    b"/media/hytv/720p/100.m4s?a\x00b",
    b"/media/hytv/720p/100.m4s?\xc3\xa9",
    b"/media/hytv/720p/100.m4s?%zz",
    b"/media/hytv/720p/100.m4s?",
    b"/media/hytv/720p/100.m4s??a",
    b"/\xc0\xaemedia",
    b"http://x/media/hytv/720p/100.m4s",
    b"http://x",
    b"//x/media/hytv/720p/100.m4s",
    b"*",
    b"x:443",
    b"media/hytv/720p/100.m4s",
    b"/ll/hytv/720p/index.m3u8?_HLS_msn=x",
    b"/ll/hytv/720p/index.m3u8?_HLS_msn=-1",
    b"/ll/hytv/720p/index.m3u8?_HLS_msn=",
    b"/ll/hytv/720p/index.m3u8?_HLS_msn",
    b"/ll/hytv/720p/index.m3u8?_HLS_part=1",
    b"/ll/hytv/720p/index.m3u8?_HLS_msn=1&_HLS_msn=2",
    b"/ll/hytv/720p/index.m3u8?_HLS_msn=4444",
    b"/ll/hytv/720p/index.m3u8?_HLS_msn=00000000000000000001",
    b"/ll/hytv/720p/index.m3u8?%5FHLS_msn=4444",
    b"/ll/hytv/720p/index.m3u8?_HLS_msn=%31",
    b"/ll/hytv/720p/index.m3u8?_HLS_msn=+1",
    b"/ll/hytv/720p/index.m3u8?a=1;_HLS_msn=4444",
    b"/ll/hytv/720p/index.m3u8?_HLS_skip=NO",
    b"/ll/hytv/720p/index.m3u8?_HLS_skip=YES&_HLS_skip=NO",
    b"/ll/hytv/720p/index.m3u8?_HLS_report=1&_HLS_other=%",
    b"/ll/hytv/1080p/index.m3u8",
    b"/ll/" + b"a" * 9000,
    b"/media/hytv/720p/100.m4s?" + b"a" * 4000,
)
HEADERS = (
    b"Host: live.example.vn",
    b"User-Agent: Mozilla/5.0 (X11; Linux x86_64)",
    b"Accept: */*",
    b"Accept-Encoding: gzip, deflate, br",
    b"Accept-Language: vi-VN,vi;q=0.9",
    b'CMCD-Session: sid="6e2fb550-c457",v=1',
    b"cmcd-request: bl=2100,mtp=25400,su",
    b"Connection: keep-alive",
    b'sec-ch-ua: "Chromium";v="130"',
    b"Referer: http://live.example.vn/",
    b"Cookie: a=b; c=d",
)
ODD_HEADERS = (
    b"Accept-Encoding: gzip;q=0",
    b"Accept-Encoding: br;q=0, gzip",
    b"Accept-Encoding: br",
    b"Accept-Encoding: *",
    b"accept-encoding:GZIP",
    b"Accept-Encoding:",
    b"Connection: close",
    b"Connection: Keep-Alive",
    b"Connection: keep-alive, close",
    b"Connection: Upgrade",
    b"Content-Encoding: gzip",
    b"Content-Length: 0",
    b"Content-Length: 5",
    b"Content-Length: +5",
    b"Content-Length: 5, 5",
    b"Content-Type: text/plain",
    b"Expect: 100-continue",
    b"Expect: 200-ok",
    b"Host: y",
    b"Host:",
    b"Host: a b",
    b"Host : x",
    b"If-Match: *",
    b"If-None-Match: *",
    b"If-Range: x",
    b"Keep-Alive: timeout=5",
    b"Range: bytes=0-3",
    b"Range: bytes=-2",
    b"Range: bytes=9999999-",
    b"Range: bytes=3-1",
    b"Range: bytes=0-1,2-3",
    b"Range: lines=1",
    b"TE: trailers",
    b"Trailer: x",
    b"Transfer-Encoding: chunked",
    b"Transfer-Encoding: gzip, chunked",
    b"Transfer-Encoding: identity",
    b"Upgrade: h2c",
    b"X-Forwarded-For: 1.2.3.4",
    b"A: \x00",
    b"A: \x7f",
    b"A: \xff\xfe",
    b"A: b\tc",
    b"A:\tb",
    b"A: b \t",
    b"A\xc3: b",
    b"A b: c",
    b": empty",
    b"no colon",
    b" folded",
    b"\tfolded",
    b"A: b\rC: d",
    b"A: b\nC: d",
    b"A: " + b"b" * 9000,
    b"A_b: c",
    b"",
)
METHODS = (b"HEAD", b"OPTIONS", b"POST", b"PUT", b"DELETE", b"TRACE", b"get", b"G T", b"", b"PRI")
VERSIONS = (b"HTTP/1.0", b"HTTP/1.2", b"HTTP/2.0", b"http/1.1", b"HTTP/1.1 ", b"HTTP/01.1", b"")
BODIES = (
    b"hello",
    b"5\r\nhello\r\n0\r\n\r\n",
    b"GET /page HTTP/1.1\r\nHost: x\r\n\r\n",
    b"0\r\n\r\n",
    b"\r\n",
    b"\x16\x03\x01",
)


class Exchanges:
    """Makes requests from a seed; half of them plain, the others with one or more oddities."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311

    def exchange(self) -> list[bytes]:
        """Return what is sent on one connection, in packets, with pauses to listen."""
        choose = self._random
        requests = [self._request() for _ in range(choose.choice((1, 1, 1, 2, 3)))]
        packets: list[bytes] = []
        for request in [*requests, LAST]:
            cuts = choose.choice((0, 0, 0, 1, 2))
            places = sorted(choose.randrange(len(request) + 1) for _ in range(cuts))
            pieces = [request[a:b] for a, b in zip([0, *places], [*places, None], strict=True)]
            packets += [piece for piece in pieces if piece]
            packets.append(LISTEN)
        if choose.random() < 0.2:  # everything at once
            packets = [b"".join(packets)]
        return packets

    def _request(self) -> bytes:
        choose = self._random
        odd = choose.random() < 0.5
        method, target, version, end, body = (
            b"GET",
            choose.choice(TARGETS),
            b"HTTP/1.1",
            b"\r\n",
            b"",
        )
        headers = [HEADERS[0], *choose.sample(HEADERS[1:], choose.randrange(len(HEADERS)))]
        for _ in range(choose.choice((1, 1, 2)) if odd else 0):
            match choose.randrange(9):
                case 0:
                    method = choose.choice(METHODS)
                case 1 | 2:
                    target = choose.choice(ODD_TARGETS)
                case 3:
                    version = choose.choice(VERSIONS)
                case 4:
                    end = choose.choice((b"\n", b"\r", b"\r\r\n", b"\n\r\n"))
                case 5:
                    method, body = b"POST", choose.choice(BODIES)
                    headers.append(b"Content-Length: %d" % len(body))
                case 6:
                    headers.remove(choose.choice(headers)) if len(headers) > 1 else None
                case _:
                    headers.insert(choose.randrange(len(headers) + 1), choose.choice(ODD_HEADERS))
        if odd and not body and choose.random() < 0.1:
            body = choose.choice(BODIES)
        return end.join([method + b" " + target + b" " + version, *headers, b"", b""]) + body


def a_preparation() -> Preparation:
    """Return a table with a playlist, a segment and a part, and the window that goes with it."""
    settings = parse_settings(SETTINGS, name="settings")
    table = ResponseTable(max_held=100)
    preparation = Preparation(table, settings.channels)
    extra = (("Accept-Ranges", "bytes"),)
    for path, body in (
        (b"/media/hytv/720p/100.m4s", (b"segment", b"-of-", b"parts")),
        (b"/media/hytv/720p/100.3.m4s", (b"part",)),
    ):
        handler = "segment" if len(body) > 1 else "part"
        prepared = prepare(
            body,
            content_type="video/mp4",
            cache_control="max-age=60",
            handler=handler,
            channel="hytv",
            extra=extra,
        )
        table.put(path, prepared)
    for path in (b"/page", b"/live/hytv/720p/index.m3u8", b"/api/v1/channels.json"):
        plain, packed, smallest = (
            prepare(
                path + form,
                content_type="text/html",
                cache_control="no-cache",
                handler="static",
                channel="",
                extra=(*encoding, ("Vary", "Accept-Encoding")),
            )
            for form, encoding in (
                (b" plain", ()),
                (b" packed", (("Content-Encoding", "gzip"),)),
                (b" smallest", (("Content-Encoding", "br"),)),
            )
        )
        table.put(path, plain, packed, smallest if path == b"/page" else None)
    table.add_playlist(b"/ll/hytv/720p/index.m3u8", "hytv").publish(
        PartAddress(100, 3),
        PlaylistBytes(b"full", b"packed full"),
        PlaylistBytes(b"delta", b"packed delta"),
        stored_ns=0,
    )
    return preparation


@asynccontextmanager
async def both() -> AsyncIterator[tuple[int, int, Tally]]:
    """Run the application behind the fast path and bare; yield both ports, and the fast count."""
    preparation = a_preparation()
    tally, site_tally = (Tally(("hytv",), preparation.table) for _ in range(2))
    app = create_app(Site(preparation, site_tally))
    fast = FastPath(
        table=preparation.table,
        tally=tally,
        connections=Connections(Limits(header_s=60, idle_s=60)),
    )
    server = PublicServer(app, fast, host="127.0.0.1", port=0)
    runner = web.AppRunner(
        create_app(Site(preparation, site_tally)), access_log=None, shutdown_timeout=0.1
    )
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(server.run())
        await server.listening.wait()
        try:
            yield server.port, runner.addresses[0][1], tally
        finally:
            running.cancel()
            await runner.cleanup()


class Client(asyncio.Protocol):
    """Keeps what comes, until the end."""

    def __init__(self) -> None:
        self.received = bytearray()
        self.heard, self.ended = asyncio.Event(), asyncio.Event()

    def data_received(self, data: bytes) -> None:
        """Keep it."""
        self.received += data
        self.heard.set()

    def connection_lost(self, exc: Exception | None) -> None:
        """Note the end; whether by FIN or RST depends on what was in flight."""
        del exc
        self.heard.set()
        self.ended.set()


async def send(port: int, packets: list[bytes]) -> bytes:
    """Send the packets one by one, and return all that comes until the server closes."""
    loop = asyncio.get_running_loop()
    transport, client = await loop.create_connection(Client, "127.0.0.1", port)
    try:
        for packet in packets:
            if transport.is_closing():
                break
            if packet == LISTEN:
                with suppress(TimeoutError):
                    async with asyncio.timeout(0.02):
                        await client.heard.wait()
                client.heard.clear()
                continue
            transport.write(packet)
            # The server's turns come between ours: each packet is read by itself, mostly.
            for _ in range(3):
                await asyncio.sleep(0)
        try:
            async with asyncio.timeout(0.5):
                await client.ended.wait()
        except TimeoutError:
            return bytes(client.received) + b"<open>"
        return bytes(client.received) + b"<closed>"
    finally:
        transport.abort()


async def differ(fast: int, bare: int, packets: list[bytes]) -> tuple[bytes, bytes] | None:
    """Send one exchange to both, and return the answers if they differ."""
    async with asyncio.TaskGroup() as tasks:
        pair = [tasks.create_task(send(port, packets)) for port in (fast, bare)]
    ours, theirs = (DATE.sub(b"", task.result()) for task in pair)
    return None if ours == theirs else (ours, theirs)


DATE = re.compile(rb"Date: [^\r]*\r\n")


@pytest.fixture(autouse=True)
def quiet_errors(caplog: pytest.LogCaptureFixture) -> None:
    """Keep thousands of malformed requests out of the log."""
    caplog.set_level(logging.CRITICAL, "aiohttp.server")


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("count", "seed"),
    [
        pytest.param(2_000, 1, id="2,000"),
        pytest.param(10_000, 2, id="10,000", marks=pytest.mark.soak),
    ],
)
async def test_nobody_can_tell_which_one_answered(count: int, seed: int) -> None:
    """Thousands of exchanges, equal in all but the date."""
    exchanges = Exchanges(seed)
    async with both() as (fast, bare, tally):
        for first in range(0, count, AT_ONCE):
            batch = [exchanges.exchange() for _ in range(AT_ONCE)]
            async with asyncio.TaskGroup() as tasks:
                found = [tasks.create_task(differ(fast, bare, packets)) for packets in batch]
            for number, (packets, task) in enumerate(zip(batch, found, strict=True), first):
                difference = task.result()
                # A reset overtakes bytes in flight, on either side; a difference of meaning
                # shows each time.
                for _ in range(5):
                    if difference is not None:
                        difference = await differ(fast, bare, packets)
                assert difference is None, (number, packets, difference)
        # The fast path was really asked: these are its own answers.
        assert sum(cell[0] for cell in tally._answers.values()) > count // 5
