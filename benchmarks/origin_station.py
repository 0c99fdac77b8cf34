"""An origin with a window of real size, fed by a packager that only makes noise.

The benchmarks of the origin start the real process on a settings file of their own and publish
to it over its real socket; the media are random bytes of the sizes that a 720p channel has.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import imageio_ffmpeg

from core.clock import unix_ns
from core.config import Settings, parse_settings
from core.ladder import Rendition, renditions_of
from core.publication import (
    ChannelState,
    HeaderPublished,
    PartPublished,
    Publication,
    SnapshotEnd,
    render_publication,
)
from core.timeline import PARTS_PER_SEGMENT, PartAddress, UnixNs, address_at, end_of_part

__all__ = ["CHANNEL", "Origin", "SyntheticPackager", "cpu_seconds", "free_port", "running_origin"]

CHANNEL: Final = "hytv"
SEGMENTS: Final = 20
_KILO: Final = 1_000


def free_port() -> int:
    """Return a port of loopback that nobody listens on now."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        return int(listener.getsockname()[1])


def cpu_seconds(pid: int) -> float:
    """Return the processor time, in seconds, of a process and its living children."""
    task = Path("/proc") / str(pid)
    fields = (task / "stat").read_text().rpartition(")")[2].split()
    ticks = int(fields[11]) + int(fields[12])
    children = (task / "task" / str(pid) / "children").read_text().split()
    return ticks / os.sysconf("SC_CLK_TCK") + sum(cpu_seconds(int(child)) for child in children)


def _settings(folder: Path) -> Settings:
    text = f"""
[station]
name = "Benchmark"
[paths]
data_dir = "{folder}/data"
run_dir = "{folder}/run"
[network]
http_host = "127.0.0.1"
http_port = {free_port()}
origin_admin_port = {free_port()}
[[channels]]
slug = "{CHANNEL}"
name = "Benchmark"
kind = "tv"
"""
    (folder / "settings.toml").write_text(text)
    (folder / "run").mkdir()
    return parse_settings(text, name="settings")


def _make_header(rendition: Rendition) -> bytes:
    """Let FFmpeg make the header of a rendition."""
    if rendition.kind == "video":
        source = f"color=size={rendition.width}x{rendition.height}:rate=25"
        codec = ["-c:v", "libx264", "-pix_fmt", "yuv420p"]
    else:
        layout = "mono" if rendition.channels == 1 else "stereo"
        source = f"anullsrc=r=48000:cl={layout}"
        codec = ["-c:a", "aac"]
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-f", "lavfi", "-i", source]
    flags = "+cmaf+empty_moov+default_base_moof"
    command += [*codec, "-t", "0.2", "-movflags", flags, "-f", "mp4", "-"]
    data = subprocess.run(command, check=True, capture_output=True).stdout
    return data[: data.index(b"moof") - 4]


