"""origin.fastpath: a real server and raw connections, so that every byte and close is seen."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import pytest
from aiohttp import web

from core.clock import monotonic_ns
from core.errors import ConfigError
from core.timeline import PartAddress
from origin.connections import Connections, Limits
from origin.fastpath import FastPath, PublicServer
from origin.prepared import BlockingPlaylist, PlaylistBytes, ResponseTable, prepare
from origin.qoe import QoeDesk
from origin.tally import Tally
from tests.origin.test_qoe_sessions import CHANNELS

PLAYLIST = "/ll/hytv/720p/index.m3u8"
PART = "/media/hytv/720p/100.3.m4s"
BIG = "/media/hytv/720p/100.m4s"
BIG_BODY = tuple(bytes([number]) * 4_000_000 for number in range(6))
LIMITS = Limits(header_s=8, idle_s=60, look_every_s=0.02)


def a_get(target: str, *headers: str) -> bytes:
    """Return a request as a client writes it."""
    lines = [f"GET {target} HTTP/1.1", "Host: localhost", *headers, "", ""]
    return "\r\n".join(lines).encode()


@dataclass
class Station:
    """A public server of one channel with one part, and its insides."""

    table: ResponseTable
    playlist: BlockingPlaylist
    tally: Tally
    connections: Connections
    fast: FastPath
    server: PublicServer
    slow_requests: list[str]
    """What the application was asked."""

    desk: QoeDesk
    peers: list[Peer] = field(default_factory=list)

    def publish(self, part: int, *, text: bytes = b"#EXTM3U now\n") -> None:
        """Let the playlist list a part."""
        self.playlist.publish(
            PartAddress(100, part),
            PlaylistBytes(text, b"packed " + text),
            PlaylistBytes(b"delta " + text, b"packed delta " + text),
            stored_ns=monotonic_ns(),
        )

    async def connect(self) -> Peer:
        """Open a connection, which ends with the station."""
        peer = Peer(*await asyncio.open_connection("127.0.0.1", self.server.port))
        self.peers.append(peer)
        return peer

    async def until_held(self, count: int) -> None:
        """Wait until so many requests are held."""
        while self.table.held_total != count:  # noqa: ASYNC110 - the loop's turns are the event
            await asyncio.sleep(0)

    async def until_open(self, count: int) -> None:
        """Wait until so many connections are open."""
        while len(self.fast.open) != count:  # noqa: ASYNC110
            await asyncio.sleep(0)

    def watching(self, kind: str) -> float:
        """Return how many watch."""
        (value,) = (
            sample.value
            for family in self.desk.counts.collect()
            for sample in family.samples
            if sample.name == "lensong_qoe_concurrent_sessions" and sample.labels["kind"] == kind
        )
        return float(value)

    def value(self, name: str, **labels: str) -> float:
        """Return a metric of the tally."""
        for family in self.tally.collect():
            for sample in family.samples:
                if sample.name == name and sample.labels.items() >= labels.items():
                    return float(sample.value)
        raise AssertionError(name)


class Peer:
    """A raw client."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def answer(self) -> tuple[int, dict[str, str], bytes]:
        """Read one response."""
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = dict(line.split(": ", 1) for line in head[1:-2])
        body = await self.reader.readexactly(int(headers["Content-Length"]))
        return int(head[0].split()[1]), headers, body

    async def ask(self, data: bytes) -> tuple[int, dict[str, str], bytes]:
        """Send bytes and read one response."""
        self.writer.write(data)
        return await self.answer()

    async def is_closed(self) -> bool:
        """Read to the end; true when there is one."""
        with suppress(ConnectionResetError):
            await self.reader.read()
        return True


