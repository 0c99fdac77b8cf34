"""What listeners of plain radio cost an origin, and what they cost the others on its event loop.

    python -m benchmarks.radio_listeners [--listeners 1000] [--seconds 20]

The origin's own desk and server run in this process and on uvloop; MP3 is published in real time.
The listeners are another process, half of them asking for titles.  Printed: processor time of the
origin, and how late its loop is for others, beside the same without listeners.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import uvloop

from core.config import ChannelSettings
from core.publication import ChannelState, Publication, SoundPublished
from origin.connections import Connections, Limits
from origin.fastpath import FastPath, PublicServer
from origin.http import Site, create_app
from origin.listeners import RadioDesk
from origin.preparation import Preparation
from origin.prepared import ResponseTable
from origin.tally import Tally

__all__ = ["main"]

ROOT: Final = Path(__file__).parent.parent
CHANNEL: Final = ChannelSettings(slug="hyfm", name="Phát thanh đo", kind="radio")
_CHUNK_S: Final = 0.24
_CHUNK_BYTES: Final = 3_840
_LOOK_S: Final = 0.002


class Origin:
    """A desk behind a real server, told what to send."""

    def __init__(self) -> None:
        table = ResponseTable(max_held=1)
        self._preparation = Preparation(table, [CHANNEL])
        tally = Tally((CHANNEL.slug,), table)
        self.desk = RadioDesk([CHANNEL], tally)
        connections = Connections(Limits(header_s=8, idle_s=60, per_client=20_000))
        fast = FastPath(table=table, tally=tally, connections=connections)
        app = create_app(Site(self._preparation, tally), self.desk.add_to)
        self.server = PublicServer(app, fast, host="127.0.0.1", port=0)
        self._number = 0

    def tell(self, publication: Publication) -> None:
        """Publish."""
        change = self._preparation.apply(publication, stored_ns=0)
        self.desk.take(change, self._preparation.window)

    def play(self) -> None:
        """Publish the next chunk, and a new title each twenty."""
        self._number += 1
        if self._number % 20 == 0:
            title = f"Bài số {self._number}"
            self.tell(ChannelState(channel="hyfm", on_air="studio", title=title, since_ns=1))
        self.tell(SoundPublished(channel="hyfm", number=self._number, data=bytes(_CHUNK_BYTES)))

    def listeners(self) -> float:
        """Return how many listen."""
        return sum(
            sample.value
            for family in self.desk.collect()
            for sample in family.samples
            if sample.name == "lensong_radio_listeners"
        )


async def measure(origin: Origin, seconds: float) -> dict[str, float]:
    """Play in real time; return the share of a core, and the loop's lateness in milliseconds."""
    loop = asyncio.get_running_loop()
    late_ms: list[float] = []
    begun, used = loop.time(), time.process_time()
    next_chunk = begun + _CHUNK_S
    while (now := loop.time()) < begun + seconds:
        if now >= next_chunk:
            loop.call_soon(origin.play)
            next_chunk += _CHUNK_S
        await asyncio.sleep(_LOOK_S)
        late_ms.append((loop.time() - now - _LOOK_S) * 1000)
    late_ms.sort()
    return {
        "core": round((time.process_time() - used) / (loop.time() - begun), 3),
        "late_ms_p99": round(late_ms[len(late_ms) * 99 // 100], 2),
        "late_ms_most": round(late_ms[-1], 2),
    }


@asynccontextmanager
async def listening(port: int, count: int) -> AsyncIterator[None]:
    """Run so many listeners in a process of their own."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.radio_listeners"),
        *("--listeners", str(count), "--hear", str(port)),
        cwd=ROOT,
    )
    try:
        yield
    finally:
        process.kill()
        await process.wait()


async def hear(port: int, count: int) -> None:
    """Listen, and throw the sound away, until killed."""

    async def one(titles: str) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(f"GET /radio/hyfm.mp3 HTTP/1.1\r\nHost: x\r\n{titles}\r\n".encode())
        while await reader.read(65_536):
            pass

    async with asyncio.TaskGroup() as tasks:
        for number in range(count):
            tasks.create_task(one("Icy-MetaData: 1\r\n" if number % 2 else ""))
            if number % 50 == 0:
                await asyncio.sleep(0.02)  # not all at once: a backlog has an end


async def run(count: int, seconds: float) -> None:
    """Measure without listeners and with them."""
    origin = Origin()
    for _ in range(40):
        origin.play()
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(origin.server.run())
        await origin.server.listening.wait()
        print(json.dumps({"listeners": 0, **await measure(origin, seconds)}), flush=True)
        async with listening(origin.server.port, count):
            while origin.listeners() < count:  # noqa: ASYNC110 - another process connects
                await asyncio.sleep(0.1)
            found = await measure(origin, seconds)
            print(json.dumps({"listeners": origin.listeners(), **found}), flush=True)
        task.cancel()


def main() -> None:
    """Measure, or be the listeners."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--listeners", type=int, default=1_000)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--hear", type=int, metavar="PORT", help=argparse.SUPPRESS)
    given = parser.parse_args()
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (limits[1], limits[1]))
    if given.hear is None:
        uvloop.run(run(given.listeners, given.seconds))
    else:
        uvloop.run(hear(given.hear, given.listeners))


if __name__ == "__main__":
    main()
