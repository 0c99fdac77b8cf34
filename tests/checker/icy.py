"""A strict listener of radio over plain HTTP: chunked coding, ICY blocks, titles.

It shares nothing with the code that writes them, and takes nothing that a small car radio would
not understand.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

__all__ = ["ChunkedReader", "IcyReader", "Listening", "listen"]

_BLOCK = re.compile(r"StreamTitle='([^';]*)';\0{0,15}")


class ChunkedReader:
    """Take HTTP/1.1's chunked coding off."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self.ended = False

    def receive(self, data: bytes) -> bytes:
        """Return the body's bytes that ``data`` completes."""
        assert not self.ended, "bytes behind the last chunk"
        self._buffer += data
        body = bytearray()
        while not self.ended:
            line_end = self._buffer.find(b"\r\n")
            if line_end < 0:
                assert len(self._buffer) < 20, "no size of a chunk"
                break
            size = int(self._buffer[:line_end].decode(), 16)
            end = line_end + 2 + size
            if len(self._buffer) < end + 2:
                break
            assert self._buffer[end : end + 2] == b"\r\n", "a chunk without its end"
            body += self._buffer[line_end + 2 : end]
            del self._buffer[: end + 2]
            self.ended = size == 0
        return bytes(body)


class IcyReader:
    """Take the ICY blocks out of a body."""

    def __init__(self, metaint: int) -> None:
        self._metaint = self._left = metaint
        self._buffer = bytearray()
        self.sound = bytearray()
        """All sound so far."""

        self.titles: list[tuple[int, str]] = []
        """(bytes of sound before it, title), of each block that is not empty."""

    def receive(self, data: bytes) -> None:
        """Take the body's next bytes."""
        self._buffer += data
        while self._buffer:
            if self._left:
                taken = min(self._left, len(self._buffer))
                self.sound += self._buffer[:taken]
                del self._buffer[:taken]
                self._left -= taken
                continue
            length = self._buffer[0] * 16
            if len(self._buffer) < 1 + length:
                return
            if length:
                self._take_block(bytes(self._buffer[1 : 1 + length]))
            del self._buffer[: 1 + length]
            self._left = self._metaint

    def _take_block(self, block: bytes) -> None:
        match = _BLOCK.fullmatch(block.decode("utf-8"))
        assert match is not None, f"no block of a title: {block!r}"
        self.titles.append((len(self.sound), match[1]))


@dataclass
class Listening:
    """One open answer."""

    status: int
    headers: dict[str, str]
    """By name in small letters."""

    _reader: asyncio.StreamReader
    _chunked: ChunkedReader | None
    _icy: IcyReader | None
    arrivals: list[tuple[float, int]] = field(default_factory=list)
    """(loop's time, bytes of sound so far) at each arrival."""

    _sound: bytearray = field(default_factory=bytearray)

    @property
    def sound(self) -> bytes:
        """All sound so far, without titles."""
        return bytes(self._sound if self._icy is None else self._icy.sound)

    @property
    def titles(self) -> list[str]:
        """All titles told so far."""
        return [] if self._icy is None else [title for _, title in self._icy.titles]

    async def read(self) -> bool:
        """Take what has come; False at the end."""
        data = await self._reader.read(65_536)
        if not data:
            return False
        body = data if self._chunked is None else self._chunked.receive(data)
        if self._icy is None:
            self._sound += body
        else:
            self._icy.receive(body)
        length = len(self._sound if self._icy is None else self._icy.sound)
        self.arrivals.append((asyncio.get_running_loop().time(), length))
        return True

    async def read_sound(self, length: int) -> bytes:
        """Read until there are so many bytes of sound; return all of them."""
        while len(self.sound) < length:
            assert await self.read(), "the sound ended"
        return self.sound

    async def until_title(self, title: str) -> None:
        """Read until a title is told last."""
        while self.titles[-1:] != [title]:
            assert await self.read(), "the sound ended"


@asynccontextmanager
async def listen(
    port: int,
    path: str,
    *,
    titles: bool = False,
    version: str = "1.1",
    method: str = "GET",
    receive_bytes: int = 65_536,
) -> AsyncIterator[Listening]:
    """Ask for a radio on loopback, and read its header.

    Args:
        port: Of the site.
        path: Of the radio.
        titles: Ask for titles too.
        version: Of HTTP.
        method: GET mostly.
        receive_bytes: How much the reader takes ahead.
    """
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=receive_bytes)
    try:
        extra = "Icy-MetaData: 1\r\n" if titles else ""
        head = f"{method} {path} HTTP/{version}\r\nHost: x\r\nUser-Agent: test\r\n{extra}\r\n"
        writer.write(head.encode())
        first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().strip().split("\r\n")
        headers: dict[str, str] = {}
        for line in lines:
            name, _, value = line.partition(": ")
            assert name.lower() not in headers, f"{name} twice"
            headers[name.lower()] = value
        chunked = headers.get("transfer-encoding") == "chunked"
        metaint = headers.get("icy-metaint")
        yield Listening(
            int(first.split(" ")[1]),
            headers,
            reader,
            ChunkedReader() if chunked else None,
            IcyReader(int(metaint)) if metaint else None,
        )
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
