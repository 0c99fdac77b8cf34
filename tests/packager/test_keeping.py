"""packager.keeping: what goes, what is verified, what is told, on an archive that may fail."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from core.archive import (
    hour_at,
    index_key,
    numbers_of,
    segment_key,
    start_of_hour,
    thumbnail_key,
)
from core.archive_disk import DiskArchive
from core.archive_read import read_index, stored_hours
from core.archive_store import ArchiveError
from core.clock import unix_ns
from core.config import ArchiveSettings, ChannelSettings
from core.timeline import UnixNs
from packager.keeping import Keeper
from packager.keeping_ledger import HourNote, KeepingLedger
from packager.keeping_metrics import KeepingMetrics
from tests.archive_hours import HOUR, small_segment, store_header, store_hour
from tests.cmaf_media import make_video
from tests.memory_archive import MemoryArchive
from tests.mounts import mounted
from tests.packager.station import Station, running
from tests.s3_server import S3Server, s3_server

EVERY = 200
"""Of a synthetic hour only each so-manieth number is stored: four or five."""


def channel(slug: str = "hytv", **more: object) -> ChannelSettings:
    return ChannelSettings.model_validate(
        {"slug": slug, "name": "Hưng Yên", "kind": "tv", "ladder": "480p", **more}
    )


class Bench:
    """A keeper on an archive in memory, with a clock of its own."""

    def __init__(
        self,
        folder: Path,
        *channels: ChannelSettings,
        free_bytes: int | None = None,
        min_free_bytes: int = 0,
    ) -> None:
        self.folder, self.channels = folder, channels
        self.store = MemoryArchive(free_bytes=free_bytes)
        self.now = UnixNs(start_of_hour(HOUR) + 60_000_000_000)
        self.settings = ArchiveSettings(min_free_gb=min_free_bytes / 1e9, scrub_mb_per_s=10_000)
        self.start()

    def start(self) -> None:
        """Make the keeper of a fresh process."""
        self.registry = CollectorRegistry()
        self.ledger = KeepingLedger(self.folder / "keeping")
        self.keeper = Keeper(
            store=self.store,
            ledger=self.ledger,
            metrics=KeepingMetrics(self.registry, backend="disk"),
            settings=self.settings,
            now=lambda: self.now,
        )
        self.keeper.configure(self.channels)

    async def store_hours(
        self, slug: str, rendition: str, ages: Iterable[int], *, every: int = EVERY
    ) -> None:
        """Store hours of these ages."""
        for age in ages:
            await store_hour(self.store, slug, rendition, HOUR - age, every=every)

    async def ages(self, slug: str, rendition: str) -> list[int]:
        """Return the ages of what is stored."""
        found = await stored_hours(self.store, slug)
        return [HOUR - hour for hour in reversed(found.get(rendition, []))]

    def value(self, name: str, **labels: str) -> float | None:
        """Return a metric's value."""
        return self.registry.get_sample_value(f"lensong_archive_{name}", labels)

    async def turn_until_done(self) -> None:
        """Turn as the task does."""
        while not await self.keeper.turn():
            pass

    async def scrub_all(self) -> int:
        """Verify all that is due; return how many hours that was."""
        count = 0
        while await self.keeper.scrub_once():
            count += 1
        return count


async def test_hours_beyond_the_days_go_with_all_that_lies_in_them(tmp_path: Path) -> None:
    bench = Bench(tmp_path, channel(archive_days=1))
    for rendition in ("480p", "a96"):
        await bench.store_hours("hytv", rendition, range(22, 28))
    old, young = numbers_of(HOUR - 26)[0], numbers_of(HOUR - 23)[0]
    await bench.store.put(thumbnail_key("hytv", old), [b"jpeg"])
    await bench.store.put(thumbnail_key("hytv", young), [b"jpeg"])
    await bench.store_hours("left", "480p", [1_000])
    await bench.turn_until_done()
    assert await bench.ages("hytv", "480p") == [22, 23, 24]
    assert await bench.ages("hytv", "a96") == [22, 23, 24]
    assert await bench.ages("hytv", "thumb") == [23]
    assert await bench.ages("left", "480p") == [1_000]
    assert bench.value("removals_total", channel="hytv", why="days") == 3
    assert bench.value("oldest_timestamp_seconds", channel="hytv") == start_of_hour(HOUR - 24) / 1e9


async def test_more_than_a_turns_worth_goes_in_several(tmp_path: Path) -> None:
    bench = Bench(tmp_path, channel(archive_days=1))
    await bench.store_hours("hytv", "480p", range(20, 75), every=400)
    assert not await bench.keeper.turn()
    assert len(await bench.ages("hytv", "480p")) == 55 - 24
    await bench.turn_until_done()
    assert await bench.ages("hytv", "480p") == [20, 21, 22, 23, 24]


