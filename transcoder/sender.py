"""Send one rendition's parts to the packager as they are made.

One request a segment, its parts written into the open request (DASH-IF ingest, STANDARDS
134-141).  The last segments are kept: when a connection breaks or the packager asks for
the header again, they are all sent again, and the packager ignores what it has.  Nothing
here ever holds up the encoder; what cannot be sent grows old and is dropped and counted.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Final

import aiohttp
import structlog

from core.cmaf import TrackHeader, render_segment_type
from core.errors import InputError
from core.timeline import PARTS_PER_SEGMENT
from transcoder.fragments import MadeHeader, MadePart

__all__ = ["RenditionSender"]

log = structlog.get_logger()

_KEPT_SEGMENTS: Final = 5
"""The one being made and four before it: 15 s for a packager that restarts."""

_REQUEST_S: Final = 12.0
"""A segment takes 3.84 s to make; a request that is open this long leads nowhere."""

_FIRST_PAUSE_S: Final = 0.1
_LONGEST_PAUSE_S: Final = 1.0


@dataclass(slots=True)
class _Segment:
    msn: int
    header: TrackHeader
    parts: list[bytes] = field(default_factory=list)
    is_closed: bool = False
    """No further part will come: it is whole, or its encoder ended."""

    is_taken: bool = False
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def add(self, data: bytes) -> None:
        self.parts.append(data)
        self.is_closed = len(self.parts) == PARTS_PER_SEGMENT
        self.changed.set()

    def close(self) -> None:
        self.is_closed = True
        self.changed.set()


class RenditionSender:
    """The queue of one rendition and the task that empties it."""

    def __init__(
        self,
        *,
        rendition: str,
        url: str,
        session: aiohttp.ClientSession,
        showed_slate: Callable[[int], bool],
    ) -> None:
        """Prepare; nothing is sent before :meth:`run`.

        Args:
            rendition: Name, for the log.
            url: Where its segments are posted.
            session: Carries the internal secret.
            showed_slate: Tells whether a segment has shown the slate so far.
        """
        self._rendition, self._url, self._session = rendition, url, session
        self._showed_slate = showed_slate
        self._kept: deque[_Segment] = deque()
        self._grown = asyncio.Event()
        self._header: TrackHeader | None = None
        self._announced: TrackHeader | None = None
        self.dropped_segments = 0
        """Segments that grew too old before the packager took them."""

        self.sent_bytes = 0

    @property
    def waiting_parts(self) -> int:
        """Parts that no request has carried to its end."""
        return sum(len(item.parts) for item in self._kept if not item.is_taken)

    def put(self, made: MadeHeader | MadePart) -> None:
        """Take what the encoder made; call it on the event loop."""
        match made:
            case MadeHeader(header):
                self._header = header
                if self._kept:
                    self._kept[-1].close()
            case MadePart():
                self._put_part(made)

    def _put_part(self, made: MadePart) -> None:
        if self._header is None:
            return
        self.sent_bytes += len(made.data)
        newest = self._kept[-1] if self._kept else None
        if newest is None or newest.msn != made.address.msn or newest.is_closed:
            if newest is not None:
                newest.close()
            newest = _Segment(made.address.msn, self._header)
            self._kept.append(newest)
            if len(self._kept) > _KEPT_SEGMENTS:
                oldest = self._kept.popleft()
                self.dropped_segments += not oldest.is_taken
            self._grown.set()
        newest.add(made.data)

    async def run(self) -> None:
        """Send until cancelled."""
        pause_s = _FIRST_PAUSE_S
        while True:
            segment = next((item for item in self._kept if not item.is_taken), None)
            if segment is None:
                self._grown.clear()
                await self._grown.wait()
                continue
            try:
                async with asyncio.timeout(_REQUEST_S):
                    await self._send(segment)
                pause_s = _FIRST_PAUSE_S
            except (OSError, TimeoutError, aiohttp.ClientError, InputError) as error:
                # Whoever answers next may know nothing of us: all that is kept goes again.
                self._announced = None
                for item in self._kept:
                    item.is_taken = False
                code = getattr(error, "code", type(error).__name__)
                log.warning("sending again", rendition=self._rendition, error=code)
                await asyncio.sleep(pause_s)
                pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    async def _send(self, segment: _Segment) -> None:
        if self._announced is None or self._announced.data != segment.header.data:
            await self._post(segment.header.data, segment.msn)
            self._announced = segment.header
        await self._post(self._body(segment), segment.msn)
        segment.is_taken = True

    async def _post(self, body: bytes | AsyncIterator[bytes], msn: int) -> None:
        async with self._session.post(self._url, data=body) as response:
            text = await response.text()
            if response.status == 412:  # noqa: PLR2004 - Precondition Failed: the header again
                raise InputError("the packager wants the header", code="header_needed")
            if response.status >= 500:  # noqa: PLR2004 - its own fault: try again
                raise InputError(text, code="packager")
            if response.status >= 400:  # noqa: PLR2004 - ours: sending it again mends nothing
                log.warning("refused", rendition=self._rendition, msn=msn, detail=text[:200])

    async def _body(self, segment: _Segment) -> AsyncIterator[bytes]:
        sent = 0
        told_slate = None
        while True:
            for part in segment.parts[sent:]:
                # The slate may begin within the segment: then its brand is told from there on.
                slate = self._showed_slate(segment.msn)
                if slate != told_slate:
                    yield render_segment_type(slate=slate)
                    told_slate = slate
                yield part
                sent += 1
            if segment.is_closed and sent == len(segment.parts):
                return
            segment.changed.clear()
            await segment.changed.wait()
