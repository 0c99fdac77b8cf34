"""A blackout that is known beforehand, on a whole station, while the control room is down."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import sys
from pathlib import Path
from typing import Final
from urllib.parse import urljoin

import pytest

from benchmarks.station import Station, running_station
from core.clock import unix_ns
from tests.checker.decoded import Picture, decode_pictures

OFFSET: Final = 27_000
LENGTH_S: Final = 9
HALF_FRAME_S: Final = 0.02


async def lensong(station: Station, *words: str) -> str:
    """Run a command on the station's settings, as its operator does."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "lensong", *words),
        *("--settings", str(station.folder / "station.toml")),
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()
    return said.decode()


def guide_of(start_s: int, end_s: int) -> str:
    item = {"channel": "hytv", "start": start_s, "end": end_s, "title": "Trận đấu"}
    return json.dumps([item])


async def pictures_of(station: Station) -> list[Picture]:
    """Decode every picture of the live window's best rendition, header and all."""
    site = f"http://127.0.0.1:{station.settings.network.http_port}/live/hytv/index.m3u8"

    async def text(url: str) -> str:
        async with station.client.get(url) as answer:
            return await answer.text()

    async def data(url: str) -> bytes:
        async with station.client.get(url) as answer:
            assert answer.status == 200
            return await answer.read()

    lines = (await text(site)).splitlines()
    uri = next(line for line in lines if line and not line.startswith("#"))
    url = urljoin(site, uri)
    playlist = await text(url)
    assert "EXT-X-GAP" not in playlist
    header = re.search(r'EXT-X-MAP:URI="([^"]+)"', playlist)
    assert header is not None
    segments = [line for line in playlist.splitlines() if line and not line.startswith("#")]
    bodies = [await data(urljoin(url, segment)) for segment in segments]
    head = await data(urljoin(url, header[1]))
    return await asyncio.to_thread(decode_pictures, head, bodies)


def break_database(station: Station) -> None:
    """Leave neither a database nor a process that could open it."""
    folder = station.settings.paths.data_dir
    for path in folder.glob("control.db*"):
        path.write_bytes(b"no database any more")
    os.kill(station.service_pid("-m", "control"), signal.SIGKILL)


async def until_second(moment_s: float) -> None:
    """Wait for a moment of the programme: it is what is measured."""
    await asyncio.sleep(max(0.0, moment_s - unix_ns() / 1e9))


@pytest.fixture(autouse=True)
def no_blocking_calls() -> None:
    """The station is a measuring one, whose harness may block: nothing of ours runs in it."""


@pytest.mark.media
@pytest.mark.timeout(240)
def test_a_blackout_is_slate_to_the_frame_while_the_control_room_is_down() -> None:
    asyncio.run(_watch_a_blackout())


async def _watch_a_blackout() -> None:
    async with running_station(offset=OFFSET) as station:
        start_s = unix_ns() // 1_000_000_000 + 12
        end_s = start_s + LENGTH_S
        guide = Path(station.folder, "guide.json")
        await asyncio.to_thread(guide.write_text, guide_of(start_s, end_s), encoding="utf-8")
        await lensong(station, "guide", "import", str(guide))
        listed = json.loads(
            await asyncio.to_thread(
                (station.settings.guide_dir / "hytv.json").read_text, encoding="utf-8"
            )
        )
        name = listed["programmes"][0]["id"]
        assert "blackout" in await lensong(station, "rights", "set", name, "blackout")
        await asyncio.to_thread(break_database, station)
        await lensong(station, "take", "hytv", "backup")
        await until_second(start_s + 2)
        during = await station.status()
        assert (during["on_air"], during["take"], during["blackout"]) == ("slate", "backup", True)
        assert during["last_switch"]["reason"] == "schedule"
        assert await station.metric("lensong_channel_slate_seconds_total") > 0
        await until_second(end_s + 9)
        after = await station.status()
        assert (after["on_air"], after["blackout"]) == ("backup", False)
        pictures = await pictures_of(station)
        shown = json.loads(await lensong_status(station))
        assert not shown["processes"]["control"]["healthy"]
        healthy = {name for name, facts in shown["processes"].items() if facts["healthy"]}
        assert healthy >= {"ingest", "packager", "origin-0", "programme-hytv", "programme-hyfm"}
    assert pictures[0].time_s < start_s - 1
    assert pictures[-1].time_s > end_s + 1
    within = [
        picture
        for picture in pictures
        if start_s - HALF_FRAME_S < picture.time_s < end_s - HALF_FRAME_S
    ]
    assert len(within) == LENGTH_S * 25
    assert all(picture.number is None for picture in within)
    # The slate on the other side of the edges would be of the station's start.
    slate_beside = [
        round(picture.time_s - start_s, 2)
        for picture in pictures
        if picture.number is None and picture not in within and picture.time_s > start_s - 5
    ]
    assert slate_beside == []


async def lensong_status(station: Station) -> str:
    """Return ``lensong status --json``, which ends with 1 while a process is not healthy."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "lensong", "status", "--json"),
        *("--settings", str(station.folder / "station.toml")),
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await process.communicate()
    assert process.returncode == 1
    return said.decode()
