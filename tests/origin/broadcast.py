"""A broadcast for tests: a channel's publications as a packager makes them, and a packager."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from core.config import ChannelSettings, Settings, parse_settings
from core.ladder import Rendition, find_rendition, renditions_of
from core.publication import (
    HeaderPublished,
    PartPublished,
    Publication,
    SegmentPublished,
    SnapshotEnd,
    ThumbnailPublished,
    render_publication,
)
from core.timeline import PARTS_PER_SEGMENT, PartAddress
from tests.cmaf_media import MSN, make_fragment, make_header

__all__ = ["MSN", "Broadcast", "Packager", "make_settings"]


def make_settings(run_dir: Path = Path("/nowhere"), **network: int) -> Settings:
    """Return the settings of one TV channel of two pictures and one radio channel."""
    ports = "\n".join(f"{name} = {port}" for name, port in network.items())
    return parse_settings(
        f"""
        [station]
        name = "Đài Hưng Yên"
        [paths]
        run_dir = "{run_dir}"
        [network]
        http_host = "127.0.0.1"
        {ports}
        [[channels]]
        slug = "hytv"
        name = "Truyền hình Hưng Yên"
        kind = "tv"
        ladder = "360p"
        [[channels]]
        slug = "hyfm"
        name = "Phát thanh Hưng Yên"
        kind = "radio"
        """,
        name="test",
    )


@dataclass
class Broadcast:
    """Makes the facts of one channel."""

    channel: ChannelSettings
    payload_bytes: int = 40
    variant: int = 0
    """Of the decoder's configuration."""

    @property
    def renditions(self) -> list[str]:
        """Names of the renditions."""
        return [item.name for item in renditions_of(self.channel)]

    def _rendition(self, name: str) -> Rendition:
        rendition = find_rendition(self.channel, name)
        assert rendition is not None
        return rendition

    def header(self, rendition: str) -> HeaderPublished:
        """Make the header of a rendition."""
        data = make_header(self._rendition(rendition), variant=self.variant)
        return HeaderPublished(
            channel=self.channel.slug,
            rendition=rendition,
            hash=hashlib.sha256(data).hexdigest()[:16],
            data=data,
        )

    def headers(self) -> list[Publication]:
        """Make the headers of all renditions."""
        return [self.header(name) for name in self.renditions]

    def part(self, rendition: str, msn: int, part: int) -> PartPublished:
        """Make one part."""
        item = self._rendition(rendition)
        return PartPublished(
            channel=self.channel.slug,
            rendition=rendition,
            msn=msn,
            part=part,
            header_hash=self.header(rendition).hash,
            independent=item.kind == "audio" or part % 3 == 0,
            data=make_fragment(
                item,
                PartAddress(msn, part),
                payload_bytes=self.payload_bytes,
                sized=item.kind == "audio",
            ),
        )

    def segment(self, rendition: str, msn: int, *, whole: bool = True) -> SegmentPublished:
        """Make the fact that a segment is whole, with its bytes as in a snapshot if ``whole``."""
        parts = (self.part(rendition, msn, part).data for part in range(PARTS_PER_SEGMENT))
        return SegmentPublished(
            channel=self.channel.slug,
            rendition=rendition,
            msn=msn,
            header_hash=self.header(rendition).hash,
            slate=False,
            data=b"".join(parts) if whole else b"",
        )

    def segments(self, first: int, last: int) -> list[Publication]:
        """Make whole segments of every rendition, as a snapshot tells them."""
        return [
            self.segment(name, msn) for msn in range(first, last + 1) for name in self.renditions
        ]

    def thumbnail(self, msn: int) -> ThumbnailPublished:
        """Make the picture of a segment."""
        data = f"the picture of {msn}".encode()
        return ThumbnailPublished(channel=self.channel.slug, msn=msn, data=data)

    def live(self, msn: int, parts: Iterable[int] = range(PARTS_PER_SEGMENT)) -> list[Publication]:
        """Make the parts of a segment as they come live, all renditions side by side."""
        found: list[Publication] = []
        for part in parts:
            for name in self.renditions:
                found.append(self.part(name, msn, part))
                if part == PARTS_PER_SEGMENT - 1:
                    found.append(self.segment(name, msn, whole=False))
        return found


@dataclass
class Packager:
    """A packager that tells what a test says, over a real socket."""

    path: Path
    snapshot: list[Publication] = field(default_factory=list)
    connections: int = 0
    connected: asyncio.Event = field(default_factory=asyncio.Event)
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        """Listen meanwhile."""
        server = await asyncio.start_unix_server(self._follow, self.path)
        try:
            yield
        finally:
            server.close()
            await self.hang_up()

    async def _follow(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for publication in [*self.snapshot, SnapshotEnd()]:
            writer.writelines(render_publication(publication))
        await writer.drain()
        self._writers.add(writer)
        self.connections += 1
        self.connected.set()

    def publish(self, publications: Iterable[Publication]) -> None:
        """Tell every follower, and remember it for the next."""
        for publication in publications:
            self.snapshot.append(publication)
            for writer in self._writers:
                writer.writelines(render_publication(publication))

    async def hang_up(self) -> None:
        """Close every connection, as when the process dies."""
        for writer in self._writers:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()
        self._writers.clear()
        self.connected.clear()
