"""packager.archivist: what was published reaches the archive, whatever the archive does."""

from __future__ import annotations

import asyncio
import errno
import hashlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from core.archive import (
    Run,
    header_key,
    hour_of,
    index_key,
    numbers_of,
    parse_index,
    render_index,
    segment_key,
    thumbnail_key,
)
from core.archive_disk import DiskArchive
from core.cmaf import parse_header
from core.config import ChannelSettings
from core.ladder import renditions_of
from core.publication import (
    HourArchived,
    Publication,
    SegmentArchived,
    SegmentLost,
    ThumbnailPublished,
)
from core.timeline import UnixNs, start_of_segment
from packager.archive_journal import Journal
from packager.archivist import Archivist
from packager.channel import ChannelMachine, Taken
from packager.cutter import PartCut, UploadCutter
from packager.metrics import ArchiveMetrics
from tests.cmaf_media import make_header, make_segment
from tests.failing_archive import FailingArchive

HOUR = 498_014
FIRST = numbers_of(HOUR).start
CHANNEL = ChannelSettings.model_validate({"slug": "hyfm", "name": "Phát thanh", "kind": "radio"})
RENDITIONS = renditions_of(CHANNEL)


class Bench:
    """A channel's machine and an archivist, without sockets and with a clock of its own."""

    def __init__(self, root: Path, *, max_pending_bytes: int = 10_000_000) -> None:
        self.now = start_of_segment(FIRST + 1)
        self.store = FailingArchive(root / "archive")
        self.machine = ChannelMachine("hyfm", RENDITIONS, now=self.now)
        self.told: list[Publication] = []
        self.heard = asyncio.Event()
        self.registry = CollectorRegistry()
        self.archivist = Archivist(
            store=self.store,
            journal=Journal(root / "journal"),
            metrics=ArchiveMetrics(self.registry, backend="disk"),
            max_pending_bytes=max_pending_bytes,
            machines=self.machines,
            now=lambda: self.now,
            publish=self.publish,
        )
        self.archivist.configure([CHANNEL])

    def machines(self) -> Mapping[str, ChannelMachine]:
        """Return the one channel."""
        return {"hyfm": self.machine}

    def publish(self, publications: list[Publication]) -> None:
        """Note what followers are told."""
        self.told += publications
        self.heard.set()

    def send(self, *numbers: int, variant: int = 0, only: str = "") -> None:
        """Let the channel publish these segments."""
        for msn in numbers:
            self.now = UnixNs(max(self.now, start_of_segment(msn + 1)))
            for item in RENDITIONS:
                if only and item.name != only:
                    continue
                header = parse_header(make_header(item, variant=variant))
                cutter = UploadCutter(item, header)
                for cut in cutter.receive(make_segment(item, msn)):
                    assert isinstance(cut, PartCut)
                    taken = self.machine.receive_part(item.name, cut, now=self.now)
                    assert isinstance(taken, Taken)
                    self.archivist.take(self.machine, taken.publications)

    def advance(self, to: UnixNs) -> None:
        """Let time pass, and the machine look at it."""
        while self.now < to:
            self.now = UnixNs(min(to, self.now + 100_000_000))
            self.archivist.take(self.machine, self.machine.advance(self.now))

    async def until_archived(self, *numbers: int) -> None:
        """Return once these are acknowledged in each rendition."""
        wanted = {(item.name, msn) for item in RENDITIONS for msn in numbers}
        async with asyncio.timeout(15):
            while wanted - self.acknowledged():
                self.heard.clear()
                await self.heard.wait()

    def acknowledged(self) -> set[tuple[str, int]]:
        """Return (rendition, number) of what was acknowledged."""
        return {(i.rendition, i.msn) for i in self.told if isinstance(i, SegmentArchived)}

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run the archivist until the block ends."""
        async with asyncio.TaskGroup() as tasks:
            task = tasks.create_task(self.archivist.run())
            await self.archivist.ready.wait()
            yield
            task.cancel()
        self.store.close()


async def test_an_acknowledged_segment_is_there_byte_for_byte(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    async with bench.running():
        bench.send(FIRST, FIRST + 1)
        await bench.until_archived(FIRST, FIRST + 1)
        for fact in bench.told:
            if isinstance(fact, SegmentArchived):
                data = await bench.store.get(segment_key("hyfm", fact.rendition, fact.msn))
                found = bench.machine.segment(fact.rendition, fact.msn)
                assert found is not None
                assert data == b"".join(found[0].parts)
                assert (len(data), hashlib.sha256(data).hexdigest()) == (
                    fact.size_bytes,
                    fact.sha256,
                )
                header = await bench.store.get(header_key("hyfm", fact.rendition, fact.header_hash))
                assert header == found[1].data


@pytest.mark.parametrize("fault", [errno.ENOSPC, errno.EROFS, errno.EIO])
async def test_segments_wait_while_the_archive_takes_nothing(tmp_path: Path, fault: int) -> None:
    bench = Bench(tmp_path)
    async with bench.running():
        bench.store.fail(fault)
        bench.send(*range(FIRST, FIRST + 5))
        async with asyncio.timeout(10):
            while not bench.store.refused:
                bench.store.changed.clear()
                await bench.store.changed.wait()
        assert bench.acknowledged() == set()
        assert bench.archivist.status("hyfm")["failing"] is True
        assert bench.archivist.status("hyfm")["waiting_segments"] == 15
        bench.store.work()
        await bench.until_archived(*range(FIRST, FIRST + 5))
        assert bench.archivist.status("hyfm")["failing"] is False
        assert bench.archivist.status("hyfm")["waiting_bytes"] == 0
    errors = bench.registry.get_sample_value(
        "lensong_archive_write_errors_total", {"backend": "disk"}
    )
    assert errors == bench.store.refused


async def test_the_oldest_are_given_up_beyond_the_limit_and_taken_again_while_on_air(
    tmp_path: Path,
) -> None:
    bench = Bench(tmp_path, max_pending_bytes=10_000)
    async with bench.running():
        bench.store.fail()
        bench.send(*range(FIRST, FIRST + 6))
        lost = [i for i in bench.told if isinstance(i, SegmentLost)]
        assert lost
        assert min(item.msn for item in lost) == FIRST
        assert {item.reason for item in lost} == {"the archive could not take it"}
        waiting = bench.archivist.status("hyfm")["waiting_bytes"]
        assert isinstance(waiting, int)
        assert waiting <= 10_000
        given_up = bench.registry.get_sample_value(
            "lensong_archive_given_up_segments_total", {"channel": "hyfm"}
        )
        assert given_up == len(lost)
        bench.store.work()
        await bench.until_archived(*range(FIRST, FIRST + 6))
        told = [i for i in bench.archivist.snapshot() if isinstance(i, HourArchived)]
        for item in told:
            assert [(run.first, run.last) for run in parse_index(item.data).runs()] == [
                (FIRST, FIRST + 5)
            ]


async def test_a_reload_keeps_the_counters_of_the_channels_that_stay(tmp_path: Path) -> None:
    bench = Bench(tmp_path, max_pending_bytes=1)
    bench.send(FIRST)
    name = "lensong_archive_given_up_segments_total"
    before = bench.registry.get_sample_value(name, {"channel": "hyfm"})
    assert before
    bench.archivist.configure([CHANNEL])
    assert bench.registry.get_sample_value(name, {"channel": "hyfm"}) == before
    bench.archivist.configure([])
    assert bench.registry.get_sample_value(name, {"channel": "hyfm"}) is None
    bench.store.close()


async def test_an_object_that_can_never_be_written_holds_up_no_other(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    blocked = tmp_path / "archive" / segment_key("hyfm", "a64", FIRST)
    await asyncio.to_thread((blocked / "in the way").mkdir, parents=True)
    async with bench.running():
        bench.send(FIRST, FIRST + 1)
        wanted = {(item.name, msn) for item in RENDITIONS for msn in (FIRST, FIRST + 1)}
        wanted -= {("a64", FIRST)}
        async with asyncio.timeout(15):
            while wanted - bench.acknowledged():
                bench.heard.clear()
                await bench.heard.wait()
        assert ("a64", FIRST) not in bench.acknowledged()


async def test_an_hour_gets_its_index_when_the_window_has_left_it(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    last = numbers_of(HOUR)[-1]
    async with bench.running():
        bench.now = start_of_segment(last - 2)
        bench.send(*range(last - 3, last + 1), *range(last + 2, last + 40))
        async with asyncio.timeout(15):
            while not any(isinstance(i, HourArchived) and i.closed for i in bench.told):
                bench.heard.clear()
                await bench.heard.wait()
        for item in RENDITIONS:
            data = await bench.store.get(index_key("hyfm", item.name, HOUR))
            index = parse_index(data)
            assert [(run.first, run.last) for run in index.runs()] == [(last - 3, last)]
            assert index.track is not None
            assert index.track.codec == "mp4a.40.2"
            told = [i for i in bench.told if isinstance(i, HourArchived) and i.closed]
            assert data in [fact.data for fact in told if fact.rendition == item.name]
            for record in index.records():
                data = await bench.store.get(segment_key("hyfm", item.name, record.msn))
                assert hashlib.sha256(data).digest() == record.sha256
    left = await asyncio.to_thread(Journal(tmp_path / "journal").read)
    assert {hour_of(fact.msn) for fact in left["hyfm"]} == {HOUR + 1}


async def test_the_next_process_knows_what_the_last_one_stored(tmp_path: Path) -> None:
    first = Bench(tmp_path)
    async with first.running():
        first.send(FIRST, FIRST + 1)
        await first.until_archived(FIRST, FIRST + 1)
        before = {item: first.archivist.status("hyfm")["archived_up_to"] for item in ("x",)}
    second = Bench(tmp_path)
    async with second.running():
        told = [item for item in second.told if isinstance(item, HourArchived)]
        runs = {item.rendition: list(parse_index(item.data).runs()) for item in told}
        assert {name: (run[0].first, run[0].last) for name, run in runs.items()} == {
            item.name: (FIRST, FIRST + 1) for item in RENDITIONS
        }
        assert second.archivist.status("hyfm")["archived_up_to"] == before["x"]
        assert second.store.stored == []


async def test_without_its_journal_it_reads_the_objects(tmp_path: Path) -> None:
    first = Bench(tmp_path)
    async with first.running():
        first.send(FIRST, FIRST + 1)
        first.send(FIRST + 2, variant=1)
        await first.until_archived(FIRST, FIRST + 1, FIRST + 2)
        wanted = first.archivist.snapshot()
    await asyncio.to_thread(Journal(tmp_path / "journal").remove_channel, "hyfm")
    second = Bench(tmp_path)
    async with second.running():
        told = [item for item in second.told if isinstance(item, HourArchived)]
        for item, other in zip(told, wanted, strict=True):
            assert isinstance(other, HourArchived)
            runs = list(parse_index(item.data).runs())
            assert runs == list(parse_index(other.data).runs())
            assert [type(run) for run in runs] == [Run, Run]  # two headers
            assert list(parse_index(item.data).records()) == list(parse_index(other.data).records())


async def test_what_a_dead_process_did_not_store_is_stored_from_its_window(tmp_path: Path) -> None:
    first = Bench(tmp_path)
    async with first.running():
        first.send(FIRST)
        await first.until_archived(FIRST)
        first.store.fail()
        first.send(FIRST + 1)
    second = Bench(tmp_path)
    second.machine = first.machine  # as the live spool gives it back
    async with second.running():
        await second.until_archived(FIRST + 1)
        assert ("a64", FIRST) not in second.acknowledged()


async def test_an_archive_that_does_not_answer_at_start_delays_nothing(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    await asyncio.to_thread((tmp_path / "archive").write_bytes, b"in the way")
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(bench.archivist.run())
        bench.send(FIRST)
        assert not bench.archivist.ready.is_set()
        task.cancel()
    bench.store.close()


async def test_thumbnails_are_stored_behind_all_else(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    async with bench.running():
        bench.send(FIRST)
        picture = ThumbnailPublished(channel="hyfm", msn=FIRST, data=b"a picture")
        bench.archivist.take(bench.machine, [picture])
        key = thumbnail_key("hyfm", FIRST)
        async with asyncio.timeout(10):
            while key not in bench.store.stored:
                bench.store.changed.clear()
                await bench.store.changed.wait()
        assert await bench.store.get(key) == b"a picture"


async def test_an_index_can_be_read_by_anyone(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    async with bench.running():
        bench.send(FIRST)
        await bench.until_archived(FIRST)
        told = [i for i in bench.archivist.snapshot() if isinstance(i, HourArchived)]
    index = parse_index(told[0].data)
    assert render_index(index) == told[0].data
    assert isinstance(bench.store, DiskArchive)
