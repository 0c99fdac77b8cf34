"""An audience that takes all the origin has, and what the chain on air feels of it.

    python -m benchmarks.saturation [--seconds 60] [--held 2000]

A whole station runs; ``wrk`` asks the origin for its live window as fast as it can, and 2,000
viewers hold a request for the next part of the low-latency playlist.  Printed is how late parts
were published meanwhile, by the packager's own histogram, and how many segments are missing.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import resource
import sys
from collections.abc import Mapping
from typing import Final, cast

from benchmarks.station import ROOT, Station, running_station

__all__ = ["saturation"]

_TARGET_S: Final = 0.3
_RENDITION: Final = "/ll/hytv/360p/index.m3u8"
_EDGE = re.compile(rb"/(\d+)\.(\d)\.m4s")


class Holder(asyncio.Protocol):
    """A viewer that always waits for the next part."""

    answers = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the playlist as it is."""
        self._transport = cast(asyncio.Transport, transport)
        self._buffer = bytearray()
        self._ask("")

    def _ask(self, query: str) -> None:
        self._transport.write(
            f"GET {_RENDITION}{query} HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\n\r\n".encode()
        )

    def data_received(self, data: bytes) -> None:
        """Read one answer; ask for the part that it hints at."""
        self._buffer += data
        head, _, body = bytes(self._buffer).partition(b"\r\n\r\n")
        length = int(head.partition(b"Content-Length: ")[2].partition(b"\r\n")[0] or 0)
        if not head or len(body) < length:
            return
        self._buffer.clear()
        Holder.answers += 1
        hinted = _EDGE.search(body, body.rfind(b"PRELOAD-HINT"))
        if hinted is None:
            asyncio.get_running_loop().call_later(1, self._ask, "")
            return
        msn, part = map(int, hinted.groups())
        self._ask(f"?_HLS_msn={msn}&_HLS_part={part}")


async def hold(port: int, viewers: int) -> None:
    """Hold requests until killed; a process of its own runs this."""
    files = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (files[1], files[1]))
    loop = asyncio.get_running_loop()
    for _ in range(viewers):
        await loop.create_connection(Holder, "127.0.0.1", port)
    print("held", flush=True)
    await asyncio.Event().wait()


async def saturation(seconds: int, held: int) -> bool:
    """Measure; tell whether every target was met."""
    async with running_station() as station:
        await asyncio.sleep(20)
        port = station.settings.network.http_port
        holder = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "benchmarks.saturation", "--hold-at", str(port)),
            *("--held", str(held)),
            cwd=ROOT,
            stdout=asyncio.subprocess.PIPE,
        )
        try:
            if holder.stdout is not None:
                await holder.stdout.readline()
            before, gaps = await _buckets(station), await _gaps(station)
            wrk = await asyncio.create_subprocess_exec(
                *("wrk", "-t1", "-c64", f"-d{seconds}s", f"{station.site}{_RENDITION}"),
                stdout=asyncio.subprocess.PIPE,
            )
            waiting = await _waiting(station)
            said, _ = await wrk.communicate()
            after, missing = await _buckets(station), await _gaps(station) - gaps
        finally:
            holder.kill()
            await holder.wait()
    counted = {bound: after[bound] - before.get(bound, 0.0) for bound in after}
    p99 = _quantile(counted, 0.99)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", said.decode())
    print(
        json.dumps(
            {
                "seconds": seconds,
                "held": waiting,
                "requests_per_s": float(rate[1]) if rate else 0.0,
                "parts": counted[float("inf")],
                "part_delay_p99_at_most_s": p99,
                "target_s": _TARGET_S,
                "missing_segments": missing,
            }
        )
    )
    return p99 <= _TARGET_S and not missing and waiting >= held * 0.9


async def _metrics(station: Station, port: int) -> str:
    async with station.client.get(f"http://127.0.0.1:{port}/metrics") as answer:
        return await answer.text()


async def _buckets(station: Station) -> dict[float, float]:
    """Return the packager's histogram of part delays, summed over the channels."""
    text = await _metrics(station, station.settings.network.packager_admin_port)
    found: dict[float, float] = {}
    name = "lensong_packager_publish_delay_seconds_bucket"
    for labels, value in re.findall(rf"^{name}{{([^}}]*)}} (\S+)$", text, re.MULTILINE):
        if 'unit="part"' in labels:
            bound = float(re.findall(r'le="([^"]+)"', labels)[0].replace("+Inf", "inf"))
            found[bound] = found.get(bound, 0.0) + float(value)
    return found


async def _gaps(station: Station) -> int:
    text = await _metrics(station, station.settings.network.packager_admin_port)
    name = "lensong_packager_gap_segments_total"
    return int(sum(map(float, re.findall(rf"^{name}{{[^}}]*}} (\S+)$", text, re.MULTILINE))))


async def _waiting(station: Station) -> int:
    """Return how many requests the origin holds, some seconds into the load."""
    await asyncio.sleep(10)
    text = await _metrics(station, station.settings.network.origin_admin_port)
    name = "lensong_origin_blocked_requests"
    most = 0
    for _ in range(20):
        text = await _metrics(station, station.settings.network.origin_admin_port)
        found = re.findall(rf"^{name}{{[^}}]*}} (\S+)$", text, re.MULTILINE)
        most = max(most, int(sum(map(float, found))))
        await asyncio.sleep(0.1)
    return most


def _quantile(counted: Mapping[float, float], share: float) -> float:
    """Return the smallest bound below which at least ``share`` of the observations lie."""
    total = counted[float("inf")]
    return next(
        (bound for bound in sorted(counted) if total and counted[bound] >= share * total),
        float("inf"),
    )


def main() -> None:
    """Measure, or hold requests for the process that measures."""
    parser = argparse.ArgumentParser(description="The chain on air under a saturated origin.")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--held", type=int, default=2_000)
    parser.add_argument("--hold-at", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.hold_at is not None:
        asyncio.run(hold(given.hold_at, given.held))
        return
    sys.exit(not asyncio.run(saturation(given.seconds, given.held)))


if __name__ == "__main__":
    main()
