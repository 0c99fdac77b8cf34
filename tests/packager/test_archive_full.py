"""A disk that is really full: a small tmpfs under the archive of a running packager."""

from __future__ import annotations

import asyncio
import hashlib
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from core.archive import segment_key
from core.publication import Publication, SegmentArchived, SegmentPublished
from tests.packager.station import Follower, Station, live_msn, running

_SIZE_KB = 256


@pytest.fixture
def full_disk(station: Station) -> Iterator[Path]:
    """Mount a tmpfs where the archive goes."""
    folder = station.settings.archive_dir
    folder.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={_SIZE_KB}k", "lensong-test", str(folder)]
    done = subprocess.run(mount, capture_output=True, check=False)
    if done.returncode:
        pytest.skip(f"cannot mount a tmpfs: {done.stderr.decode().strip()}")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def is_segment(
    kind: type[SegmentArchived | SegmentPublished], msn: int
) -> Callable[[Publication], bool]:
    """Return a test for one number of the sound of a publication."""

    def wanted(item: Publication) -> bool:
        return isinstance(item, kind) and item.rendition == "a96" and item.msn == msn

    return wanted


@pytest.mark.timeout(90)
async def test_live_goes_on_while_the_disk_is_full_and_nothing_is_lost(
    station: Station, full_disk: Path
) -> None:
    ballast = full_disk / "ballast"
    first = live_msn() - 9
    async with (
        running(station) as sender,
        Follower.connect(station.settings.packager_socket) as follower,
    ):
        await sender.headers()
        await sender.segments(first)
        await follower.until(is_segment(SegmentArchived, first))
        await asyncio.to_thread(fill, ballast)
        await sender.segments(*range(first + 1, first + 8))
        # Published at once, though nothing can be stored.
        await follower.until(is_segment(SegmentPublished, first + 7))
        archived = {i.msn for i in follower.heard if isinstance(i, SegmentArchived)}
        assert first + 7 not in archived
        status, text = await sender.admin("/control/status")
        assert status == 200
        async with asyncio.timeout(20):
            while '"failing": true' not in text:
                await asyncio.sleep(0.1)  # nothing tells it but the status
                _, text = await sender.admin("/control/status")
        metrics = (await sender.admin("/metrics"))[1]
        assert 'lensong_archive_write_errors_total{backend="disk"} 0.0' not in metrics
        await asyncio.to_thread(ballast.unlink)
        async with asyncio.timeout(30):
            while sum(isinstance(item, SegmentArchived) for item in follower.heard) < 24:
                await follower.until(lambda item: isinstance(item, SegmentArchived))
    stored = [i for i in follower.heard if isinstance(i, SegmentArchived)]
    assert {(i.rendition, i.msn) for i in stored} == {
        (item.name, msn) for item in station.renditions for msn in range(first, first + 8)
    }
    for fact in stored:
        path = station.settings.archive_dir / segment_key("hytv", fact.rendition, fact.msn)
        data = await asyncio.to_thread(path.read_bytes)
        assert hashlib.sha256(data).hexdigest() == fact.sha256


def fill(path: Path) -> None:
    """Write until there is no space left."""
    with path.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(4_096))
