"""packager.store: what a killed packager remembers."""

from __future__ import annotations

import asyncio
from pathlib import Path

from structlog.testing import capture_logs

from core.publication import (
    ChannelState,
    HeaderPublished,
    HoleDeclared,
    PartPublished,
    Publication,
    SegmentPublished,
    ThumbnailPublished,
)
from packager.store import LiveSpool

HEADER = HeaderPublished(channel="hytv", rendition="234p", hash="abc", data=b"header")
STATE = ChannelState(channel="hytv", on_air="studio", title="Biển", since_ns=1)


def part(msn: int, index: int = 0, channel: str = "hytv") -> PartPublished:
    return PartPublished(
        channel=channel,
        rendition="234p",
        msn=msn,
        part=index,
        header_hash="abc",
        independent=True,
        data=b"media",
    )


def segment(msn: int) -> SegmentPublished:
    return SegmentPublished(
        channel="hytv", rendition="234p", msn=msn, header_hash="abc", slate=True
    )


def thumbnail(msn: int) -> ThumbnailPublished:
    return ThumbnailPublished(channel="hytv", msn=msn, data=b"a picture")


async def write(spool: LiveSpool, *publications: Publication) -> None:
    """Let the spool write, as a running packager does."""
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(spool.run())
        spool.put(publications)
        assert await spool.flushed(patience_s=5)
        task.cancel()


def reading(root: Path, *channels: str) -> list[Publication]:
    spool = LiveSpool(root, failed=lambda _: None)
    return [item for items in spool.load(channels).values() for item in items]


async def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    spool = LiveSpool(tmp_path, failed=lambda _: None)
    hole = HoleDeclared(channel="hytv", msn=6, reason="no media")
    spool.put_facts("hytv", [hole])
    spool.put_facts("hytv", [STATE, hole])
    await write(spool, HEADER, part(7), part(7, 1), segment(7), thumbnail(8))
    found = await asyncio.to_thread(reading, tmp_path, "hytv")
    assert sorted(map(repr, found)) == sorted(
        map(repr, [STATE, hole, HEADER, part(7), part(7, 1), segment(7), thumbnail(8)])
    )


async def test_what_left_the_window_leaves_the_disk(tmp_path: Path) -> None:
    first = LiveSpool(tmp_path, failed=lambda _: None)
    await write(first, HEADER, thumbnail(7), part(7), segment(7), part(8))
    again = LiveSpool(tmp_path, failed=lambda _: None)
    await asyncio.to_thread(again.load, ["hytv"])  # it also forgets what another process wrote
    again.put([part(9)])
    again.expire("hytv", 9)
    await write(again)
    found = await asyncio.to_thread(reading, tmp_path, "hytv")
    assert sorted(map(repr, found)) == sorted(map(repr, [HEADER, part(9)]))


async def test_damaged_files_are_removed_and_the_rest_is_kept(tmp_path: Path) -> None:
    await write(LiveSpool(tmp_path, failed=lambda _: None), part(7), part(8))

    def damage() -> None:
        folder = tmp_path / "hytv" / "234p"
        whole = (folder / "7.0.part").read_bytes()
        (folder / "7.0.part").write_bytes(whole[:-1])
        (folder / "9.0.part").write_bytes(b"\xff" * 40)
        (folder / "9.1.part.tmp").write_bytes(whole)

    await asyncio.to_thread(damage)
    assert await asyncio.to_thread(reading, tmp_path, "hytv") == [part(8)]
    left = await asyncio.to_thread(lambda: [path.name for path in tmp_path.rglob("*.*")])
    assert left == ["8.0.part"]


async def test_a_channel_that_is_not_configured_is_forgotten(tmp_path: Path) -> None:
    spool = LiveSpool(tmp_path, failed=lambda _: None)
    await write(spool, part(7), part(7, channel="old"))
    assert await asyncio.to_thread(reading, tmp_path, "hytv") == [part(7)]
    assert not await asyncio.to_thread((tmp_path / "old").exists)


async def test_a_disk_that_cannot_be_written_is_counted_and_works_again(tmp_path: Path) -> None:
    failed: list[str] = []
    root = tmp_path / "live"
    await asyncio.to_thread(root.write_text, "a file is in the way")
    spool = LiveSpool(root, failed=failed.append)
    await write(spool, HEADER, part(7))
    assert failed == ["hytv", "hytv"]
    await asyncio.to_thread(root.unlink)
    await write(spool, part(8))
    assert await asyncio.to_thread(reading, root, "hytv") == [part(8)]


async def test_one_channel_that_cannot_be_written_is_one_log_line(tmp_path: Path) -> None:
    await asyncio.to_thread((tmp_path / "hytv").write_text, "a file is in the way")
    spool = LiveSpool(tmp_path, failed=lambda _: None)
    with capture_logs() as lines:
        await write(spool, *(part(number, channel=of) for number in (7, 8) for of in ("hytv", "b")))
    assert [(line["event"], line["channel"]) for line in lines] == [("spool_failed", "hytv")]


async def test_a_disk_that_is_too_slow_drops_and_counts(tmp_path: Path) -> None:
    """Nothing takes the jobs here, as on a disk that hangs."""
    failed: list[str] = []
    spool = LiveSpool(tmp_path, failed=failed.append)
    spool.put(part(number) for number in range(5_000))
    assert len(failed) == 5_000 - 4_096
    assert not await spool.flushed(patience_s=0.01)
