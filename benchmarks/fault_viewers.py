"""Ways to break a watched station from outside: viewers, strangers, too many requests.

Each is a context: broken inside, mended after it.  Also the viewers of a station in order.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from typing import Final

import aiohttp

from benchmarks.fault_ways import Breaking
from benchmarks.station import Station
from benchmarks.watched_station import WatchedStation
from core.clock import unix_ns
from core.ladder import renditions_of
from core.timeline import SEGMENT_NS

__all__ = [
    "answers_in_error",
    "crowd",
    "crowd_gone",
    "held_requests",
    "overload",
    "slow_starts",
    "stalling_viewers",
    "wrong_keys",
]

_STALLING: Final = 25
_SLOW: Final = 25
_QUICK: Final = 700
"""So many that the slow ones are less than one in twenty."""

_AT_ONCE: Final = 50
"""A body has at most 64 reports."""

_REPORT_EVERY_S: Final = 15.0


async def _report(
    station: Station, channel: str, viewers: Iterable[str], state: str, more: str = ""
) -> None:
    now_ms = unix_ns() // 1_000_000
    lines = (
        f'cid="{channel}",e=ps{more},sid="viewer-{viewer}",st=l,sta={state},ts={now_ms},v=2'
        for viewer in viewers
    )
    headers = {"Content-Type": "application/cmcd"}
    url, data = f"{station.site}/qoe", "\n".join(lines)
    async with station.client.post(url, data=data, headers=headers) as answer:
        answer.raise_for_status()


def _names(kind: str, number: int) -> list[str]:
    return [f"{kind}-{index:04d}" for index in range(number)]


@asynccontextmanager
async def _meanwhile(work: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    """Do something over and over while the block lasts; what fails is done again."""

    async def again() -> None:
        while True:
            with suppress(aiohttp.ClientError, TimeoutError):
                await work()
            await asyncio.sleep(0)

    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(again())
        try:
            yield
        finally:
            task.cancel()


# Viewers


@asynccontextmanager
async def crowd(station: Station, channel: str, number: int) -> AsyncIterator[None]:
    """Have so many viewers, who are well, from when the site answers; see ``crowd_gone``."""
    away = station.folder / f"away-{channel}"
    names = _names("well", number)

    async def watch() -> None:
        if not await asyncio.to_thread(away.exists):
            for state, more in (("s", ""), ("p", ",msd=900")):
                await _report(station, channel, names, state, more)
            while not await asyncio.to_thread(away.exists):
                await _report(station, channel, names, "p")
                await asyncio.sleep(_REPORT_EVERY_S)
        await asyncio.sleep(1.0)

    async with _meanwhile(watch):
        yield


def crowd_gone(channel: str) -> Breaking:
    """Send the crowd of a channel away without a word, as a failing CDN does."""

    @asynccontextmanager
    async def breaking(watched: WatchedStation) -> AsyncIterator[None]:
        away = watched.station.folder / f"away-{channel}"
        await asyncio.to_thread(away.touch)
        try:
            yield
        finally:
            await asyncio.to_thread(away.unlink, missing_ok=True)

    return breaking


@asynccontextmanager
async def stalling_viewers(watched: WatchedStation) -> AsyncIterator[None]:
    """Twenty-five viewers whose player stands for three seconds of each twenty."""
    station, names = watched.station, _names("poor", _STALLING)
    await _report(station, "hytv", names, "s")
    await _report(station, "hytv", names, "p", ",msd=900")

    async def stall() -> None:
        await asyncio.sleep(17)
        await _report(station, "hytv", names, "r")
        await asyncio.sleep(3)
        await _report(station, "hytv", names, "p", ",bsd=(3000;v)")

    async with _meanwhile(stall):
        yield


def slow_starts(channel: str) -> Breaking:
    """Twenty-five viewers wait seven seconds for the picture; then 700 who do not."""

    async def start(watched: WatchedStation, kind: str, number: int, start_ms: int) -> None:
        names = _names(kind, number)
        await _report(watched.station, channel, names, "s")
        await _report(watched.station, channel, names, "p", f",msd={start_ms}")

    @asynccontextmanager
    async def breaking(watched: WatchedStation) -> AsyncIterator[None]:
        await start(watched, "slow", _SLOW, 7_000)
        yield
        for group in range(_QUICK // _AT_ONCE):
            await start(watched, f"quick{group}", _AT_ONCE, 800)

    return breaking


# Strangers


def wrong_keys(channel: str, times: int) -> Breaking:
    """Somebody tries keys at a studio's mount."""

    @asynccontextmanager
    async def breaking(watched: WatchedStation) -> AsyncIterator[None]:
        port = watched.station.settings.network.icecast_port
        url = f"http://127.0.0.1:{port}/{channel}/studio"
        for number in range(times):
            key = base64.b64encode(f"source:guess-{number}".encode()).decode()
            headers = {"Content-Type": "audio/mpeg", "Authorization": f"Basic {key}"}
            with suppress(aiohttp.ClientError):
                async with watched.station.client.put(url, headers=headers) as answer:
                    if answer.status < 400:
                        raise RuntimeError("a wrong key was taken")
        yield

    return breaking


# Requests


async def _ask(station: Station, url: str) -> None:
    with suppress(aiohttp.ClientError, TimeoutError):
        async with station.client.get(url) as answer:
            await answer.read()


async def _ask_together(station: Station, url: str, number: int) -> None:
    async with asyncio.TaskGroup() as tasks:
        for _ in range(number):
            tasks.create_task(_ask(station, url))


def _low_latency(station: Station) -> str:
    """Return the address of the first channel's first low-latency playlist."""
    channel = station.settings.channels[0]
    rendition = renditions_of(channel)[0].name
    return f"{station.site}/ll/{channel.slug}/{rendition}/index.m3u8"


def held_requests(number: int) -> Breaking:
    """Viewers who wait for the next segment, so many at each moment."""

    @asynccontextmanager
    async def breaking(watched: WatchedStation) -> AsyncIterator[None]:
        station = watched.station
        url = _low_latency(station)

        async def hold() -> None:
            await _ask_together(station, f"{url}?_HLS_msn={unix_ns() // SEGMENT_NS}", number)

        async with _meanwhile(hold):
            yield

    return breaking


@asynccontextmanager
async def overload(watched: WatchedStation) -> AsyncIterator[None]:
    """More held requests than the origin may hold: it answers 503."""
    station = watched.station
    url = _low_latency(station)
    limit = station.settings.origin.max_held_requests

    async def ask() -> None:
        msn = unix_ns() // SEGMENT_NS + 1
        await _ask_together(station, f"{url}?_HLS_msn={msn}&_HLS_part=0", 5 * limit)
        await asyncio.sleep(0.5)

    async with _meanwhile(ask):
        yield


def answers_in_error(address: Callable[[Station], str], *, a_second: int, share: float) -> Breaking:
    """Viewers ask steadily, a share of them for what the origin cannot read.

    Args:
        address: Of what it cannot read.
        a_second: Requests.
        share: Of those that it answers with 5xx.
    """

    @asynccontextmanager
    async def breaking(watched: WatchedStation) -> AsyncIterator[None]:
        station = watched.station
        good = f"{station.site}/live/{station.settings.channels[0].slug}/index.m3u8"
        owed = 0.0

        async def ask() -> None:
            nonlocal owed
            owed += a_second * share
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(asyncio.sleep(1.0))
                for _ in range(a_second - int(owed)):
                    await _ask(station, good)
                for _ in range(int(owed)):
                    await _ask(station, address(station))
            owed -= int(owed)

        async with _meanwhile(ask):
            yield

    return breaking
