"""core.tasks: what is supervised comes back, and a bug does not."""

from __future__ import annotations

import asyncio

import pytest

from core.errors import FormatError
from core.tasks import first_error, leaf_errors, supervise


class Fails:
    """Fail with each of ``faults`` in turn, then announce that it runs and run for ever."""

    def __init__(self, *faults: Exception | None) -> None:
        self.faults = list(faults)
        self.starts = 0
        self.running = asyncio.Event()

    async def __call__(self) -> None:
        """Run once."""
        self.starts += 1
        if self.faults:
            fault = self.faults.pop(0)
            if fault is not None:
                raise fault
            return
        self.running.set()
        await asyncio.Event().wait()


async def test_survives_faults_of_the_outside() -> None:
    part = Fails(FormatError("cut off"), ConnectionResetError(), None)
    async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
        task = tasks.create_task(supervise("part", part, min_pause_s=0.001))
        await part.running.wait()
        assert part.starts == 4
        task.cancel()


async def test_a_bug_is_not_swallowed() -> None:
    part = Fails(ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        await supervise("part", part, min_pause_s=0.001)
    assert part.starts == 1


async def test_pauses_grow() -> None:
    part = Fails(*[None] * 5)
    loop = asyncio.get_running_loop()
    started = loop.time()
    async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
        task = tasks.create_task(supervise("part", part, min_pause_s=0.01, max_pause_s=0.04))
        await part.running.wait()
        task.cancel()
    assert loop.time() - started >= 0.14  # 0.01 + 0.02 + 0.04 + 0.04 + 0.04 = 0.15


async def test_cancelling_starts_nothing_again() -> None:
    part = Fails()
    async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
        task = tasks.create_task(supervise("part", part))
        await part.running.wait()
        task.cancel()
    assert task.cancelled()
    assert part.starts == 1


def test_the_first_error_of_a_group_is_found_however_deep() -> None:
    inner = ExceptionGroup("", [OSError("first"), ValueError("second")])
    assert str(first_error(ExceptionGroup("", [inner, KeyError("third")]))) == "first"
    assert len(leaf_errors(ExceptionGroup("", [inner, KeyError("third")]))) == 3
    assert str(first_error(OSError("alone"))) == "alone"
