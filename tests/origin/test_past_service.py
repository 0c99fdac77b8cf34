"""The past from the whole origin: its settings, its archive, its guide, what its packager tells."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession

from core.archive import SegmentRecord, hours_of, make_index, numbers_of, render_index
from core.clock import unix_ns
from core.config import Settings
from core.guide import GuideSnapshot, Programme, Takedown
from core.guide_files import write_guide
from core.publication import HourArchived, SegmentArchived
from core.timeline import UnixNs, msn_at
from origin.service import Origin
from tests.origin.broadcast import Packager
from tests.origin.recorded_origin import live_facts, media_of, record_channels
from tests.recorded_media import Media, recorded_settings

pytestmark = [pytest.mark.media, pytest.mark.timeout(60)]


def told_hours(
    settings: Settings, media: tuple[Media, Media], first: int, last: int
) -> list[HourArchived]:
    """Return what a packager tells of open hours."""
    found = []
    for slug, name, item in media_of(settings, media):
        for hour in hours_of(first, last):
            records = [
                SegmentRecord(msn=msn, size_bytes=9, sha256=bytes(32), header_hash=item.header_hash)
                for msn in numbers_of(hour)
                if first <= msn <= last
            ]
            index = make_index(
                channel=slug,
                rendition=name,
                hour=hour,
                track=item.facts,
                records=records,
                reasons={},
                discontinuities=(),
            )
            data = render_index(index)
            told = HourArchived(channel=slug, rendition=name, hour=hour, closed=False, data=data)
            found.append(told)
    return found


def write_station(settings: Settings, media: tuple[Media, Media], edge: int) -> None:
    """Write the archive and the guide; blocks."""
    now_s = edge * 384 // 100
    programme = Programme(
        id="news", channel="hytv", start_s=now_s - 300, end_s=now_s - 200, title="Tin tức"
    )
    guide = GuideSnapshot(
        channel="hytv",
        programmes=(programme,),
        takedowns=(Takedown(start_s=now_s - 700, end_s=now_s - 600),),
    )

    # No index: the packager tells what is there.
    record_channels(settings, media, edge - 250, edge - 10, indexes=False)
    write_guide(settings.paths.data_dir / "guide", guide)


async def test_the_whole_origin_answers_for_the_past(
    tmp_path: Path, media: tuple[Media, Media], unused_tcp_port_factory: Any
) -> None:
    ports = [unused_tcp_port_factory(), unused_tcp_port_factory()]
    more = f"http_port = {ports[0]}\norigin_admin_port = {ports[1]}"
    settings = recorded_settings(tmp_path, more=more)
    edge = msn_at(UnixNs(unix_ns())) - 1
    now_s = edge * 384 // 100
    await asyncio.to_thread(write_station, settings, media, edge)
    facts = await asyncio.to_thread(live_facts, settings, media, edge - 23, edge)
    told = told_hours(settings, media, edge - 250, edge - 21)
    packager = Packager(settings.packager_socket, [*facts[:-1], *told])
    origin = await asyncio.to_thread(
        Origin,
        tmp_path / "s.toml",
        settings,
        index=0,
        secret="a secret of the tests",  # noqa: S106
    )
    site = f"http://127.0.0.1:{ports[0]}"
    async with (
        packager.serving(),
        ClientSession() as session,
        asyncio.TaskGroup() as tasks,
    ):
        running = tasks.create_task(origin.run())
        await origin.public.listening.wait()
        await origin.follower.told.wait()

        async def get(path: str) -> tuple[int, str]:
            async with session.get(site + path) as response:
                return response.status, await response.text()

        status, text = await get(f"/catchup/hytv/{now_s - 900}-now/64p/index.m3u8")
        assert status == 200
        assert f"/{edge}.m4s\n" in text
        assert text.count("#EXT-X-GAP") in {27, 28}  # what was taken down, and nothing else
        assert (await get(f"/catchup/hytv/{now_s - 690}-{now_s - 610}/index.m3u8"))[0] == 404
        assert (await get(f"/media/hytv/64p/{(now_s - 650) * 100 // 384}.m4s"))[0] == 404
        assert (await get("/programmes/news/index.m3u8"))[0] == 200
        assert (await get("/dvr/hytv/64p/index.m3u8"))[0] == 200
        status, _ = await get(f"/live/hytv/index.m3u8?utc={now_s - 300}&duration=60")
        assert status == 200
        later = SegmentArchived(
            channel="hyfm", rendition="a64", msn=edge - 300, header_hash="0" * 16, size_bytes=9,
            sha256="00" * 32, slate=False,
        )  # fmt: skip
        packager.publish([later])
        while f"/{edge - 300}.m4s" not in text:
            _, text = await get(f"/catchup/hyfm/{now_s - 1_160}-now/a64/index.m3u8")
        async with session.get(f"http://127.0.0.1:{ports[1]}/metrics") as response:
            metrics = await response.text()
        assert 'lensong_http_requests_total{channel="hytv",code="2xx",handler="catchup"}' in metrics
        assert 'lensong_origin_cache_requests_total{result="miss",tier="media"}' in metrics
        running.cancel()
