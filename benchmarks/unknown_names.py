"""Ask the origin for names that it does not know; its series must not grow with them.

    python -m benchmarks.unknown_names [NUMBER]

Every name is another one, in each place of an address where a name can stand.  Requests go many a
connection, sixteen on their way at a time.  Beside the series of every process the origin's
memory is shown, before and after.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Final

from benchmarks.alert_faults import prepare
from benchmarks.station import Station, radio_settings
from benchmarks.watched_station import WatchedStation, watched_station
from core.clock import monotonic_ns

__all__ = ["MOST_NEW", "ask_for_unknown", "series", "unknown_names"]

MOST_NEW: Final = 10
"""Series that may come by chance meanwhile: a handler that was not asked before."""

_FORMS: Final = (
    "/live/{}/index.m3u8",
    "/ll/{}/index.m3u8",
    "/live/hyfm/{}/index.m3u8",
    "/media/{}/a64/460000000.m4s",
    "/media/hyfm/{}/460000000.m4s",
    "/thumb/{}/latest.jpg",
    "/radio/{}.mp3",
    "/api/{}",
    "/{}",
)
_SERVERS_FAULT: Final = 500
_CONNECTIONS: Final = 4
_TOGETHER: Final = 16
_OFFSET: Final = 23_400


async def ask_for_unknown(port: int, number: int) -> Counter[int]:
    """Ask for so many different names; return how many were answered with each status.

    Raises:
        OSError: If the origin closes a connection early.
    """
    async with asyncio.TaskGroup() as tasks:
        shares = [
            tasks.create_task(_ask(port, range(first, number, _CONNECTIONS)))
            for first in range(_CONNECTIONS)
        ]
    return sum((share.result() for share in shares), Counter())


async def _ask(port: int, numbers: range) -> Counter[int]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    found: Counter[int] = Counter()
    try:
        for begin in range(0, len(numbers), _TOGETHER):
            block = numbers[begin : begin + _TOGETHER]
            for number in block:
                path = _FORMS[number // _CONNECTIONS % len(_FORMS)].format(f"nowhere{number}")
                writer.write(f"GET {path} HTTP/1.1\r\nHost: station\r\n\r\n".encode())
            await writer.drain()
            for _ in block:
                found[await _status(reader)] += 1
    finally:
        writer.close()
    return found


async def _status(reader: asyncio.StreamReader) -> int:
    head = await reader.readuntil(b"\r\n\r\n")
    fields = dict(line.lower().split(b":", 1) for line in head.split(b"\r\n")[1:] if b":" in line)
    await reader.readexactly(int(fields[b"content-length"]))
    return int(head.split(b" ", 2)[1])


async def series(watched: WatchedStation) -> dict[str, int]:
    """Return how many series each process tells, from a scrape that begins now."""
    queries: dict[str, int] = {}
    for process, port in _ports(watched.station).items():
        async with watched.station.client.get(f"http://127.0.0.1:{port}/metrics") as answer:
            text = await answer.text()
        queries[process] = sum(not line.startswith("#") for line in text.splitlines() if line)
    return queries


def _ports(station: Station) -> dict[str, int]:
    network = station.settings.network
    return {
        "origin": network.origin_admin_port,
        "ingest": network.ingest_admin_port,
        "packager": network.packager_admin_port,
        "monitoring": network.monitoring_admin_port,
    }


def _resident_mb(pid: int) -> float:
    text = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    line = next(line for line in text.splitlines() if line.startswith("VmRSS"))
    return round(int(line.split()[1]) / 1024, 1)


async def unknown_names(number: int, *, offset: int = _OFFSET) -> bool:
    """Run a radio and ask; True if nothing grew."""
    with tempfile.TemporaryDirectory(prefix="lensong-") as name:
        text = radio_settings(folder=name, offset=offset, return_after_s=10.0)
        async with watched_station(
            text, Path(name), prometheus_port=offset + 60, webhook_port=offset + 61
        ) as watched:
            await prepare(watched, (("hyfm", "studio"),))
            station = watched.station
            origin = station.service_pid("-m", "origin")
            port = station.settings.network.http_port
            await ask_for_unknown(port, 1_000)  # caches of a fixed size are full then
            before, memory = await series(watched), _resident_mb(origin)
            started_ns = monotonic_ns()
            found = await ask_for_unknown(port, number)
            seconds = (monotonic_ns() - started_ns) / 1e9
            after = await series(watched)
            row = {
                "names": number,
                "answered": found,
                "seconds": round(seconds, 1),
                "series_before": before,
                "series_after": after,
                "origin_mb_before": memory,
                "origin_mb_after": _resident_mb(origin),
            }
            print(json.dumps(row), flush=True)
    return max(found) < _SERVERS_FAULT and all(
        after[one] - before[one] <= MOST_NEW for one in after
    )


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("number", nargs="?", type=int, default=100_000)
    parser.add_argument("--offset", type=int, default=_OFFSET, help="where its ports begin")
    given = parser.parse_args()
    good = asyncio.run(unknown_names(given.number, offset=given.offset))
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
