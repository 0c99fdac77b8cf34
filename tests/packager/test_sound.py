"""packager.sound: a radio's MP3 once each, its last songs; and the door they come in by."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.clock import unix_ns
from core.errors import FormatError
from core.ladder import renditions_of
from core.publication import ChannelState, SoundPublished, TitlePlayed
from core.timeline import SOUND_CHUNK_NS, UnixNs, start_of_sound_chunk
from packager.channel import ChannelMachine
from packager.sound import RadioSound
from tests.packager.station import Follower, Station, new_station, running

NUMBER = 7_480_000_000
NOW = UnixNs(NUMBER * SOUND_CHUNK_NS)
CHUNK = (bytes.fromhex("fffb9400") + bytes(380)) * 10


@pytest.fixture
def station() -> Iterator[Station]:
    with new_station(radio=True) as found:
        yield found


def state(title: str, since_ns: int = 1, on_air: str = "studio") -> ChannelState:
    return ChannelState(channel="hyfm", on_air=on_air, title=title, since_ns=since_ns)


def test_each_number_is_published_once_and_a_hole_is_passed_over() -> None:
    sound = RadioSound("hyfm")
    taken = [sound.receive(NUMBER + i, b"x", now=NOW) for i in (0, 1, 0, 1, 2, 5, 4)]
    assert [item and item.number - NUMBER for item in taken] == [0, 1, None, None, 2, 5, None]
    assert taken[0] == SoundPublished(channel="hyfm", number=NUMBER, data=b"x")


def test_sound_of_the_future_is_refused_and_of_long_ago_ignored() -> None:
    sound = RadioSound("hyfm")
    with pytest.raises(FormatError) as fault:
        sound.receive(NUMBER + 17, b"", now=NOW)
    assert fault.value.code == "early"
    assert sound.receive(NUMBER - 126, b"", now=NOW) is None
    assert sound.receive(NUMBER - 60, b"", now=NOW) is not None


def test_eight_seconds_are_kept() -> None:
    sound = RadioSound("hyfm")
    for i in range(100):
        sound.receive(NUMBER + i, b"", now=start_of_sound_chunk(NUMBER + i))
    assert [item.number - NUMBER for item in sound.chunks] == list(range(66, 100))


def test_a_song_is_noted_once_however_often_its_source_comes_back() -> None:
    sound = RadioSound("hyfm")
    told = [state("A", 1), state("", 0, "slate"), state("A", 5), state("B", 7), state("A", 9)]
    noted = [item for one in told for item in sound.note_title(one)]
    assert [(item.title, item.since_ns) for item in noted] == [("A", 1), ("B", 7), ("A", 9)]
    for i in range(60):
        sound.note_title(state(f"Bài {i}", i))
    assert [item.title for item in sound.titles] == [f"Bài {i}" for i in range(10, 60)]


def test_songs_survive_a_restart(station: Station) -> None:
    renditions = renditions_of(station.settings.channel("hyfm"))
    machine = ChannelMachine("hyfm", renditions, now=NOW)
    assert machine.set_state(state("Quê hương", 4))[1:] == [
        TitlePlayed(channel="hyfm", title="Quê hương", since_ns=4)
    ]
    machine.set_state(state("Trống cơm", 8))
    again = ChannelMachine("hyfm", renditions, now=NOW, restored=machine.facts())
    told = [item for item, _ in again.snapshot() if isinstance(item, TitlePlayed)]
    assert [(item.title, item.since_ns) for item in told] == [("Quê hương", 4), ("Trống cơm", 8)]
    assert again.set_state(state("Trống cơm", 9)) == [state("Trống cơm", 9)]


def test_television_has_neither(station: Station) -> None:
    machine = ChannelMachine("hytv", station.renditions, now=NOW)
    assert machine.sound is None
    assert machine.set_state(state("A")) == [state("A")]
    machine.set_renditions(renditions_of(station.settings.channel("hyfm")))
    assert machine.sound is not None


async def test_an_upload_is_published_and_a_late_follower_is_told(station: Station) -> None:
    number = unix_ns() // SOUND_CHUNK_NS - 4
    async with running(station) as sender:
        url = f"{station.cmaf_url}/sound/hyfm?first={number}"
        async with Follower.connect(station.settings.packager_socket) as follower:
            async with sender.session.post(url, data=CHUNK * 3) as response:
                assert response.status == 200
            heard = await follower.until(
                lambda item: isinstance(item, SoundPublished) and item.number == number + 2
            )
        wanted = [SoundPublished(channel="hyfm", number=number + i, data=CHUNK) for i in range(3)]
        assert [item for item in heard if isinstance(item, SoundPublished)] == wanted
        async with sender.session.post(url, data=CHUNK * 3) as response:
            assert response.status == 200  # again, as after a fault
        async with Follower.connect(station.settings.packager_socket) as follower:
            told = [item for item in follower.heard if isinstance(item, SoundPublished)]
        assert told == wanted
        metrics = (await sender.admin("/metrics"))[1]
        delays = 'lensong_packager_publish_delay_seconds_count{channel="hyfm",unit="sound"} 3.0'
        assert delays in metrics
        rejected = 'lensong_packager_rejected_uploads_total{channel="hyfm",reason="duplicate"} 1.0'
        assert rejected in metrics


async def test_songs_are_read_back_by_the_next_packager(station: Station) -> None:
    async with running(station) as sender:
        for title, since_ns in (("Quê hương", 4), ("Trống cơm", 8)):
            body = {"on_air": "studio", "title": title, "since_ns": since_ns}
            url = f"{station.cmaf_url}/state/hyfm"
            async with sender.session.post(url, json=body) as response:
                assert response.status == 204
        facts = station.settings.paths.data_dir / "live/hyfm/facts"
        while b'"since_ns": 8' not in await asyncio.to_thread(_read, facts):
            pass  # the spool's thread writes when it can
    async with (
        running(station),
        Follower.connect(station.settings.packager_socket) as follower,
    ):
        told = [item.title for item in follower.heard if isinstance(item, TitlePlayed)]
    assert told == ["Quê hương", "Trống cơm"]


def _read(file: Path) -> bytes:
    return file.read_bytes() if file.exists() else b""


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/sound/hytv?first={now}", CHUNK, 404),
        ("/sound/nobody?first={now}", CHUNK, 404),
        ("/sound/hyfm", CHUNK, 400),
        ("/sound/hyfm?first=-1", CHUNK, 400),
        ("/sound/hyfm?first={now}", b"no sound at all", 400),
        ("/sound/hyfm?first={now}", CHUNK[:-1], 400),
        ("/sound/hyfm?first=999999999999", CHUNK, 400),
    ],
)
async def test_what_is_no_sound_is_refused(
    station: Station, path: str, body: bytes, status: int
) -> None:
    async with running(station) as sender:
        url = station.cmaf_url + path.format(now=unix_ns() // SOUND_CHUNK_NS)
        async with sender.session.post(url, data=body) as response:
            assert response.status == status
