"""What a list of the past costs with cold caches: archives of 1, 7 and 30 days, disk and S3.

Each request is answered by an origin that has read nothing yet, index reading and gzip included.
The processor time is this process's own, all its threads; with S3 the client's share is in it, and
the server, moto's, runs in a process of its own.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import statistics
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from benchmarks.s3_copy import copied_to_s3
from core.archive_disk import DiskArchive
from core.archive_store import ArchiveStore
from core.config import Settings
from core.timeline import UnixNs, start_of_segment
from origin.archive import ArchiveReader
from origin.past import parse_past
from origin.preparation import Preparation
from origin.prepared import ResponseTable
from origin.recordings import Query, Recordings
from origin.told import ToldHours
from tests.origin.recorded_origin import EDGE, CountingStore, FixedGuide, live_facts
from tests.recorded_media import Media, Recorder, make_media, recorded_settings

__all__ = ["catch_up"]

_DAY: Final = 22_500
_TARGETS_MS: Final = {1: 10.0, 24: 100.0}
_REWIND_BYTES: Final = (6_000, 1_000)


class _Cold:
    """An origin that has read nothing."""

    def __init__(self, settings: Settings, store: ArchiveStore) -> None:
        self.store = CountingStore(store)
        self.preparation = Preparation(ResponseTable(max_held=1), settings.channels)
        reader = ArchiveReader(self.store, ToldHours(), media_bytes=1_000_000)
        self.lists = Recordings(
            self.preparation,
            reader,
            FixedGuide(),
            settings.channels,
            now=lambda: UnixNs(start_of_segment(EDGE + 1)),
        )

    async def get(self, path: str, *, skip: bool = False) -> int:
        """Answer one request; return the length of the packed body."""
        which = parse_past(path)
        assert which is not None
        answer = await self.lists.answer(which, Query(skip=skip), gzip=True)
        assert answer.status == 200, (path, answer.body)
        return answer.length


async def _latest(stop: asyncio.Event) -> float:
    """Return how late, in milliseconds, the loop was at most: what a held viewer would feel."""
    worst = 0.0
    while not stop.is_set():
        before = time.perf_counter()
        await asyncio.sleep(0.001)
        worst = max(worst, (time.perf_counter() - before - 0.001) * 1e3)
    return worst


async def _idle() -> float:
    """Return how late the loop is at most in 30 ms of nothing: the machine's share."""
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        ticking = tasks.create_task(_latest(stop))
        await asyncio.sleep(0.03)
        stop.set()
    return round(ticking.result(), 2)


async def _measure(
    settings: Settings, store: ArchiveStore, *, hours: int, days: int, times: int
) -> dict[str, Any]:
    rng = random.Random(hours * 100 + days)  # noqa: S311 - moments, not secrets
    now_s = start_of_segment(EDGE + 1) // 10**9
    costs, waits, asked, late = [], [], [], []
    for _ in range(times):
        origin = _Cold(settings, store)
        start_s = now_s - rng.randrange(hours * 3600 + 60, max(days, 2) * 86_400 - 3_600)
        path = f"/catchup/hytv/{start_s}-{start_s + hours * 3_600}/64p/index.m3u8"
        stop = asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            ticking = tasks.create_task(_latest(stop))
            await asyncio.sleep(0)
            began_cpu, began = time.process_time(), time.perf_counter()
            await origin.get(path)
            costs.append((time.process_time() - began_cpu) * 1e3)
            waits.append((time.perf_counter() - began) * 1e3)
            stop.set()
        late.append(ticking.result())
        asked.append(len(origin.store.asked))
    return {
        "hours": hours,
        "days": days,
        "store": store.backend,
        "cpu_ms_median": round(statistics.median(costs), 2),
        "cpu_ms_p95": round(sorted(costs)[int(0.95 * (len(costs) - 1))], 2),
        "wall_ms_median": round(statistics.median(waits), 2),
        "requests_at_most": max(asked),
        "loop_late_ms_p95": round(sorted(late)[int(0.95 * (len(late) - 1))], 2),
        "loop_late_ms_at_most": round(max(late), 2),
        "target_cpu_ms": _TARGETS_MS[hours],
    }


async def _rewind(settings: Settings, store: ArchiveStore, media: tuple[Media, Media]) -> bool:
    origin = _Cold(settings, store)
    origin.preparation.begin_snapshot()
    for fact in live_facts(settings, media, EDGE - 23, EDGE):
        origin.preparation.apply(fact, stored_ns=0)
    sizes = [
        await origin.get("/dvr/hytv/64p/index.m3u8"),
        await origin.get("/dvr/hytv/64p/index.m3u8", skip=True),
    ]
    print(json.dumps({"rewind_gzip_bytes": sizes[0], "delta_gzip_bytes": sizes[1],
                      "target": _REWIND_BYTES}))  # fmt: skip
    return all(size <= most for size, most in zip(sizes, _REWIND_BYTES, strict=True))


def _write(settings: Settings, media: tuple[Media, Media], days: int) -> None:
    recorder = Recorder(settings.archive_dir, media[0], "hytv", "64p")
    holes = {EDGE - number for number in range(0, days * _DAY, 1_777)}
    recorder.write(EDGE - max(days, 2) * _DAY, EDGE - 10, missing=holes, segments=False)


@asynccontextmanager
async def _stores(settings: Settings, *, s3: bool) -> AsyncIterator[list[ArchiveStore]]:
    disk = DiskArchive(settings.archive_dir)
    try:
        if s3:
            async with copied_to_s3(settings.archive_dir) as store:
                yield [disk, store]
        else:
            yield [disk]
    finally:
        disk.close()


async def catch_up(*, s3: bool, times: int = 20) -> bool:
    """Print the figures of each archive; tell whether every target was met."""
    media = await make_media()
    good = True
    print(json.dumps({"loop_late_ms_idle": [await _idle() for _ in range(20)]}))
    for days in (1, 7, 30):
        with tempfile.TemporaryDirectory() as name:
            settings = recorded_settings(Path(name), archive_days=60)
            await asyncio.to_thread(_write, settings, media, days)
            async with _stores(settings, s3=s3) as stores:
                for store in stores:
                    for hours, target_ms in _TARGETS_MS.items():
                        row = await _measure(settings, store, hours=hours, days=days, times=times)
                        print(json.dumps(row), flush=True)
                        good = good and row["cpu_ms_median"] <= target_ms
                        good = good and row["requests_at_most"] <= hours + 1
                if days == 1:
                    good = await _rewind(settings, stores[0], media) and good
    return good


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--s3", action="store_true", help="in S3 too (moto's server)")
    parser.add_argument("--times", type=int, default=20, help="requests a row")
    given = parser.parse_args()
    good = asyncio.run(catch_up(s3=given.s3, times=given.times))
    print("every target met" if good else "A TARGET WAS MISSED")


if __name__ == "__main__":
    main()
