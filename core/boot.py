"""Start a service as a process: logging, the event loop, signals, and a clear end.

Exit codes: 0 after SIGTERM or SIGINT, 2 when the settings or the machine do not allow a
start (one clear sentence on standard error), 1 for a bug (with its traceback).
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Final, NoReturn, Protocol

import uvloop

from core.errors import ConfigError
from core.logs import start_logging
from core.tasks import leaf_errors

__all__ = ["AUDIENCE", "ON_AIR", "Runnable", "run_service"]

ON_AIR: Final = -10
"""Niceness of the chain on air, FFmpeg included: whatever the audience asks for, it comes first."""

AUDIENCE: Final = 5
"""Niceness of what answers the audience."""


class Runnable(Protocol):
    """What a service is to the process that runs it."""

    async def run(self) -> None:
        """Do the service's work until cancelled."""


def run_service(
    name: str,
    build: Callable[[], Runnable],
    *,
    channel: str | None = None,
    niceness: int = 0,
) -> NoReturn:
    """Build a service, run it until a signal, and exit.

    Args:
        name: Name of the service, for logs.
        build: Makes the service; it may raise :exc:`~core.errors.ConfigError`.
        channel: Slug, for a process that serves one channel.
        niceness: Its place on the processor: :data:`ON_AIR` or :data:`AUDIENCE`.
    """
    start_logging(name, channel=channel)
    with suppress(PermissionError):  # only root may go before others; without it, as it is
        os.nice(niceness)
    faults: list[BaseException] = []
    try:
        uvloop.run(_until_stopped(build()))
    except* ConfigError as group:
        faults += leaf_errors(group)  # an exit from here would be wrapped into a group itself
    for error in faults:
        print(f"{name}: {error}", file=sys.stderr)  # noqa: T201 - for the operator's eyes
    sys.exit(2 if faults else 0)


async def _until_stopped(service: Runnable) -> None:
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    async with asyncio.TaskGroup() as tasks:
        work = tasks.create_task(service.run())
        tasks.create_task(_cancel_when(stopped, work))
        await asyncio.wait([work])
        stopped.set()


async def _cancel_when(stopped: asyncio.Event, work: asyncio.Task[None]) -> None:
    await stopped.wait()
    work.cancel()
