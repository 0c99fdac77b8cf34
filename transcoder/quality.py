"""How much of the programme's picture each rendition keeps: SSIM of one picture a minute.

A segment's first picture stands alone in the stream and is on the tape as it was before encoding.
One FFmpeg, at low priority, scales the one and decodes the other and compares them.  What comes
out is the quality of the encoder's IDR pictures at the rung's own size: it falls when the bit rate
does not carry the programme, or when something between switcher and pipe goes wrong.
"""

from __future__ import annotations

import asyncio
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import structlog

from core.cmaf import TrackHeader
from core.errors import InputError
from core.ladder import Rendition
from core.timeline import frames_per_segment
from transcoder.fragments import MadeHeader, MadePart
from transcoder.graph import QualityPlan, quality_arguments
from transcoder.tape import Tape, TapeItem, TapeLostError

__all__ = ["QualitySampler"]

log = structlog.get_logger()

_EVERY_S: Final = 60.0
_WAIT_S: Final = 12.0
"""A segment lasts 3.84 s; without a new one for this long, nothing is encoded."""

_TIMEOUT_S: Final = 20.0
_ALL: Final = re.compile(rb"All:(\d\.\d+)")
_POLITE: Final = ("nice", "-n", "15")


class QualitySampler:
    """Compares one picture of each video rendition with the programme, in turn."""

    def __init__(
        self,
        *,
        program: str,
        tape: Tape,
        renditions: Sequence[Rendition],
        size: tuple[int, int],
        frame_rate: int,
        every_s: float = _EVERY_S,
    ) -> None:
        """Prepare; nothing is sampled before :meth:`run`.

        Args:
            program: Path of FFmpeg.
            tape: Raw frames of the programme.
            renditions: Those with a picture.
            size: Width and height of the programme's picture.
            frame_rate: Frames a second of the programme.
            every_s: Seconds within which each rendition is sampled once.
        """
        self._program, self._tape = program, tape
        self._renditions = tuple(renditions)
        self._size, self._rate = size, frame_rate
        self._every_s = every_s
        self._headers: dict[str, TrackHeader] = {}
        self._wanted: str | None = None
        self._found: asyncio.Future[MadePart] | None = None
        self.ssim: dict[str, float] = {}
        """The newest sample of each rendition, 0 to 1; none while there is none."""

    def put(self, rendition: str, made: MadeHeader | MadePart) -> None:
        """Look at what the encoder made; call it on the event loop."""
        if isinstance(made, MadeHeader):
            self._headers[rendition] = made.header
        elif rendition == self._wanted and made.address.part == 0:
            self._wanted = None
            if self._found is not None and not self._found.done():
                self._found.set_result(made)

    async def run(self) -> None:
        """Sample until cancelled; a sample that fails is left out, and said."""
        while True:
            for rendition in self._renditions:
                await asyncio.sleep(self._every_s / len(self._renditions))
                try:
                    self.ssim[rendition.name] = await self._sample(rendition)
                except (InputError, OSError, TimeoutError, TapeLostError) as error:
                    self.ssim.pop(rendition.name, None)  # an old figure would be a lie
                    detail = f"{type(error).__name__}: {error}"
                    log.warning("no quality sample", rendition=rendition.name, detail=detail)

    async def _sample(self, rendition: Rendition) -> float:
        self._found = asyncio.get_running_loop().create_future()
        self._wanted = rendition.name
        async with asyncio.timeout(_WAIT_S):
            part = await self._found
        frame = part.address.msn * frames_per_segment(self._rate)
        item = await asyncio.to_thread(self._tape.read, frame, timeout_s=0)
        header = self._headers.get(rendition.name)
        if item is None or item.picture is None or header is None:
            raise InputError("the picture is not on the tape", code="late")
        return await self._compare(rendition, item, header.data + part.data)

    async def _compare(self, rendition: Rendition, item: TapeItem, media: bytes) -> float:
        folder = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="lensong-quality-"))
        try:
            plan = QualityPlan(
                raw=folder / "raw.yuv",
                media=folder / "part.mp4",
                size=self._size,
                rendition_size=(rendition.width, rendition.height),
            )
            await asyncio.to_thread(_write, plan, item, media)
            return await self._measure(plan)
        finally:
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)

    async def _measure(self, plan: QualityPlan) -> float:
        process = await asyncio.create_subprocess_exec(
            *_POLITE,
            self._program,
            *quality_arguments(plan),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                told, complaint = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        match = _ALL.search(told)
        if match is None:
            raise InputError(complaint.decode("utf-8", "replace")[-300:], code="decode")
        return float(match[1])


def _write(plan: QualityPlan, item: TapeItem, media: bytes) -> None:
    plan.raw.write_bytes(item.picture or b"")
    plan.media.write_bytes(media)
