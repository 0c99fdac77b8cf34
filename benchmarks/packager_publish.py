"""How long a part needs from its sender to a follower: ``python -m benchmarks.packager_publish``.

Starts a packager as a process of its own, sends it a television channel of five renditions at the
pace of air, every rendition's part at the same moment, and follows its socket.
Prints the time from handing a part to the HTTP client until the follower has it whole, and
beside it the same for the bare way: as many bytes through one Unix socket pair.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import socket
import sys
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles

import aiohttp
import uvloop

from core.clock import monotonic_ns, unix_ns
from core.config import Settings, load_settings
from core.environment import INTERNAL_SECRET_VARIABLE, child_environment
from core.ladder import Rendition, renditions_of
from core.publication import PartPublished, PublicationReader
from core.timeline import PartAddress, end_of_part, msn_at
from tests.cmaf_media import make_fragment, make_header

SECRET = "the benchmark's own secret"  # noqa: S105
PARTS = 6

SETTINGS = """
[station]
name = "Đo"
[paths]
data_dir = "{folder}/data"
run_dir = "{folder}/run"
[network]
cmaf_port = {ports[0]}
packager_admin_port = {ports[1]}
[[channels]]
slug = "hytv"
name = "Truyền hình"
kind = "tv"
[[channels.renditions]]
name = "720p"
width = 1280
height = 720
video_kbps = 2800
[[channels.renditions]]
name = "480p"
width = 854
height = 480
video_kbps = 1200
[[channels.renditions]]
name = "360p"
width = 640
height = 360
video_kbps = 600
"""


@dataclass(slots=True)
class Times:
    """When each part was sent and heard, in monotonic nanoseconds."""

    sent: dict[tuple[str, int, int], int] = field(default_factory=dict)
    heard: dict[tuple[str, int, int], int] = field(default_factory=dict)

    def delays_ms(self) -> list[float]:
        """Return the delay of each part that was heard."""
        return [(self.heard[key] - self.sent[key]) / 1e6 for key in self.heard]


def free_ports(count: int) -> list[int]:
    """Return ports that nobody uses now."""
    holders = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [item.getsockname()[1] for item in holders]
    for item in holders:
        item.close()
    return ports


async def follow(path: Path, times: Times) -> None:
    """Note when each part arrives; until cancelled."""
    reader, writer = await asyncio.open_unix_connection(path)
    cutter = PublicationReader()
    try:
        while data := await reader.read(1 << 18):
            for item in cutter.receive(data):
                if isinstance(item, PartPublished):
                    times.heard[item.rendition, item.msn, item.part] = monotonic_ns()
    finally:
        writer.close()


async def segment(rendition: Rendition, msn: int, times: Times) -> AsyncIterator[bytes]:
    """Yield each part at the moment at which it ends."""
    size = rendition.bitrate_bps * 64 // 800
    for part in range(PARTS):
        address = PartAddress(msn, part)
        data = make_fragment(rendition, address, payload_bytes=size)
        await asyncio.sleep(max(0.0, (end_of_part(address) - unix_ns()) / 1e9))
        times.sent[rendition.name, msn, part] = monotonic_ns()
        yield data


async def send(
    session: aiohttp.ClientSession, url: str, rendition: Rendition, numbers: range, times: Times
) -> None:
    """Post a header and these segments."""
    url = f"{url}/cmaf/hytv/{rendition.name}?encoder=a"
    async with session.post(url, data=make_header(rendition)) as response:
        assert response.status == 200, await response.text()
    for msn in numbers:
        async with session.post(url, data=segment(rendition, msn, times)) as response:
            assert response.status == 200, await response.text()


async def bare_pair(size: int, count: int) -> list[float]:
    """Return milliseconds of ``count`` transfers of ``size`` bytes through a socket pair."""
    one, other = socket.socketpair()
    reader, far = await asyncio.open_connection(sock=other)
    _, writer = await asyncio.open_connection(sock=one)
    found = []
    for _ in range(count):
        start = monotonic_ns()
        writer.write(bytes(size))
        await reader.readexactly(size)
        found.append((monotonic_ns() - start) / 1e6)
    writer.close()
    far.close()
    return found


def figures(delays_ms: list[float]) -> str:
    """Return median, 99th percentile and maximum as text."""
    cuts = quantiles(delays_ms, n=100)
    return f"p50 {cuts[49]:.2f} ms, p99 {cuts[98]:.2f} ms, max {max(delays_ms):.2f} ms"


def cpu_seconds(pid: int) -> float:
    """Return the processor time that a process has used, from ``/proc``."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def measure(settings: Settings, file: Path, segments: int) -> None:
    """Run the packager and print."""
    times = Times()
    url = f"http://127.0.0.1:{settings.network.cmaf_port}"
    admin = f"http://127.0.0.1:{settings.network.packager_admin_port}/healthz"
    environment = child_environment() | {INTERNAL_SECRET_VARIABLE: SECRET}
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "packager", str(file), env=environment
    )
    headers = {"Authorization": f"Bearer {SECRET}"}
    timeout = aiohttp.ClientTimeout(total=None)
    try:
        async with aiohttp.ClientSession(headers=headers, timeout=timeout) as session:
            await wait_ready(session, admin)
            used, begun = await asyncio.to_thread(cpu_seconds, child.pid), monotonic_ns()
            first = msn_at(unix_ns()) + 1
            async with asyncio.TaskGroup() as tasks:
                following = tasks.create_task(follow(settings.packager_socket, times))
                async with asyncio.TaskGroup() as senders:
                    for item in renditions_of(settings.channels[0]):
                        numbers = range(first, first + segments)
                        senders.create_task(send(session, url, item, numbers, times))
                following.cancel()
            used = await asyncio.to_thread(cpu_seconds, child.pid) - used
            share = 100 * used / ((monotonic_ns() - begun) / 1e9)
    finally:
        child.terminate()
        await child.wait()
    delays = times.delays_ms()
    print(f"{len(times.sent)} parts of 5 renditions sent, {len(delays)} heard")
    print(f"sender to follower: {figures(delays)}; packager's CPU {share:.1f} % of a core")
    print(f"bare socket pair, 224 kB: {figures(await bare_pair(224_000, len(delays)))}")


async def wait_ready(session: aiohttp.ClientSession, url: str) -> None:
    """Return once ``url`` answers 200."""
    for _ in range(600):
        try:
            async with session.get(url) as response:
                if response.status == 200:
                    return
        except aiohttp.ClientConnectionError:
            pass
        await asyncio.sleep(0.05)
    raise SystemExit("the packager does not start")


def main() -> None:
    """Parse the arguments and run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--segments", type=int, default=8, help="of 3.84 s each")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pk") as folder:
        file = Path(folder) / "lensong.toml"
        file.write_text(SETTINGS.format(folder=folder, ports=free_ports(2)), encoding="utf-8")
        uvloop.run(measure(load_settings(file), file, arguments.segments))


if __name__ == "__main__":
    main()
