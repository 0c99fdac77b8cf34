"""The system clock against a time server, once a minute (I/O shell)."""

from __future__ import annotations

import asyncio
from typing import Final

import structlog
from prometheus_client import CollectorRegistry, Gauge

from core.clock import unix_ns
from core.errors import FormatError, InputError
from monitoring.sntp import offset_s, question

__all__ = ["HostClock", "ask_time"]

log = structlog.get_logger()

_EVERY_S: Final = 60.0
_TIMEOUT_S: Final = 3.0
_TRIES: Final = 3
_NTP_PORT: Final = 123


class _Asker(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.answer: asyncio.Future[tuple[bytes, int]] = asyncio.get_running_loop().create_future()

    def datagram_received(self, data: bytes, _: tuple[str | object, int]) -> None:
        if not self.answer.done():
            self.answer.set_result((data, unix_ns()))

    def error_received(self, exc: Exception) -> None:
        if not self.answer.done():
            self.answer.set_exception(exc)


async def ask_time(server: str) -> float:
    """Return by how many seconds the system clock is ahead of ``server`` (``name[:port]``).

    Cancelling is safe.

    Raises:
        InputError: If nobody answers, or the answer is none.
    """
    host, _, port = server.partition(":")
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            transport, asker = await loop.create_datagram_endpoint(
                _Asker, remote_addr=(host, int(port or _NTP_PORT))
            )
            try:
                asked_ns = unix_ns()
                transport.sendto(question(asked_ns))
                answer, now_ns = await asker.answer
            finally:
                transport.close()
    except (OSError, TimeoutError) as error:
        raise InputError(f"{server} does not answer ({type(error).__name__})") from error
    return offset_s(answer, asked_ns=asked_ns, now_ns=now_ns)


class HostClock:
    """Keeps ``lensong_clock_offset_seconds``; without a server the family has no series."""

    def __init__(self, server: str | None, registry: CollectorRegistry) -> None:
        """Prepare; nothing is asked before :meth:`run`."""
        self._server = server
        self._offset = Gauge(
            "lensong_clock_offset_seconds",
            "System clock minus the time server's; no series while none is asked or answers",
            ("service",),
            registry=registry,
        )

    async def run(self) -> None:
        """Compare once a minute, for ever.  Cancelling is safe."""
        while True:
            if self._server is not None:
                await self._compare(self._server)
            await asyncio.sleep(_EVERY_S)

    async def _compare(self, server: str) -> None:
        found: list[float] = []
        for _ in range(_TRIES):
            try:
                found.append(await ask_time(server))
            except (InputError, FormatError) as error:
                log.warning("the time server gives no time", server=server, detail=str(error))
        if found:
            # A packet that was held up lies on one side; the middle one of three does not.
            self._offset.labels("monitoring").set(sorted(found)[len(found) // 2])
        else:
            self._offset.remove_by_labels({"service": "monitoring"})