@dataclass(slots=True)
class SyntheticPackager:
    """Publishes noise to whoever follows its socket."""

    path: Path
    renditions: tuple[Rendition, ...]
    part_bytes: dict[str, int]
    headers: dict[str, bytes]
    edge: PartAddress
    """The newest published part."""

    _writers: list[asyncio.StreamWriter]

    def parts(self, address: PartAddress) -> Iterator[PartPublished]:
        """Make one part of every rendition."""
        for rendition in self.renditions:
            yield PartPublished(
                channel=CHANNEL,
                rendition=rendition.name,
                msn=address.msn,
                part=address.part,
                header_hash=_name(self.headers[rendition.name]),
                independent=address.part in {0, 3} or rendition.kind == "audio",
                data=secrets.token_bytes(self.part_bytes[rendition.name]),
            )

    async def follow(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Tell a follower the window; keep it for what comes."""
        _send(
            writer,
            ChannelState(channel=CHANNEL, on_air="noise", title="", since_ns=0),
            *(
                HeaderPublished(channel=CHANNEL, rendition=name, hash=_name(data), data=data)
                for name, data in self.headers.items()
            ),
        )
        address = PartAddress(self.edge.msn - SEGMENTS, 0)
        while address <= self.edge:
            _send(writer, *self.parts(address))
            await writer.drain()
            address = address.next()
        _send(writer, SnapshotEnd())
        await writer.drain()
        self._writers.append(writer)

    async def publish_next(self) -> int:
        """Publish the next part of every rendition; return when (monotonic loop time, in ns)."""
        self.edge = self.edge.next()
        moment = round(asyncio.get_running_loop().time() * 1e9)
        facts = list(self.parts(self.edge))
        for writer in self._writers:
            _send(writer, *facts)
            await writer.drain()
        return moment

    async def publish_on_time(self) -> None:
        """Publish each part at its end by the wall clock, for ever."""
        while True:
            due = end_of_part(self.edge.next())
            await asyncio.sleep(max(0.0, (due - unix_ns()) / 1e9))
            await self.publish_next()


def _name(header: bytes) -> str:
    return hashlib.sha256(header).hexdigest()[:16]


def _send(writer: asyncio.StreamWriter, *facts: Publication) -> None:
    for fact in facts:
        writer.writelines(render_publication(fact))


@dataclass(slots=True)
class Origin:
    """A running origin."""

    pid: int
    http_port: int
    admin_port: int
    packager: SyntheticPackager

    def get(self, path: str, **headers: str) -> tuple[dict[str, str], bytes]:
        """Fetch a path of the public port, blocking."""
        url = f"http://127.0.0.1:{self.http_port}{path}"
        request = urllib.request.Request(url, headers=headers)
        with urllib.request.urlopen(request) as response:  # noqa: S310
            return dict(response.headers), response.read()

    def metrics(self) -> str:
        """Fetch the metrics, blocking."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.admin_port}/metrics") as response:
            return str(response.read().decode())


@asynccontextmanager
async def running_origin(
    *, core: int | None = None, checkout: Path | None = None
) -> AsyncIterator[Origin]:
    """Run a packager's socket and an origin that follows it, the latter on one core.

    Args:
        core: That one; without it any.
        checkout: Another checkout of this repository, whose origin is meant.
    """
    with tempfile.TemporaryDirectory() as name:
        settings = await asyncio.to_thread(_settings, Path(name))
        renditions = renditions_of(settings.channels[0])
        now = address_at(UnixNs(unix_ns()))
        sizes = {"720p": 47_300, "480p": 24_000, "360p": 12_000, "234p": 3_000}
        packager = SyntheticPackager(
            settings.packager_socket,
            renditions,
            {item.name: sizes.get(item.name, 8 * _KILO) for item in renditions},
            {item.name: await asyncio.to_thread(_make_header, item) for item in renditions},
            # The edge stands within a segment, as it mostly does.
            PartAddress(now.msn - 1, PARTS_PER_SEGMENT // 2),
            [],
        )
        server = await asyncio.start_unix_server(packager.follow, settings.packager_socket)
        pin = [] if core is None else ["taskset", "-c", str(core)]
        process = await asyncio.create_subprocess_exec(
            *pin,
            sys.executable,
            *("-m", "origin", str(Path(name) / "settings.toml"), "--index", "0"),
            env=os.environ  # noqa: TID251
            | {"LENSONG_INTERNAL_SECRET": secrets.token_urlsafe(32)}
            | ({} if checkout is None else {"PYTHONPATH": str(checkout)}),
            cwd=checkout,
        )
        network = settings.network
        origin = Origin(process.pid, network.http_port, network.origin_admin_port, packager)
        try:
            await _until_ready(origin)
            yield origin
        finally:
            with suppress(ProcessLookupError):
                process.terminate()
            await process.wait()
            server.close()


async def _until_ready(origin: Origin) -> None:
    url = f"http://127.0.0.1:{origin.admin_port}/healthz"
    async with asyncio.timeout(20):
        while True:
            with suppress(OSError):
                await asyncio.to_thread(lambda: urllib.request.urlopen(url).close())
                return
            await asyncio.sleep(0.1)


def dump(rows: object) -> str:
    """Return figures as one line of JSON, for whoever keeps them."""
    return json.dumps(rows)
