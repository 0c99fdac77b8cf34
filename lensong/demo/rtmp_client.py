"""The publishing side of RTMP: what the demo's studios speak.  Sans-I/O.

``lensong`` may not import ``ingest``, and a studio that shared the server's code could not show
that the server understands others.  So this is a client of its own, as plain as the
protocol allows: one chunk stream for commands, one for sound, one for pictures, no
aggregate messages.

**Source:** Adobe, "Real-Time Messaging Protocol (RTMP) specification 1.0", 5.2 to 5.4, 7.2;
AMF0 file format specification.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any, Final

from core.errors import FormatError, RefusedError

__all__ = ["RtmpClient", "decode_amf0", "encode_amf0"]

_HANDSHAKE_BYTES: Final = 1536
_OUT_CHUNK_BYTES: Final = 60_000
_MAX_MESSAGE_BYTES: Final = 1024 * 1024
_EXTENDED: Final = 0xFFFFFF

_SET_CHUNK_SIZE, _USER_CONTROL, _COMMAND = 1, 4, 20
_PING_REQUEST, _PING_RESPONSE = 6, 7
_COMMAND_CHUNK_STREAM: Final = 3
_CHUNK_STREAM_OF: Final = {8: 4, 9: 6, 18: 4}

_NUMBER, _BOOLEAN, _STRING, _OBJECT, _NULL, _ECMA_ARRAY, _OBJECT_END = 0, 1, 2, 3, 5, 8, 9
_MAX_DEPTH: Final = 16


def encode_amf0(value: Any) -> bytes:
    """Write one value."""
    match value:
        case None:
            return bytes([_NULL])
        case bool():
            return bytes([_BOOLEAN, value])
        case int() | float():
            return struct.pack(">Bd", _NUMBER, value)
        case str():
            return bytes([_STRING]) + _short_string(value)
        case dict():
            fields = b"".join(
                _short_string(name) + encode_amf0(item) for name, item in value.items()
            )
            return bytes([_OBJECT]) + fields + bytes([0, 0, _OBJECT_END])
        case _:
            raise TypeError(f"AMF0 has no {type(value).__name__}")


def _short_string(text: str) -> bytes:
    data = text.encode()
    return struct.pack(">H", len(data)) + data


def decode_amf0(data: bytes) -> list[Any]:
    """Read all values of a message.

    Raises:
        FormatError: If it is cut off or holds a type that no server's answer needs.
    """
    values: list[Any] = []
    at = 0
    try:
        while at < len(data):
            value, at = _decode(data, at, 0)
            values.append(value)
    except (struct.error, IndexError, UnicodeDecodeError) as error:
        raise FormatError("an AMF0 value is cut off") from error
    return values


def _decode(data: bytes, at: int, depth: int) -> tuple[Any, int]:
    if depth > _MAX_DEPTH:
        raise FormatError("AMF0 values nest too deeply")
    kind, at = data[at], at + 1
    match kind:
        case 0:
            return struct.unpack_from(">d", data, at)[0], at + 8
        case 1:
            return bool(data[at]), at + 1
        case 2:
            return _decode_string(data, at)
        case 3 | 8:  # an object; an ECMA array has a count in front that means nothing
            return _decode_fields(data, at + (4 if kind == _ECMA_ARRAY else 0), depth)
        case 10:
            return _decode_items(data, at, depth)
        case 5 | 6:  # null, undefined
            return None, at
        case _:
            raise FormatError(f"AMF0 type {kind}")


def _decode_string(data: bytes, at: int) -> tuple[str, int]:
    (size,) = struct.unpack_from(">H", data, at)
    end = at + 2 + size
    if end > len(data):
        raise FormatError("an AMF0 string is cut off")
    return data[at + 2 : end].decode(), end


def _decode_items(data: bytes, at: int, depth: int) -> tuple[list[Any], int]:
    (count,) = struct.unpack_from(">I", data, at)
    at += 4
    items: list[Any] = []
    for _ in range(min(count, len(data))):
        item, at = _decode(data, at, depth + 1)
        items.append(item)
    return items, at


def _decode_fields(data: bytes, at: int, depth: int) -> tuple[dict[str, Any], int]:
    found: dict[str, Any] = {}
    while True:
        name, at = _decode_string(data, at)
        if not name and data[at] == _OBJECT_END:
            return found, at + 1
        found[name], at = _decode(data, at, depth + 1)


class _State(Enum):
    HANDSHAKE = auto()
    CONNECTING = auto()
    CREATING = auto()
    STARTING = auto()
    PUBLISHING = auto()


@dataclass(slots=True)
class _Incoming:
    """The message that one chunk stream is in the middle of."""

    size: int = 0
    kind: int = 0
    extended: bool = False
    data: bytearray = field(default_factory=bytearray)


class RtmpClient:
    """One publishing session.

    Write what :meth:`start` and :meth:`receive` return; once :attr:`publishing` is true,
    :meth:`tag` makes the bytes of sound, pictures and metadata.
    """

    def __init__(self, *, app: str, url: str, stream_key: str, nonce: bytes) -> None:
        """Prepare a session.

        Args:
            app: Name of the application; Lensong's is the channel.
            url: ``tcUrl``, ``rtmp://HOST:PORT/APP``.
            stream_key: The publishing name, ``INPUT.KEY``.
            nonce: 1528 random bytes of the handshake.
        """
        self._app, self._url, self._stream_key = app, url, stream_key
        self._c1 = bytes(8) + nonce[: _HANDSHAKE_BYTES - 8].ljust(_HANDSHAKE_BYTES - 8, b"\0")
        self._state = _State.HANDSHAKE
        self._buffer = bytearray()
        self._in_chunk_bytes = 128
        self._incoming: dict[int, _Incoming] = {}
        self._stream_id = 0

    @property
    def publishing(self) -> bool:
        """The server has said that media may come."""
        return self._state is _State.PUBLISHING

    def start(self) -> bytes:
        """Return the first bytes: C0 and C1."""
        return b"\x03" + self._c1

    def receive(self, data: bytes) -> bytes:
        """Take bytes of the server; return what to answer.

        Raises:
            RefusedError: If the server does not let us publish.
            FormatError: If the bytes are not RTMP.
        """
        self._buffer += data
        out = b""
        if self._state is _State.HANDSHAKE:
            if len(self._buffer) < 1 + 2 * _HANDSHAKE_BYTES:
                return b""
            s1 = bytes(self._buffer[1 : 1 + _HANDSHAKE_BYTES])
            del self._buffer[: 1 + 2 * _HANDSHAKE_BYTES]
            self._state = _State.CONNECTING
            out = s1 + self._connect()  # C2 echoes S1
        while (message := self._next_message()) is not None:
            out += self._answer(*message)
        return out

    def tag(self, kind: int, timestamp_ms: int, payload: bytes) -> bytes:
        """Return the bytes of one FLV tag: 8 sound, 9 picture, 18 metadata."""
        if kind == 18:  # noqa: PLR2004  # metadata are stored by the server under this name
            payload = encode_amf0("@setDataFrame") + payload
        return self._message(_CHUNK_STREAM_OF[kind], kind, payload, timestamp_ms, self._stream_id)

    def goodbye(self) -> bytes:
        """Return the bytes that end the publication in an orderly way."""
        return self._command("FCUnpublish", 6, None, self._stream_key) + self._command(
            "deleteStream", 7, None, self._stream_id
        )

    def _connect(self) -> bytes:
        command = {
            "app": self._app,
            "type": "nonprivate",
            "flashVer": "FMLE/3.0 (compatible; Lensong demo)",
            "tcUrl": self._url,
        }
        size = self._message(2, _SET_CHUNK_SIZE, struct.pack(">I", _OUT_CHUNK_BYTES))
        return size + self._command("connect", 1, command)

    def _answer(self, kind: int, payload: bytes) -> bytes:
        match kind:
            case 1:
                (size,) = struct.unpack_from(">I", payload.ljust(4, b"\0"))
                self._in_chunk_bytes = max(1, min(size & 0x7FFFFFFF, _MAX_MESSAGE_BYTES))
            case 4 if payload[:2] == struct.pack(">H", _PING_REQUEST):
                pong = struct.pack(">H", _PING_RESPONSE) + payload[2:6]
                return self._message(2, _USER_CONTROL, pong)
            case 20:
                return self._answer_command(decode_amf0(payload))
            case _:
                pass  # acknowledgements and bandwidth change nothing for a publisher
        return b""

    def _answer_command(self, values: list[Any]) -> bytes:
        name = values[0] if values else None
        info = next((item for item in values[2:] if isinstance(item, dict) and "code" in item), {})
        if name == "_error" or info.get("level") == "error":
            # releaseStream and FCPublish are courtesies; a server may not know them.
            if name == "_error" and len(values) > 1 and values[1] in {2, 3}:
                return b""
            detail = info.get("description") or info.get("code") or "no reason given"
            raise RefusedError(f"the server refuses: {detail}")
        if name == "_result" and self._state is _State.CONNECTING and values[1] == 1:
            self._state = _State.CREATING
            return (
                self._command("releaseStream", 2, None, self._stream_key)
                + self._command("FCPublish", 3, None, self._stream_key)
                + self._command("createStream", 4, None)
            )
        if name == "_result" and self._state is _State.CREATING and values[1] == 4:  # noqa: PLR2004
            self._stream_id = int(values[3])
            self._state = _State.STARTING
            return self._command(
                "publish", 5, None, self._stream_key, "live", stream_id=self._stream_id
            )
        if name == "onStatus" and info.get("code") == "NetStream.Publish.Start":
            self._state = _State.PUBLISHING
        return b""

    def _command(self, name: str, number: int, *values: Any, stream_id: int = 0) -> bytes:
        payload = b"".join(map(encode_amf0, (name, number, *values)))
        return self._message(_COMMAND_CHUNK_STREAM, _COMMAND, payload, 0, stream_id)

    @staticmethod
    def _message(
        chunk_stream: int, kind: int, payload: bytes, timestamp_ms: int = 0, stream_id: int = 0
    ) -> bytes:
        stamp = timestamp_ms & 0xFFFFFFFF
        extended = struct.pack(">I", stamp) if stamp >= _EXTENDED else b""
        head = struct.pack(">B", chunk_stream) + min(stamp, _EXTENDED).to_bytes(3, "big")
        head += len(payload).to_bytes(3, "big") + bytes([kind]) + struct.pack("<I", stream_id)
        out = bytearray(head + extended + payload[:_OUT_CHUNK_BYTES])
        for at in range(_OUT_CHUNK_BYTES, len(payload), _OUT_CHUNK_BYTES):
            out += bytes([0xC0 | chunk_stream]) + extended + payload[at : at + _OUT_CHUNK_BYTES]
        return bytes(out)

    def _next_message(self) -> tuple[int, bytes] | None:
        """Take chunks off the buffer until a message is whole."""
        while (incoming := self._next_chunk()) is not None:
            if len(incoming.data) == incoming.size:
                payload = bytes(incoming.data)
                incoming.data.clear()
                return incoming.kind, payload
        return None

    def _next_chunk(self) -> _Incoming | None:
        buffer = self._buffer
        if not buffer:
            return None
        form, stream, at = buffer[0] >> 6, buffer[0] & 0x3F, 1
        if stream < 2:  # noqa: PLR2004  # the number stands in one or two further bytes
            at += stream + 1
            stream = 64 + int.from_bytes(buffer[1:at], "little")
        header_bytes = (11, 7, 3, 0)[form]
        if len(buffer) < at + header_bytes:
            return None
        incoming = self._incoming.setdefault(stream, _Incoming())
        header = buffer[at : at + header_bytes]
        at += header_bytes
        extended = incoming.extended if form == 3 else header[:3] == b"\xff\xff\xff"  # noqa: PLR2004
        size = int.from_bytes(header[3:6], "big") if form < 2 else incoming.size  # noqa: PLR2004
        at += 4 if extended else 0
        if size > _MAX_MESSAGE_BYTES:
            raise FormatError("the server sends a message of an absurd size", code="size")
        take = min(self._in_chunk_bytes, size - len(incoming.data))
        if len(buffer) < at + take:
            return None
        if form < 2:  # noqa: PLR2004
            incoming.kind = header[6]
        incoming.size, incoming.extended = size, extended
        incoming.data += buffer[at : at + take]
        del buffer[: at + take]
        return incoming
