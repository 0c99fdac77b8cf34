"""origin.store: a real socket, a packager that comes and goes."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from core.errors import FormatError
from core.timeline import PartAddress
from origin.preparation import Preparation
from origin.prepared import ResponseTable
from origin.store import Follower
from origin.window import Change
from tests.origin.broadcast import MSN, Broadcast, Packager, make_settings

SETTINGS = make_settings()
RADIO = Broadcast(SETTINGS.channels[1])


class Listener:
    """Notes the changes of a follower, and tells when the edge reaches a part."""

    def __init__(self, path: Path) -> None:
        self.preparation = Preparation(ResponseTable(max_held=1), SETTINGS.channels)
        self.follower = Follower(path, self.preparation, self._changed)
        self._grew = asyncio.Event()

    def _changed(self, _: Change) -> None:
        self._grew.set()

    async def reach(self, address: PartAddress) -> None:
        """Wait until every rendition of the radio channel has the part."""
        while self.preparation.edge("hyfm") != address:
            self._grew.clear()
            await self._grew.wait()


async def test_follows_the_window_and_then_each_part(tmp_path: Path) -> None:
    packager = Packager(tmp_path / "s", [*RADIO.headers(), *RADIO.segments(MSN, MSN)])
    listener = Listener(packager.path)
    async with packager.serving(), asyncio.TaskGroup() as tasks:
        following = tasks.create_task(listener.follower.run())
        await listener.follower.told.wait()
        assert listener.preparation.edge("hyfm") == PartAddress(MSN, 5)
        assert listener.follower.following_since_ns is not None
        await packager.connected.wait()
        packager.publish(RADIO.live(MSN + 1, range(3)))
        await listener.reach(PartAddress(MSN + 1, 2))
        following.cancel()


async def test_ends_when_the_packager_does_and_keeps_the_window(tmp_path: Path) -> None:
    packager = Packager(tmp_path / "s", [*RADIO.headers(), *RADIO.segments(MSN, MSN)])
    listener = Listener(packager.path)
    async with packager.serving(), asyncio.TaskGroup() as tasks:
        following = tasks.create_task(listener.follower.run())
        await packager.connected.wait()
        await listener.follower.told.wait()
        await packager.hang_up()
        await following
        assert listener.follower.following_since_ns is None
        assert listener.follower.lost_ns is not None
        assert listener.preparation.edge("hyfm") == PartAddress(MSN, 5)


async def test_without_a_packager_there_is_an_error_to_come_back_from(tmp_path: Path) -> None:
    listener = Listener(tmp_path / "nobody")
    with pytest.raises(OSError, match="No such file"):
        await listener.follower.run()
    assert listener.follower.lost_ns is None


async def test_nonsense_ends_the_connection(tmp_path: Path) -> None:
    packager = Packager(tmp_path / "s", [RADIO.part("a64", MSN, 0)])
    listener = Listener(packager.path)
    async with packager.serving():
        with pytest.raises(FormatError):
            await listener.follower.run()
