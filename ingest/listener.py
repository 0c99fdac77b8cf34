"""Listen for publishers: what the protocols that come in over TCP share (I/O shell)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias

from core.errors import ConfigError

__all__ = ["READ_BYTES", "Listener"]

READ_BYTES: Final = 64 * 1024
"""Bytes that are read of a publisher at a time, at most."""

_MAX_CONNECTIONS: Final = 256

Serve: TypeAlias = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Listener:
    """A port, and a task for each connection that comes to it."""

    def __init__(self, serve: Serve, *, host: str, port: int, whom: str) -> None:
        """Prepare; nothing is opened before :meth:`run`.

        Args:
            serve: Serves one connection to its end; the writer is closed behind it.
            host: Address to listen on.
            port: Port to listen on; 0 for any free one, which :attr:`port` then tells.
            whom: Who is listened for, for a complaint: ``"RTMP publishers"``.
        """
        self._serve, self._host, self._whom = serve, host, whom
        self._connections = 0
        self.port = port
        self.listening = asyncio.Event()
        """Set while the port is open."""

    async def run(self) -> None:
        """Serve until cancelled; then every connection is let go.

        Raises:
            ConfigError: If the address cannot be had.
        """
        async with asyncio.TaskGroup() as tasks:

            def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                tasks.create_task(self._connection(reader, writer))

            try:
                server = await asyncio.start_server(accept, self._host, self.port, limit=READ_BYTES)
            except OSError as error:
                raise ConfigError(
                    f"cannot listen on {self._host} port {self.port} for {self._whom}:"
                    f" {error.strerror or error}"
                ) from error
            self.port = server.sockets[0].getsockname()[1]
            self.listening.set()
            try:
                await asyncio.Event().wait()
            finally:
                self.listening.clear()
                server.close()

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._connections >= _MAX_CONNECTIONS:
            writer.transport.abort()
            return
        self._connections += 1
        try:
            await self._serve(reader, writer)
        finally:
            self._connections -= 1
            writer.close()