@asynccontextmanager
async def on_air(
    limits: Limits = LIMITS, *, max_held: int = 100, trusted: tuple[str, ...] = ("127.0.0.1",)
) -> AsyncIterator[Station]:
    table = ResponseTable(max_held=max_held)
    tally = Tally(("hytv",), table)
    connections = Connections(limits, trusted=trusted)
    desk = QoeDesk(CHANNELS[:1], tally)
    fast = FastPath(
        table=table, tally=tally, connections=connections, desk=desk, releases_a_turn=100
    )
    slow_requests: list[str] = []

    async def application(request: web.Request) -> web.Response:
        slow_requests.append(f"{request.method} {request.raw_path}")
        return web.Response(text=f"slow {(await request.read()).decode()}")

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", application)
    playlist = table.add_playlist(PLAYLIST.encode(), "hytv")
    for path, body, handler in ((PART, (b"part",), "part"), (BIG, BIG_BODY, "segment")):
        prepared = prepare(
            body, content_type="video/mp4", cache_control="x", handler=handler, channel="hytv"
        )
        table.put(path.encode(), prepared)
    server = PublicServer(app, fast, host="127.0.0.1", port=0)
    station = Station(table, playlist, tally, connections, fast, server, slow_requests, desk)
    station.publish(3)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(server.run())
        await server.listening.wait()
        yield station
        for peer in station.peers:
            peer.writer.close()
            with suppress(OSError):
                await peer.writer.wait_closed()
        running.cancel()


async def test_answers_many_requests_on_one_connection() -> None:
    """The application sees none of them; every one is counted."""
    async with on_air() as station:
        peer = await station.connect()
        for _ in range(3):
            status, headers, body = await peer.ask(a_get(PART + "?CMCD=bl%3D100"))
            assert (status, body) == (200, b"part")
            assert headers["Access-Control-Allow-Origin"] == "*"
            assert headers["Date"].endswith(" GMT")
        assert station.slow_requests == []
        assert station.value("lensong_http_requests_total", handler="part", code="2xx") == 3
        assert station.value("lensong_http_response_bytes_total", handler="part") == 12
        assert station.value("lensong_http_request_duration_seconds_count", handler="part") == 3


async def test_a_large_body_arrives_whole() -> None:
    """Also when the kernel takes it in many pieces, and the next request is fast again."""
    async with on_air() as station:
        peer = await station.connect()
        assert (await peer.ask(a_get(BIG)))[2] == b"".join(BIG_BODY)
        assert (await peer.ask(a_get(PART)))[2] == b"part"
        assert station.slow_requests == []
        assert station.value("lensong_http_requests_total", handler="segment", code="2xx") == 1


async def test_a_body_in_its_own_packet_is_no_request() -> None:
    """A POST whose body looks like a GET gets one answer, the application's."""
    async with on_air() as station:
        peer = await station.connect()
        await peer.ask(a_get(PART))
        trap = a_get(PART)
        head = f"POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: {len(trap)}\r\n\r\n".encode()
        peer.writer.write(head)
        while not station.fast.connections.states()["held"]:  # noqa: ASYNC110
            await asyncio.sleep(0)
        status, _, body = await peer.ask(trap)
        assert (status, body) == (200, b"slow " + trap)
        assert station.slow_requests == ["POST /x"]


async def test_one_odd_byte_makes_a_connection_the_applications_for_life() -> None:
    """Plain GETs that follow are read by the same parser as the odd one."""
    async with on_air() as station:
        peer = await station.connect()
        await peer.ask(a_get(PART, "Range: bytes=0-1"))
        await peer.ask(a_get(PART))
        assert station.slow_requests == [f"GET {PART}", f"GET {PART}"]


async def test_a_pipeline_is_the_applications() -> None:
    """All of it, in order."""
    async with on_air() as station:
        peer = await station.connect()
        peer.writer.write(a_get("/1") + a_get(PART) + a_get("/3"))
        for _ in range(3):
            assert (await peer.answer())[0] == 200
        assert station.slow_requests == ["GET /1", f"GET {PART}", "GET /3"]


async def test_a_request_behind_an_answer_under_way_waits_for_it() -> None:
    """The first answer is not cut by the second."""
    async with on_air() as station:
        peer = await station.connect()
        peer.writer.write(a_get(BIG))
        while station.fast.connections.states()["sending"] != 1:  # noqa: ASYNC110
            await asyncio.sleep(0)
        peer.writer.write(a_get(PART))
        assert (await peer.answer())[2] == b"".join(BIG_BODY)
        assert (await peer.answer())[2] == b"slow "
        assert station.slow_requests == [f"GET {PART}"]


