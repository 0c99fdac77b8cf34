"""What is read from an archive: its hours, its indexes, its segments."""

from __future__ import annotations

import errno

import pytest

from core.archive import header_key, index_key, numbers_of, segment_key, thumbnail_key
from core.archive_read import (
    read_index,
    read_segments,
    segment_sizes,
    stored_hours,
    verify_hour,
)
from core.archive_store import ArchiveError, ArchiveStore, MissingError
from core.errors import FormatError
from core.scrub import Fault
from tests.archive_hours import HOUR, small_segment, store_hour
from tests.memory_archive import MemoryArchive

FIRST = numbers_of(HOUR)[0]


@pytest.fixture
def store() -> ArchiveStore:
    return MemoryArchive()


async def test_finds_the_hours_of_each_rendition_and_nothing_else(store: ArchiveStore) -> None:
    for rendition, hour in (("720p", HOUR), ("720p", HOUR - 900), ("a96", HOUR)):
        await store.put(index_key("hytv", rendition, hour), [b"x"])
    await store.put(thumbnail_key("hytv", FIRST), [b"x"])
    await store.put(header_key("hytv", "720p", "aa"), [b"x"])
    await store.put("hytv/720p/2026/13/24/14/1.m4s", [b"x"])
    assert await stored_hours(store, "hytv") == {
        "720p": [HOUR - 900, HOUR],
        "a96": [HOUR],
        "thumb": [HOUR],
    }
    assert await stored_hours(store, "none") == {}


async def test_an_index_that_is_none_or_another_hours_is_refused(store: ArchiveStore) -> None:
    made = await store_hour(store, "hytv", "a96", every=100)
    assert await read_index(store, "hytv", "a96", HOUR) == made
    assert await read_index(store, "hytv", "a96", HOUR + 1) is None
    moved = await store.get(index_key("hytv", "a96", HOUR))
    await store.put(index_key("hytv", "a96", HOUR + 1), [moved])
    with pytest.raises(FormatError, match="another hour"):
        await read_index(store, "hytv", "a96", HOUR + 1)


async def test_segments_are_read_in_order_and_at_a_pace() -> None:
    store = MemoryArchive()
    await store_hour(store, "hytv", "a96", every=100, index=False)
    sizes = await segment_sizes(store, "hytv", "a96", HOUR)
    paced = []

    async def pace(size_bytes: int) -> None:
        paced.append(size_bytes)

    numbers = sorted(sizes)
    gone = numbers[3]
    await store.delete([segment_key("hytv", "a96", gone)])
    found = [item async for item in read_segments(store, "hytv", "a96", numbers, pace=pace)]
    assert [msn for msn, _ in found] == numbers
    for msn, data in found:
        if msn == gone:
            assert isinstance(data, MissingError)
        else:
            assert data == small_segment("a96", msn)
    assert sum(paced) == sum(sizes.values()) - sizes[gone]
    assert len(paced) == 3


async def test_an_hour_that_is_whole_is_verified_whole(store: ArchiveStore) -> None:
    missing = {FIRST + 5: "no media"}
    await store_hour(store, "hytv", "a96", missing=missing)
    found = await verify_hour(store, "hytv", "a96", HOUR)
    assert (found.segments, found.lost, found.faults) == (937, 0, ())
    assert found.size_bytes == sum((await segment_sizes(store, "hytv", "a96", HOUR)).values())


async def test_every_kind_of_fault_is_found(store: ArchiveStore) -> None:
    await store_hour(store, "hytv", "a96", missing={FIRST + 5: "no media"})

    def key(step: int) -> str:
        return segment_key("hytv", "a96", FIRST + step)

    flipped = bytearray(small_segment("a96", FIRST + 9))
    flipped[3] ^= 1
    await store.put(key(9), [bytes(flipped)])
    await store.put(key(11), [b"short"])
    await store.put(key(5), [b"came late"])
    await store.delete([key(7)])
    found = await verify_hour(store, "hytv", "a96", HOUR)
    assert [(fault.kind, fault.msn - FIRST) for fault in found.faults] == [
        ("extra", 5),
        ("missing", 7),
        ("damaged", 9),
        ("size", 11),
    ]
    assert found.lost == 3


async def test_an_index_that_is_lost_or_damaged_is_a_fault(store: ArchiveStore) -> None:
    await store_hour(store, "hytv", "a96", every=100, index=False)
    found = await verify_hour(store, "hytv", "a96", HOUR)
    assert (found.index, found.faults) == (None, (Fault("index", 0, "there is no index"),))
    await store.put(index_key("hytv", "a96", HOUR), [b"rubbish"])
    found = await verify_hour(store, "hytv", "a96", HOUR)
    assert [fault.kind for fault in found.faults] == ["index"]
    assert found.lost == 0


async def test_a_segment_that_cannot_be_read_is_a_fault_and_an_archive_that_cannot_is_none() -> (
    None
):
    store = MemoryArchive()
    await store_hour(store, "hytv", "a96", every=100)

    class OneBadSector(MemoryArchive):
        async def get(self, key: str) -> bytes:
            if key == segment_key("hytv", "a96", bad):
                raise ArchiveError("memory: Input/output error")
            return await super().get(key)

    bad = sorted(await segment_sizes(store, "hytv", "a96", HOUR))[4]
    half_dead = OneBadSector()
    half_dead.stored = store.stored
    found = await verify_hour(half_dead, "hytv", "a96", HOUR)
    assert found.faults == (Fault("damaged", bad, "memory: Input/output error"),)
    store.fail(errno.EIO, "get", after=5)
    with pytest.raises(ArchiveError):
        await verify_hour(store, "hytv", "a96", HOUR)
