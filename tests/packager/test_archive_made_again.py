"""What the archivist writes into an index, the objects alone say again."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from core.archive import Hole, index_key, numbers_of
from core.archive_read import read_index, verify_hour
from core.archive_rebuild import UNKNOWN_REASON, rebuild_hour
from core.publication import HourArchived
from core.timeline import start_of_segment
from tests.packager.test_archivist import HOUR, RENDITIONS, Bench

LAST = numbers_of(HOUR)[-1]


@pytest.mark.timeout(60)
async def test_an_hour_with_two_changes_of_header_is_made_again_from_its_objects(
    tmp_path: Path,
) -> None:
    bench = Bench(tmp_path)
    async with bench.running():
        bench.now = start_of_segment(LAST - 8)
        bench.send(*range(LAST - 9, LAST - 5))
        bench.send(*range(LAST - 5, LAST - 2), variant=1)
        bench.send(*range(LAST - 2, LAST + 1), *range(LAST + 2, LAST + 40), variant=2)
        async with asyncio.timeout(30):
            while not any(isinstance(i, HourArchived) and i.closed for i in bench.told):
                bench.heard.clear()
                await bench.heard.wait()
        for item in RENDITIONS:
            track = ("hyfm", item.name, HOUR)
            before = await read_index(bench.store, *track)
            assert before is not None
            assert [entry.first for entry in before.headers] == [LAST - 9, LAST - 5, LAST - 2]
            assert before.discontinuities == (LAST - 5, LAST - 2)
            assert (await verify_hour(bench.store, *track)).faults == ()
            await bench.store.delete([index_key(*track)])
            made = await rebuild_hour(bench.store, *track)
            first = numbers_of(HOUR)[0]
            assert made == replace(before, holes=(Hole(first, LAST - 10, UNKNOWN_REASON),))
            assert await read_index(bench.store, *track) == made
