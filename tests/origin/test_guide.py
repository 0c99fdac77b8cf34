"""origin.guide: snapshots on disk, held and told."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

from core.clock import unix_ns
from core.guide import GuideSnapshot, Programme, Takedown
from core.guide_files import write_guide
from core.rights import Access
from core.timeline import UnixNs, msn_at
from origin.guide import Guide, cleaned
from tests.origin.hostile_guide import hostile_snapshot


def programme(name: str, start_s: int, **more: object) -> Programme:
    values = {"id": name, "channel": "hytv", "start_s": start_s, "end_s": start_s + 3_600}
    return Programme(**{"title": "Thời sự", **values, **more})  # type: ignore[arg-type]


async def write(folder: Path, *programmes: Programme, channel: str = "hytv") -> None:
    snapshot = GuideSnapshot(channel=channel, programmes=programmes)
    await asyncio.to_thread(write_guide, folder, snapshot)


def msn(moment_s: int) -> int:
    return msn_at(UnixNs(moment_s * 1_000_000_000))


async def test_a_change_is_read_once_and_told(tmp_path: Path) -> None:
    guide = Guide(tmp_path, ["hytv", "hyfm"])
    told: list[frozenset[str]] = []
    guide.listen(told.append)
    await guide.refresh()
    assert told == []
    assert guide.snapshot("hytv") == GuideSnapshot(channel="hytv")
    await write(tmp_path, programme("a", 0))
    await guide.refresh()
    await guide.refresh()
    assert told == [{"hytv"}]
    assert guide.programme("a") == programme("a", 0)
    assert guide.schedule("hytv").items == (programme("a", 0),)
    assert guide.programme("b") is None
    assert guide.schedule("hyfm").items == ()


async def test_a_damaged_file_changes_nothing(tmp_path: Path) -> None:
    guide = Guide(tmp_path, ["hytv"])
    await write(tmp_path, programme("a", 0))
    await guide.refresh()
    await asyncio.to_thread((tmp_path / "hytv.json").write_bytes, b'{"form": 1, "pro')
    await guide.refresh()
    assert guide.programme("a") is not None


async def test_channels_come_and_go(tmp_path: Path) -> None:
    guide = Guide(tmp_path, ["hytv"])
    await write(tmp_path, programme("a", 0))
    await write(tmp_path, programme("b", 0, channel="hyfm"), channel="hyfm")
    await guide.refresh()
    guide.configure(["hyfm"])
    await guide.refresh()
    assert guide.programme("a") is None
    assert guide.programme("b") is not None


async def test_restrictions_never_come_late(tmp_path: Path) -> None:
    """A programme that is live only begins within a minute for which they are already known."""
    guide = Guide(tmp_path, ["hytv"])
    start_s = 60 * 1_000 + 30
    await write(tmp_path, programme("a", start_s, catch_up_days=0))
    await guide.refresh()
    early = guide.restrictions("hytv", start_s - 31)
    assert early.runs == ()
    before = guide.restrictions("hytv", start_s - 30)
    assert before.access(msn(start_s + 10)) is Access.REFUSED
    assert guide.restrictions("hytv", start_s + 29) is before
    await write(tmp_path, programme("a", start_s))
    await guide.refresh()
    assert guide.restrictions("hytv", start_s + 29).runs == ()
    assert guide.restrictions("unknown", start_s).runs == ()


async def test_this_minutes_restrictions_are_there_before_they_are_asked_for(
    tmp_path: Path,
) -> None:
    guide = Guide(tmp_path, ["hytv"])
    now_s = unix_ns() // 1_000_000_000
    await write(tmp_path, programme("a", now_s - 60, blackout=True))
    await guide.refresh()
    made = guide._restrictions["hytv"]
    assert unix_ns() // 60_000_000_000 in made
    before = guide.restrictions("hytv", now_s)
    assert before.access(msn(now_s)) is Access.REFUSED
    for minute in range(100):
        guide.restrictions("hytv", 60 * minute)
    assert len(made) <= 4


async def test_it_reads_while_it_runs(tmp_path: Path) -> None:
    guide = Guide(tmp_path, ["hytv"])
    changed = asyncio.Event()
    guide.listen(lambda _: changed.set())
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(guide.run())
        await write(tmp_path, programme("a", 0))
        await changed.wait()
        running.cancel()


def test_texts_are_made_harmless() -> None:
    takedowns = (Takedown(start_s=1, end_s=2),)
    snapshot = cleaned(replace(hostile_snapshot("hytv", 0), takedowns=takedowns))
    assert snapshot.takedowns == takedowns
    for item in snapshot.programmes:
        assert item.title
        assert all(item.categories)
        for text in (item.title, item.subtitle, item.episode, *item.categories):
            assert len(text) <= 300
            assert "\n" not in text
            text.encode()
        assert item.image.startswith("https://") or not item.image
    assert cleaned(snapshot) == snapshot
