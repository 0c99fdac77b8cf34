"""Radio over plain HTTP: one answer without end for each listener (I/O shell).

Listeners share the event loop with everybody else.  So a chunk is one write for each of them,
straight into the transport and of bytes that all share, and no task wakes up for it; the handler
sleeps until its listener has gone.  A listener who does not keep up has a write buffer that grows;
at its limit he is dropped.
"""

from __future__ import annotations

import asyncio
import re
import socket
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Final

import structlog
from aiohttp import HttpVersion11, web
from multidict import CIMultiDict
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from core.clock import monotonic_ns
from core.config import ChannelSettings
from core.errors import FormatError
from core.timeline import PARTS_PER_SEGMENT, PartAddress
from origin.adts import wrap_adts
from origin.audience_minutes import Cell, Device, device_of
from origin.icy import METAINT, IcyInterleaver, title_block
from origin.prepared import Prepared, prepare, unavailable
from origin.radio import AAC_RENDITION, CODECS, CONTENT_TYPES, KBPS, Codec, RadioTape, SoundChunk
from origin.tally import Tally
from origin.window import Change, LiveWindow

__all__ = ["MAX_BEHIND_BYTES", "RadioDesk"]

log = structlog.get_logger()

MAX_BEHIND_BYTES: Final = 192 * 1024
"""What may wait for one listener: 12 s of sound."""

_SEND_BUFFER_BYTES: Final = 64 * 1024
"""Asked of the kernel, which would hold minutes of a slow listener's sound: a burst fits."""

_LISTENERS_A_TURN: Final = 500
"""How many are written to before the loop gets a turn: about 7 ms of work."""

_PATH: Final = re.compile(r"/radio/([a-z0-9-]+)\.(mp3|aac)")

_HEADERS: Final = (
    ("Cache-Control", "no-store"),
    ("Accept-Ranges", "none"),
    ("X-Accel-Buffering", "no"),  # nginx would hold back a page of sound
    ("Access-Control-Allow-Origin", "*"),
    ("Access-Control-Expose-Headers", "Date, icy-br, icy-metaint, icy-name, icy-pub"),
    ("X-Content-Type-Options", "nosniff"),
    ("Server", "Lensong"),
    ("icy-br", str(KBPS)),
    ("icy-pub", "0"),
)


class _Listener:
    """One connection that hears a channel."""

    __slots__ = ("_icy", "_is_chunked", "_transport", "device", "ended", "position")

    def __init__(
        self,
        transport: asyncio.WriteTransport,
        *,
        is_chunked: bool,
        wants_titles: bool,
        device: Device,
    ) -> None:
        self._transport = transport
        self.device: Device = device
        self._is_chunked = is_chunked
        self._icy = IcyInterleaver() if wants_titles else None
        self.position = -1
        self.ended = asyncio.Event()

    def send(self, chunks: Iterable[SoundChunk], block: bytes) -> int | None:
        """Write chunks; return the bytes of it, or None if the listener is too far behind."""
        length = 0
        for chunk in chunks:
            # uvloop raises where asyncio keeps silent; the handler learns of it in a later turn.
            if self._transport.is_closing():
                break
            if self._transport.get_write_buffer_size() + len(chunk.data) > MAX_BEHIND_BYTES:
                return None
            length += len(chunk.data)
            self.position = chunk.number
            if self._icy is None:
                self._transport.write(chunk.framed if self._is_chunked else chunk.data)
            else:
                self._send_pieces(self._icy.interleave(chunk.data, block))
        return length

    def _send_pieces(self, pieces: list[bytes | memoryview]) -> None:
        if self._is_chunked:
            size = sum(map(len, pieces))
            pieces = [b"%x\r\n" % size, *pieces, b"\r\n"]
        self._transport.writelines(pieces)

    def drop(self) -> None:
        """End the connection with what waits in it."""
        self._transport.abort()
        self.ended.set()


class _Room:
    """The listeners of one channel in one codec."""

    def __init__(self, codec: Codec) -> None:
        self.tape = RadioTape(codec)
        self.listeners: dict[_Listener, None] = {}
        self.dropped = {"slow": 0}
        """By reason."""