async def test_for_space_the_right_channel_gives_and_the_index_goes_first(tmp_path: Path) -> None:
    bench = Bench(
        tmp_path,
        channel("a", archive_days=100),
        channel("b", archive_days=1),
        free_bytes=10_000_000,
    )
    await bench.store_hours("a", "480p", range(10))
    await bench.store_hours("b", "480p", range(10))
    free = await bench.store.free_bytes()
    assert free is not None
    bench.settings = ArchiveSettings(min_free_gb=(free + 250) / 1e9)
    bench.start()
    bench.store.calls.clear()
    with capture_logs() as lines:
        await bench.turn_until_done()
    assert await bench.ages("a", "480p") == list(range(10))
    assert await bench.ages("b", "480p") == list(range(8))
    gone = [key for method, key in bench.store.calls if method == "delete"]
    folder = gone[0].rsplit("/", 1)[0]
    assert gone[0] == index_key("b", "480p", HOUR - 9)
    assert gone[1].startswith(folder)
    assert [line["event"] for line in lines] == ["hour_removed_for_space"] * 2
    assert bench.value("removals_total", channel="b", why="space") == 2
    assert bench.value("free_bytes", backend="disk") == await bench.store.free_bytes()


async def test_a_crash_in_the_middle_of_a_removal_leaves_no_promise_and_is_finished_later(
    tmp_path: Path,
) -> None:
    bench = Bench(tmp_path, channel(archive_days=1))
    await bench.store_hours("hytv", "480p", [30])
    bench.store.fail(errno.EIO, "delete", after=3)
    with pytest.raises(ArchiveError):
        await bench.keeper.turn()
    assert await read_index(bench.store, "hytv", "480p", HOUR - 30) is None
    assert await bench.ages("hytv", "480p") == [30]
    bench.store.heal()
    bench.start()
    await bench.turn_until_done()
    assert await bench.ages("hytv", "480p") == []


async def test_the_deposit_goes_last_and_loudly(tmp_path: Path) -> None:
    bench = Bench(tmp_path, channel(archive_days=1, deposit_days=190), min_free_bytes=10**9)
    bench.store = MemoryArchive(free_bytes=10_000_000)
    bench.start()
    for rendition in ("360p", "480p", "a96"):
        await bench.store_hours("hytv", rendition, range(2, 5))
    with capture_logs() as lines:
        await bench.turn_until_done()
    assert await bench.ages("hytv", "360p") == [2]
    assert await bench.ages("hytv", "480p") == [2]
    assert [(line["event"], line["log_level"]) for line in lines] == [
        ("hour_removed_for_space", "warning"),
        ("hour_removed_for_space", "warning"),
        ("deposit_removed_for_space", "error"),
        ("deposit_removed_for_space", "error"),
    ]
    assert bench.value("removals_total", channel="hytv", why="deposit") == 2


async def test_sizes_are_read_from_indexes_once_and_survive_a_restart(tmp_path: Path) -> None:
    bench = Bench(tmp_path, channel(), free_bytes=10**9)
    await bench.store_hours("hytv", "480p", range(10))
    await bench.keeper.turn()
    read = [key for method, key in bench.store.calls if method == "get"]
    assert sorted(read) == sorted(index_key("hytv", "480p", HOUR - age) for age in range(3, 10))
    await asyncio.to_thread(bench.ledger.save, bench.ledger.take_changes())
    bench.start()
    await bench.keeper.load()
    bench.store.calls.clear()
    await bench.keeper.turn()
    assert {method for method, _ in bench.store.calls} == {"folders", "free_bytes"}
    bench.store.calls.clear()
    await bench.keeper.turn()  # within the hour nothing is listed again
    assert {method for method, _ in bench.store.calls} == {"free_bytes"}


async def test_an_hour_without_index_is_weighed_by_its_listing(tmp_path: Path) -> None:
    bench = Bench(tmp_path, channel())
    made = await store_hour(bench.store, "hytv", "480p", HOUR - 5, every=EVERY, index=False)
    await bench.keeper.turn()
    size = sum(record.size_bytes for record in made.records())
    assert bench.ledger.notes["hytv", "480p", HOUR - 5].size_bytes == size


