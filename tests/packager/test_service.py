"""packager.service: the whole packager, in this process and killed in its own."""

from __future__ import annotations

import asyncio
import json
import signal
from contextlib import suppress

import aiohttp
import pytest

from core.publication import (
    HoleDeclared,
    PartPublished,
    Publication,
    SegmentPublished,
    SnapshotEnd,
)
from tests.cmaf_media import make_header, make_segment
from tests.packager.station import (
    RADIO,
    Follower,
    Sender,
    Station,
    live_msn,
    process,
    ready,
    running,
    sending,
)


async def snapshot(station: Station) -> list[Publication]:
    """Return the window as a follower is told it, but for holes: those come with the clock."""
    async with Follower.connect(station.settings.packager_socket) as follower:
        return [item for item in follower.window if not isinstance(item, HoleDeclared)]


@pytest.mark.timeout(180)
async def test_a_killed_packager_comes_back_with_its_window(station: Station) -> None:
    msn = live_msn()
    video = station.renditions[0]
    async with sending(station) as sender:
        async with process(station) as child:
            await ready(sender.session, station, child)
            await sender.headers()
            await sender.segments(msn - 3, msn - 2, slate=True)
            await sender.segments(msn - 1)
            await sender.post(video.name, make_segment(video, msn, parts=2))
            before = await snapshot(station)
            child.send_signal(signal.SIGKILL)
            await child.wait()
        async with process(station) as child:
            await ready(sender.session, station, child)
            assert await snapshot(station) == before
            body = make_segment(video, msn)
            assert (await sender.post(video.name, body))[0] == 412  # the header, please
            await sender.headers()
            await sender.segments(msn)
            after = await snapshot(station)
            assert ("234p", msn) in {
                (i.rendition, i.msn) for i in after if isinstance(i, SegmentPublished)
            }
            child.terminate()
            assert await child.wait() == 0
    slates = {i.msn for i in before if isinstance(i, SegmentPublished) and i.slate}
    assert slates == {msn - 3, msn - 2}


@pytest.mark.timeout(180)
async def test_what_was_acknowledged_survives_a_kill_at_any_moment(station: Station) -> None:
    last = live_msn()
    acknowledged: set[tuple[str, int]] = set()
    async with sending(station) as sender:
        for kill_after in (2, 5, 9):  # the last never comes: that process ends by itself
            async with process(station) as child, asyncio.TaskGroup() as tasks:
                await ready(sender.session, station, child)
                told = await snapshot(station)
                whole = {(i.rendition, i.msn) for i in told if isinstance(i, SegmentPublished)}
                assert acknowledged <= whole
                if kill_after < 9:
                    tasks.create_task(kill_at(station, child, last - 8 + kill_after))
                    acknowledged |= await send_until_killed(sender, last - 8, last)
    assert len(acknowledged) > 12


async def send_until_killed(sender: Sender, first: int, last: int) -> set[tuple[str, int]]:
    """Post segments until the packager is gone; return those that it acknowledged."""
    found: set[tuple[str, int]] = set()
    with suppress(OSError, aiohttp.ClientError):
        await sender.headers()
        for msn in range(first, last + 1):
            for item in sender.station.renditions:
                status, _ = await sender.post(item.name, make_segment(item, msn))
                assert status == 200
                found.add((item.name, msn))
    return found


async def kill_at(station: Station, child: asyncio.subprocess.Process, msn: int) -> None:
    """Kill the packager when it publishes the first media of ``msn``."""
    async with Follower.connect(station.settings.packager_socket) as follower:
        media = PartPublished | SegmentPublished
        await follower.until(lambda item: isinstance(item, media) and item.msn >= msn)
        child.kill()


@pytest.mark.timeout(180)
async def test_a_missing_number_becomes_a_hole_by_the_clock(station: Station) -> None:
    msn = live_msn() - 1
    async with (
        running(station) as sender,
        Follower.connect(station.settings.packager_socket) as follower,
    ):
        await sender.headers()
        await sender.segments(msn)
        await sender.post("a96", make_segment(station.renditions[1], msn + 1))
        hole = HoleDeclared(channel="hytv", msn=msn + 1, reason="no 234p, a32")
        await follower.until(lambda item: item == hole)
        status = json.loads((await sender.admin("/control/status"))[1])
        assert msn + 1 in status["channels"]["hytv"]["holes"]
        metrics = (await sender.admin("/metrics"))[1]
        for rendition in ("234p", "a96", "a32"):
            assert f'gap_segments_total{{channel="hytv",rendition="{rendition}"}}' in metrics


