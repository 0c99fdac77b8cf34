"""A settings file with an archive of some hours, for tests of the archive's commands."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, TypeVar

from core.archive import hour_at
from core.archive_disk import DiskArchive
from core.clock import unix_ns
from tests.memory_archive import MemoryArchive

__all__ = ["HOUR", "fill_archive", "local_time", "with_archive", "write_station"]

T = TypeVar("T")

HOUR: Final = (hour_at(unix_ns()) - 100) // 2 * 2
"""Long over, and within the days of every station; every second hour begins with a segment."""


def write_station(folder: Path, *, channel: str = "") -> Path:
    """Write settings of one radio channel, whose archive lies in ``folder / "archive"``."""
    file = folder / "station.toml"
    file.write_text(
        f"""
[station]
name = "Đài thử"
[paths]
data_dir = "{folder}"
run_dir = "{folder / "run"}"
[[channels]]
slug = "hyfm"
name = "Phát thanh Hưng Yên"
kind = "radio"
{channel}
""",
        encoding="utf-8",
    )
    return file


def local_time(hour: int, *, minutes: int = 0) -> str:
    """Return an hour's beginning as an operator writes it, with its zone."""
    return datetime.fromtimestamp(hour * 3600 + minutes * 60, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def fill_archive(folder: Path, work: Callable[[MemoryArchive], Awaitable[None]]) -> None:
    """Make the station's archive in memory, then on the disk: without a sync for each object."""
    archive = MemoryArchive()

    async def run() -> None:
        await work(archive)

    asyncio.run(run())
    for key, data in archive.stored.items():
        path = folder / "archive" / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def with_archive(folder: Path, work: Callable[[DiskArchive], Awaitable[T]]) -> T:
    """Do something with the station's archive in a loop of its own."""

    async def run() -> T:
        archive = DiskArchive(folder / "archive")
        try:
            return await work(archive)
        finally:
            archive.close()

    return asyncio.run(run())
