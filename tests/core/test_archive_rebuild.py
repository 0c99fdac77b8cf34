"""Indexes that are made again from the objects are what they were."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.archive import (
    Hole,
    header_key,
    header_marker_key,
    index_key,
    numbers_of,
    parse_index,
    segment_key,
)
from core.archive_read import read_index, verify_hour
from core.archive_rebuild import UNKNOWN_REASON, good_index, read_headers, rebuild_hour
from core.archive_store import ArchiveError, ArchiveStore
from core.ladder import Rendition
from tests.archive_hours import HOUR, facts_of, store_header, store_hour
from tests.cmaf_media import make_segment, make_video
from tests.memory_archive import MemoryArchive

FIRST = numbers_of(HOUR)[0]
LAST = numbers_of(HOUR)[-1]
VIDEO = make_video("720p", frame_rate=50)
SOUND = Rendition(name="a96", kind="audio", bitrate_bps=96_000, channels=2)


@pytest.fixture
def store() -> ArchiveStore:
    return MemoryArchive()


def video_segment(_: str, msn: int) -> bytes:
    return make_segment(VIDEO, msn)


@pytest.mark.timeout(60)
async def test_an_hour_with_two_changes_of_header_is_made_again_as_it_was(
    store: ArchiveStore,
) -> None:
    """The header changed before the hour and twice in it; the sound only once."""
    changes = {FIRST - 500: 0, FIRST + 100: 1, FIRST + 700: 2}
    headers = {
        first: await store_header(store, "hytv", VIDEO, first, variant=variant)
        for first, variant in changes.items()
    }
    await store_header(store, "hytv", SOUND, FIRST - 500)
    await store_header(store, "hytv", SOUND, FIRST + 300, variant=1)
    # A packager that started again notes the header that is in force once more.
    await store.put(header_marker_key("hytv", "720p", FIRST + 400), [headers[FIRST + 100].encode()])
    before = await store_hour(
        store,
        "hytv",
        "720p",
        track=facts_of(VIDEO),
        headers=headers,
        missing={FIRST + 50: "no media", FIRST + 51: "no media", LAST: "no media"},
        slate={FIRST + 10, FIRST + 11},
        discontinuities=(FIRST + 100, FIRST + 300, FIRST + 700),
        body=video_segment,
    )
    await store.delete([index_key("hytv", "720p", HOUR)])
    made = await rebuild_hour(store, "hytv", "720p", HOUR)
    assert made == replace(
        before,
        slate=(),
        holes=(Hole(FIRST + 50, FIRST + 51, UNKNOWN_REASON), Hole(LAST, LAST, UNKNOWN_REASON)),
    )
    assert made.track == facts_of(VIDEO)
    assert [(item.first, item.hash) for item in made.headers] == [
        (FIRST, headers[FIRST - 500]),
        (FIRST + 100, headers[FIRST + 100]),
        (FIRST + 700, headers[FIRST + 700]),
    ]
    assert await read_index(store, "hytv", "720p", HOUR) == made
    assert (await verify_hour(store, "hytv", "720p", HOUR)).faults == ()
    # Who knows the reasons and the slate gets all of it back.
    again = await rebuild_hour(
        store,
        "hytv",
        "720p",
        HOUR,
        reasons=dict.fromkeys((FIRST + 50, FIRST + 51, LAST), "no media"),
        slate=(FIRST + 10, FIRST + 11),
    )
    assert again == before


async def test_sound_and_an_hour_of_nothing(store: ArchiveStore) -> None:
    header = await store_header(store, "hyfm", SOUND, FIRST)
    before = await store_hour(
        store, "hyfm", "a96", track=facts_of(SOUND), headers={0: header}, every=50
    )
    made = await rebuild_hour(store, "hyfm", "a96", HOUR)
    assert (made.track, made.table) == (facts_of(SOUND), before.table)
    nothing = await rebuild_hour(store, "hyfm", "a96", HOUR + 1)
    assert nothing.track is None
    assert [hole.reason for hole in nothing.holes] == [UNKNOWN_REASON]


async def test_what_no_note_explains_is_a_hole_and_says_so(store: ArchiveStore) -> None:
    header = await store_header(store, "hyfm", SOUND, FIRST + 5)
    await store_hour(store, "hyfm", "a96", headers={0: header}, every=1, index=False)
    made = await rebuild_hour(store, "hyfm", "a96", HOUR)
    assert made.holes == (Hole(FIRST, FIRST + 4, "unknown: no note names its header"),)


async def test_a_header_that_is_gone_costs_the_facts_and_not_the_segments(
    store: ArchiveStore,
) -> None:
    header = await store_header(store, "hyfm", SOUND, FIRST)
    await store_hour(store, "hyfm", "a96", every=50, index=False)
    await store.delete([header_key("hyfm", "a96", header)])
    made = await rebuild_hour(store, "hyfm", "a96", HOUR)
    assert made.track is None
    assert len(list(made.records())) == len([m for m in numbers_of(HOUR) if m % 50 == 0])


async def test_headers_of_equal_configuration_are_no_discontinuity(store: ArchiveStore) -> None:
    await store_header(store, "hytv", VIDEO, FIRST)
    other_bytes = Rendition(
        name="720p", kind="video", bitrate_bps=1, width=416, height=234, frame_rate=25
    )
    await store_header(store, "hytv", other_bytes, FIRST + 9)
    assert (await read_headers(store, "hytv")).discontinuities() == []


async def test_a_damaged_index_is_no_good_index_and_thumbnails_have_none(
    store: ArchiveStore,
) -> None:
    await store_hour(store, "hyfm", "a96", every=50)
    data = await store.get(index_key("hyfm", "a96", HOUR))
    assert await good_index(store, "hyfm", "a96", HOUR) == parse_index(data)
    await store.put(index_key("hyfm", "a96", HOUR), [data[:-1] + bytes([data[-1] ^ 1])])
    assert await good_index(store, "hyfm", "a96", HOUR) is None
    with pytest.raises(ArchiveError, match="no index"):
        await rebuild_hour(store, "hytv", "thumb", HOUR)
    assert segment_key("hytv", "thumb", FIRST).startswith("hytv/thumb/")
