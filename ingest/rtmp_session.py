"""One RTMP publisher's conversation, from the handshake to the last picture.  Sans-I/O.

Four verbs: :meth:`RtmpSession.receive_bytes` takes what came, :meth:`~RtmpSession.next_event`
tells what it means, :meth:`~RtmpSession.accept` or :meth:`~RtmpSession.refuse` answer a request to
publish, :meth:`~RtmpSession.data_to_send` gives the bytes of our answers.

==========  =====================================  ==================
state       what is awaited                        goes to
==========  =====================================  ==================
hello       C0, C1                                 echo
echo        C2                                     commands
commands    connect, createStream, publish         asked
asked       our accept or refuse                   publishing, closed
publishing  media                                  closed
==========  =====================================  ==================

Only publishing is served; who asks to play is refused.  Before a publisher is admitted its
messages are at most 16 kB, so that strangers cost little.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from core.errors import FormatError
from ingest.amf import AmfValue, decode_amf0, encode_amf0
from ingest.rtmp_chunks import SET_CHUNK_SIZE, ChunkReader, ChunkWriter, Message
from ingest.rtmp_handshake import C1_BYTES, answer_handshake

__all__ = ["MediaReceived", "PublishEnded", "PublishRequested", "RtmpEvent", "RtmpSession"]

_STRANGER_BYTES: Final = 16 * 1024
_PUBLISHER_BYTES: Final = 8 * 1024 * 1024
"""Longest message of a publisher: an IDR of 8 MB would be 60 Mbit/s for a second."""

_OUR_CHUNK_BYTES: Final = 4_096
_WINDOW_BYTES: Final = 2_500_000
_MAX_STREAMS: Final = 8
_MAX_NAME: Final = 512
_ACK, _USER_CONTROL, _WINDOW_ACK, _PEER_BANDWIDTH = 3, 4, 5, 6
_AUDIO, _VIDEO, _DATA3, _DATA0, _COMMAND3, _COMMAND0, _AGGREGATE = 8, 9, 15, 18, 17, 20, 22
_STREAM_BEGIN, _PING, _PONG = 0, 6, 7
_TAG_HEADER: Final = 11
_BACK_POINTER: Final = 4
_WRAP: Final = 1 << 32
_CAN_FORWARD: Final = 4.0
_FOURCCS: Final = ("avc1", "hvc1", "av01", "mp4a", "Opus")


@dataclass(frozen=True, slots=True)
class PublishRequested:
    """The publisher names where it wants to go; answer with ``accept()`` or ``refuse()``."""

    app: str
    """Path of the URL: the channel."""

    name: str
    """The stream key, as the publisher gave it; it holds a secret: never log it."""


@dataclass(frozen=True, slots=True)
class MediaReceived:
    """One picture, some sound, or data about both, as in an FLV tag."""

    kind: Literal["audio", "video", "data"]
    timestamp_ms: int
    """Modulo 2^32."""

    payload: bytes


@dataclass(frozen=True, slots=True)
class PublishEnded:
    """The publisher said that it is done."""


RtmpEvent: TypeAlias = PublishRequested | MediaReceived | PublishEnded


class RtmpSession:
    """The server's side of one connection."""

    def __init__(self, nonce: bytes) -> None:
        """Begin with the handshake.

        Args:
            nonce: 3072 random bytes.
        """
        self._nonce = nonce
        self._state: Literal["hello", "echo", "commands", "asked", "publishing", "closed"] = "hello"
        self._hello = bytearray()
        self._reader = ChunkReader(max_message_bytes=_STRANGER_BYTES)
        self._writer = ChunkWriter()
        self._out: list[bytes] = []
        self._ready: list[RtmpEvent] = []
        self._app = ""
        self._streams = 0
        self._stream_id = 0
        self._received = 0
        self._acknowledged = 0
        self._window = _WINDOW_BYTES

    @property
    def closed(self) -> bool:
        """Nothing more will come of this; close when what is to send was sent."""
        return self._state == "closed"

    @property
    def pending_bytes(self) -> int:
        """Bytes held for messages that are not complete."""
        return len(self._hello) + self._reader.pending_bytes

    def receive_bytes(self, data: bytes) -> None:
        """Take what came in; then ask :meth:`next_event` until it returns None.

        Raises:
            FormatError: If the handshake is not RTMP's.
        """
        self._received += len(data)
        if self._state not in ("hello", "echo"):
            self._reader.receive(data)
        else:
            self._hello += data
            self._shake_hands()
        if self._state != "hello" and self._received - self._acknowledged >= self._window:
            self._acknowledged = self._received
            # "the sequence number ... the number of the bytes received so far", 32 bits
            self._control(_ACK, (self._received % _WRAP).to_bytes(4, "big"))

    def next_event(self) -> RtmpEvent | None:
        """Return the next thing the publisher wants or sends; None while bytes are missing.

        Raises:
            FormatError: If the bytes break a rule; close the connection.
        """
        while not self._ready and self._state in ("commands", "publishing"):
            message = self._reader.next_message()
            if message is None:
                return None
            self._take(message)
        return self._ready.pop(0) if self._ready else None

    def data_to_send(self) -> bytes:
        """Return what has to be sent now."""
        data = b"".join(self._out)
        self._out.clear()
        return data

    def accept(self) -> None:
        """Let the publisher begin."""
        self._state = "publishing"
        self._reader.max_message_bytes = _PUBLISHER_BYTES
        self._control(
            _USER_CONTROL, _STREAM_BEGIN.to_bytes(2, "big") + self._stream_id.to_bytes(4, "big")
        )
        self._status("status", "NetStream.Publish.Start", "publishing")

    def refuse(self, code: str, description: str) -> None:
        """Tell the publisher why not; the connection is over."""
        self._status("error", code, description)
        self._state = "closed"

    def _shake_hands(self) -> None:
        if self._state == "hello" and len(self._hello) > C1_BYTES:
            self._out.append(answer_handshake(bytes(self._hello[: 1 + C1_BYTES]), self._nonce))
            del self._hello[: 1 + C1_BYTES]
            self._state = "echo"
        if self._state == "echo" and len(self._hello) >= C1_BYTES:
            self._reader.receive(bytes(self._hello[C1_BYTES:]))  # C2's content matters to nobody
            self._hello.clear()
            self._state = "commands"

    def _take(self, message: Message) -> None:
        payload = message.payload
        match message.type_id:
            case 8 | 9 | 15 | 18 if self._state == "publishing":
                self._media(message.type_id, message.timestamp_ms, payload)
            case 22 if self._state == "publishing":
                self._aggregate(message)
            case 17:
                self._command(payload[1:], message.stream_id)  # a byte 0, then AMF0
            case 20:
                self._command(payload, message.stream_id)
            case 4:
                if payload[:2] == _PING.to_bytes(2, "big"):
                    self._control(_USER_CONTROL, _PONG.to_bytes(2, "big") + payload[2:6])
            case 5:
                self._window = max(int.from_bytes(payload[:4], "big"), _STRANGER_BYTES)
            case _:
                pass  # acknowledgements, shared objects, media that nobody asked for

    def _media(self, type_id: int, timestamp_ms: int, payload: bytes) -> None:
        if type_id == _AUDIO:
            self._ready.append(MediaReceived("audio", timestamp_ms, payload))
        elif type_id == _VIDEO:
            self._ready.append(MediaReceived("video", timestamp_ms, payload))
        elif type_id in (_DATA0, _DATA3):
            data = payload[1:] if type_id == _DATA3 else payload
            self._ready.append(MediaReceived("data", timestamp_ms, data))

    def _aggregate(self, message: Message) -> None:
        """Split a message of FLV tags.

        "The timestamps ... of the sub-messages are renormalised by the offset between the time
        stamp of the aggregate message and that of the first sub-message."
        """
        data, at, offset = message.payload, 0, None
        while at < len(data):
            size = int.from_bytes(data[at + 1 : at + 4], "big")
            end = at + _TAG_HEADER + size
            if end + _BACK_POINTER > len(data):
                raise FormatError("an aggregate message is cut off")
            stamp = int.from_bytes(data[at + 7 : at + 8] + data[at + 4 : at + 7], "big")
            offset = message.timestamp_ms - stamp if offset is None else offset
            self._media(data[at], (stamp + offset) % _WRAP, data[at + _TAG_HEADER : end])
            at = end + _BACK_POINTER

    def _command(self, payload: bytes, stream_id: int) -> None:
        values = decode_amf0(payload)
        name = values[0] if values else None
        number = values[1] if len(values) > 1 else 0.0
        if not isinstance(name, str) or not isinstance(number, float):
            raise FormatError("a command without name or number")
        arguments = values[3:]
        match name:
            case "connect":
                self._connect(number, values[2] if len(values) > 2 else None)  # noqa: PLR2004
            case "createStream":
                self._streams += 1
                if self._streams > _MAX_STREAMS:
                    raise FormatError("too many streams on a connection", code="size")
                self._answer("_result", number, None, float(self._streams))
            case "publish" if self._state == "commands":
                self._publish(stream_id, arguments)
            case "play" | "play2":
                self.refuse("NetStream.Play.Failed", "this server only receives")
            case "FCUnpublish" | "deleteStream" | "closeStream":
                if self._state == "publishing":
                    self._state = "closed"
                    self._ready.append(PublishEnded())
            case _:
                if number and not name.startswith(("_", "on")):  # releaseStream, FCPublish, ...
                    self._answer("_result", number, None, None)

    def _connect(self, number: float, given: AmfValue) -> None:
        properties = given if isinstance(given, dict) else {}
        app = properties.get("app")
        self._app = app.partition("?")[0].strip("/") if isinstance(app, str) else ""
        if len(self._app) > _MAX_NAME:
            raise FormatError("an application name that long", code="size")
        encoding = properties.get("objectEncoding")
        self._control(_WINDOW_ACK, _WINDOW_BYTES.to_bytes(4, "big"))
        self._control(_PEER_BANDWIDTH, _WINDOW_BYTES.to_bytes(4, "big") + b"\x02")
        self._control(SET_CHUNK_SIZE, _OUR_CHUNK_BYTES.to_bytes(4, "big"))
        self._writer.chunk_bytes = _OUR_CHUNK_BYTES
        forwards: dict[str, AmfValue] = dict.fromkeys(_FOURCCS, _CAN_FORWARD)
        self._answer(
            "_result",
            number,
            {"fmsVer": "FMS/3,5,7,7009", "capabilities": 31.0, "mode": 1.0},
            {
                "level": "status",
                "code": "NetConnection.Connect.Success",
                "description": "Connection succeeded.",
                "objectEncoding": encoding if isinstance(encoding, float) else 0.0,
                "fourCcList": list(_FOURCCS),
                "videoFourCcInfoMap": forwards,  # E-RTMP: what we pass on (STANDARDS 226)
                "audioFourCcInfoMap": forwards,
            },
        )

    def _publish(self, stream_id: int, arguments: list[AmfValue]) -> None:
        name = arguments[0] if arguments else None
        if not isinstance(name, str) or len(name) > _MAX_NAME:
            raise FormatError("a publish without a name, or with one too long")
        self._stream_id = stream_id
        self._state = "asked"
        self._ready.append(PublishRequested(self._app, name))

    def _control(self, type_id: int, payload: bytes) -> None:
        self._out.append(self._writer.write(Message(type_id, 0, 0, payload), chunk_stream=2))

    def _answer(self, name: str, number: float, *values: AmfValue) -> None:
        payload = encode_amf0(name, number, *values)
        self._out.append(self._writer.write(Message(_COMMAND0, 0, 0, payload), chunk_stream=3))

    def _status(self, level: str, code: str, description: str) -> None:
        info: dict[str, AmfValue] = {"level": level, "code": code, "description": description}
        payload = encode_amf0("onStatus", 0.0, None, info)
        message = Message(_COMMAND0, self._stream_id, 0, payload)
        self._out.append(self._writer.write(message, chunk_stream=5))
