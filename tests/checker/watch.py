"""Watch a channel over HTTP: read every playlist again and again, judge every byte of media."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from contextlib import suppress
from typing import Final
from urllib.parse import urljoin

import aiohttp

from core.clock import unix_ns
from core.cmaf import TrackHeader, parse_header
from core.errors import FormatError
from core.timeline import PARTS_PER_SEGMENT
from tests.checker.follow import Follower, Wanted
from tests.checker.grid import faults_of_segment, is_slate
from tests.checker.playlist import PlaylistError, parse_media, parse_multivariant
from tests.checker.report import WatchReport

__all__ = ["PlaylistSeen", "watch"]

PlaylistSeen = Callable[[str, str], None]
"""Called with (address, text) of every playlist that is read."""

_POLL_S: Final = 1.0
_RETRY_S: Final = 0.1
_TIMEOUT: Final = aiohttp.ClientTimeout(total=20)
_DELTA_EVERY: Final = 20
"""How often a delta update is asked for beside the whole playlist."""


async def watch(
    site: str,
    channel: str,
    seconds: float,
    *,
    low_latency: bool = False,
    folder: str | None = None,
    seen: PlaylistSeen = lambda _url, _text: None,
) -> WatchReport:
    """Watch ``channel`` for ``seconds`` and return what was found.

    Cancelling is safe; to stop a watch early and keep its report, use :class:`Watch`.

    Args:
        site: Address of the public site, ``http://127.0.0.1:8080``.
        channel: Slug.
        seconds: How long.
        low_latency: Follow ``/ll`` by blocking reload instead of polling ``/live``.
        folder: Another path of the site: ``sound``.
        seen: Gets every playlist.
    """
    watching = Watch(site, channel, low_latency=low_latency, folder=folder, seen=seen)
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await watching.run()
    return watching.report


class Watch:
    """One viewer of all renditions at once; ``report`` grows while it runs."""

    def __init__(
        self,
        site: str,
        channel: str,
        *,
        low_latency: bool = False,
        folder: str | None = None,
        seen: PlaylistSeen = lambda _url, _text: None,
    ) -> None:
        """Prepare; nothing is asked before :meth:`run`."""
        self.report = WatchReport(channel=channel, low_latency=low_latency)
        path = folder or ("ll" if low_latency else "live")
        self._url = f"{site.rstrip('/')}/{path}/{channel}/index.m3u8"
        self._seen = seen
        self._lost_ns: int | None = None

    async def run(self) -> None:
        """Watch until cancelled."""
        started = unix_ns()
        try:
            async with aiohttp.ClientSession(timeout=_TIMEOUT) as client:
                text = await self._text(client, self._url)
                renditions = parse_multivariant(text)
                async with asyncio.TaskGroup() as tasks:
                    for uri in renditions:
                        rendition = _Rendition(self, client, urljoin(self._url, uri))
                        self.report.renditions.append(rendition.name)
                        tasks.create_task(rendition.run())
        finally:
            self.report.watched_s = (unix_ns() - started) / 1e9

    async def get(self, client: aiohttp.ClientSession, url: str) -> tuple[int, bytes]:
        """Return (status, body); where no server answers, try again until one does."""
        while True:
            try:
                async with client.get(url) as answer:
                    body = await answer.read()
                    if self._lost_ns is not None:
                        lost_s = (unix_ns() - self._lost_ns) / 1e9
                        self.report.unreachable_s = max(self.report.unreachable_s, lost_s)
                        self._lost_ns = None
                    return answer.status, body
            except (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError):
                self.report.reconnects += 1
                self._lost_ns = self._lost_ns or unix_ns()
                await asyncio.sleep(_RETRY_S)
            except TimeoutError:
                self.report.fault(url, "no answer within 20 s")

    async def _text(self, client: aiohttp.ClientSession, url: str) -> str:
        status, body = await self.get(client, url)
        self.report.playlists += 1
        if status != 200:
            raise PlaylistError(f"{url}: status {status}: {body[:200]!r}")
        text = body.decode()
        self._seen(url, text)
        return text

    async def playlist(self, client: aiohttp.ClientSession, url: str) -> str | None:
        """Return a media playlist; a refusal is noted as a fault."""
        try:
            return await self._text(client, url)
        except PlaylistError as error:
            self.report.fault(url, str(error))
            await asyncio.sleep(_RETRY_S)
            return None


class _Rendition:
    """Follow one media playlist."""

    def __init__(self, watching: Watch, client: aiohttp.ClientSession, url: str) -> None:
        self._watch, self._client, self._url = watching, client, url
        self._report = watching.report
        self.name = url.rsplit("/", 2)[-2]
        self._follower = Follower(self.name, self._report, self._report.low_latency)
        self._headers: dict[str, TrackHeader] = {}
        self._parts: dict[int, dict[int, bytes]] = {}

    async def run(self) -> None:
        try:
            await self._follow()
        finally:
            self._follower.note_pause(unix_ns())

    async def _follow(self) -> None:
        url, turns = self._url, 0
        while True:
            text = await self._watch.playlist(self._client, url)
            if text is not None:
                await self._take(text)
                turns += 1
            if not self._report.low_latency:
                await asyncio.sleep(_POLL_S)
                continue
            url = self._next_url()
            if turns % _DELTA_EVERY == 1:
                await self._compare_delta()

    def _next_url(self) -> str:
        msn, part = self._follower.edge
        if msn < 0:
            return self._url
        if part < 0 or part + 1 == PARTS_PER_SEGMENT:
            msn, part = msn + 1, -1
        return f"{self._url}?_HLS_msn={msn}&_HLS_part={part + 1}"

    async def _take(self, text: str) -> None:
        try:
            wanted = self._follower.take(parse_media(text), unix_ns())
        except (PlaylistError, KeyError, ValueError) as error:
            self._report.fault(self.name, f"playlist: {error}")
            return
        for item in wanted:
            await self._judge(item)

    async def _compare_delta(self) -> None:
        """A delta update says the same as the whole, less what it skips (rfc8216bis 6.2.5.1)."""
        msn, part = self._follower.edge
        if part < 0:
            return
        base = f"{self._url}?_HLS_msn={msn}&_HLS_part={part}"
        whole = await self._watch.playlist(self._client, base)
        delta = await self._watch.playlist(self._client, base + "&_HLS_skip=YES")
        if whole is None or delta is None:
            return
        one, other = parse_media(whole), parse_media(delta)
        addresses = {s.msn: (s.uri, s.start_ms, s.gap) for s in one.complete}
        if other.skipped and one.media_sequence != other.media_sequence:
            return  # a part came between the two
        for segment in other.complete:
            said = (segment.uri, segment.start_ms, segment.gap)
            if addresses.get(segment.msn, said) != said:
                self._report.fault(self.name, f"the delta differs in segment {segment.msn}")

    async def _judge(self, item: Wanted) -> None:
        status, data = await self._watch.get(self._client, urljoin(self._url, item.uri))
        where = f"{self.name} {item.msn}" + ("" if item.part is None else f".{item.part}")
        if status != 200:
            self._report.fault(where, f"status {status}")
            return
        header = await self._header(item.header_uri)
        if header is None:
            return
        if item.part is not None:
            self._report.parts += 1
            self._parts.setdefault(item.msn, {})[item.part] = data
            only = range(item.part, item.part + 1)
            for fault in faults_of_segment(data, header, item.msn, parts=only):
                self._report.fault(where, fault)
            return
        self._report.segments += 1
        for fault in faults_of_segment(data, header, item.msn):
            self._report.fault(where, fault)
        self._note_whole(item.msn, data, where)

    def _note_whole(self, msn: int, data: bytes, where: str) -> None:
        with suppress(FormatError):
            if is_slate(data):
                self._report.slates.add(msn)
        rate_bps = round(len(data) * 8 / 3.84)
        peaks = self._report.peak_bps
        peaks[self.name] = max(peaks.get(self.name, 0), rate_bps)
        parts = self._parts.pop(msn, {})
        if len(parts) == PARTS_PER_SEGMENT:
            joined = b"".join(parts[index] for index in range(PARTS_PER_SEGMENT))
            if joined != data:
                self._report.fault(where, "is not the concatenation of its parts")
        for old in [number for number in self._parts if number < msn]:
            del self._parts[old]

    async def _header(self, uri: str) -> TrackHeader | None:
        if uri in self._headers:
            return self._headers[uri]
        status, data = await self._watch.get(self._client, urljoin(self._url, uri))
        name = uri.rsplit("/", 1)[-1].removesuffix(".mp4")
        if status != 200 or hashlib.sha256(data).hexdigest()[:16] != name:
            self._report.fault(self.name, f"header {name}: status {status} or not its hash")
            return None
        try:
            self._headers[uri] = parse_header(data)
        except FormatError as error:
            self._report.fault(self.name, f"header {name}: {error}")
            return None
        return self._headers[uri]