async def test_every_hour_is_verified_and_what_is_lost_is_told(tmp_path: Path) -> None:
    bench = Bench(tmp_path, channel())
    await bench.store_hours("hytv", "480p", range(3, 9))
    await bench.keeper.turn()
    assert bench.value("unverified_folders", channel="hytv") == 6
    numbers = [msn for msn in numbers_of(HOUR - 5) if msn % EVERY == 0]
    await bench.store.delete([segment_key("hytv", "480p", numbers[0])])
    flipped = small_segment("480p", numbers[1]).replace(b"480p", b"481p")
    await bench.store.put(segment_key("hytv", "480p", numbers[1]), [flipped])
    with capture_logs() as lines:
        assert await bench.scrub_all() == 6
    faults = [(line["kind"], line["msn"]) for line in lines if line["event"] == "archive_fault"]
    assert faults == [("missing", numbers[0]), ("damaged", numbers[1])]
    assert bench.value("missing_segments", channel="hytv") == 2
    assert bench.value("unverified_folders", channel="hytv") == 0
    # Found again, it is missing no more.
    for msn in numbers[:2]:
        body = small_segment("480p", msn)
        await bench.store.put(segment_key("hytv", "480p", msn), [body])
    bench.now = UnixNs(bench.now + 31 * 86_400_000_000_000)
    assert await bench.scrub_all() == 6
    assert bench.value("missing_segments", channel="hytv") == 0


async def test_what_was_verified_is_known_after_a_restart(tmp_path: Path) -> None:
    bench = Bench(tmp_path, channel())
    await bench.store_hours("hytv", "480p", range(3, 9))
    await bench.keeper.turn()
    assert await bench.keeper.scrub_once()
    assert await bench.keeper.scrub_once()
    await asyncio.to_thread(bench.ledger.save, bench.ledger.take_changes())
    bench.start()
    await bench.keeper.load()
    await bench.keeper.turn()
    assert await bench.scrub_all() == 4


async def test_an_hour_that_retention_takes_meanwhile_is_no_fault(tmp_path: Path) -> None:
    bench = Bench(tmp_path, channel())
    await bench.store_hours("hytv", "480p", [5])
    await bench.keeper.turn()
    get = bench.store.get

    async def get_while_it_goes(key: str) -> bytes:
        data = await get(key)
        if key.endswith(".m4s"):
            bench.store.stored.clear()
        return data

    bench.store.get = get_while_it_goes  # type: ignore[method-assign]
    with capture_logs() as lines:
        assert await bench.keeper.scrub_once()
    assert lines == []
    assert bench.value("missing_segments", channel="hytv") == 0


async def test_a_lost_index_is_made_again_when_nobody_else_will(tmp_path: Path) -> None:
    bench = Bench(tmp_path, channel())
    old, young = HOUR - 30, HOUR - 5
    header = await store_header(bench.store, "hytv", make_video("480p"), numbers_of(old)[0])
    for hour in (old, young):
        await store_hour(
            bench.store, "hytv", "480p", hour, headers={0: header}, every=EVERY, index=False
        )
    await bench.keeper.turn()
    with capture_logs() as lines:
        assert await bench.scrub_all() == 2
    assert sorted(line["event"] for line in lines) == [
        "index_made_again",
        "index_missing",
        "index_missing",
    ]
    made = await read_index(bench.store, "hytv", "480p", old)
    assert made is not None
    assert [item.msn for item in made.records()] == [m for m in numbers_of(old) if m % EVERY == 0]
    assert await read_index(bench.store, "hytv", "480p", young) is None
    assert bench.value("hole_segments", channel="hytv") == 938 - len(list(made.records()))


async def test_a_channel_that_a_reload_takes_away_is_left_alone(tmp_path: Path) -> None:
    bench = Bench(tmp_path, channel("a"), channel("b"))
    await bench.store_hours("a", "480p", [3, 400])
    await bench.keeper.turn()
    bench.keeper.configure([channel("b")])
    bench.now = UnixNs(bench.now + 86_400_000_000_000 * 30)
    await bench.turn_until_done()
    assert await bench.ages("a", "480p") == [3]
    assert bench.value("missing_segments", channel="a") is None


async def test_a_channel_whose_deposit_is_unclear_is_not_touched(tmp_path: Path) -> None:
    bench = Bench(tmp_path, channel(deposit_days=190, deposit_rendition="999p"))
    await bench.store_hours("hytv", "480p", [10_000])
    await bench.turn_until_done()
    assert await bench.ages("hytv", "480p") == [10_000]


async def test_runs_through_failures_and_writes_down_what_it_knows(tmp_path: Path) -> None:
    bench = Bench(tmp_path, channel(archive_days=1))
    await bench.store_hours("hytv", "480p", [3, 30])
    done = asyncio.Event()
    put = bench.ledger.change

    def change(key: tuple[str, str, int], note: HourNote) -> None:
        put(key, note)
        if all(item.verified_s for item in bench.ledger.notes.values()):
            done.set()

    bench.ledger.change = change  # type: ignore[method-assign]
    async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
        task = tasks.create_task(bench.keeper.run())
        await done.wait()
        task.cancel()
    assert await bench.ages("hytv", "480p") == [3]
    text = await asyncio.to_thread((tmp_path / "keeping/hytv").read_text)
    assert str(HOUR - 3) in text


