"""core.mp4: the tables, byte by byte, against the standard's layout."""

from __future__ import annotations

import struct

import pytest

from core.boxes import child, iter_boxes
from core.cmaf import parse_header
from core.errors import FormatError
from core.ladder import Rendition
from core.mp4 import MovieFacts, MovieTrack, TrackTable, front_limit, render_front
from core.samples import SampleRun, silent_run
from tests.cmaf_media import make_header, make_video

HEADER = parse_header(make_header(make_video()))
FACTS = MovieFacts(title="Bản tin", artist="Hưng Yên", date="2026-11-24", unix_s=1_795_521_600)
ROOM = front_limit(100, 10)


def find_sound() -> Rendition:
    """Return a stereo rendition."""
    return Rendition(name="a96", kind="audio", bitrate_bps=96_000, channels=2)


def pictures(at: int, offsets: tuple[int, ...], *, sync: bool = True) -> SampleRun:
    count = len(offsets)
    syncs = (sync, *(False,) * (count - 1))
    return SampleRun(at, (512,) * count, tuple(range(1, count + 1)), offsets, syncs, bytes(count))


def table_of(*runs: tuple[SampleRun, int]) -> TrackTable:
    table = TrackTable(HEADER)
    for run, place in runs:
        table.add(run, place)
    return table


def front_of(table: TrackTable, begin: int, end: int, *, media_end: int = ROOM + 999) -> bytes:
    track = MovieTrack(table, begin, end)
    return render_front([track], FACTS, media_at=ROOM, media_end=media_end)


def words(front: bytes, *path: bytes) -> tuple[int, ...]:
    """Return a box's payload behind version and flags, as 32-bit numbers."""
    payload = child(front, b"moov", b"trak", *path)
    return struct.unpack(f">{len(payload) // 4 - 1}i", payload[4:])


STBL = (b"mdia", b"minf", b"stbl")


def test_the_tables_say_what_each_sample_is() -> None:
    """Two runs in two chunks, reordered: the offsets are shifted until none is below zero."""
    table = table_of(
        (pictures(51_200, (0, 1024, -512, -512)), ROOM),
        (pictures(53_248, (0, 1024, -512)), ROOM + 500),
    )
    front = front_of(table, 51_200, 54_784)
    assert words(front, *STBL, b"stts") == (1, 7, 512)
    assert words(front, *STBL, b"ctts") == (6, 1, 512, 1, 1536, 2, 0, 1, 512, 1, 1536, 1, 0)
    assert words(front, *STBL, b"stss") == (2, 1, 5)
    assert words(front, *STBL, b"stsz") == (0, 7, 1, 2, 3, 4, 1, 2, 3)
    assert words(front, *STBL, b"stsc") == (2, 1, 4, 1, 2, 3, 1)
    assert words(front, *STBL, b"stco") == (2, ROOM, ROOM + 500)
    # One edit: 3584 ticks of 12 800 are 13 440 of 48 000; the media begin with the shift.
    elst = child(front, b"moov", b"trak", b"edts", b"elst")
    assert struct.unpack(">IIQqhh", elst) == (1 << 24, 1, 13_440, 512, 1, 0)


def test_a_start_inside_is_an_edit_and_a_late_start_an_empty_one() -> None:
    late = front_of(table_of((pictures(51_200, (0, 0, 0)), ROOM)), 50_176, 52_736)
    elst = child(late, b"moov", b"trak", b"edts", b"elst")
    assert struct.unpack(">IIQqhhQqhh", elst) == (1 << 24, 2, 3_840, -1, 1, 0, 5_760, 0, 1, 0)
    inside = front_of(table_of((pictures(51_200, (0, 0, 0)), ROOM)), 52_224, 52_736)
    elst = child(inside, b"moov", b"trak", b"edts", b"elst")
    assert struct.unpack(">IIQqhh", elst) == (1 << 24, 1, 1_920, 1_024, 1, 0)


def test_a_hole_makes_the_picture_before_it_last() -> None:
    table = table_of((pictures(0, (0, 0, 0)), ROOM), (pictures(51_200, (0, 0)), ROOM + 3))
    table.end_at(102_400)
    front = front_of(table, 0, 102_400)
    stts = words(front, *STBL, b"stts")
    assert stts == (4, 2, 512, 1, 50_176, 1, 512, 1, 50_688)
    with pytest.raises(FormatError, match="order"):
        table.add(pictures(0, (0,)), 0)


def test_a_file_of_more_than_four_gigabytes_has_long_places() -> None:
    table = table_of((pictures(0, (0,)), ROOM), (pictures(512, (0,), sync=False), 5_000_000_000))
    front = front_of(table, 0, 1_024, media_end=5_000_000_001)
    assert len(front) == ROOM
    assert words(front, *STBL, b"co64") == (2, 0, ROOM, 1, 705_032_704)
    assert front[-16:] == struct.pack(">I4sQ", 1, b"mdat", 5_000_000_001 - ROOM + 16)


def test_the_front_fills_its_room_and_says_when_that_is_too_small() -> None:
    table = table_of((pictures(0, (0, 0)), ROOM))
    front = front_of(table, 0, 1_024)
    head = front[:-8]
    assert len(front) == ROOM
    assert [box.kind for box in iter_boxes(head)] == [b"ftyp", b"moov", b"free"]
    assert front[-8:] == struct.pack(">I4s", 999 + 8, b"mdat")
    with pytest.raises(FormatError, match="room"):
        render_front([MovieTrack(table, 0, 1_024)], FACTS, media_at=300, media_end=400)


def test_long_texts_are_cut_between_letters() -> None:
    table = table_of((pictures(0, (0,)), ROOM))
    facts = MovieFacts(title="ế" * 9_000, artist="", description="ế" * 9_000)
    track = MovieTrack(table, 0, 512)
    front = render_front([track], facts, media_at=ROOM, media_end=ROOM + 1)
    meta = child(front[:-8], b"moov", b"udta", b"meta")[4:]
    title = bytes(child(meta, b"ilst", b"\xa9nam", b"data")[8:])
    assert title.decode() == "ế" * 500


def test_sound_ends_within_its_last_frame_and_pictures_are_left() -> None:
    sound = TrackTable(parse_header(make_header(find_sound())))
    sound.add(silent_run(0, 3, 2), ROOM)
    sound.end_at(2_100)
    assert sound.media_ticks == 2_100
    picture = table_of((pictures(0, (0, 0)), ROOM))
    picture.end_at(700)
    assert picture.media_ticks == 1_024