async def test_a_reload_is_held_until_the_part_is_published() -> None:
    """It is answered with the playlist of then, in the form that was asked for."""
    async with on_air() as station:
        peer = await station.connect()
        peer.writer.write(
            a_get(
                PLAYLIST + "?CMCD=x&_HLS_msn=100&_HLS_part=4&_HLS_skip=YES", "Accept-Encoding: gzip"
            )
        )
        await station.until_held(1)
        assert station.connections.states()["held"] == 1
        station.publish(4, text=b"then")
        status, headers, body = await peer.answer()
        assert (status, body) == (200, b"packed delta then")
        assert headers["Cache-Control"] == "max-age=24"
        assert station.table.held_total == 0
        assert station.value("lensong_origin_block_release_seconds_count", channel="hytv") == 1
        assert station.slow_requests == []


async def test_more_bytes_during_a_hold_go_to_the_application() -> None:
    """With the held request before them, which so is answered once."""
    async with on_air() as station:
        peer = await station.connect()
        peer.writer.write(a_get(PLAYLIST + "?_HLS_msn=100&_HLS_part=4"))
        await station.until_held(1)
        peer.writer.write(a_get("/next"))
        assert (await peer.answer())[2] == b"slow "
        assert (await peer.answer())[2] == b"slow "
        assert station.table.held_total == 0
        assert station.slow_requests == [
            f"GET {PLAYLIST}?_HLS_msn=100&_HLS_part=4",
            "GET /next",
        ]


async def test_a_client_that_leaves_frees_its_place_at_once() -> None:
    """No publication is needed for it."""
    async with on_air() as station:
        peer = await station.connect()
        peer.writer.write(a_get(PLAYLIST + "?_HLS_msn=100&_HLS_part=4"))
        await station.until_held(1)
        peer.writer.close()
        await station.until_held(0)
        await station.until_open(0)
        assert station.connections.total == 0


async def test_what_cannot_be_held_or_is_refused_goes_to_the_application() -> None:
    """It knows the answer, and counts it."""
    async with on_air(max_held=1) as station:
        first, second, third = [await station.connect() for _ in range(3)]
        first.writer.write(a_get(PLAYLIST + "?_HLS_msn=100&_HLS_part=4"))
        await station.until_held(1)
        assert (await second.ask(a_get(PLAYLIST + "?_HLS_msn=100&_HLS_part=4")))[2] == b"slow "
        assert (await third.ask(a_get(PLAYLIST + "?_HLS_msn=999")))[2] == b"slow "


async def test_a_part_that_does_not_come_is_answered_503() -> None:
    """After three target durations, and the connection stays good."""
    async with on_air() as station:
        peer = await station.connect()
        peer.writer.write(a_get(PLAYLIST + "?_HLS_msn=100&_HLS_part=4"))
        await station.until_held(1)
        (connection,) = station.fast.open
        connection._deadline_ns -= 12_000_000_000  # type: ignore[attr-defined]
        status, headers, _ = await peer.answer()
        assert status == 503
        assert headers["Retry-After"] == "1"
        assert station.value("lensong_origin_block_rejected_total", reason="timeout") == 1
        assert (await peer.ask(a_get(PART)))[2] == b"part"


async def test_many_are_released_in_turns() -> None:
    """Everybody gets an answer, though the loop gets a turn in between."""
    async with on_air(max_held=1000) as station:
        peers = [await station.connect() for _ in range(300)]
        for peer in peers:
            peer.writer.write(a_get(PLAYLIST + "?_HLS_msn=100&_HLS_part=4"))
        await station.until_held(300)
        station.publish(4)
        for peer in peers:
            assert (await peer.answer())[0] == 200


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"GET / HT", id="half a request line"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: x\r\n", id="half a header"),
        pytest.param(a_get(PART) + b"GET", id="half a second request"),
    ],
)
async def test_who_does_not_finish_is_closed(sent: bytes) -> None:
    """By deadlines that both paths share."""
    async with on_air(Limits(header_s=0.1, idle_s=60, first_s=0.1, look_every_s=0.02)) as station:
        peer = await station.connect()
        peer.writer.write(sent)
        assert await peer.is_closed()
        await station.until_open(0)
        assert station.connections.rejected["header_timeout"] == 1


