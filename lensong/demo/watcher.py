"""Fetches what :mod:`lensong.demo.watch` judges."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final, Literal
from urllib.parse import urljoin

import aiohttp

from core.clock import unix_ns
from core.cmaf import TrackHeader, parse_header
from core.errors import InputError
from lensong.demo.watch import PlaylistEntry, SegmentStrip, count_samples, parse_playlist

__all__ = ["TRACKS", "Watcher"]

_POLL_S: Final = 1.92
_TIMEOUT: Final = aiohttp.ClientTimeout(total=5.0)
_OK: Final = 200

TRACKS: Final[Mapping[str, tuple[tuple[Literal["video", "audio"], str], ...]]] = {
    "hytv": (("video", "360p"), ("audio", "a96")),
    "hyfm": (("audio", "a128"),),
}
"""Which renditions of each channel are looked into."""


class Watcher:
    """Follows one channel's plain playlists at the public address."""

    def __init__(self, channel: str, site: str) -> None:
        self._channel, self._site = channel, site
        self._tracks = TRACKS[channel]
        self.strip = SegmentStrip(television=len(self._tracks) > 1)
        self.first_segment = asyncio.Event()
        """Set when a segment was read whole."""
        self._headers: dict[str, TrackHeader] = {}

    async def run(self) -> None:
        """Watch until cancelled; what cannot be read now is tried again."""
        async with aiohttp.ClientSession(timeout=_TIMEOUT) as session:
            while True:
                for kind, rendition in self._tracks:
                    try:
                        await self._look(session, kind, rendition)
                    except (aiohttp.ClientError, TimeoutError, OSError, InputError):
                        continue  # the strip shows what is missing by itself
                pause_s = _POLL_S if self.first_segment.is_set() else 0.2
                await asyncio.sleep(pause_s)

    async def _look(
        self, session: aiohttp.ClientSession, kind: Literal["video", "audio"], rendition: str
    ) -> None:
        url = f"{self._site}/live/{self._channel}/{rendition}/index.m3u8"
        text = await _fetch(session, url)
        if text is None:
            return
        for entry in parse_playlist(text.decode()):
            if self.strip.knows(entry.msn, kind):
                continue
            samples = await self._count(session, url, entry)
            self.strip.add(entry.msn, kind, samples, unix_ns())
            if samples is not None:
                self.first_segment.set()

    async def _count(
        self, session: aiohttp.ClientSession, url: str, entry: PlaylistEntry
    ) -> int | None:
        if entry.gap:
            return None
        header_url = urljoin(url, entry.header_uri)
        if header_url not in self._headers:
            data = await _fetch(session, header_url)
            if data is None:
                return None
            self._headers[header_url] = parse_header(data)
        segment = await _fetch(session, urljoin(url, entry.uri))
        return None if segment is None else count_samples(segment, self._headers[header_url])


async def _fetch(session: aiohttp.ClientSession, url: str) -> bytes | None:
    async with session.get(url) as response:
        if response.status != _OK:
            return None
        return await response.read()
