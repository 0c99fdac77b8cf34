"""Two thousand clients that follow a low-latency playlist by blocking reload, at real part pace.

Each keeps one connection and asks for the part after the newest it knows, with ``_HLS_skip=YES``,
gzip and CMCD in the query.  Printed is the time from the publication of a part to the moment at
which a client has read the whole body; the target is 250 ms for the slowest hundredth.  Every body
is checked: one hash a part, and that body is unpacked and must list the part.

Run ``python -m benchmarks.origin_blocking [--clients 2000] [--seconds 30]``.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import resource
import statistics
import zlib
from typing import cast

import uvloop

from benchmarks.origin_station import CHANNEL, cpu_seconds, dump, running_origin
from core.timeline import PartAddress

RENDITION = "720p"


class Audience:
    """What all clients share: when parts were published, and what was heard."""

    def __init__(self, edge: PartAddress) -> None:
        self.edge = edge
        self.published_s: dict[PartAddress, float] = {}
        self.delays_s: list[float] = []
        self.bodies: dict[PartAddress, dict[bytes, bytes]] = {}
        """By part, the differing bodies by hash: one is right, two are a fault."""

        self.faults: list[str] = []
        self.connected = 0


class Viewer(asyncio.Protocol):
    """One client."""

    def __init__(self, audience: Audience, number: int) -> None:
        self.audience, self.number = audience, number
        self.wanted = audience.edge
        self.buffer = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the next part."""
        self.transport = cast(asyncio.Transport, transport)
        self.audience.connected += 1
        self.ask()

    def ask(self) -> None:
        """Ask for the part after the one that came."""
        self.wanted = self.wanted.next()
        cmcd = f"CMCD=bl%3D2100%2Cot%3Dm%2Csid%3D%22{self.number:032x}%22"
        query = f"{cmcd}&_HLS_msn={self.wanted.msn}&_HLS_part={self.wanted.part}&_HLS_skip=YES"
        self.transport.write(
            f"GET /ll/{CHANNEL}/{RENDITION}/index.m3u8?{query} HTTP/1.1\r\nHost: localhost\r\n"
            "Connection: keep-alive\r\nAccept: */*\r\nAccept-Encoding: gzip, deflate, br\r\n"
            "User-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\n\r\n".encode()
        )

    def data_received(self, data: bytes) -> None:
        """Read one response."""
        self.buffer += data
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = bytes(self.buffer[:end])
        length = int(head.partition(b"Content-Length: ")[2].partition(b"\r\n")[0])
        if len(self.buffer) < end + 4 + length:
            return
        body = bytes(self.buffer[end + 4 :])
        self.buffer.clear()
        self.take(head, body)
        self.ask()

    def take(self, head: bytes, body: bytes) -> None:
        """Note delay and body."""
        audience = self.audience
        published = audience.published_s.get(self.wanted)
        if not head.startswith(b"HTTP/1.1 200 ") or b"Content-Encoding: gzip" not in head:
            audience.faults.append(head.decode())
        elif published is None:
            audience.faults.append(f"{self.wanted} came before it was published")
        else:
            audience.delays_s.append(asyncio.get_running_loop().time() - published)
            digest = hashlib.blake2b(body).digest()
            audience.bodies.setdefault(self.wanted, {})[digest] = body

    def connection_lost(self, exc: Exception | None) -> None:
        """Count the loss."""
        if self.audience.connected:
            self.audience.faults.append(f"connection lost: {exc}")


def check_bodies(audience: Audience) -> None:
    """Unpack every differing body and look for the part in it."""
    for address, bodies in audience.bodies.items():
        for body in bodies.values():
            text = zlib.decompress(body, 31).decode()
            listed = f'/{address.msn}.{address.part}.m4s"'
            lines = [line for line in text.splitlines() if line.startswith("#EXT-X-PART:")]
            if "#EXT-X-SKIP:" not in text or not any(listed in line for line in lines):
                audience.faults.append(f"{address} is not in its playlist:\n{text}")
        # The reports on other renditions may be refreshed once more within a part, so a client
        # that comes late may read a second text; never a third.
        if len(bodies) > 2:
            audience.faults.append(f"{address} has {len(bodies)} different playlists")


async def main() -> None:
    """Follow, then print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--clients", type=int, default=2_000)
    parser.add_argument("--seconds", type=float, default=30)
    options = parser.parse_args()
    files = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (files[1], files[1]))
    loop = asyncio.get_running_loop()
    async with running_origin() as origin:
        packager = origin.packager
        audience = Audience(packager.edge)
        for number in range(options.clients):
            await loop.create_connection(
                lambda number=number: Viewer(audience, number),  # type: ignore[misc]
                "127.0.0.1",
                origin.http_port,
            )
        before_s, begun_s = cpu_seconds(origin.pid), loop.time()
        due_s = begun_s + 0.64
        while loop.time() < begun_s + options.seconds:
            await asyncio.sleep(due_s - loop.time())
            due_s += 0.64
            audience.published_s[packager.edge.next()] = loop.time()
            await packager.publish_next()
        await asyncio.sleep(1.0)  # the last answers come in
        cpu = (cpu_seconds(origin.pid) - before_s) / (loop.time() - begun_s)
        audience.connected = 0
        metrics = await asyncio.to_thread(origin.metrics)
    check_bodies(audience)
    expected = options.clients * len(audience.published_s)
    report(audience, expected, cpu, metrics)


def report(audience: Audience, expected: int, cpu: float, metrics: str) -> None:
    """Print the figures."""
    for fault in audience.faults[:3]:
        print(fault)
    if len(audience.delays_s) < 2:
        raise SystemExit("no answers")
    delays = statistics.quantiles(audience.delays_s, n=100)
    row = {
        "answers": len(audience.delays_s),
        "expected": expected,
        "faults": len(audience.faults),
        "p50_ms": round(1e3 * delays[49], 1),
        "p99_ms": round(1e3 * delays[98], 1),
        "max_ms": round(1e3 * max(audience.delays_s), 1),
        "origin_cores": round(cpu, 3),
    }
    print(
        f"{row['answers']} of {expected} answers, {row['faults']} faults; from publication to body"
        f" read p50 {row['p50_ms']} ms, p99 {row['p99_ms']} ms (target <= 250), slowest"
        f" {row['max_ms']} ms; origin used {row['origin_cores']} of a core"
    )
    for line in metrics.splitlines():
        if "block_release_seconds" in line and ("sum" in line or "count" in line):
            print(line)
    print(dump(row))


if __name__ == "__main__":
    uvloop.run(main())