async def test_a_silent_connection_that_was_used_is_closed_later() -> None:
    """On either path, and it is no fault."""
    async with on_air(Limits(header_s=60, idle_s=0.1, first_s=60, look_every_s=0.02)) as station:
        fast, slow = await station.connect(), await station.connect()
        await fast.ask(a_get(PART))
        await slow.ask(a_get("/slow"))
        assert await fast.is_closed()
        assert await slow.is_closed()
        assert sum(station.connections.rejected.values()) == 0


async def test_a_reader_that_takes_nothing_is_dropped() -> None:
    """So what waits for it does not stay in memory."""
    async with on_air(Limits(header_s=60, idle_s=60, stalled_s=0.1, look_every_s=0.02)) as station:
        raw = socket.socket()
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        raw.setblocking(False)  # noqa: FBT003
        loop = asyncio.get_running_loop()
        await loop.sock_connect(raw, ("127.0.0.1", station.server.port))
        await loop.sock_sendall(raw, a_get(BIG))
        await station.until_open(1)
        await station.until_open(0)
        assert station.connections.rejected["slow_reader"] == 1
        raw.close()


async def test_too_many_from_one_address_are_turned_away() -> None:
    """Those who are connected are served on."""
    async with on_air(Limits(header_s=8, idle_s=60, per_client=2), trusted=()) as station:
        first, second, third = [await station.connect() for _ in range(3)]
        assert await third.is_closed()
        for peer in (first, second):
            assert (await peer.ask(a_get(PART)))[2] == b"part"
        assert station.connections.rejected["per_client"] == 1


async def test_a_busy_port_is_one_clear_sentence() -> None:
    """The process then does not start."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        table = ResponseTable(max_held=1)
        fast = FastPath(
            table=table, tally=Tally((), table), connections=Connections(LIMITS, trusted=())
        )
        server = PublicServer(web.Application(), fast, host="127.0.0.1", port=port)
        with pytest.raises(ExceptionGroup) as caught:
            await server.run()
        (error,) = caught.value.exceptions
        assert isinstance(error, ConfigError)
        assert str(error) == f"cannot listen on 127.0.0.1 port {port}: Address already in use"


async def test_what_players_tell_with_their_requests_makes_sessions() -> None:
    """In headers, which come first, or in the query; what cannot be read is answered alike."""
    async with on_air() as station:
        peer = await station.connect()
        for target, *headers in (
            (PART + "?CMCD=sid%3D%22a%22%2Cot%3Dv",),
            (PLAYLIST + "?CMCD=sid%3D%22b%22%2Cot%3Dm", 'CMCD-Session: sid="c"', "cmcd-object: su"),
            (PLAYLIST + "?_HLS_msn=100&_HLS_part=3&CMCD=sid%3D%22a%22",),
            (PART + "?CMCD=sid%3D%22a%22%2Cv%3D9",),
            (PART + "?CMCD=%00%ff%22",),
            (PART + "?CMCD=sid%3D%22d%22", "DNT: 1"),
        ):
            assert (await peer.ask(a_get(target, *headers)))[0] == 200
        assert station.slow_requests == []
        assert station.watching("live") == 2
        assert station.watching("unreported") == 0
        told = {name: number for name, number in station.desk.counts.results.items() if number}
        assert told == {"accepted": 3, "invalid": 1, "version": 1}


async def test_players_that_tell_nothing_are_counted_apart() -> None:
    async with on_air() as station:
        peer = await station.connect()
        for headers in (
            ("User-Agent: VLC/3.0.18",),
            ("User-Agent: VLC/3.0.18", "X-Forwarded-For: 203.0.113.5"),
            ("User-Agent: VLC/3.0.18", "X-Forwarded-For: 203.0.113.6"),
            ("User-Agent: VLC/3.0.18", "X-Forwarded-For: 10.0.0.1, 203.0.113.6"),
            ("User-Agent: Tizen", "X-Forwarded-For: 203.0.113.6"),
            ("User-Agent: Tizen", "DNT: 1", "X-Forwarded-For: 203.0.113.7"),
            ("User-Agent: Firefox", "Referer: http://localhost/xem/hytv"),
            ("User-Agent: lensong-probe/1",),
        ) * 2:
            await peer.ask(a_get(PLAYLIST, *headers))
        await peer.ask(a_get(PART, "User-Agent: of no playlist"))
        assert station.slow_requests == []
        assert station.watching("unreported") == 4
        assert station.watching("live") == 0
