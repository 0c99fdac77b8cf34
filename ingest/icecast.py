"""Receive Icecast sources: the shell around :mod:`ingest.icecast_request` and the framers.

A protocol of our own on asyncio's streams: aiohttp does not see the body of a source that sends
neither a length nor chunks, which is most of them.
"""

from __future__ import annotations

import asyncio
import ipaddress
from contextlib import suppress
from dataclasses import replace
from typing import Final, Protocol, assert_never

import structlog

from core.clock import unix_ns
from core.errors import FormatError, RefusedError
from ingest.admission import Admission
from ingest.adts import AdtsFramer
from ingest.feed import Chunk, FeedStart
from ingest.icecast_pace import Pace
from ingest.icecast_request import (
    LOGIN,
    Answer,
    BodyReader,
    Capabilities,
    HeadReader,
    Publish,
    Request,
    SoundFormat,
    UpdateTitle,
    busy_answer,
    capabilities,
    decide_request,
    render_answer,
    sound_format,
    title_updated,
)
from ingest.listener import READ_BYTES, Listener
from ingest.metrics import DisconnectReason, IngestMetrics
from ingest.mp3 import Mp3Framer
from ingest.ogg import OggEvent, OggFramer, SongTitle
from ingest.relay import Session

__all__ = ["IcecastServer"]

log = structlog.get_logger()

"""Read at a time; even one chunk a byte keeps the loop for a few milliseconds only."""

_LINGER_S: Final = 1.0
_LINGER_BYTES: Final = 1024 * 1024
_MAX_LOGGED: Final = 100
_LOGGED: Final = ("name", "description", "genre", "url", "bitrate", "audio-info")


class _Framer(Protocol):
    """Cuts one format's bytes into chunks."""

    def receive(self, data: bytes) -> list[FeedStart | Chunk] | list[OggEvent]:
        """Take bytes, return what they complete."""


def _framer_for(sound: SoundFormat) -> _Framer:
    match sound:
        case "mp3":
            return Mp3Framer()
        case "aac":
            return AdtsFramer()
        case "ogg":
            return OggFramer()
        case _:
            assert_never(sound)


class _Feeder:
    """Writes a source's bytes to its session, in order and in time."""

    def __init__(self, session: Session, framer: _Framer) -> None:
        self._session, self._framer = session, framer
        self._pace = Pace()
        self._shift_us = 0

    def feed(self, data: bytes) -> bool:
        """Pass on ``data``; True when it completed any sound.

        Raises:
            FormatError: If it is not of the announced format.
            RefusedError: (``kicked``) If the session was ended meanwhile.
        """
        delivered = False
        for event in self._framer.receive(data):
            now = unix_ns()
            match event:
                case FeedStart():
                    self._session.restart(event)
                case SongTitle():
                    self._session.set_title(event.text, now=now)
                case Chunk():
                    media_us = event.media_us + self._shift_us
                    correction_us = self._pace.correction_us(media_us, now=now)
                    self._shift_us += correction_us
                    chunk = replace(event, media_us=media_us + correction_us)
                    self._session.write(chunk, now=now)
                    delivered = True
                case _:
                    assert_never(event)
        return delivered


