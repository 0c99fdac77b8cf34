"""The FLV feed: when it begins, what its head holds, where it may be joined."""

from __future__ import annotations

import struct

import pytest

from core.timeline import UnixNs
from ingest.amf import decode_amf0, encode_amf0
from ingest.feed import Chunk, FeedStart, as_ffmpeg_reports
from ingest.flv import FeedChunk, FlvFeed, FlvOutput, TitleSaid
from tests.ingest.pictures import first_stamps_us, pictures
from tests.ingest.publisher import AAC_HEADER, AVC_HEADER, frame, key_frame, sound
from tests.ingest.sound import FFMPEGS

T0 = UnixNs(1_795_000_000_000_000_000)


def metadata(**facts: float | str) -> bytes:
    return encode_amf0("@setDataFrame", "onMetaData", dict(facts))


def tags(data: bytes) -> list[tuple[int, int, bytes]]:
    """Read FLV tags the way the specification has them."""
    found: list[tuple[int, int, bytes]] = []
    at = 0
    while at < len(data):
        size = int.from_bytes(data[at + 1 : at + 4], "big")
        stamp = int.from_bytes(data[at + 7 : at + 8] + data[at + 4 : at + 7], "big")
        found.append((data[at], stamp, data[at + 11 : at + 11 + size]))
        assert struct.unpack_from(">I", data, at + 11 + size) == (11 + size,)
        at += 15 + size
    return found


def starts(items: list[FlvOutput]) -> list[FeedStart]:
    return [item for item in items if isinstance(item, FeedStart)]


def test_begins_when_the_promised_tracks_are_there() -> None:
    feed = FlvFeed()
    assert (
        feed.receive("data", 0, metadata(videocodecid=7.0, audiocodecid=10.0, width=640.0), T0)
        == []
    )
    assert feed.receive("video", 0, AVC_HEADER, T0) == []
    assert feed.receive("video", 0, key_frame(), T0) == []
    begun = feed.receive("audio", 0, AAC_HEADER, UnixNs(T0 + 5))
    (start,) = starts(begun)
    assert start.tracks == {"video", "audio"}
    assert start.head[:13] == b"FLV\x01\x05\x00\x00\x00\x09\x00\x00\x00\x00"
    head = tags(start.head[13:])
    assert [tag[0] for tag in head] == [18, 8, 9]
    assert decode_amf0(head[0][2]) == ["onMetaData", {"width": 640.0}]
    assert [tag[2] for tag in head[1:]] == [AAC_HEADER, AVC_HEADER]
    (waited,) = [item for item in begun if isinstance(item, FeedChunk)]
    assert waited.arrived_ns == T0
    assert waited.chunk.entry
    assert tags(waited.chunk.data) == [(9, 0, key_frame())]


def test_a_picture_without_sound_begins_after_its_patience() -> None:
    feed = FlvFeed()
    feed.receive("video", 0, AVC_HEADER, T0)
    assert not starts(feed.receive("video", 0, key_frame(), T0))
    assert not starts(feed.receive("video", 680, frame(), T0))
    (start,) = starts(feed.receive("video", 720, frame(), T0))
    assert start.tracks == {"video"}
    slow = FlvFeed()
    slow.receive("video", 0, AVC_HEADER, T0)
    assert starts(slow.receive("video", 40, frame(), UnixNs(T0 + 1_000_000_000)))


def test_sound_alone_begins_at_once_when_that_is_all_that_is_promised() -> None:
    feed = FlvFeed()
    feed.receive("data", 0, metadata(audiocodecid=10.0), T0)
    (start,) = starts(feed.receive("audio", 0, AAC_HEADER, T0))
    assert start.tracks == {"audio"}
    assert start.head[4] == 4
    (item,) = feed.receive("audio", 23, sound(), T0)
    assert isinstance(item, FeedChunk)
    assert item.chunk.entry


def both() -> FlvFeed:
    feed = FlvFeed()
    feed.receive("video", 0, AVC_HEADER, T0)
    assert starts(feed.receive("audio", 0, AAC_HEADER, T0))
    return feed


def test_another_configuration_begins_anew_and_the_same_does_not() -> None:
    feed = both()
    assert feed.receive("video", 40, AVC_HEADER, T0) == []
    (start,) = starts(feed.receive("video", 80, AVC_HEADER + b"2", T0))
    assert AVC_HEADER + b"2" in start.head


def test_a_track_that_comes_late_begins_anew() -> None:
    feed = FlvFeed()
    feed.receive("video", 0, AVC_HEADER, T0)
    assert starts(feed.receive("video", 800, key_frame(), T0))
    (start,) = starts(feed.receive("audio", 900, AAC_HEADER, T0))
    assert start.tracks == {"video", "audio"}


