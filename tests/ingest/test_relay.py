"""The relay: who joins when, what a joiner gets, who is cut off."""

from __future__ import annotations

import asyncio

import pytest
from prometheus_client import CollectorRegistry

from core.errors import RefusedError
from core.timeline import UnixNs
from ingest.metrics import IngestMetrics
from ingest.relay import Chunk, FeedStart, Relay, clean_title

T0 = 1_795_000_000_000_000_000
MS = 1_000_000
VIDEO = FeedStart("flv", frozenset({"video", "audio"}), b"HEAD")
SOUND = FeedStart("mp3", frozenset({"audio"}), b"", restarts_at_zero=True)


def at(ms: int) -> UnixNs:
    return UnixNs(T0 + ms * MS)


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def relay(registry: CollectorRegistry) -> Relay:
    metrics = IngestMetrics(registry).for_input("hytv", "studio", "rtmp")
    return Relay("hytv", "studio", protocol="rtmp", metrics=metrics)


def picture(ms: int, data: bytes = b"p", *, idr: bool = False) -> Chunk:
    return Chunk(data, ms * 1_000, entry=idr, track="video")


def sound(ms: int, data: bytes = b"s") -> Chunk:
    return Chunk(data, ms * 1_000, entry=False, track="audio")


async def read_all(relay: Relay) -> bytes:
    with relay.subscribe() as feed:
        return b"".join([data async for data in feed])


async def test_a_joiner_gets_the_head_and_everything_since_the_newest_idr(relay: Relay) -> None:
    session = relay.begin(VIDEO, now=at(0))
    session.write(picture(0, b"I0", idr=True), now=at(0))
    session.write(picture(40, b"p1"), now=at(40))
    session.write(picture(80, b"I2", idr=True), now=at(80))
    session.write(sound(70, b"early"), now=at(81))
    session.write(sound(90, b"s2"), now=at(90))
    with relay.subscribe() as feed:
        joined = await feed.joined()
        assert joined.media_start_us == 80_000
        assert joined.epoch_start_ns == at(80)
        assert joined.session == session.id
        session.write(picture(120, b"p3"), now=at(120))
        session.end("eof")
        assert b"".join([data async for data in feed]) == b"HEADI2s2p3"


async def test_a_decoder_that_came_first_waits_for_the_idr(relay: Relay) -> None:
    async with asyncio.TaskGroup() as tasks:
        reader = tasks.create_task(read_all(relay))
        await asyncio.sleep(0)
        session = relay.begin(None, now=at(0))
        session.restart(VIDEO)
        session.write(picture(0, b"lost"), now=at(0))
        session.write(picture(40, b"I1", idr=True), now=at(40))
        session.end("eof")
    assert reader.result() == b"HEADI1"


async def test_a_second_publisher_is_refused_and_the_first_goes_on(
    relay: Relay, registry: CollectorRegistry
) -> None:
    relay.begin(VIDEO, now=at(0)).write(picture(0, b"I", idr=True), now=at(0))
    with pytest.raises(RefusedError) as refused:
        relay.begin(VIDEO, now=at(10))
    assert refused.value.code == "busy"
    labels = {"channel": "hytv", "input": "studio", "protocol": "rtmp"}
    name = "lensong_input_connections_total"
    assert registry.get_sample_value(name, labels | {"result": "limit"}) == 1
    assert registry.get_sample_value(name, labels | {"result": "accepted"}) == 1
    assert relay.is_up(now=at(900))
    assert not relay.is_up(now=at(1_100))


async def test_a_slow_decoder_is_cut_off_and_the_publisher_never_waits(relay: Relay) -> None:
    session = relay.begin(VIDEO, now=at(0))
    session.write(picture(0, b"I", idr=True), now=at(0))
    with relay.subscribe() as slow, relay.subscribe() as quick:
        for number in range(1, 12):
            session.write(picture(40 * number, bytes(1024 * 1024)), now=at(40 * number))
            assert await anext(quick)
        assert slow.overflowed
        assert [data async for data in slow] == []
        assert not quick.overflowed


