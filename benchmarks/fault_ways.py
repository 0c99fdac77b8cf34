"""Ways to break what runs in a watched station: studios, decoders, encoders, processes.

Each is a context: broken inside, mended after it.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import Final, TypeAlias

import aiohttp

from benchmarks.watched_station import WatchedStation

__all__ = [
    "Breaking",
    "decoder_killed",
    "encoder_killed",
    "encoder_starved",
    "origins_cut_off",
    "packager_delayed",
    "process_paused",
    "processes_lagging",
    "processes_stopped",
    "studio_flapping",
    "studio_lost",
    "studio_says",
]

Breaking: TypeAlias = Callable[[WatchedStation], AbstractAsyncContextManager[None]]

_READY_S: Final = 60.0


# Studios


def studio_says(word: str, channel: str = "hytv") -> Breaking:
    """Have a studio send ``black``, ``freeze``, ``silence`` or ``loud``."""

    @asynccontextmanager
    async def breaking(watched: WatchedStation) -> AsyncIterator[None]:
        file = watched.station.fault_file(channel, "studio")
        await asyncio.to_thread(file.write_text, word, encoding="ascii")
        try:
            yield
        finally:
            await asyncio.to_thread(file.unlink, missing_ok=True)

    return breaking


def studio_lost(channel: str = "hytv") -> Breaking:
    """Kill a studio as a power cut does; afterwards it is back on air."""

    @asynccontextmanager
    async def breaking(watched: WatchedStation) -> AsyncIterator[None]:
        await watched.station.unplug(channel, "studio")
        yield
        await watched.station.plug_in(channel, "studio")
        await watched.station.until_on_air("studio", _READY_S, channel)

    return breaking


def studio_flapping(channel: str, times: int) -> Breaking:
    """Have a studio stand still for a moment, and come back, so many times."""

    @asynccontextmanager
    async def breaking(watched: WatchedStation) -> AsyncIterator[None]:
        station = watched.station
        for _ in range(times):
            station.signal_studio(channel, "studio", signal.SIGSTOP)
            try:
                await station.until_on_air("backup", _READY_S, channel)
            finally:
                station.signal_studio(channel, "studio", signal.SIGCONT)
            await station.until_on_air("studio", _READY_S, channel)
        yield

    return breaking


# A programme's FFmpeg


def decoder_killed(channel: str = "hytv") -> Breaking:
    """Kill the decoder of the main input, once."""

    @asynccontextmanager
    async def breaking(watched: WatchedStation) -> AsyncIterator[None]:
        os.kill((await watched.station.status(channel))["decoder_pids"]["studio"], signal.SIGKILL)
        yield

    return breaking


def encoder_killed(times: int, channel: str = "hytv") -> Breaking:
    """Kill the encoder, and each of its successors once it works."""

    @asynccontextmanager
    async def breaking(watched: WatchedStation) -> AsyncIterator[None]:
        killed = 0

        async def is_new() -> bool:
            nonlocal killed
            pid = (await watched.station.status(channel))["encoder_pid"]
            if not pid or pid == killed:
                return False
            os.kill(pid, signal.SIGKILL)
            killed = pid
            return True

        for _ in range(times):
            await watched.station.until("a new encoder", is_new, _READY_S)
            await asyncio.sleep(1.0)
        yield

    return breaking


@asynccontextmanager
async def encoder_starved(watched: WatchedStation) -> AsyncIterator[None]:
    """Leave the encoder a hundredth of a processor."""

    async def pid() -> int:
        found = (await watched.station.status())["encoder_pid"]
        if not found:
            raise LookupError
        return int(found)

    # The 360p ladder needs a tenth of a processor; two threads get a hundredth of one each.
    async with _stopping(pid, 0.004, 0.4):
        yield


# Processes


def processes_stopped(*processes: tuple[str, ...]) -> Breaking:
    """Stop services, each named by words of its command line, until the end."""

    @asynccontextmanager
    async def breaking(watched: WatchedStation) -> AsyncIterator[None]:
        pids = [watched.station.service_pid("-m", *words) for words in processes]
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in pids:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)
        await _studios_back(watched)

    return breaking


def process_paused(seconds: float, *words: str) -> Breaking:
    """Stop a service for a moment, less than it takes until somebody calls it stopped."""

    @asynccontextmanager
    async def breaking(watched: WatchedStation) -> AsyncIterator[None]:
        async with processes_stopped(words)(watched):
            await asyncio.sleep(seconds)
        yield

    return breaking


@asynccontextmanager
async def origins_cut_off(watched: WatchedStation) -> AsyncIterator[None]:
    """Somebody cleans ``run_dir`` of the packager's socket; then the origins are started again."""
    settings = watched.station.settings
    socket = settings.packager_socket
    aside = socket.with_suffix(".aside")
    await asyncio.to_thread(socket.rename, aside)
    try:
        for index in range(settings.origin.count):
            os.kill(watched.station.service_pid("-m", "origin", str(index)), signal.SIGKILL)
        yield
    finally:
        await asyncio.to_thread(aside.rename, socket)


def processes_lagging(*processes: tuple[str, ...]) -> Breaking:
    """Have services stand still for a quarter of a second every two seconds."""

    @asynccontextmanager
    async def breaking(watched: WatchedStation) -> AsyncIterator[None]:
        async with asyncio.TaskGroup() as tasks:
            lags = [tasks.create_task(_lag(watched, words)) for words in processes]
            yield
            for lag in lags:
                lag.cancel()

    return breaking


async def _lag(watched: WatchedStation, words: tuple[str, ...]) -> None:
    async def pid() -> int:
        return watched.station.service_pid("-m", *words)

    async with _stopping(pid, 1.75, 0.25):
        await asyncio.Event().wait()


@asynccontextmanager
async def packager_delayed(watched: WatchedStation) -> AsyncIterator[None]:
    """Let the packager run only a quarter of each second."""

    async def pid() -> int:
        return watched.station.service_pid("-m", "packager")

    async with _stopping(pid, 0.25, 0.75):
        yield


async def _studios_back(watched: WatchedStation) -> None:
    """Wait until each channel's first input is on air again: studios that lost time have ended."""
    for channel in watched.station.settings.channels:
        await watched.station.until_on_air(channel.inputs[0].name, _READY_S, channel.slug)


_STOP_AND_GO: Final = """
import os, signal, sys, time
pid, run_s, stand_s = int(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3])
try:
    while os.getppid() != 1:
        os.kill(pid, signal.SIGSTOP)
        time.sleep(stand_s)
        os.kill(pid, signal.SIGCONT)
        time.sleep(run_s)
except ProcessLookupError:
    pass
"""


@asynccontextmanager
async def _stopping(
    pid_of: Callable[[], Awaitable[int]], run_s: float, stand_s: float
) -> AsyncIterator[None]:
    """Let a process run only part of the time, as on a machine that has none left for it.

    Its successors fare no better.  A process of its own keeps the time, to the millisecond.
    """

    async def stop_and_go() -> None:
        while True:
            with suppress(aiohttp.ClientError, TimeoutError, LookupError):
                pid = await pid_of()
                await _stop_and_go(pid, run_s, stand_s)
            await asyncio.sleep(0.05)

    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(stop_and_go())
        try:
            yield
        finally:
            task.cancel()


async def _stop_and_go(pid: int, run_s: float, stand_s: float) -> None:
    """Stop and continue a process until it is gone, or this is cancelled."""
    arguments = [sys.executable, "-c", _STOP_AND_GO, str(pid), str(run_s), str(stand_s)]
    process = await asyncio.create_subprocess_exec(*arguments)
    try:
        await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)
