"""Send a radio's MP3 to the packager as it is made.

One request a segment, its chunks written into the open request.  The last chunks are kept: when a
connection breaks they are all sent again, and the packager ignores what it has.  Nothing
here ever holds up the encoder; what cannot be sent grows old and is dropped and counted.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from typing import Final

import aiohttp
import structlog

from core.errors import InputError
from core.timeline import SOUND_CHUNK_NS, SOUND_CHUNKS_PER_SEGMENT
from transcoder.fragments import MadeSound

__all__ = ["SoundSender"]

log = structlog.get_logger()

_KEPT_CHUNKS: Final = 4 * SOUND_CHUNKS_PER_SEGMENT
"""15 s, for a packager that restarts."""

_REQUEST_S: Final = 12.0
"""A segment takes 3.84 s to make; a request that is open this long leads nowhere."""

_SILENT_S: Final = 1.0
"""An encoder that makes nothing for so long has ended: so does the request."""

_FIRST_PAUSE_S: Final = 0.1
_LONGEST_PAUSE_S: Final = 1.0


class SoundSender:
    """The queue of one channel's MP3 and the task that empties it."""

    def __init__(self, *, url: str, session: aiohttp.ClientSession) -> None:
        """Prepare; nothing is sent before :meth:`run`.

        Args:
            url: Where it is posted.
            session: Carries the internal secret.
        """
        self._url, self._session = url, session
        self._kept: deque[MadeSound] = deque()
        self._newest = -1
        self._taken = -1  # the newest number that a request carried to its end
        self._grown = asyncio.Event()
        self.dropped_chunks = 0
        """Chunks that grew too old before the packager took them."""

        self.sent_bytes = 0

    @property
    def waiting_s(self) -> float:
        """Seconds of sound that no request has carried to its end."""
        return len(self._after(self._taken)) * SOUND_CHUNK_NS / 1e9

    def put(self, made: MadeSound) -> None:
        """Take what the encoder made; call it on the event loop.

        An encoder that was restarted makes some of the last one's chunks again: they are left out.
        """
        if made.number <= self._newest:
            return
        self._newest = made.number
        self.sent_bytes += len(made.data)
        self._kept.append(made)
        if len(self._kept) > _KEPT_CHUNKS:
            self.dropped_chunks += self._kept.popleft().number > self._taken
        self._grown.set()

    async def run(self) -> None:
        """Send until cancelled."""
        pause_s = _FIRST_PAUSE_S
        while True:
            waiting = self._after(self._taken)
            if not waiting:
                self._grown.clear()
                await self._grown.wait()
                continue
            try:
                async with asyncio.timeout(_REQUEST_S):
                    await self._send(waiting[0].number)
                pause_s = _FIRST_PAUSE_S
            except (OSError, TimeoutError, aiohttp.ClientError, InputError) as error:
                # Whoever answers next may know nothing of us: all that is kept goes again.
                self._taken = -1
                code = getattr(error, "code", type(error).__name__)
                log.warning("sending again", rendition="mp3", error=code)
                await asyncio.sleep(pause_s)
                pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    async def _send(self, first: int) -> None:
        sent = [first - 1]
        async with self._session.post(
            self._url, params={"first": first}, data=self._body(first, sent)
        ) as response:
            text = await response.text()
            if response.status >= 500:  # noqa: PLR2004 - its own fault: try again
                raise InputError(text, code="packager")
            if response.status >= 400:  # noqa: PLR2004 - ours: sending it again mends nothing
                log.warning("refused", rendition="mp3", first=first, detail=text[:200])
        # What was refused before its body was read is not tried again either.
        self._taken = max(first, sent[0])

    async def _body(self, first: int, sent: list[int]) -> AsyncIterator[bytes]:
        """Yield consecutive chunks to the segment's end, noting the newest in ``sent``."""
        number = first
        while True:
            following = next(iter(self._after(number - 1)), None)
            if following is None:
                self._grown.clear()
                try:
                    async with asyncio.timeout(_SILENT_S):
                        await self._grown.wait()
                except TimeoutError:
                    return
                continue
            if following.number != number:
                return  # a hole: what follows it is counted from a new first
            yield following.data
            sent[0] = number
            number += 1
            if number % SOUND_CHUNKS_PER_SEGMENT == 0:
                return

    def _after(self, number: int) -> list[MadeSound]:
        return [item for item in self._kept if item.number > number]
