"""CMAF uploads, a radio's MP3 and channel states from the programmes (I/O shell)."""

from __future__ import annotations

import asyncio
import json
import re
import unicodedata
from collections.abc import Callable, Iterator
from itertools import count
from typing import Final

import structlog
from aiohttp import ClientError, web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.typedefs import Handler

from core.admin import require_secret
from core.errors import FormatError, InputError, http_status
from core.jpeg import MAX_JPEG_BYTES, parse_jpeg_size
from core.ladder import Rendition
from core.publication import ChannelState
from core.sound_frames import SoundCutter
from core.timeline import PARTS_PER_SEGMENT
from packager.channel import ChannelMachine
from packager.cutter import HeaderCut, OffGridError, PartCut, UploadCutter
from packager.metrics import DEFECTS, PackagerMetrics
from packager.publisher import Publisher
from packager.sound import RadioSound
from packager.store import LiveSpool

__all__ = ["Uploads", "check_thumbnail", "uploads_application"]

log = structlog.get_logger()

_ENCODERS: Final = ("a", "b")
_SPOOL_PATIENCE_S: Final = 0.3
_MAX_STATE_BYTES: Final = 64 * 1024
_MAX_THUMBNAIL_PIXELS: Final = 640
"""Across and down; ours are at most 384 and 216."""

_MAX_TITLE: Final = 500
_NUMBER: Final = re.compile(r"[0-9]{1,15}")


def uploads_application(uploads: Uploads, *, secret: str) -> web.Application:
    """Build the application of the CMAF port."""
    app = web.Application(
        middlewares=[uploads.count_strangers, require_secret(secret)],  # type: ignore[list-item]
        client_max_size=max(_MAX_STATE_BYTES, MAX_JPEG_BYTES),
    )
    app.router.add_post("/cmaf/{channel}/{rendition}", uploads.cmaf)
    app.router.add_post("/sound/{channel}", uploads.sound)
    app.router.add_post("/state/{channel}", uploads.state)
    app.router.add_post("/thumb/{channel}/{msn:[0-9]{1,15}}", uploads.thumbnail)
    return app


