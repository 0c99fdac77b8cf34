"""An RTMP publisher for tests: the client's side of the conversation, as bytes."""

from __future__ import annotations

import hashlib
import hmac

from ingest.amf import AmfValue, encode_amf0
from ingest.rtmp_chunks import ChunkReader, ChunkWriter, Message

__all__ = ["AAC_HEADER", "AVC_HEADER", "Publisher", "digest_hello", "frame", "key_frame", "sound"]

AVC_HEADER = b"\x17\x00\x00\x00\x00" + b"avcC"
AAC_HEADER = b"\xaf\x00\x11\x90"


def key_frame(data: bytes = b"idr") -> bytes:
    return b"\x17\x01\x00\x00\x00" + data


def frame(data: bytes = b"p") -> bytes:
    return b"\x27\x01\x00\x00\x00" + data


def sound(data: bytes = b"aac") -> bytes:
    return b"\xaf\x01" + data


def digest_hello(schema: tuple[int, int]) -> bytes:
    """Return C0 and C1 of a client that wants digests."""
    c1 = bytearray(bytes(4) + b"\x09\x00\x7c\x02" + bytes(range(256)) * 6)[:1536]
    at = sum(c1[schema[0] : schema[0] + 4]) % 728 + schema[1]
    key = b"Genuine Adobe Flash Player 001"
    c1[at : at + 32] = hmac.digest(key, bytes(c1[:at] + c1[at + 32 :]), hashlib.sha256)
    return b"\x03" + bytes(c1)


class Publisher:
    """Writes what an encoder writes."""

    def __init__(self) -> None:
        self._writer = ChunkWriter()
        self.reader = ChunkReader(max_message_bytes=65_536)

    def hello(self) -> bytes:
        """Return C0 and C1, without digests."""
        return b"\x03" + bytes(8) + b"c" * 1528

    def echo(self) -> bytes:
        """Return C2."""
        return bytes(1536)

    def command(self, name: str, number: float, *values: AmfValue, stream: int = 0) -> bytes:
        """Return a command."""
        payload = encode_amf0(name, number, *values)
        return self._writer.write(Message(20, stream, 0, payload), chunk_stream=3)

    def message(self, type_id: int, timestamp_ms: int, payload: bytes) -> bytes:
        """Return a media or control message."""
        number = {8: 4, 9: 6}.get(type_id, 5)
        return self._writer.write(Message(type_id, 1, timestamp_ms, payload), chunk_stream=number)

    def opening(self, app: str, name: str) -> bytes:
        """Return everything from connect to publish, sent without waiting."""
        connect: dict[str, AmfValue] = {
            "app": app,
            "tcUrl": f"rtmp://h/{app}",
            "type": "nonprivate",
        }
        return b"".join(
            (
                self.chunk_size(4096),
                self.command("connect", 1.0, connect),
                self.command("releaseStream", 2.0, None, name),
                self.command("FCPublish", 3.0, None, name),
                self.command("createStream", 4.0, None),
                self.command("publish", 5.0, None, name, "live", stream=1),
            )
        )

    def chunk_size(self, size: int) -> bytes:
        """Raise our chunk size."""
        data = self._writer.write(Message(1, 0, 0, size.to_bytes(4, "big")), chunk_stream=2)
        self._writer.chunk_bytes = size
        return data
