"""RTMP's chunk streams: messages cut into chunks, interleaved, with compressed headers.  Sans-I/O.

A message travels on a *chunk stream* in chunks of at most the sender's chunk size.  Each
chunk begins with one of four headers; the shorter ones repeat what the chunk stream's last
header said.  That memory is what a stranger can grow, so it is bounded: chunk streams by
number, a message by length, everything unfinished by its sum.

**Source:** Adobe, "Real-Time Messaging Protocol (RTMP) specification" 1.0, section 5.3.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final

from core.errors import FormatError

__all__ = ["ABORT", "SET_CHUNK_SIZE", "ChunkReader", "ChunkWriter", "Message"]

SET_CHUNK_SIZE: Final = 1
ABORT: Final = 2

_DEFAULT_CHUNK_BYTES: Final = 128
_MAX_CHUNK_STREAMS: Final = 32
_EXTENDED: Final = 0xFFFFFF
_EXTENDED_BYTES: Final = 4
_WRAP: Final = 1 << 32
_HEADER_BYTES: Final = (11, 7, 3, 0)
_FULL, _SAME_STREAM, _SAME_LENGTH, _SAME_ALL = 0, 1, 2, 3


@dataclass(frozen=True, slots=True)
class Message:
    """One whole message."""

    type_id: int
    """1 to 6 control, 8 sound, 9 picture, 15 and 18 data, 17 and 20 commands, 22 aggregate."""

    stream_id: int
    timestamp_ms: int
    """Milliseconds modulo 2^32."""

    payload: bytes


@dataclass(slots=True)
class _ChunkStream:
    """What the last header on a chunk stream said, and the message that is being gathered."""

    timestamp: int = 0
    field: int = 0
    """The time stamp as the last header had it: absolute after a full one, else a difference."""

    extended: bool = False
    length: int = 0
    type_id: int = 0
    stream_id: int = 0
    gathered: bytearray | None = None


class ChunkReader:
    """Gather messages from bytes in any pieces.

    :meth:`receive` takes bytes; :meth:`next_message` returns one message at a time, so that
    the answer to one (a raised limit) holds for the next.  ``Set Chunk Size`` and ``Abort`` are
    obeyed here and not returned.
    """

    def __init__(self, *, max_message_bytes: int) -> None:
        self.max_message_bytes = max_message_bytes
        """Longest message that is accepted; also bounds the sum of unfinished ones, doubled."""
        self._chunk_bytes = _DEFAULT_CHUNK_BYTES
        self._streams: dict[int, _ChunkStream] = {}
        self._buffer = bytearray()
        self._at = 0
        self._gathered_bytes = 0

    @property
    def pending_bytes(self) -> int:
        """Bytes held for messages that are not complete."""
        return len(self._buffer) - self._at + self._gathered_bytes

    def receive(self, data: bytes) -> None:
        """Take bytes."""
        if self._at:
            del self._buffer[: self._at]
            self._at = 0
        self._buffer += data

    def next_message(self) -> Message | None:
        """Return the next whole message, or None while bytes are missing.

        Raises:
            FormatError: If a header is impossible or over a limit; the connection is of no use.
        """
        while (message := self._next_chunk()) is not _MORE:
            if message is None:
                continue
            if message.type_id == SET_CHUNK_SIZE:
                self._set_chunk_bytes(message.payload)
            elif message.type_id == ABORT:
                self._abort(message.payload)
            else:
                return message
        return None

    def _set_chunk_bytes(self, payload: bytes) -> None:
        size = int.from_bytes(payload[:4], "big")
        # "the most significant bit ... MUST be zero ... valid sizes are 1 to 0x7FFFFFFF"
        if len(payload) < 4 or not 1 <= size < 1 << 31:  # noqa: PLR2004
            raise FormatError(f"a chunk size of {size}", code="size")
        self._chunk_bytes = size

    def _abort(self, payload: bytes) -> None:
        stream = self._streams.get(int.from_bytes(payload[:4], "big"))
        if stream is not None and stream.gathered is not None:
            self._gathered_bytes -= len(stream.gathered)
            stream.gathered = None

    def _next_chunk(self) -> Message | None:
        """Take one chunk: a message when it completes one, ``_MORE`` when it is not all here."""
        header = self._basic_header()
        if header is None:
            return _MORE
        kind, number, at = header
        body = at + _HEADER_BYTES[kind]
        if body + _EXTENDED_BYTES > len(self._buffer) and (
            body > len(self._buffer) or self._wants_extended(kind, number, at)
        ):
            return _MORE
        stream = self._streams.get(number)
        if stream is None:
            stream = self._new_stream(kind, number)
        starts = stream.gathered is None
        draft = self._message_header(stream, kind, at, body)
        rest = draft.length - (0 if stream.gathered is None else len(stream.gathered))
        size = min(self._chunk_bytes, rest)
        if draft.end + size > len(self._buffer):
            self._check_length(draft.length)
            return _MORE
        if starts:
            self._begin(stream, kind, draft)
        return self._gather(stream, draft.end, size)

    def _basic_header(self) -> tuple[int, int, int] | None:
        """Return (header type, chunk stream, where the message header begins)."""
        buffer, at = self._buffer, self._at
        if at >= len(buffer):
            return None
        kind, number = buffer[at] >> 6, buffer[at] & 0x3F
        if number > 1:
            return kind, number, at + 1
        extra = number + 1  # 0: one byte more, 1: two, little-endian, both counted from 64
        if at + 1 + extra > len(buffer):
            return None
        number = 64 + int.from_bytes(buffer[at + 1 : at + 1 + extra], "little")
        return kind, number, at + 1 + extra

    def _wants_extended(self, kind: int, number: int, at: int) -> bool:
        if kind == _SAME_ALL:
            stream = self._streams.get(number)
            return stream is not None and stream.extended
        return int.from_bytes(self._buffer[at : at + 3], "big") == _EXTENDED

    def _new_stream(self, kind: int, number: int) -> _ChunkStream:
        # Player: librtmp has been seen to begin a chunk stream with a type 1 header.
        if kind not in (_FULL, _SAME_STREAM):
            raise FormatError(f"chunk stream {number} begins with a header of type {kind}")
        if len(self._streams) >= _MAX_CHUNK_STREAMS:
            raise FormatError("too many chunk streams", code="size")
        stream = self._streams[number] = _ChunkStream()
        return stream

    def _message_header(self, stream: _ChunkStream, kind: int, at: int, body: int) -> _Header:
        buffer = self._buffer
        field, extended = stream.field, stream.extended
        length, type_id, stream_id = stream.length, stream.type_id, stream.stream_id
        if kind <= _SAME_LENGTH:
            field = int.from_bytes(buffer[at : at + 3], "big")
            extended = field == _EXTENDED
        if kind <= _SAME_STREAM:
            length = int.from_bytes(buffer[at + 3 : at + 6], "big")
            type_id = buffer[at + 6]
        if kind == _FULL:
            stream_id = int.from_bytes(buffer[at + 7 : at + 11], "little")
        if extended:
            given = int.from_bytes(buffer[body : body + _EXTENDED_BYTES], "big")
            # Player: some encoders leave the extended time stamp out of the chunks that go on
            # with a message; what stands there is then media.
            if stream.gathered is None or kind != _SAME_ALL or given == field:
                field, body = given, body + _EXTENDED_BYTES
        if stream.gathered is not None and (kind == _FULL or length != stream.length):
            raise FormatError("a message begins inside another of its chunk stream")
        return _Header(field, extended, length, type_id, stream_id, body)

    def _check_length(self, length: int) -> None:
        if length > self.max_message_bytes:
            raise FormatError(
                f"a message of {length} bytes is over {self.max_message_bytes}", code="size"
            )

    def _begin(self, stream: _ChunkStream, kind: int, header: _Header) -> None:
        self._check_length(header.length)
        stream.field, stream.extended = header.field, header.extended
        stream.length, stream.type_id = header.length, header.type_id
        stream.stream_id = header.stream_id
        # "If a Type 3 chunk follows a Type 0 chunk, then the timestamp delta for this Type 3
        # chunk is the same as the timestamp of the Type 0 chunk."
        start = 0 if kind == _FULL else stream.timestamp
        stream.timestamp = (start + header.field) % _WRAP
        stream.gathered = bytearray()

    def _gather(self, stream: _ChunkStream, at: int, size: int) -> Message | None:
        gathered = stream.gathered
        if gathered is None:
            raise RuntimeError("gathering before the message began")
        gathered += memoryview(self._buffer)[at : at + size]
        self._at = at + size
        self._gathered_bytes += size
        if len(gathered) < stream.length:
            if self._gathered_bytes > 2 * self.max_message_bytes:
                raise FormatError("too much in unfinished messages", code="size")
            return None
        stream.gathered = None
        self._gathered_bytes -= len(gathered)
        return Message(stream.type_id, stream.stream_id, stream.timestamp, bytes(gathered))


@dataclass(frozen=True, slots=True)
class _Header:
    """One chunk's header with what it leaves out filled in."""

    field: int
    extended: bool
    length: int
    type_id: int
    stream_id: int
    end: int
    """Where the chunk's media begins in the buffer."""