async def test_another_configuration_ends_the_bodies_and_keeps_the_anchor(relay: Relay) -> None:
    session = relay.begin(VIDEO, now=at(0))
    session.write(picture(1_000, b"I", idr=True), now=at(0))
    with relay.subscribe() as feed:
        session.restart(FeedStart("flv", frozenset({"video"}), b"HEAD2"))
        assert b"".join([data async for data in feed]) == b"HEADI"
    session.write(picture(1_400, b"J", idr=True), now=at(900))
    with relay.subscribe() as feed:
        joined = await feed.joined()
        assert joined.epoch_start_ns == at(400)  # by the first anchor, not by arrival
        assert joined.start.head == b"HEAD2"


async def test_a_jump_of_the_clock_is_counted_once_and_anchors_anew(
    relay: Relay, registry: CollectorRegistry
) -> None:
    session = relay.begin(VIDEO, now=at(0))
    session.write(picture(0, b"I", idr=True), now=at(0))
    session.write(sound(-5_000), now=at(1))  # sound that is off is no jump
    session.write(picture(40), now=at(4_000))  # nor is a network that stood still
    session.write(picture(3_040, b"J", idr=True), now=at(7_000))  # nor a publisher that did
    jumps = {"channel": "hytv", "input": "studio"}
    name = "lensong_input_timestamp_jumps_total"
    assert registry.get_sample_value(name, jumps) == 0
    session.write(picture(3_600_000, b"K", idr=True), now=at(7_040))
    session.write(sound(3_600_020), now=at(7_050))
    assert registry.get_sample_value(name, jumps) == 1
    with relay.subscribe() as feed:
        assert (await feed.joined()).epoch_start_ns == at(7_040)


async def test_sound_is_kept_for_about_a_second_and_can_count_from_zero(relay: Relay) -> None:
    session = relay.begin(SOUND, now=at(0))
    for number in range(200):
        chunk = Chunk(b"%03d." % number, number * 24_000, entry=True)
        session.write(chunk, now=at(number * 24))
    with relay.subscribe() as feed:
        joined = await feed.joined()
        assert joined.media_start_us == 0
        assert joined.epoch_start_ns == at(149 * 24)
        assert (await anext(feed)).startswith(b"149.150.")


async def test_a_group_of_pictures_without_end_is_not_kept(relay: Relay) -> None:
    session = relay.begin(VIDEO, now=at(0))
    session.write(picture(0, b"I", idr=True), now=at(0))
    for number in range(1, 20):
        session.write(picture(number * 40, bytes(1024 * 1024)), now=at(number * 40))
    assert session.cache.size_bytes <= 16 * 1024 * 1024
    with relay.subscribe() as feed:
        assert feed.waiting


async def test_titles_are_followed_and_end_with_the_session(relay: Relay) -> None:
    session = relay.begin(SOUND, now=at(0))
    titles = aiter(relay.titles())
    assert (await anext(titles)).text == ""
    session.set_title("Tie\u0302\u0301ng ha\u0301t\n\x00", now=at(5))
    title = await anext(titles)
    assert (title.text, title.since_ns) == ("Tiếng hát", at(5))
    session.end("eof")
    assert (await anext(titles)).text == ""


async def test_an_input_taken_out_of_the_settings_ends_everything(relay: Relay) -> None:
    session = relay.begin(VIDEO, now=at(0))
    with relay.subscribe() as feed:
        relay.retire()
        with pytest.raises(RefusedError):
            await feed.joined()
    with pytest.raises(RefusedError) as refused:
        session.write(picture(0, idr=True), now=at(1))
    assert refused.value.code == "kicked"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("a\r\nb\tc", "a b c"),
        ("\u202eevil\u200b", "evil"),
        ("x" * 1_000_000, "x" * 500),
        ("  <b>Hà Nội</b> ", "<b>Hà Nội</b>"),
        ("\ud800", ""),
    ],
)
def test_a_title_is_one_clean_line(given: str, kept: str) -> None:
    assert clean_title(given) == kept