class Uploads:
    """The handlers."""

    def __init__(
        self,
        *,
        publisher: Publisher,
        spool: LiveSpool,
        metrics: PackagerMetrics,
        patience_s: float = 10.0,
    ) -> None:
        """Prepare.

        Args:
            publisher: Takes what was cut.
            spool: Is waited for, shortly, before an upload is acknowledged.
            metrics: Count refusals.
            patience_s: An upload that completes neither header nor part for so long is
                closed; bytes alone, one a second, do not keep it open.
        """
        self._publisher, self._spool, self._metrics = publisher, spool, metrics
        self._patience_s = patience_s

    @web.middleware
    async def count_strangers(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Count requests without the secret."""
        try:
            return await handler(request)
        except web.HTTPForbidden:
            self._metrics.rejected(request.match_info.get("channel", ""), "auth")
            raise

    async def cmaf(self, request: web.Request) -> web.Response:
        """Take one upload: a header, or one segment, published as it comes."""
        machine, rendition = self._find(request)
        encoder = request.query.get("encoder", "a")
        try:
            if encoder not in _ENCODERS:
                raise FormatError("encoder is a or b")
            await self._take(request, machine, rendition, encoder)
        except InputError as error:
            return self._refuse(machine, rendition.name, encoder, error)
        # What is acknowledged survives our death.  A slow disk may delay this answer by
        # 0.3 s, never a publication, which happened before.
        await self._spool.flushed(patience_s=_SPOOL_PATIENCE_S)
        return web.json_response({})

    async def _take(
        self, request: web.Request, machine: ChannelMachine, rendition: Rendition, encoder: str
    ) -> None:
        cutter = UploadCutter(rendition, machine.sender_header(rendition.name, encoder))

        def take(data: bytes) -> Iterator[bool]:
            for cut in cutter.receive(data):
                match cut:
                    case HeaderCut(header):
                        machine.set_sender_header(rendition.name, encoder, header)
                        yield True
                    case PartCut():
                        yield self._publisher.take_part(machine, rendition.name, cut)

        await self._read(request, machine.slug, take)
        cutter.finish()
        if cutter.last is not None and cutter.last.part + 1 < PARTS_PER_SEGMENT:
            self._metrics.defect(machine.slug, encoder, "short")

    async def _read(
        self, request: web.Request, channel: str, take: Callable[[bytes], Iterator[bool]]
    ) -> None:
        """Read an upload as it comes, and count what was there before.

        Args:
            request: The upload.
            channel: Slug, for the count.
            take: Takes bytes, and yields for each thing that they complete whether it is new.

        Raises:
            InputError: If it stands still, is cut off, or ``take`` refuses it.
        """
        clock = asyncio.get_running_loop().time
        duplicates = 0
        try:
            async with asyncio.timeout(self._patience_s) as patience:
                async for data in request.content.iter_any():
                    for new in take(data):
                        patience.reschedule(clock() + self._patience_s)
                        duplicates += not new
        except TimeoutError as error:
            raise InputError("the upload stands still", code="slow") from error
        except (OSError, ClientError, HttpProcessingError) as error:
            raise FormatError("the upload was cut off") from error
        finally:
            if duplicates:
                self._metrics.rejected(channel, "duplicate")

    def _refuse(
        self, machine: ChannelMachine, rendition: str, encoder: str, error: InputError
    ) -> web.Response:
        log.warning(
            "upload_refused",
            channel=machine.slug,
            rendition=rendition,
            encoder=encoder,
            error=error.code,
            detail=str(error),
        )
        self._metrics.rejected(machine.slug, error.code)
        if error.code in DEFECTS:
            self._metrics.defect(machine.slug, encoder, error.code)
        if isinstance(error, OffGridError):
            self._metrics.misaligned(machine.slug, error.msn)
        status = 413 if error.code == "size" else http_status(error)
        response = web.Response(status=status, text=f"{error.code}: {error}\n")
        response.force_close()
        return response

    async def sound(self, request: web.Request) -> web.Response:
        """Take MP3, published as it comes: chunk after chunk from the number ``first`` on."""
        machine = self._find_channel(request)
        sound = machine.sound
        if sound is None:
            raise web.HTTPNotFound(text="unknown: a TV channel has no MP3\n")
        first = request.query.get("first", "")
        encoder = request.query.get("encoder", "a")
        try:
            if not _NUMBER.fullmatch(first) or encoder not in _ENCODERS:
                raise FormatError("first is the number of a chunk, encoder a or b")
            await self._take_sound(request, machine, sound, int(first))
        except InputError as error:
            return self._refuse(machine, "mp3", encoder, error)
        return web.json_response({})

    async def _take_sound(
        self, request: web.Request, machine: ChannelMachine, sound: RadioSound, number: int
    ) -> None:
        cutter = SoundCutter()
        numbers = count(number)

        def take(data: bytes) -> Iterator[bool]:
            for chunk in cutter.receive(data):
                yield self._publisher.take_sound(machine, sound, next(numbers), chunk)

        await self._read(request, machine.slug, take)
        cutter.finish()

    async def state(self, request: web.Request) -> web.Response:
        """Take what is on air."""
        machine = self._find_channel(request)
        try:
            data = await request.read()
            if len(data) > _MAX_STATE_BYTES:
                raise web.HTTPRequestEntityTooLarge(_MAX_STATE_BYTES, len(data))
            state = parse_state(machine.slug, data)
        except FormatError as error:
            self._metrics.rejected(machine.slug, error.code)
            return web.Response(status=400, text=f"{error.code}: {error}\n")
        self._publisher.take_state(machine, state)
        return web.Response(status=204)

    async def thumbnail(self, request: web.Request) -> web.Response:
        """Take the picture of one segment."""
        machine = self._find_channel(request)
        if not machine.has_picture:
            raise web.HTTPNotFound(text="unknown: a channel without pictures\n")
        try:
            data = await self._read_thumbnail(request)
            check_thumbnail(data)
            new = self._publisher.take_thumbnail(machine, int(request.match_info["msn"]), data)
        except InputError as error:
            log.warning(
                "thumbnail_refused", channel=machine.slug, error=error.code, detail=str(error)
            )
            self._metrics.rejected(machine.slug, error.code)
            status = 413 if error.code == "size" else http_status(error)
            response = web.Response(status=status, text=f"{error.code}: {error}\n")
            response.force_close()
            return response
        if not new:
            self._metrics.rejected(machine.slug, "duplicate")
        await self._spool.flushed(patience_s=_SPOOL_PATIENCE_S)
        return web.json_response({})

    async def _read_thumbnail(self, request: web.Request) -> bytes:
        try:
            async with asyncio.timeout(self._patience_s):
                return await request.read()
        except TimeoutError as error:
            raise InputError("the upload stands still", code="slow") from error
        except web.HTTPRequestEntityTooLarge as error:
            raise FormatError(f"over {MAX_JPEG_BYTES} bytes", code="size") from error
        except (OSError, ClientError, HttpProcessingError) as error:
            raise FormatError("the upload was cut off") from error

    def _find_channel(self, request: web.Request) -> ChannelMachine:
        machine = self._publisher.machines.get(request.match_info["channel"])
        if machine is None:
            raise web.HTTPNotFound(text="unknown: no such channel\n")
        return machine

    def _find(self, request: web.Request) -> tuple[ChannelMachine, Rendition]:
        machine = self._find_channel(request)
        rendition = machine.rendition(request.match_info["rendition"])
        if rendition is None:
            raise web.HTTPNotFound(text="unknown: no such rendition\n")
        return machine, rendition


def parse_state(channel: str, body: bytes) -> ChannelState:
    """Read a channel's state as its programme posts it.

    Raises:
        FormatError: If it is not the three fields.
    """
    try:
        fields = json.loads(body)
        on_air, title, since_ns = fields["on_air"], fields["title"], fields["since_ns"]
    except (ValueError, KeyError, TypeError) as error:
        raise FormatError("a state is on_air, title and since_ns") from error
    if not (isinstance(on_air, str) and isinstance(title, str) and type(since_ns) is int):
        raise FormatError("on_air and title are text, since_ns is a whole number")
    return ChannelState(
        channel=channel, on_air=_clean(on_air), title=_clean(title), since_ns=since_ns
    )


def check_thumbnail(data: bytes) -> None:
    """Refuse what is no thumbnail.

    Raises:
        FormatError: If it is too large, or not one whole JPEG.
    """
    if len(data) > MAX_JPEG_BYTES:
        raise FormatError(f"over {MAX_JPEG_BYTES} bytes", code="size")
    width, height = parse_jpeg_size(data)
    if max(width, height) > _MAX_THUMBNAIL_PIXELS:
        raise FormatError(f"{width}x{height} pixels", code="size")


def _clean(text: str) -> str:
    """Normalise text to NFC, without control characters: a newline could forge a tag."""
    text = unicodedata.normalize("NFC", text)
    return "".join(c for c in text if unicodedata.category(c) not in ("Cc", "Cs"))[:_MAX_TITLE]