_MORE: Final = Message(-1, 0, 0, b"")


class ChunkWriter:
    """Cut messages into chunks, with the shortest header that says enough."""

    def __init__(self) -> None:
        self.chunk_bytes = _DEFAULT_CHUNK_BYTES
        """Ours; tell the peer by ``Set Chunk Size`` before raising it."""
        self._last: dict[int, tuple[Message, int]] = {}

    def write(self, message: Message, *, chunk_stream: int) -> bytes:
        """Return the chunks of ``message`` on a chunk stream from 2 to 65599."""
        kind, field = self._choose(message, chunk_stream)
        self._last[chunk_stream] = (message, field)
        short = min(field, _EXTENDED)
        tail = field.to_bytes(4, "big") if short == _EXTENDED else b""
        header = b"".join(
            (
                short.to_bytes(3, "big"),
                len(message.payload).to_bytes(3, "big") + bytes([message.type_id]),
                message.stream_id.to_bytes(4, "little"),
            )
        )[: _HEADER_BYTES[kind]]
        pieces: deque[bytes] = deque((_basic(kind, chunk_stream), header, tail))
        size = self.chunk_bytes
        for at in range(0, max(len(message.payload), 1), size):
            if at:
                pieces += (_basic(_SAME_ALL, chunk_stream), tail)
            pieces.append(message.payload[at : at + size])
        return b"".join(pieces)

    def _choose(self, message: Message, chunk_stream: int) -> tuple[int, int]:
        """Return (header type, time stamp field)."""
        if chunk_stream not in self._last:
            return _FULL, message.timestamp_ms
        last, last_field = self._last[chunk_stream]
        if last.stream_id != message.stream_id or message.timestamp_ms < last.timestamp_ms:
            return _FULL, message.timestamp_ms
        field = message.timestamp_ms - last.timestamp_ms
        if (len(last.payload), last.type_id) != (len(message.payload), message.type_id):
            return _SAME_STREAM, field
        return (_SAME_ALL if field == last_field else _SAME_LENGTH), field


def _basic(kind: int, chunk_stream: int) -> bytes:
    if chunk_stream < 64:  # noqa: PLR2004
        return bytes([kind << 6 | chunk_stream])
    if chunk_stream < 320:  # noqa: PLR2004
        return bytes([kind << 6, chunk_stream - 64])
    return bytes([kind << 6 | 1]) + (chunk_stream - 64).to_bytes(2, "little")
