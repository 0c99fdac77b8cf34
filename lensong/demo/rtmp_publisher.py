"""Publish FLV tags to an RTMP server, as a studio's encoder does."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterable
from contextlib import suppress
from typing import Final

from core.errors import RefusedError
from core.tasks import first_error
from lensong.demo.flv import FlvTag
from lensong.demo.rtmp_client import RtmpClient

__all__ = ["publish_rtmp"]

_START_TIMEOUT_S: Final = 10.0
_WRITE_TIMEOUT_S: Final = 10.0
_NONCE_BYTES: Final = 1528


async def publish_rtmp(
    *,
    host: str,
    port: int,
    app: str,
    stream_key: str,
    tags: AsyncIterable[FlvTag],
    publishing: asyncio.Event | None = None,
) -> None:
    """Connect, publish ``tags`` until they end, and say goodbye.

    The key travels inside the protocol only; it is no argument of any process.
    Cancelling is safe: the connection is closed.

    Args:
        host: The server.
        port: Its port.
        app: The application; Lensong's is the channel.
        stream_key: ``INPUT.KEY``.
        tags: FLV tags in decode order, paced by their maker.
        publishing: Set when the server has admitted us.

    Raises:
        RefusedError: If the server does not admit us, or ends the publication.
        OSError: If the connection fails.
    """
    client = RtmpClient(
        app=app,
        url=f"rtmp://{host}:{port}/{app}",
        stream_key=stream_key,
        nonce=secrets.token_bytes(_NONCE_BYTES),
    )
    reader, writer = await asyncio.open_connection(host, port)
    fault: BaseException | None = None
    try:
        writer.write(client.start())
        async with asyncio.timeout(_START_TIMEOUT_S):
            while not client.publishing:
                await _read_some(client, reader, writer)
        if publishing is not None:
            publishing.set()
        async with asyncio.TaskGroup() as tasks:
            listening = tasks.create_task(_listen(client, reader, writer))
            async for tag in tags:
                writer.write(client.tag(tag.kind, tag.timestamp_ms, tag.payload))
                async with asyncio.timeout(_WRITE_TIMEOUT_S):
                    await writer.drain()
            listening.cancel()
        writer.write(client.goodbye())
        with suppress(TimeoutError):
            async with asyncio.timeout(1.0):
                await writer.drain()
    except* (RefusedError, OSError) as group:
        fault = first_error(group)
    finally:
        writer.close()
    if isinstance(fault, TimeoutError):
        raise RefusedError("the server takes no more bytes", code="timeout")
    if fault is not None:
        raise fault


async def _listen(
    client: RtmpClient, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    while True:
        await _read_some(client, reader, writer)


async def _read_some(
    client: RtmpClient, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    data = await reader.read(64 * 1024)
    if not data:
        raise RefusedError("the server has closed the connection", code="closed")
    answer = client.receive(data)
    if answer:
        writer.write(answer)
