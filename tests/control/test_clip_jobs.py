"""control.clip_jobs: real media, a real folder; order, make, fail, restart, delete."""

from __future__ import annotations

import asyncio
from pathlib import Path

import av
import pytest

from core.clip import ClipError
from core.clip_files import ClipFolder
from core.clip_records import DONE, FAILED, RUNNING, WAITING
from core.clock import unix_ns
from core.errors import RefusedError
from core.guide import Takedown
from core.timeline import UnixNs
from tests.clip_media import MSN
from tests.control.clip_bench import (
    archive_radio,
    make_settings,
    moments,
    programme,
    put_guide,
    running,
    until,
)

pytestmark = [pytest.mark.media, pytest.mark.timeout(60)]


def length_of(path: Path) -> tuple[int, float]:
    """Return bytes and seconds of a file."""
    with av.open(path, "r") as container:
        return path.stat().st_size, (container.duration or 0) / 1e6


async def test_an_order_becomes_a_file(tmp_path: Path) -> None:
    await archive_radio(tmp_path, holes=(MSN + 2,))
    settings = make_settings(tmp_path)
    start, end = moments(3, 14.5)
    async with running(settings) as jobs:
        asked = await jobs.order(channel="hyfm", start=start, end=end, by="api:hoa", title="Bão")
        assert (asked.state, len(asked.id), asked.public) == (WAITING, 32, False)
        made = await until(jobs, asked.id)
        path = jobs.path(made)
    assert (made.state, made.progress, made.failure) == (DONE, 1.0, "")
    assert made.duration_s == 11.5
    assert made.holes == (("a128", MSN + 2, MSN + 2, "the studio was lost"),)
    assert await asyncio.to_thread(length_of, path) == (made.size_bytes, 11.5)
    assert await asyncio.to_thread(ClipFolder(settings.clips_dir).records) == [made]


async def test_a_job_that_was_running_begins_anew_after_a_restart(tmp_path: Path) -> None:
    await archive_radio(tmp_path)
    settings = make_settings(tmp_path)
    start, end = moments(3, 14.5)
    async with running(settings) as jobs:
        asked = await jobs.order(channel="hyfm", start=start, end=end, by="api:hoa")

    def be_killed() -> None:
        """Leave what a killed process leaves."""
        ClipFolder(settings.clips_dir).write(asked.follow(state=RUNNING, progress=0.4))
        (settings.clips_dir / f".{asked.id}.m4a.99").write_bytes(b"half")

    await asyncio.to_thread(be_killed)
    async with running(settings) as jobs:
        assert (await until(jobs, asked.id)).state == DONE
    left = await asyncio.to_thread(lambda: sorted(p.suffix for p in settings.clips_dir.iterdir()))
    assert left == [".json", ".m4a"]


async def test_a_failure_says_why(tmp_path: Path) -> None:
    await archive_radio(tmp_path)
    start, end = moments(-60, -30)
    async with running(make_settings(tmp_path)) as jobs:
        asked = await jobs.order(channel="hyfm", start=start, end=end, by="api:hoa")
        failed = await until(jobs, asked.id)
        assert failed.state == FAILED
        assert failed.failure == "nothing of hyfm/a128 is archived in that span"
        assert not await asyncio.to_thread(jobs.path(failed).exists)


async def test_what_the_rights_forbid_is_refused_unless_forced(tmp_path: Path) -> None:
    await archive_radio(tmp_path)
    settings = make_settings(tmp_path)
    await put_guide(settings, programme("a", 2, 8, blackout=True))
    start, end = moments(3, 6)
    async with running(settings) as jobs:
        with pytest.raises(RefusedError, match="reason"):
            await jobs.order(channel="hyfm", start=start, end=end, by="api:hoa")
        asked = await jobs.order(
            channel="hyfm", start=start, end=end, by="api:hoa", reason="theo công văn 12"
        )
        made = await until(jobs, asked.id)
        assert (made.state, made.forced) == (DONE, "theo công văn 12")


async def test_what_is_taken_down_before_its_turn_is_not_made(tmp_path: Path) -> None:
    await archive_radio(tmp_path)
    settings = make_settings(tmp_path)
    start, end = moments(3, 6)
    async with running(settings) as jobs:
        asked = await jobs.order(channel="hyfm", start=start, end=end, by="api:hoa")
        await until(jobs, asked.id)
        start_s = start // 10**9
        await put_guide(settings, takedowns=(Takedown(start_s=start_s, end_s=start_s + 1),))
        await jobs.add(asked)
        again = await until(jobs, asked.id, lambda one: one.state == FAILED)
        assert "rights" in again.failure


async def test_a_clip_of_the_future_waits_and_lets_others_go_before(tmp_path: Path) -> None:
    await archive_radio(tmp_path)
    async with running(make_settings(tmp_path)) as jobs:
        now = unix_ns()
        later = await jobs.order(
            channel="hyfm", start=now, end=UnixNs(now + 600 * 10**9), by="api:hoa"
        )
        noted = await until(jobs, later.id, lambda one: one.note != "")
        assert (noted.state, "on air" in noted.note) == (WAITING, True)
        start, end = moments(3, 6)
        asked = await jobs.order(channel="hyfm", start=start, end=end, by="api:hoa")
        assert (await until(jobs, asked.id)).state == DONE
        assert (await until(jobs, later.id, lambda _: True)).state == WAITING


async def test_a_deleted_clip_is_gone_with_its_file(tmp_path: Path) -> None:
    await archive_radio(tmp_path)
    settings = make_settings(tmp_path)
    start, end = moments(3, 6)
    async with running(settings) as jobs:
        asked = await jobs.order(channel="hyfm", start=start, end=end, by="api:hoa")
        await jobs.remove(asked.id)  # perhaps while it is made
        assert await jobs.find(asked.id) is None
        other = await jobs.order(channel="hyfm", start=start, end=end, by="api:hoa")
        await until(jobs, other.id)
        assert await jobs.remove(other.id) is not None
        assert await jobs.remove(other.id) is None
        assert await asyncio.to_thread(lambda: [*settings.clips_dir.iterdir()]) == []


async def test_number_and_space_are_bounded(tmp_path: Path) -> None:
    await archive_radio(tmp_path)
    settings = make_settings(tmp_path, "[clips]\nmax_clips = 2\nmax_gb = 0.0001")
    start, end = moments(3, 20)
    async with running(settings) as jobs:
        first = await jobs.order(channel="hyfm", start=start, end=end, by="api:hoa")
        assert (await until(jobs, first.id)).state == DONE
        second = await jobs.order(channel="hyfm", start=start, end=end, by="api:hoa")
        assert "clips.max_gb" in (await until(jobs, second.id)).failure
        with pytest.raises(ClipError, match="max_clips"):
            await jobs.order(channel="hyfm", start=start, end=end, by="api:hoa")
