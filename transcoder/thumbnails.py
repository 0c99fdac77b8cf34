"""Number the JPEGs of one encoder's run, and send them to the packager.

The encoder writes one JPEG a segment: of its first frame, which is frame ``msn * 96`` of the
epoch in a channel of 25 frames a second.  The first is of the segment with which the run began,
and no frame of a run is ever left out, so counting numbers them: a restarted encoder that
catches up gives its backlog the numbers that it had.

A thumbnail never delays or endangers media.  Its pipe is drained whatever it carries; bytes
that cannot be numbered with certainty end the thumbnails of that run, and nothing else; what
the packager does not take is dropped.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import Final

import aiohttp
import structlog

from core.errors import InputError
from core.jpeg import JpegCutter

__all__ = ["MadeThumbnail", "ThumbnailCutter", "ThumbnailSender"]

log = structlog.get_logger()

_KEPT: Final = 5
"""As many as segments are kept: 15 s for a packager that restarts."""

_REQUEST_S: Final = 5.0
_FIRST_PAUSE_S: Final = 0.1
_LONGEST_PAUSE_S: Final = 2.0


@dataclass(frozen=True, slots=True)
class MadeThumbnail:
    """The encoder has made the thumbnail of one segment."""

    msn: int
    data: bytes
    """A JPEG."""


class ThumbnailCutter:
    """Bytes of one run's pipe in, numbered thumbnails out."""

    def __init__(self, first_msn: int) -> None:
        """Begin.

        Args:
            first_msn: Segment with which the run begins.
        """
        self._jpegs = JpegCutter()
        self._next = first_msn

    def receive(self, data: bytes) -> list[MadeThumbnail]:
        """Take bytes and return the thumbnails that they complete.

        Raises:
            FormatError: If what comes is no JPEG: the numbers of later ones would be a guess.
        """
        made = [
            MadeThumbnail(msn, jpeg)
            for msn, jpeg in enumerate(self._jpegs.receive(data), self._next)
        ]
        self._next += len(made)
        return made


@dataclass(slots=True)
class _Kept:
    made: MadeThumbnail
    is_taken: bool = False


class ThumbnailSender:
    """The queue of a channel's thumbnails and the task that empties it."""

    def __init__(self, *, url: str, session: aiohttp.ClientSession) -> None:
        """Prepare; nothing is sent before :meth:`run`.

        Args:
            url: Where they are posted, each with its number behind it.
            session: Carries the internal secret.
        """
        self._url, self._session = url, session
        self._kept: deque[_Kept] = deque()
        self._grown = asyncio.Event()
        self.dropped = 0
        """Thumbnails that grew too old before the packager took them."""

    def put(self, made: MadeThumbnail) -> None:
        """Take what the encoder made; call it on the event loop."""
        self._kept.append(_Kept(made))
        if len(self._kept) > _KEPT:
            self.dropped += not self._kept.popleft().is_taken
        self._grown.set()

    async def run(self) -> None:
        """Send until cancelled."""
        pause_s = _FIRST_PAUSE_S
        while True:
            item = next((item for item in self._kept if not item.is_taken), None)
            if item is None:
                self._grown.clear()
                await self._grown.wait()
                continue
            try:
                async with asyncio.timeout(_REQUEST_S):
                    await self._post(item.made)
                item.is_taken = True
                pause_s = _FIRST_PAUSE_S
            except (OSError, TimeoutError, aiohttp.ClientError, InputError) as error:
                # Whoever answers next may know nothing of us: all that is kept goes again.
                for kept in self._kept:
                    kept.is_taken = False
                code = getattr(error, "code", type(error).__name__)
                log.warning("sending thumbnails again", error=code)
                await asyncio.sleep(pause_s)
                pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    async def _post(self, made: MadeThumbnail) -> None:
        async with self._session.post(f"{self._url}/{made.msn}", data=made.data) as response:
            text = await response.text()
            if response.status >= 500:  # noqa: PLR2004 - its own fault: try again
                raise InputError(text, code="packager")
            if response.status >= 400:  # noqa: PLR2004 - ours: sending it again mends nothing
                log.warning("thumbnail refused", msn=made.msn, detail=text[:200])