@pytest.mark.parametrize(
    "text", ["", "[]", '{"480p": {"x": [1, 2, 3, 4]}}', '{"480p": {"7": [1]}}']
)
def test_a_ledger_that_cannot_be_read_is_begun_anew(tmp_path: Path, text: str) -> None:
    (tmp_path / "hytv").write_text(text)
    ledger = KeepingLedger(tmp_path)
    ledger.load(["hytv", "none"])
    assert ledger.notes == {}
    ledger.listed("hytv", {"480p": [7]})
    ledger.save(ledger.take_changes())
    again = KeepingLedger(tmp_path)
    again.load(["hytv"])
    assert again.notes == ledger.notes


def test_a_ledger_on_a_disk_that_takes_nothing_is_a_memory_lost(tmp_path: Path) -> None:
    in_the_way = tmp_path / "keeping"
    in_the_way.write_bytes(b"")
    ledger = KeepingLedger(in_the_way)
    ledger.listed("hytv", {"480p": [7]})
    with capture_logs() as lines:
        ledger.save(ledger.take_changes())
    assert [line["event"] for line in lines] == ["keeping_not_saved"]


# On a real disk that is full, and in a bucket


def test_a_small_disk_is_kept_free_and_new_hours_find_room(tmp_path: Path) -> None:
    """Four megabytes, of which one is to stay free; an hour fills about 0.3."""

    async def fill_and_turn(root: Path) -> list[int]:
        bench = Bench(tmp_path, channel(), min_free_bytes=1_000_000)
        disk = DiskArchive(root)
        bench.store = disk  # type: ignore[assignment]
        bench.start()
        for age in range(12, 2, -1):
            await store_hour(disk, "hytv", "480p", HOUR - age, every=400, body=large_segment)
        free_before = await disk.free_bytes()
        await bench.turn_until_done()
        free, left = await disk.free_bytes(), await bench.ages("hytv", "480p")
        disk.close()
        assert free_before is not None
        assert free is not None
        assert free_before < 1_000_000 <= free
        return left

    with mounted(tmp_path / "disk", "-t", "tmpfs", "-o", "size=4m", "tmpfs") as root:
        left = asyncio.run(fill_and_turn(root))
    assert left == list(range(3, 3 + len(left)))
    assert 5 <= len(left) <= 9


def large_segment(_: str, msn: int) -> bytes:
    return str(msn).encode() * 15_000


@pytest.fixture(scope="module")
def server() -> Iterator[S3Server]:
    with s3_server() as running:
        yield running


@pytest.mark.services
@pytest.mark.timeout(60)
async def test_a_bucket_is_kept_too(tmp_path: Path, server: S3Server) -> None:
    bench = Bench(tmp_path, channel(archive_days=1))
    bucket = await asyncio.to_thread(server.open_archive)
    bench.store = bucket  # type: ignore[assignment]
    bench.start()
    await bench.store_hours("hytv", "480p", [3, 4, 30])
    await bench.turn_until_done()
    assert await bench.ages("hytv", "480p") == [3, 4]
    victim = next(msn for msn in numbers_of(HOUR - 3) if msn % EVERY == 0)
    await bucket.delete([segment_key("hytv", "480p", victim)])
    assert await bench.scrub_all() == 2
    assert bench.value("missing_segments", channel="hytv") == 1
    assert bench.value("free_bytes", backend="disk") is None


@pytest.mark.timeout(120)
async def test_a_running_packager_keeps_its_archive(station: Station) -> None:
    """An hour of a month ago goes, one of yesterday is verified, and the admin port tells it."""
    present = hour_at(unix_ns())
    memory = MemoryArchive()
    for age in (720, 24):
        await store_hour(memory, "hytv", "234p", present - age, every=EVERY)
    victim = next(msn for msn in numbers_of(present - 24) if msn % EVERY == 0)
    del memory.stored[segment_key("hytv", "234p", victim)]
    archive = DiskArchive(station.settings.archive_dir)
    for key, data in memory.stored.items():
        await archive.put(key, [data])
    async with running(station) as sender, asyncio.timeout(60):
        wanted = {
            'lensong_archive_removals_total{channel="hytv",why="days"} 1.0',
            'lensong_archive_missing_segments{channel="hytv"} 1.0',
            'lensong_archive_unverified_folders{channel="hytv"} 0.0',
        }
        while True:
            _, metrics = await sender.admin("/metrics")
            stored = (await stored_hours(archive, "hytv")).get("234p")
            if wanted <= set(metrics.splitlines()) and stored == [present - 24]:
                break
            await asyncio.sleep(0.02)  # nothing tells that a figure changed but asking for it
    archive.close()
    keeping = station.settings.paths.data_dir / "keeping/hytv"
    assert str(present - 24) in await asyncio.to_thread(keeping.read_text)