async def test_status_tells_where_each_rendition_is(station: Station) -> None:
    msn = live_msn()
    async with running(station) as sender:
        await sender.headers()
        await sender.segments(msn - 1)
        await sender.post("a96", make_segment(station.renditions[1], msn, parts=3))
        code, text = await sender.admin("/control/status")
    assert code == 200
    told = json.loads(text)
    archive = told["channels"]["hytv"].pop("archive")
    assert archive.keys() == {"archived_up_to", "waiting_segments", "waiting_bytes", "failing"}
    assert told == {
        "followers": 0,
        "channels": {
            "hytv": {
                "edge_msn": msn,
                "holes": [],
                "complete_since_ns": (msn - 1) * 3_840_000_000,
                "renditions": {
                    "234p": {"msn": msn - 1, "part": 5},
                    "a96": {"msn": msn, "part": 2},
                    "a32": {"msn": msn - 1, "part": 5},
                },
            }
        },
    }


async def test_a_reload_adds_and_removes_channels_and_leaves_others_alone(
    station: Station,
) -> None:
    msn = live_msn()
    text = await asyncio.to_thread(station.file.read_text)
    async with running(station) as sender:
        await sender.headers()
        await sender.segments(msn)
        await asyncio.to_thread(station.file.write_text, text + RADIO)
        assert await sender.admin("/control/reload", method="POST") == (204, "")
        sound = station.renditions[1]
        body = make_header(sound)
        assert (await sender.post("a128", body, channel="hyfm"))[0] == 200
        metrics = (await sender.admin("/metrics"))[1]
        assert 'parts_total{channel="hyfm",rendition="a128"} 0.0' in metrics
        await asyncio.to_thread(station.file.write_text, text)
        assert (await sender.admin("/control/reload", method="POST"))[0] == 204
        assert (await sender.post("a128", body, channel="hyfm"))[0] == 404
        assert "hyfm" not in (await sender.admin("/metrics"))[1]
        told = await snapshot(station)
    assert sum(isinstance(item, SegmentPublished) for item in told) == 3
    assert told[-1] == SnapshotEnd()


async def test_a_bad_reload_is_refused_with_its_sentence(station: Station) -> None:
    text = await asyncio.to_thread(station.file.read_text)
    port = station.settings.network.cmaf_port
    async with running(station) as sender:
        await asyncio.to_thread(station.file.write_text, text + "colour = 3\n")
        code, reason = await sender.admin("/control/reload", method="POST")
        assert code == 409
        assert "colour" in reason
        moved = text.replace(f"cmaf_port = {port}", "cmaf_port = 1")
        await asyncio.to_thread(station.file.write_text, moved)
        code, reason = await sender.admin("/control/reload", method="POST")
        assert (code, reason) == (
            409,
            "network.cmaf_port: a change needs a restart of the packager\n",
        )
        assert (await sender.admin("/healthz")) == (200, "ok\n")


@pytest.mark.timeout(180)
async def test_a_busy_port_is_one_sentence_and_nothing_stays(station: Station) -> None:
    taken = await asyncio.start_server(
        lambda _, writer: writer.close(), "127.0.0.1", station.settings.network.cmaf_port
    )
    async with taken, process(station) as child:
        _, said = await child.communicate()
    port = station.settings.network.cmaf_port
    assert child.returncode == 2
    assert (
        said.decode()
        .splitlines()[-1]
        .startswith(f"packager: cannot listen on 127.0.0.1 port {port}")
    )
    assert "Traceback" not in said.decode()


@pytest.mark.timeout(180)
async def test_bad_settings_are_one_sentence(station: Station) -> None:
    await asyncio.to_thread(station.file.write_text, "[station")
    async with process(station) as child:
        _, said = await child.communicate()
    assert child.returncode == 2
    assert "is not TOML" in said.decode()
