"""packager.followers: the window and then each new fact, without loss or repeat between."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import pytest

from core.errors import ConfigError
from core.publication import (
    ChannelState,
    HeaderPublished,
    PartPublished,
    SegmentPublished,
    SnapshotEnd,
)
from packager import followers
from packager.followers import FollowerServer
from packager.window import SnapshotItem
from tests.packager.station import Follower, Station, live_msn, running

STATE = ChannelState(channel="hytv", on_air="studio", title="", since_ns=1)


def part(number: int, size_bytes: int = 10) -> PartPublished:
    return PartPublished(
        channel="hytv",
        rendition="234p",
        msn=number,
        part=0,
        header_hash="h",
        independent=True,
        data=bytes(size_bytes),
    )


def segment(number: int) -> SegmentPublished:
    return SegmentPublished(
        channel="hytv", rendition="234p", msn=number, header_hash="h", slate=False
    )


async def test_a_snapshot_then_what_happens(station: Station) -> None:
    window: list[SnapshotItem] = [(STATE, ()), (segment(1), (b"ab", b"cd"))]
    server = FollowerServer(station.settings.packager_socket, snapshot=lambda: list(window))
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(server.run())
        await server.listening.wait()
        async with Follower.connect(station.settings.packager_socket) as follower:
            first, second, end = follower.heard
            assert (first, end) == (STATE, SnapshotEnd())
            assert isinstance(second, SegmentPublished)
            assert second.data == b"abcd"
            server.publish([part(2), part(3)])
            await follower.until(lambda item: item == part(3))
            assert follower.heard[3:] == [part(2), part(3)]
        task.cancel()


async def test_nothing_is_lost_or_told_twice_between_snapshot_and_live(station: Station) -> None:
    """Followers that connect at any moment of a running channel all hear every number once."""
    window: list[SnapshotItem] = []
    server = FollowerServer(station.settings.packager_socket, snapshot=lambda: list(window))
    path = station.settings.packager_socket

    async def follow(after: asyncio.Event) -> list[int]:
        await after.wait()
        async with Follower.connect(path) as follower:
            if part(199) not in follower.heard:
                await follower.until(lambda item: item == part(199))
        return [item.msn for item in follower.heard if isinstance(item, PartPublished)]

    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(server.run())
        await server.listening.wait()
        starts = [asyncio.Event() for _ in range(4)]
        followings = [tasks.create_task(follow(start)) for start in starts]
        for number in range(200):
            if number % 50 == 0:
                starts[number // 50].set()
            window.append((part(number), ()))
            server.publish([part(number)])
            await asyncio.sleep(0)
        for following in followings:
            assert await following == list(range(200))
        task.cancel()


async def test_a_slow_follower_is_dropped_and_others_are_not(
    station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(followers, "MAX_BEHIND_BYTES", 4_000_000)
    path = station.settings.packager_socket
    server = FollowerServer(path, snapshot=list)
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(server.run())
        await server.listening.wait()
        slow_reader, slow_writer = await asyncio.open_unix_connection(path, limit=1_000)
        async with Follower.connect(path) as quick:
            number = 0
            async with asyncio.timeout(10):
                while server.followers == 2:
                    server.publish([part(number, 500_000)])
                    await quick.until(lambda item, n=number: item.msn == n)  # type: ignore[misc]
                    number += 1
            server.publish([part(number)])
            await quick.until(lambda item: isinstance(item, PartPublished) and item.msn == number)
            assert server.followers == 1
        with pytest.raises((OSError, asyncio.IncompleteReadError)):
            await slow_reader.readexactly(1 << 30)
        slow_writer.close()
        task.cancel()
    assert 8 < number < 40


async def test_a_dead_packagers_socket_is_replaced_and_a_living_ones_is_not(
    station: Station,
) -> None:
    path = station.settings.packager_socket

    def leave_a_dead_socket() -> None:
        path.parent.mkdir()
        with socket.socket(socket.AF_UNIX) as dead:
            dead.bind(str(path))

    await asyncio.to_thread(leave_a_dead_socket)
    async with running(station):
        with pytest.raises(ConfigError, match="another packager"):
            await FollowerServer(path, snapshot=list).run()
        async with Follower.connect(path) as follower:
            assert follower.window == [SnapshotEnd()]


@pytest.mark.parametrize("name", ["x" * 120, "file"])
async def test_a_socket_that_cannot_be_is_a_sentence(station: Station, name: str) -> None:
    path = station.folder / name

    def put_a_file_there() -> None:
        Path(station.folder / "file").write_text("")

    await asyncio.to_thread(put_a_file_there)
    with pytest.raises(ConfigError, match="socket"):
        await FollowerServer(path, snapshot=list).run()


async def test_a_late_follower_is_told_the_window_of_a_running_packager(station: Station) -> None:
    msn = live_msn()
    async with running(station) as sender:
        await sender.headers()
        await sender.segments(msn - 2, msn - 1, msn)
        async with Follower.connect(station.settings.packager_socket) as follower:
            headers = [item for item in follower.heard if isinstance(item, HeaderPublished)]
            segments = [item for item in follower.heard if isinstance(item, SegmentPublished)]
    assert [item.rendition for item in headers] == ["234p", "a96", "a32"]
    assert [(item.msn, item.rendition, len(item.data)) for item in segments] == [
        (number, name, 6 * (212 if name == "234p" else 148))
        for number in (msn - 2, msn - 1, msn)
        for name in ("234p", "a96", "a32")
    ]