class RadioDesk(Collector):
    """All radio channels: what they send, who listens, and how many were dropped."""

    def __init__(self, channels: Iterable[ChannelSettings], tally: Tally) -> None:
        """Begin without sound; register it in the registry.

        Args:
            channels: All channels, of which only radios have listeners here.
            tally: Counts answers and bytes.
        """
        self._tally = tally
        self._channels: dict[str, ChannelSettings] = {}
        self._rooms: dict[tuple[str, Codec], _Room] = {}
        self._blocks: dict[str, bytes] = {}
        self._unfit: set[str] = set()
        self.configure(channels)

    def configure(self, channels: Iterable[ChannelSettings]) -> None:
        """Serve these channels from now on; listeners of one that is gone are let go."""
        self._channels = {channel.slug: channel for channel in channels}
        radios = [slug for slug, channel in self._channels.items() if channel.kind == "radio"]
        old = self._rooms
        wanted = [(slug, codec) for slug in radios for codec in CODECS]
        self._rooms = {key: old.get(key, _Room(key[1])) for key in wanted}
        self._blocks = {slug: self._blocks.get(slug) or title_block("") for slug in radios}
        for key in old.keys() - self._rooms.keys():
            for listener in old[key].listeners:
                listener.ended.set()

    # What the packager tells

    def take(self, change: Change, window: LiveWindow) -> None:
        """Take what a publication brought: MP3, parts of AAC, another title."""
        if (change.channel, "mp3") not in self._rooms:
            return
        channel = window.channels[change.channel]
        if change.state and channel.state is not None:
            block = title_block(channel.state.title)
            if block != self._blocks[change.channel]:  # compared by identity for each listener
                self._blocks[change.channel] = block
        if change.sound is not None:
            self._put(change.channel, "mp3", change.sound.number, change.sound.data)
        for rendition, address in change.parts:
            if rendition == AAC_RENDITION:
                self._take_part(change.channel, window, address)

    def _take_part(self, slug: str, window: LiveWindow, address: PartAddress) -> None:
        track = window.channels[slug].tracks[AAC_RENDITION]
        segment = track.segments.get(address.msn)
        part = None if segment is None else segment.parts[address.part]
        if segment is None or part is None:
            return
        try:
            sound = wrap_adts(part.data, track.headers[segment.header_hash])
        except FormatError as error:
            if segment.header_hash not in self._unfit:  # once, not twice a second
                self._unfit.add(segment.header_hash)
                log.warning("no AAC for listeners", channel=slug, detail=str(error))
            return
        self._put(slug, "aac", address.msn * PARTS_PER_SEGMENT + address.part, sound)

    def _put(self, slug: str, codec: Codec, number: int, data: bytes) -> None:
        room = self._rooms[slug, codec]
        if room.tape.put(number, data, now_ns=monotonic_ns()) and room.listeners:
            self._send(slug, room, list(room.listeners))

    # Who listens

    def _send(self, slug: str, room: _Room, listeners: list[_Listener]) -> None:
        """Bring listeners up to the newest chunk, some of them now and the rest in later turns.

        Each has a position of its own, so it does not matter if the next chunk comes meanwhile.
        """
        sent = 0
        block = self._blocks.get(slug, b"")
        for listener in listeners[:_LISTENERS_A_TURN]:
            if listener not in room.listeners:
                continue
            length = listener.send(room.tape.after(listener.position), block)
            if length is None:
                del room.listeners[listener]
                room.dropped["slow"] += 1
                listener.drop()
            else:
                sent += length
        self._tally.streamed("radio", slug, sent)
        if rest := listeners[_LISTENERS_A_TURN:]:
            asyncio.get_running_loop().call_soon(self._send, slug, room, rest)

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Add the listeners' addresses; other methods are left to whoever answers the rest."""
        for method in ("GET", "HEAD"):
            router.add_route(method, "/radio/{channel}.{codec:mp3|aac}", self.answer)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer GET or HEAD of a listener's address.

        Cancelling is safe: the listener is counted out.
        """
        started_ns = monotonic_ns()
        # The target as it was sent: two spellings of one path are two paths, as everywhere here.
        match = _PATH.fullmatch(request.raw_path.partition("?")[0])
        if match is None:
            return self._refuse(_not_here("", known=False), started_ns)
        slug, codec = match[1], CODECS[CODECS.index("aac") if match[2] == "aac" else 0]
        room = self._rooms.get((slug, codec))
        if room is None:
            return self._refuse(_not_here(slug, known=slug in self._channels), started_ns)
        if not room.tape.burst(now_ns=started_ns):
            self._tally.empty(slug)
            return self._refuse(unavailable("radio", slug), started_ns)
        response = web.StreamResponse(headers=self._headers(request, slug, codec))
        response.force_close()
        await response.prepare(request)
        transport = request.transport
        if request.method == "HEAD" or transport is None or transport.is_closing():
            self._tally.answered("radio", slug, 200, 0, monotonic_ns() - started_ns)
            return response
        await self._play(request, transport, slug, room, started_ns)
        return response

    async def _play(
        self,
        request: web.Request,
        transport: asyncio.Transport,
        slug: str,
        room: _Room,
        started_ns: int,
    ) -> None:
        _limit_send_buffer(transport)
        listener = _Listener(
            transport,
            is_chunked=request.version >= HttpVersion11,
            wants_titles=_wants_titles(request),
            device=device_of(request.headers.get("User-Agent", "")),
        )
        burst = room.tape.burst(now_ns=monotonic_ns())
        # Behind the burst he is up to date, in the same turn of the loop.
        length = listener.send(burst, self._blocks[slug]) or 0
        self._tally.answered("radio", slug, 200, length, monotonic_ns() - started_ns)
        room.listeners[listener] = None
        try:
            await listener.ended.wait()
        finally:
            room.listeners.pop(listener, None)

    def _headers(self, request: web.Request, slug: str, codec: Codec) -> CIMultiDict[str]:
        name = unicodedata.normalize("NFC", self._channels[slug].name)
        name = "".join(" " if unicodedata.category(c) in ("Cc", "Cs") else c for c in name)
        headers = CIMultiDict([("Content-Type", CONTENT_TYPES[codec]), *_HEADERS])
        headers["icy-name"] = name
        if _wants_titles(request):
            headers["icy-metaint"] = str(METAINT)
        return headers

    def _refuse(self, prepared: Prepared, started_ns: int) -> web.Response:
        duration_ns = monotonic_ns() - started_ns
        self._tally.answered(
            prepared.handler, prepared.channel, prepared.status, prepared.length, duration_ns
        )
        return web.Response(
            status=prepared.status,
            headers=CIMultiDict(prepared.headers),
            body=b"".join(prepared.body),
        )

    def audience(self) -> dict[Cell, int]:
        """Count who listens now."""
        found: dict[Cell, int] = {}
        for (slug, codec), room in self._rooms.items():
            for listener in room.listeners:
                cell = Cell(slug, "http", codec, listener.device)
                found[cell] = found.get(cell, 0) + 1
        return found

    def collect(self) -> Iterator[GaugeMetricFamily | CounterMetricFamily]:
        """Make the families."""
        listeners = GaugeMetricFamily(
            "lensong_radio_listeners",
            "Listeners of a radio without playlists",
            labels=("channel", "codec"),
        )
        dropped = CounterMetricFamily(
            "lensong_radio_dropped",
            "Listeners dropped because they did not keep up",
            labels=("channel", "codec", "reason"),
        )
        for (slug, codec), room in self._rooms.items():
            listeners.add_metric((slug, codec), len(room.listeners))
            for reason, count in room.dropped.items():
                dropped.add_metric((slug, codec, reason), count)
        yield listeners
        yield dropped


def _wants_titles(request: web.Request) -> bool:
    return request.headers.get("Icy-MetaData", "").strip() == "1"


def _limit_send_buffer(transport: asyncio.Transport) -> None:
    connection = transport.get_extra_info("socket")
    if connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER_BYTES)


def _not_here(slug: str, *, known: bool) -> Prepared:
    sentence = (
        f"{slug} là kênh truyền hình; ở đây chỉ có kênh phát thanh."
        f" / {slug} is a TV channel; only radio is here.\n"
        if known
        else "Không có kênh này. / There is no such channel.\n"
    )
    return prepare(
        sentence.encode(),
        status=404,
        content_type="text/plain; charset=utf-8",
        cache_control="max-age=4",
        handler="radio",
        channel=slug if known else "",
    )
