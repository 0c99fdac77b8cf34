"""A small station for the page: the real origin, and a stand-in packager with moving pictures.

``python -m tests.browser.station`` prints one line of JSON with the site's address when it is
ready, and obeys lines on its standard input until that ends: ``title TEXT`` (of the radio's song,
a JSON string), ``stop origin``, ``start origin``, ``start origin FOLDER`` (of another release).
Each is answered by one line.  The channels:
``hytv`` and ``hyfm`` are on air, ``mat`` ("lost") has never published anything.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import secrets
import struct
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import aiohttp

from core.clock import unix_ns
from core.cmaf import parse_header
from core.config import Settings, parse_settings
from core.environment import INTERNAL_SECRET_VARIABLE
from core.ladder import renditions_of
from core.publication import (
    ChannelState,
    HeaderPublished,
    PartPublished,
    Publication,
    SegmentPublished,
    SnapshotEnd,
    render_publication,
)
from core.timeline import (
    PARTS_PER_SEGMENT,
    PartAddress,
    UnixNs,
    address_at,
    end_of_part,
    segment_ticks,
)
from tests.browser.ports import free_ports
from tests.cmaf_media import Track, encode_track

__all__ = ["main"]

ROOT: Final = Path(__file__).parents[2]
PAST_SEGMENTS: Final = 8
LOOP_SEGMENTS: Final = 6
"""Segments that are encoded beforehand and come again and again, each time at a later time."""

_SETTINGS: Final = """
[station]
name = "Báo và Phát thanh, Truyền hình Hưng Yên"
[paths]
data_dir = "{folder}/data"
run_dir = "{folder}/run"
[network]
http_host = "127.0.0.1"
http_port = {http}
origin_admin_port = {admin}
[[channels]]
slug = "hytv"
name = "Truyền hình Hưng Yên"
kind = "tv"
renditions = [
  {{ name = "360p", width = 640, height = 360, video_kbps = 300 }},
  {{ name = "234p", width = 416, height = 234, video_kbps = 145 }},
]
[[channels]]
slug = "mat"
name = "Kênh mất sóng"
kind = "tv"
[[channels]]
slug = "hyfm"
name = "Phát thanh Hưng Yên"
kind = "radio"
"""


@dataclass(slots=True)
class StandInPackager:
    """Publishes tracks that were encoded beforehand, each part at its end by the wall clock."""

    settings: Settings
    first_msn: int
    tracks: dict[tuple[str, str], Track]
    """By (channel, rendition)."""

    edge: PartAddress
    """The newest published part."""

    states: dict[str, ChannelState]
    writers: list[asyncio.StreamWriter] = field(default_factory=list)

    async def follow(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Tell a follower the window, then keep it for what comes."""
        facts: list[Publication] = [*self.states.values(), *self._headers()]
        address = PartAddress(self.first_msn, 0)
        while address <= self.edge:
            facts += self._parts(address)
            address = address.next()
        self._send(writer, [*facts, SnapshotEnd()])
        self.writers.append(writer)
        await writer.drain()

    async def publish_for_ever(self) -> None:
        """Publish each part when it has ended."""
        while True:
            following = self.edge.next()
            await asyncio.sleep(max(0.0, (end_of_part(following) - unix_ns()) / 1e9))
            self.edge = following
            self._tell([*self._parts(following)])

    def set_title(self, channel: str, title: str) -> None:
        """Change the song."""
        self.states[channel] = ChannelState(
            channel=channel, on_air="studio", title=title, since_ns=unix_ns()
        )
        self._tell([self.states[channel]])

    def _headers(self) -> Iterator[HeaderPublished]:
        for (channel, rendition), track in self.tracks.items():
            yield HeaderPublished(
                channel=channel, rendition=rendition, hash=_name(track), data=track.header
            )

    def _parts(self, address: PartAddress) -> Iterator[PartPublished | SegmentPublished]:
        loop, segment = divmod(address.msn - self.first_msn, LOOP_SEGMENTS)
        index = segment * PARTS_PER_SEGMENT + address.part
        for (channel, rendition), track in self.tracks.items():
            yield PartPublished(
                channel=channel,
                rendition=rendition,
                msn=address.msn,
                part=address.part,
                header_hash=_name(track),
                independent=rendition.startswith("a") or address.part % 3 == 0,
                data=_later(track, index, segments=loop * LOOP_SEGMENTS),
            )
            if address.part + 1 == PARTS_PER_SEGMENT:
                yield SegmentPublished(
                    channel=channel,
                    rendition=rendition,
                    msn=address.msn,
                    header_hash=_name(track),
                    slate=False,
                )

    def _tell(self, facts: list[Publication]) -> None:
        self.writers = [writer for writer in self.writers if not writer.is_closing()]
        for writer in self.writers:
            self._send(writer, facts)

    @staticmethod
    def _send(writer: asyncio.StreamWriter, facts: list[Publication]) -> None:
        for fact in facts:
            writer.writelines(render_publication(fact))


