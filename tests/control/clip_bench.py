"""A clips' workshop for tests: an archive with a minute of radio, a guide, jobs that run."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Final

from control.clip_jobs import ClipJobs
from core.archive_disk import DiskArchive
from core.clip_records import DONE, FAILED, ClipRecord
from core.config import Settings, parse_settings
from core.guide import GuideSnapshot, Programme, Takedown
from core.guide_files import write_guide
from core.timeline import UnixNs, start_of_segment
from tests.clip_media import MSN, Recording, make_channel, record

__all__ = [
    "SEGMENTS",
    "START",
    "archive_radio",
    "make_settings",
    "programme",
    "put_guide",
    "running",
    "until",
]

SEGMENTS: Final = 8
START: Final = start_of_segment(MSN)
NS: Final = 1_000_000_000


@cache
def radio() -> Recording:
    """Return half a minute of radio; it is made once."""
    return record(make_channel("radio"), SEGMENTS)


async def archive_radio(folder: Path, *, holes: tuple[int, ...] = ()) -> None:
    """Archive it."""
    made = await asyncio.to_thread(radio)
    store = DiskArchive(folder / "data" / "archive")
    await made.put_into(store, holes=holes)
    store.close()


def make_settings(folder: Path, more: str = "") -> Settings:
    """Return the settings of a station with one radio channel."""
    return parse_settings(
        f"""
[station]
name = "Hưng Yên"
[paths]
data_dir = "{folder / "data"}"
run_dir = "{folder / "run"}"
[[channels]]
slug = "hyfm"
name = "Phát thanh Hưng Yên"
kind = "radio"
archive_days = 400
{more}
""",
        name="test",
    )


def programme(name: str, start_s: float, end_s: float, **more: object) -> Programme:
    """Return a programme; its times count from the recording's start, rounded up."""
    begin = -(-START // NS)
    values = {"id": name, "channel": "hyfm", "title": f"Nhà nông {name}", "series": "nha-nong"}
    return Programme(
        **{  # type: ignore[arg-type]
            **values,
            "start_s": begin + int(start_s),
            "end_s": begin + int(end_s),
            **more,
        }
    )


async def put_guide(
    settings: Settings, *programmes: Programme, takedowns: tuple[Takedown, ...] = ()
) -> None:
    """Write the channel's snapshot."""
    snapshot = GuideSnapshot(channel="hyfm", programmes=programmes, takedowns=takedowns)
    await asyncio.to_thread(write_guide, settings.paths.data_dir / "guide", snapshot)


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[ClipJobs]:
    """Have jobs run while the block does."""
    jobs = await asyncio.to_thread(ClipJobs, settings, lambda: DiskArchive(settings.archive_dir))
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(jobs.run())
        try:
            yield jobs
        finally:
            task.cancel()


async def until(
    jobs: ClipJobs,
    clip_id: str,
    reached: Callable[[ClipRecord], bool] = lambda one: one.state in {DONE, FAILED},
) -> ClipRecord:
    """Return a clip's record once it is so."""
    async with asyncio.timeout(15):
        while True:
            found = await jobs.find(clip_id)
            if found is not None and reached(found):
                return found
            await asyncio.sleep(0.01)


def moments(start_s: float, end_s: float) -> tuple[UnixNs, UnixNs]:
    """Return two moments, counted from the recording's start."""
    return UnixNs(START + round(start_s * NS)), UnixNs(START + round(end_s * NS))