def test_time_goes_on_past_the_wrap_of_32_bits() -> None:
    feed = both()
    times = []
    for stamp in (2**32 - 40, 2**32 - 20, 0, 40):
        (item,) = feed.receive("video", stamp, frame(), T0)
        assert isinstance(item, FeedChunk)
        times.append((item.chunk.media_us, tags(item.chunk.data)[0][1], item.chunk.reported_us))
    base = -40_000  # the headers came at 0, so this is just before
    assert times == [
        (base, 2**32 - 40, -40_000),
        (base + 20_000, 2**32 - 20, -20_000),
        (0, 0, 0),
        (40_000, 40, 40_000),
    ]


@pytest.mark.parametrize(
    ("kind", "payload"),
    [
        ("video", b"\x17\x02\x00\x00\x00"),  # end of sequence
        ("video", b"\x57\x01\x00\x00\x00x"),  # a command frame
        ("video", b"\x17"),
        ("video", b"\x94hvc1meta"),  # E-RTMP metadata
        ("audio", b"\xaf\x01"),  # an empty AAC frame
        ("audio", b""),
        ("data", b"\x99"),
        ("data", encode_amf0("onCuePoint", {"x": 1.0})),
    ],
)
def test_what_is_no_media_is_left_out(kind: str, payload: bytes) -> None:
    feed = both()
    match kind:
        case "video" | "audio" | "data":
            assert feed.receive(kind, 40, payload, T0) == []
        case _:
            raise AssertionError(kind)


def test_enhanced_rtmp_is_relayed_as_it_is() -> None:
    feed = FlvFeed()
    feed.receive("video", 0, b"\x90hvc1hvcC", T0)
    (start,) = starts(feed.receive("audio", 0, b"\x90OpusOpusHead", T0))
    assert b"\x90hvc1hvcC" in start.head
    for payload, entry in ((b"\x93hvc1idr", True), (b"\xa1hvc1\x00\x00\x00p", False)):
        (item,) = feed.receive("video", 40, payload, T0)
        assert isinstance(item, FeedChunk)
        assert item.chunk.entry is entry


def test_metadata_is_made_harmless_and_titles_are_told() -> None:
    feed = FlvFeed()
    facts = metadata(videocodecid=7.0, audiocodecid=10.0, width=1e308, height=-1.0, framerate=25.0)
    feed.receive("data", 0, facts, T0)
    feed.receive("video", 0, AVC_HEADER, T0)
    (start,) = starts(feed.receive("audio", 0, AAC_HEADER, T0))
    assert decode_amf0(tags(start.head[13:])[0][2]) == ["onMetaData", {"framerate": 25.0}]
    assert feed.receive("data", 0, metadata(title="Tin tức"), T0) == [TitleSaid("Tin tức")]
    text = encode_amf0("onTextData", {"text": "Bài hát"})
    assert feed.receive("data", 0, text, T0) == [TitleSaid("Bài hát")]


@pytest.mark.parametrize(
    ("ticks", "reported"),
    [(0, 0), (2**33 - 61 * 90_000, 2**33 - 61 * 90_000), (2**33 - 90_000, -90_000), (2**33, 0)],
)
def test_ffmpeg_takes_the_last_minute_before_the_wrap_for_negative(
    ticks: int, reported: int
) -> None:
    assert as_ffmpeg_reports(ticks, bits=33, ticks_per_s=90_000) == reported


@pytest.mark.media
@pytest.mark.timeout(60)
@pytest.mark.parametrize("ffmpeg", FFMPEGS)
@pytest.mark.parametrize("offset", [0, 2**32 - 1_500, 2**32 - 90_000, 2**31 - 1_500])
def test_a_decoder_that_starts_near_the_wrap_gets_the_told_time(ffmpeg: str, offset: int) -> None:
    feed = FlvFeed()
    heads: list[FeedStart] = []
    chunks: list[Chunk] = []
    media = [tag for tag in tags(pictures("flv")[13:]) if tag[0] != 18]
    for kind, stamp, payload in media:
        now = (stamp + offset) % 2**32
        items = feed.receive("video" if kind == 9 else "audio", now, payload, T0)
        heads += starts(items)
        chunks += [item.chunk for item in items if isinstance(item, FeedChunk)]
    entries = [at for at, chunk in enumerate(chunks) if chunk.entry]
    assert len(entries) == 4
    for at in (entries[0], entries[2]):
        entry = chunks[at]
        rest = [chunk.data for chunk in chunks[at:] if chunk.media_us >= entry.media_us]
        stamps = first_stamps_us(ffmpeg, "flv", heads[0].head + b"".join(rest))
        assert stamps["video"][0] == entry.reported_us
        assert 0 <= stamps["audio"][0] - stamps["video"][0] < 100_000  # the file's own
