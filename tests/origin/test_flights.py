"""origin.flights: each piece of work once, however many wait for it."""

from __future__ import annotations

import asyncio

import pytest

from core.archive_store import ArchiveError, MissingError
from origin.flights import Kept


class Clock:
    """A clock that a test moves."""

    now_ns = 0

    def __call__(self) -> int:
        """Tell the time."""
        return self.now_ns


class Work:
    """Work that waits until it may go on."""

    def __init__(self, kept: Kept[str], *, error: Exception | None = None) -> None:
        self.kept, self.error = kept, error
        self.begun = 0
        self.go = asyncio.Event()
        self.working = asyncio.Event()

    async def __call__(self) -> str:
        """Wait, then fail or keep the value."""
        self.begun += 1
        self.working.set()
        await self.go.wait()
        if self.error is not None:
            raise self.error
        self.kept.put("a", "done")
        return "done"


async def test_works_once_for_all_who_ask() -> None:
    kept: Kept[str] = Kept(10, Clock())
    work = Work(kept)
    async with asyncio.TaskGroup() as tasks:
        asked = [tasks.create_task(kept.find("a", work)) for _ in range(5)]
        await work.working.wait()
        work.go.set()
    assert [task.result() for task in asked] == ["done"] * 5
    assert (work.begun, kept.misses, kept.hits) == (1, 1, 4)


async def test_when_the_first_gives_up_the_next_goes_on() -> None:
    kept: Kept[str] = Kept(10, Clock())
    work = Work(kept)
    async with asyncio.TaskGroup() as tasks:
        first = tasks.create_task(kept.find("a", work))
        await work.working.wait()
        second = tasks.create_task(kept.find("a", work))
        await asyncio.sleep(0)
        work.working.clear()
        first.cancel()
        await work.working.wait()
        work.go.set()
        assert await second == "done"
    assert first.cancelled()
    assert work.begun == 2


async def test_who_waits_and_gives_up_disturbs_nobody() -> None:
    kept: Kept[str] = Kept(10, Clock())
    work = Work(kept)
    async with asyncio.TaskGroup() as tasks:
        first = tasks.create_task(kept.find("a", work))
        await work.working.wait()
        second = tasks.create_task(kept.find("a", work))
        await asyncio.sleep(0)
        second.cancel()
        await asyncio.sleep(0)
        work.go.set()
    assert first.result() == "done"


@pytest.mark.parametrize(("error", "counted"), [(ArchiveError("x"), 1), (MissingError("x"), 0)])
async def test_a_failure_is_told_to_all_and_not_kept(error: Exception, counted: int) -> None:
    kept: Kept[str] = Kept(10, Clock())
    work = Work(kept, error=error)

    async def ask() -> str:
        with pytest.raises(type(error)):
            await kept.find("a", work)
        return "raised"

    async with asyncio.TaskGroup() as tasks:
        asked = [tasks.create_task(ask()) for _ in range(3)]
        await work.working.wait()
        await asyncio.sleep(0)
        work.go.set()
    assert [task.result() for task in asked] == ["raised"] * 3
    assert (work.begun, kept.errors) == (1, counted)
    work.error = None
    assert await kept.find("a", work) == "done"


def test_keeps_what_was_used_last_and_no_more_than_fits() -> None:
    kept: Kept[str] = Kept(10, Clock())
    for name in "abc":
        kept.put(name, name, size=4)
    assert (kept.get("a"), kept.get("b"), kept.get("c"), kept.size) == (None, "b", "c", 8)
    kept.get("b")
    kept.put("d", "d", size=4)
    assert (kept.get("b"), kept.get("c")) == ("b", None)
    kept.put("e", "e", size=11)
    assert kept.get("e") is None
    kept.put("b", "B", size=1)
    assert (kept.get("b"), kept.size) == ("B", 5)


def test_forgets_what_holds_for_a_time_only() -> None:
    clock = Clock()
    kept: Kept[str] = Kept(10, clock)
    kept.put("a", "a", for_ns=5)
    clock.now_ns = 4
    assert kept.get("a") == "a"
    clock.now_ns = 5
    assert kept.get("a") is None
    assert kept.size == 0
