"""core.archive_span: what an archive has, by its indexes and by its objects."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.archive import (
    Hole,
    SegmentRecord,
    header_marker_key,
    hour_of,
    index_key,
    make_index,
    numbers_of,
    render_index,
    segment_key,
)
from core.archive_disk import DiskArchive
from core.archive_span import FoundSegment, read_span
from core.errors import FormatError

HOUR = hour_of(467_501_000)
NUMBERS = numbers_of(HOUR)


async def test_an_hour_that_is_over_is_read_from_its_index(tmp_path: Path) -> None:
    store = DiskArchive(tmp_path)
    records = [
        SegmentRecord(msn=msn, size_bytes=9, sha256=bytes(32), header_hash="aa")
        for msn in NUMBERS[:10]
        if msn not in {NUMBERS[3], NUMBERS[4]}
    ]
    index = make_index(
        channel="c",
        rendition="r",
        hour=HOUR,
        track=None,
        records=records,
        reasons={NUMBERS[3]: "lost"},
        discontinuities=(),
    )
    await store.put(index_key("c", "r", HOUR), [render_index(index)])
    found = await read_span(store, "c", "r", NUMBERS[2], NUMBERS[5])
    assert found.segments == {
        NUMBERS[2]: FoundSegment("aa", 9, bytes(32)),
        NUMBERS[5]: FoundSegment("aa", 9, bytes(32)),
    }
    assert found.holes == (
        Hole(NUMBERS[3], NUMBERS[3], "lost"),
        Hole(NUMBERS[4], NUMBERS[4], "nothing was sent"),
    )
    assert found.size_bytes == 18
    store.close()


async def test_an_hour_that_is_running_is_read_from_its_objects(tmp_path: Path) -> None:
    store = DiskArchive(tmp_path)
    await store.put(header_marker_key("c", "r", NUMBERS[0] - 500), [b"aa"])
    await store.put(header_marker_key("c", "r", NUMBERS[2]), [b"bb"])
    for msn in (NUMBERS[1], NUMBERS[2]):
        await store.put(segment_key("c", "r", msn), [b"12345"])
    found = await read_span(store, "c", "r", NUMBERS[0], NUMBERS[2])
    assert found.segments == {
        NUMBERS[1]: FoundSegment("aa", 5, None),
        NUMBERS[2]: FoundSegment("bb", 5, None),
    }
    assert found.holes == (Hole(NUMBERS[0], NUMBERS[0], "nothing was sent"),)
    store.close()


async def test_an_archive_of_nothing_is_a_hole(tmp_path: Path) -> None:
    store = DiskArchive(tmp_path)
    found = await read_span(store, "c", "r", NUMBERS[-1], NUMBERS[-1] + 1)
    assert found.holes == (Hole(NUMBERS[-1], NUMBERS[-1] + 1, "nothing was sent"),)
    await store.put(index_key("c", "r", HOUR), [b"damaged"])
    with pytest.raises(FormatError):
        await read_span(store, "c", "r", NUMBERS[0], NUMBERS[0])
    store.close()
