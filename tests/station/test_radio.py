"""Radio over plain HTTP from the studio to the listener, with what dies on the way."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp.test_utils import unused_port

from core.config import load_settings
from core.publication import PartPublished, SoundPublished
from tests.packager.station import SECRET, Follower, Station, new_station, running
from transcoder.service import ProgrammeService

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.media
@pytest.mark.timeout(240)
def test_every_player_hears_on_through_a_lost_studio_and_a_dead_encoder() -> None:
    """Curl, FFmpeg, PyAV and an ICY client, on both forms, for 40 s."""
    command = [sys.executable, "-m", "benchmarks.radio", "--seconds", "40", "--offset", "27000"]
    run = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    lines: list[dict[str, Any]] = [
        json.loads(line) for line in run.stdout.splitlines() if line.startswith("{")
    ]
    assert lines, run.stdout
    total = lines[-1]
    assert total["met"], run.stdout
    assert len(total["studio_outages_s"]) == 1
    assert total["encoders_killed"] == total["encoder_restarts"] == 1
    heard = [line for line in lines if "client" in line]
    assert {(line["client"], line["form"]) for line in heard} == {
        (client, form) for client in ("curl", "ffmpeg", "pyav", "icy") for form in ("mp3", "aac")
    }
    silences = [line["longest_silence_s"] for line in heard if line["client"] == "icy"]
    assert all(1 < silence_s <= total["studio_outages_s"][0] + 1 for silence_s in silences)


@pytest.fixture
def station() -> Iterator[Station]:
    with new_station(radio=True) as found:
        yield found


@asynccontextmanager
async def programme(station: Station) -> AsyncIterator[str]:
    """Run the radio's programme, which has no studio; yield its admin address."""
    port = unused_port()
    text = await asyncio.to_thread(station.file.read_text, encoding="utf-8")
    more = f"[network]\nfeeds_port = {unused_port()}\nprogramme_admin_port = {port - 1}"
    file = Path(station.folder, "programme.toml")
    await asyncio.to_thread(file.write_text, text.replace("[network]", more), encoding="utf-8")
    settings = await asyncio.to_thread(load_settings, file)
    service = await asyncio.to_thread(
        lambda: ProgrammeService(settings=settings, path=file, slug="hyfm", secret=SECRET)
    )
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(service.run())
        yield f"http://127.0.0.1:{port}"
        task.cancel()


async def kill_encoder(admin_url: str) -> None:
    headers = {"Authorization": f"Bearer {SECRET}"}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.get(f"{admin_url}/control/status") as answer,
    ):
        os.kill(int((await answer.json())["encoder_pid"]), signal.SIGKILL)


@pytest.mark.media
@pytest.mark.timeout(120)
async def test_a_restarted_encoder_repeats_nothing_and_leaves_nothing_out(station: Station) -> None:
    """It begins at a boundary that is past; what is published goes on, number by number."""
    async with (
        running(station),
        Follower.connect(station.settings.packager_socket) as follower,
        programme(station) as admin_url,
    ):
        told = await follower.until(lambda item: isinstance(item, SoundPublished))
        first = next(item.number for item in told if isinstance(item, SoundPublished))
        for after in (6, 24):  # early and late in a segment
            await follower.until(_reaches(first + after))
            await kill_encoder(admin_url)
        await follower.until(_reaches(first + 40))
    sounds = [item for item in follower.heard if isinstance(item, SoundPublished)]
    numbers = [item.number for item in sounds]
    assert numbers == list(range(first, numbers[-1] + 1))
    assert {len(item.data) for item in sounds} == {3_840}
    parts = [
        item.msn * 6 + item.part
        for item in follower.heard
        if isinstance(item, PartPublished) and item.rendition == "a128"
    ]
    assert parts == list(range(parts[0], parts[-1] + 1))


def _reaches(number: int) -> Any:
    return lambda item: isinstance(item, SoundPublished) and item.number >= number
