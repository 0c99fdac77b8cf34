"""Send sound to an Icecast server, as a radio's mixer does.

**Source:** Icecast 2.4's PUT protocol and its ``/admin/metadata`` call.
"""

from __future__ import annotations

import asyncio
import base64
import unicodedata
from collections.abc import AsyncIterable
from typing import Final
from urllib.parse import quote

from core.errors import RefusedError

__all__ = ["send_icecast", "set_icecast_title"]

_TIMEOUT_S: Final = 10.0


def _authorization(password: str) -> str:
    return "Basic " + base64.b64encode(f"source:{password}".encode()).decode()


async def send_icecast(
    *,
    host: str,
    port: int,
    mount: str,
    password: str,
    content_type: str,
    sound: AsyncIterable[bytes],
    sending: asyncio.Event | None = None,
) -> None:
    """Send ``sound`` until it ends.  Cancelling is safe: the connection is closed.

    Args:
        host: The server.
        port: Its port.
        mount: Path of the mount, ``/CHANNEL/INPUT``.
        password: The source's password.
        content_type: Such as ``audio/mpeg``.
        sound: Encoded sound, paced by its maker.
        sending: Set when the server has admitted us.

    Raises:
        RefusedError: If the server does not admit us, or stops reading.
        OSError: If the connection fails.
    """
    reader, writer = await asyncio.open_connection(host, port)
    try:
        head = (
            f"PUT {mount} HTTP/1.1\r\nHost: {host}:{port}\r\n"
            f"Authorization: {_authorization(password)}\r\nUser-Agent: Lensong demo\r\n"
            f"Content-Type: {content_type}\r\nIce-Public: 0\r\nExpect: 100-continue\r\n\r\n"
        )
        writer.write(head.encode())
        async with asyncio.timeout(_TIMEOUT_S):
            status = await _read_status(reader)
        if status not in {100, 200}:
            raise RefusedError(f"the server refuses the source: status {status}")
        if sending is not None:
            sending.set()
        async for data in sound:
            if reader.at_eof():
                raise RefusedError("the server has closed the connection", code="closed")
            writer.write(data)
            async with asyncio.timeout(_TIMEOUT_S):
                await writer.drain()
    except TimeoutError as error:
        raise RefusedError("the server does not go on", code="timeout") from error
    finally:
        writer.close()


async def set_icecast_title(*, host: str, port: int, mount: str, password: str, title: str) -> None:
    """Tell the server the song's title.

    Raises:
        RefusedError: If the server does not take it.
        OSError: If the connection fails.
    """
    song = quote(unicodedata.normalize("NFC", title), safe="")
    target = f"/admin/metadata?mode=updinfo&charset=UTF-8&mount={quote(mount)}&song={song}"
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                writer.write(
                    f"GET {target} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n"
                    f"Authorization: {_authorization(password)}\r\n\r\n".encode()
                )
                status = await _read_status(reader)
            finally:
                writer.close()
    except TimeoutError as error:
        raise RefusedError("the server does not answer", code="timeout") from error
    if status != 200:  # noqa: PLR2004
        raise RefusedError(f"the server does not take the title: status {status}")


async def _read_status(reader: asyncio.StreamReader) -> int:
    """Read the status line and the headers behind it."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
        return int(head.split(b" ", 2)[1])
    except (
        asyncio.IncompleteReadError,
        asyncio.LimitOverrunError,
        ValueError,
        IndexError,
    ) as fault:
        raise RefusedError("the server's answer is no HTTP") from fault
