"""Receive RTMP publishers: ``rtmp://HOST/{channel}``, stream key ``{input}.{key}``.

The conversation is :mod:`ingest.rtmp_session`'s, the feed :mod:`ingest.flv`'s; here are the
sockets and the patience: ten seconds until the publisher is admitted, then fifteen
without a picture or sound, since encoders that froze for a moment come back.
"""

from __future__ import annotations

import asyncio
import ipaddress
import secrets
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import structlog

from core.clock import unix_ns
from core.errors import FormatError, RefusedError
from core.timeline import UnixNs
from ingest.admission import Admission
from ingest.feed import FeedStart
from ingest.flv import FeedChunk, FlvFeed, TitleSaid
from ingest.listener import READ_BYTES, Listener
from ingest.metrics import DisconnectReason, IngestMetrics
from ingest.relay import Relay, Session
from ingest.rtmp_session import MediaReceived, PublishEnded, PublishRequested, RtmpSession

__all__ = ["RtmpServer", "address_class"]

log = structlog.get_logger()

_NONCE_BYTES: Final = 3072
_LINGER_S: Final = 2.0


def address_class(writer: asyncio.StreamWriter) -> str:
    """Return ``loopback``, ``private`` or ``public``; all that operators need of an address."""
    peer = writer.get_extra_info("peername")
    try:
        address = ipaddress.ip_address(peer[0])
    except (TypeError, ValueError):
        return "unknown"
    if address.is_loopback:
        return "loopback"
    return "private" if address.is_private else "public"


class _Publisher:
    """One connection's way onto a relay."""

    def __init__(self) -> None:
        self.relay: Relay | None = None
        self.session: Session | None = None
        self._flv = FlvFeed()

    def media(self, event: MediaReceived, now: UnixNs) -> bool:
        """Relay what one message gives; True when it was sound or picture."""
        session = self.session
        if session is None:
            return False
        for item in self._flv.receive(event.kind, event.timestamp_ms, event.payload, now):
            match item:
                case FeedStart():
                    session.restart(item)
                    log.info("feed_starts", tracks=sorted(item.tracks), session=session.id)
                case FeedChunk(chunk, arrived_ns):
                    session.write(chunk, now=arrived_ns)
                case TitleSaid(text):
                    session.set_title(text, now=now)
        return event.kind != "data"

    def end(self, reason: DisconnectReason) -> None:
        """Give the input free."""
        if self.session is not None and self.session.ended is None and self.relay is not None:
            log.info(
                "publisher_left",
                channel=self.relay.channel,
                input=self.relay.name,
                reason=reason,
                bytes=self.session.received_bytes,
            )
            self.session.end(reason)


class RtmpServer:
    """Listen for publishers and relay what they send."""

    def __init__(
        self,
        *,
        host: str,
        port: int,
        admission: Admission,
        metrics: IngestMetrics,
        clock: Callable[[], UnixNs] = unix_ns,
        admit_within_s: float = 10.0,
        silence_s: float = 15.0,
        refusal_pause_s: float = 1.0,
    ) -> None:
        """Prepare; nothing is opened before :meth:`run`.

        Args:
            host: Address to listen on.
            port: Port to listen on; 0 for any free one, which :attr:`port` then tells.
            admission: Who may publish.
            metrics: Where attempts of strangers are counted.
            clock: Tells the wall clock's time.
            admit_within_s: Seconds within which a connection must be a publisher's.
            silence_s: Seconds without media after which a publisher is gone.
            refusal_pause_s: Seconds that a wrong key waits for its answer.
        """
        self.listener = Listener(self._serve, host=host, port=port, whom="RTMP publishers")
        self._admission, self._metrics, self._clock = admission, metrics, clock
        self._admit_within_s, self._silence_s = admit_within_s, silence_s
        self._refusal_pause_s = refusal_pause_s

    async def run(self) -> None:
        """Serve until cancelled.

        Raises:
            ConfigError: If the address cannot be had.
        """
        await self.listener.run()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection; whatever the stranger does ends here."""
        publisher = _Publisher()
        reason: DisconnectReason = "kicked"
        try:
            async with asyncio.timeout(self._admit_within_s) as deadline:
                reason = await self._converse(reader, writer, publisher, deadline)
        except TimeoutError:
            reason = "timeout"
        except FormatError as error:
            reason = "decode"
            self._count_protocol_error(publisher, error)
        except RefusedError:
            reason = "kicked"
        except OSError:
            reason = "reset"
        finally:
            publisher.end(reason)

    async def _converse(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        publisher: _Publisher,
        deadline: asyncio.Timeout,
    ) -> DisconnectReason:
        loop = asyncio.get_running_loop()
        rtmp = RtmpSession(secrets.token_bytes(_NONCE_BYTES))
        while data := await reader.read(READ_BYTES):
            rtmp.receive_bytes(data)
            while (event := rtmp.next_event()) is not None:
                match event:
                    case PublishRequested():
                        await self._answer(event, rtmp, publisher, address_class(writer))
                    case MediaReceived():
                        if publisher.media(event, self._clock()):
                            deadline.reschedule(loop.time() + self._silence_s)
                    case PublishEnded():
                        publisher.end("eof")  # at once: another may begin
                        await _linger(reader)
                        return "eof"
            if answer := rtmp.data_to_send():
                writer.write(answer)
                await writer.drain()
            if rtmp.closed:
                writer.write_eof()
                await _linger(reader)
                return "kicked"
        return "eof"

    async def _answer(
        self, asked: PublishRequested, rtmp: RtmpSession, publisher: _Publisher, address: str
    ) -> None:
        """Admit or refuse; every refusal but "busy" is the same to the publisher."""
        name, _, key = asked.name.partition(".")
        try:
            relay = self._admission.admit(asked.app, name, key, protocol="rtmp")
        except RefusedError as error:
            log.warning("publisher_refused", protocol="rtmp", error=error.code, address=address)
            await asyncio.sleep(self._refusal_pause_s)
            rtmp.refuse("NetStream.Publish.Denied", str(error))
            return
        known = log.bind(channel=relay.channel, input=relay.name)
        publisher.relay = relay
        try:
            publisher.session = relay.begin(None, now=self._clock())
        except RefusedError as error:
            known.warning("publisher_refused", protocol="rtmp", error=error.code, address=address)
            rtmp.refuse("NetStream.Publish.BadName", str(error))
            return
        publisher.session.publisher = address
        known.info("publisher_admitted", session=publisher.session.id, address=address)
        rtmp.accept()

    def _count_protocol_error(self, publisher: _Publisher, error: FormatError) -> None:
        log.warning("protocol_error", protocol="rtmp", error=error.code, detail=str(error))
        if publisher.relay is None:
            self._metrics.stranger("rtmp", "protocol_error")
        else:
            publisher.relay.metrics.connection("protocol_error")


async def _linger(reader: asyncio.StreamReader) -> None:
    """Read on until the publisher closes, for a while.

    Closing with unread bytes would reset the connection: a refusal would not arrive, and
    FFmpeg, which says goodbye in two messages, would take it for a failure.
    """
    with suppress(TimeoutError):
        async with asyncio.timeout(_LINGER_S):
            while await reader.read(READ_BYTES):
                pass