def _later(track: Track, index: int, *, segments: int) -> bytes:
    """Return a fragment with its decode time moved by so many segments."""
    fragment = bytearray(track.fragments[index])
    at = fragment.index(b"tfdt") + 8  # after the type, the version (1: 64 bits) and the flags
    (time,) = struct.unpack_from(">Q", fragment, at)
    ticks = segments * segment_ticks(parse_header(track.header).timescale)
    struct.pack_into(">Q", fragment, at, time + ticks)
    return bytes(fragment)


def _name(track: Track) -> str:
    return hashlib.sha256(track.header).hexdigest()[:16]


async def _encode(settings: Settings, first_msn: int) -> dict[tuple[str, str], Track]:
    """Encode every track; equal renditions of two channels share one."""
    wanted = {
        (channel.slug, rendition.name): rendition
        for channel in settings.channels
        if channel.slug != "mat"
        for rendition in renditions_of(channel)
    }
    async with asyncio.TaskGroup() as tasks:
        encoding = {
            name: tasks.create_task(encode_track(rendition, first_msn, segments=LOOP_SEGMENTS))
            for name, rendition in {item.name: item for item in wanted.values()}.items()
        }
    return {key: encoding[rendition.name].result() for key, rendition in wanted.items()}


async def _start_origin(
    settings: Settings, file: Path, secret: str, release: Path = ROOT
) -> asyncio.subprocess.Process:
    """Start an origin and wait until it can do its job."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "origin", str(file), "--index", "0"),
        cwd=release,
        env=os.environ | {INTERNAL_SECRET_VARIABLE: secret, "PYTHONPATH": str(release)},  # noqa: TID251
        stdin=asyncio.subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{settings.network.origin_admin_port}/healthz"
    async with asyncio.timeout(20), aiohttp.ClientSession() as session:
        while process.returncode is None:
            with suppress(aiohttp.ClientError):
                async with session.get(url) as answer:
                    if answer.status == 200:
                        return process
            await asyncio.sleep(0.05)
    raise RuntimeError("the origin ended at its start")


async def _obey(packager: StandInPackager, file: Path) -> None:
    """Run the origin and obey standard input until it ends."""
    settings, secret = packager.settings, secrets.token_urlsafe(24)
    origin = await _start_origin(settings, file, secret)
    try:
        site = f"http://127.0.0.1:{settings.network.http_port}"
        metrics = f"http://127.0.0.1:{settings.network.origin_admin_port}/metrics"
        print(json.dumps({"site": site, "metrics": metrics}), flush=True)  # noqa: T201
        while line := (await asyncio.to_thread(sys.stdin.readline)).strip():
            verb, _, rest = line.partition(" ")
            if verb == "title":
                packager.set_title("hyfm", json.loads(rest))
            elif verb == "stop":
                origin.terminate()
                await origin.wait()
            elif verb == "start":
                folder = rest.removeprefix("origin").strip()
                origin = await _start_origin(settings, file, secret, Path(folder or ROOT))
            print("done", flush=True)  # noqa: T201
    finally:
        with suppress(ProcessLookupError):
            origin.terminate()
        await origin.wait()


async def _run(folder: Path) -> None:
    http, admin = free_ports(2)
    text = _SETTINGS.format(folder=folder, http=http, admin=admin)
    file = folder / "settings.toml"
    file.write_text(text, encoding="utf-8")
    settings = parse_settings(text, name=str(file))
    settings.paths.run_dir.mkdir()
    first_msn = address_at(UnixNs(unix_ns())).msn - PAST_SEGMENTS
    tracks = await _encode(settings, first_msn)
    now = address_at(UnixNs(unix_ns()))
    states = {
        slug: ChannelState(channel=slug, on_air="studio", title="", since_ns=0)
        for slug in ("hytv", "hyfm")
    }
    edge = PartAddress(now.msn - 1, PARTS_PER_SEGMENT - 1)
    packager = StandInPackager(settings, first_msn, tracks, edge, states)
    server = await asyncio.start_unix_server(packager.follow, settings.packager_socket)
    async with asyncio.TaskGroup() as tasks:
        publishing = tasks.create_task(packager.publish_for_ever())
        await _obey(packager, file)
        publishing.cancel()
        server.close()


def main() -> None:
    """Run the station until standard input ends."""
    with tempfile.TemporaryDirectory(prefix="ls-") as name:
        asyncio.run(_run(Path(name)))


if __name__ == "__main__":
    main()