class IcecastServer:
    """The port of Icecast sources."""

    def __init__(
        self,
        *,
        host: str,
        port: int,
        admission: Admission,
        metrics: IngestMetrics,
        head_timeout_s: float = 10.0,
        silence_s: float = 15.0,
    ) -> None:
        """Prepare; nothing is opened before :meth:`run`.

        Args:
            host: Address to listen on.
            port: Port to listen on; 0 for any that is free.
            admission: Decides who may publish.
            metrics: Counts what names no input.
            head_timeout_s: Seconds within which a request's head must be whole.
            silence_s: Seconds without one whole frame after which a source is let go.  Frames,
                not bytes: one byte a second keeps nobody on a mount.
        """
        self._admission, self._metrics = admission, metrics
        self._head_timeout_s, self._silence_s = head_timeout_s, silence_s
        self.listener = Listener(self._connection, host=host, port=port, whom="Icecast sources")

    async def run(self) -> None:
        """Serve until cancelled; then every source is let go.

        Raises:
            ConfigError: If the address cannot be had.
        """
        await self.listener.run()

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection.  The sender's faults and the network's end it, nothing more."""
        try:
            await self._serve(reader, writer)
        except OSError as error:  # TimeoutError is one
            log.info("source connection lost", error=type(error).__name__)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = HeadReader()
        request: Request | None = None
        answer: Answer | None
        try:
            async with asyncio.timeout(self._head_timeout_s):
                while request is None:
                    data = await reader.read(READ_BYTES)
                    if not data:
                        return
                    request = head.receive(data)
            answer = await self._answer(request, head.rest, reader, writer)
        except FormatError as error:
            self._metrics.stranger("icecast", "protocol_error")
            log.info("not a source's request", error=error.code, detail=str(error))
            status = (431, "Too large") if error.code == "size" else (400, "Bad request")
            answer = Answer(*status)
        if answer is not None:
            version = request.version if request else "HTTP/1.0"
            writer.write(render_answer(answer, version=version))
            await self._linger(reader, writer)

    async def _answer(
        self,
        request: Request,
        rest: bytes,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> Answer | None:
        """Do what is asked; return the last answer, None where there is none to give."""
        wanted = decide_request(request)
        match wanted:
            case Answer():
                if wanted == LOGIN:
                    self._metrics.stranger("icecast", "auth_failed")
                return wanted
            case Capabilities():
                return capabilities(request)
            case UpdateTitle():
                return self._update_title(wanted)
            case Publish():
                return await self._publish(wanted, request, rest, reader, writer)
            case _:
                assert_never(wanted)

    def _update_title(self, wanted: UpdateTitle) -> Answer:
        try:
            relay = self._admission.admit(
                wanted.channel, wanted.name, wanted.key, protocol="icecast"
            )
        except RefusedError:
            return LOGIN
        if relay.session is None:
            return Answer(400, "Source does not exist")
        relay.session.set_title(wanted.title, now=unix_ns())
        return title_updated()

    async def _publish(
        self,
        wanted: Publish,
        request: Request,
        rest: bytes,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> Answer | None:
        named = log.bind(channel=wanted.channel, input=wanted.name)
        try:
            relay = self._admission.admit(
                wanted.channel, wanted.name, wanted.key, protocol="icecast"
            )
        except RefusedError as error:
            named.warning("source refused", error=error.code)
            return LOGIN
        sound = sound_format(request)
        if isinstance(sound, Answer):
            relay.metrics.connection("protocol_error")
            named.warning("source refused", error="content_type")
            return sound
        try:
            body = BodyReader(request)
        except FormatError as error:
            relay.metrics.connection("protocol_error")
            return Answer(400, "Bad request", f"{error}\n")
        try:
            session = relay.begin(None, now=unix_ns())
        except RefusedError as error:
            named.warning("source refused", error=error.code)
            return busy_answer()
        session.publisher = _address_class(writer)
        named.info("source on", format=sound, agent=_said(request, "user-agent"), **_about(request))
        if request.method == "SOURCE":
            writer.write(b"HTTP/1.0 200 OK\r\nServer: Lensong\r\n\r\n")
        elif request.expects_continue:
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        feeder = _Feeder(session, _framer_for(sound))
        reason: DisconnectReason = "reset"
        fault = None
        try:
            reason, fault = await self._receive(feeder, body, rest, reader)
        finally:
            session.end(reason)
        named.info("source off", reason=reason, detail=fault, bytes=session.received_bytes)
        if fault is not None:
            relay.metrics.connection("protocol_error")
            return None if request.method == "SOURCE" else Answer(400, "Bad request", f"{fault}\n")
        return Answer(200, "OK") if request.method == "PUT" and reason == "eof" else None

    async def _receive(
        self,
        feeder: _Feeder,
        body: BodyReader,
        rest: bytes,
        reader: asyncio.StreamReader,
    ) -> tuple[DisconnectReason, str | None]:
        """Relay a body to its end; return why it ended, and what was wrong with it."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._silence_s) as silence:
                data = rest
                while True:
                    if feeder.feed(body.receive(data)):
                        silence.reschedule(loop.time() + self._silence_s)
                    if body.finished:
                        return "eof", None
                    data = await reader.read(READ_BYTES)
                    if not data:
                        return "eof", None
        except FormatError as error:
            return "decode", str(error)
        except RefusedError:
            return "kicked", None
        except TimeoutError:
            return "timeout", None
        except ConnectionError:
            return "reset", None

    async def _linger(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Let the other side read the answer: bytes left unread would reset the connection."""
        with suppress(OSError):  # TimeoutError is one
            async with asyncio.timeout(_LINGER_S):
                await writer.drain()
                if writer.can_write_eof():
                    writer.write_eof()
                left = _LINGER_BYTES
                while left > 0 and (data := await reader.read(READ_BYTES)):
                    left -= len(data)


def _said(request: Request, name: str) -> str:
    return request.headers.get(name, "")[:_MAX_LOGGED]


def _about(request: Request) -> dict[str, str]:
    """Return what a source says of itself, for the log; never ``ice-password``."""
    found = {
        name.replace("-", "_"): _said(request, f"ice-{name}") or _said(request, f"icy-{name}")
        for name in _LOGGED
    }
    return {f"ice_{name}": value for name, value in found.items() if value}


def _address_class(writer: asyncio.StreamWriter) -> str:
    peer = writer.get_extra_info("peername")
    try:
        address = ipaddress.ip_address(peer[0])
    except (TypeError, ValueError, IndexError):
        return ""
    if address.is_loopback:
        return "loopback"
    return "private" if address.is_private else "public"
