"""Children are kept running, heard, and gone when they are told to go.  Real processes."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from core.errors import ConfigError
from lensong.child import Child


class Heard:
    """Collects what children say, and wakes who waits for a line."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._event = asyncio.Event()

    def __call__(self, line: str) -> None:
        """Take a line."""
        self.lines.append(line)
        self._event.set()

    async def until(self, text: str, times: int = 1) -> None:
        """Wait for a number of lines that hold ``text``."""
        while sum(text in line for line in self.lines) < times:
            self._event.clear()
            await self._event.wait()


def child(code: str, heard: Heard) -> Child:
    return Child("test", [sys.executable, "-c", code], {"PATH": "/usr/bin"}, say=heard)


@asynccontextmanager
async def running(one: Child) -> AsyncIterator[asyncio.Task[None]]:
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(one.run())
        yield task
        task.cancel()


async def runs(pid: int) -> bool:
    def look() -> bool:
        try:
            stat = Path(f"/proc/{pid}/stat").read_text()
        except (FileNotFoundError, ProcessLookupError):
            return False
        # A killed orphan may stay a zombie until init reaps it; it runs no more.
        return stat.rpartition(")")[2].split()[0] != "Z"

    return await asyncio.to_thread(look)


SAY_AND_WAIT = """
import sys, time
print('{"event": "up"}', file=sys.stderr, flush=True)
time.sleep(60)
"""


async def test_passes_log_lines_on_and_ends_the_process_when_cancelled() -> None:
    heard = Heard()
    one = child(SAY_AND_WAIT, heard)
    async with running(one):
        await heard.until("up")
        pid = one.pid
        assert pid is not None
    assert not await runs(pid)
    assert one.pid is None


async def test_starts_a_process_again_that_died() -> None:
    heard = Heard()
    one = child('import sys; print(\'{"event": "run"}\', file=sys.stderr)', heard)
    async with running(one):
        await heard.until("run", times=3)
    assert one.restarts >= 2


async def test_a_first_run_that_refuses_its_settings_fails_the_start_with_its_sentence() -> None:
    heard = Heard()
    one = child("import sys; print('port 80 is busy', file=sys.stderr); sys.exit(2)", heard)
    with pytest.raises(ConfigError, match="test: port 80 is busy"):
        await one.run()
    assert heard.lines == []  # said once, by whoever prints the error


async def test_one_that_is_not_needed_is_tried_again_and_says_why() -> None:
    heard = Heard()
    code = "import sys; print('control: no such zone', file=sys.stderr); sys.exit(2)"
    argv = [sys.executable, "-c", code]
    one = Child("test", argv, {"PATH": "/usr/bin"}, say=heard, min_pause_s=0.01, needed=False)
    async with running(one):
        await heard.until("control: no such zone", times=2)
    assert one.restarts >= 1


async def test_a_traceback_is_passed_on_with_the_name_of_the_process() -> None:
    heard = Heard()
    one = child("raise RuntimeError('a bug')", heard)
    async with running(one):
        await heard.until("test: RuntimeError: a bug")


async def test_a_process_that_ignores_sigterm_is_killed() -> None:
    heard = Heard()
    deaf = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)" + SAY_AND_WAIT
    one = child(deaf, heard)
    async with running(one):
        await heard.until("up")
        pid = one.pid
    assert pid is not None
    assert not await runs(pid)


async def test_what_a_process_started_goes_with_it() -> None:
    heard = Heard()
    code = """
import subprocess, sys
sleeper = subprocess.Popen(["sleep", "60"], stderr=subprocess.DEVNULL)
print('{"pid": ' + str(sleeper.pid) + '}', file=sys.stderr, flush=True)
raise SystemExit(1)
"""
    one = child(code, heard)
    async with running(one):
        await heard.until("pid", times=2)  # the second run: the first one's is gone
    for line in heard.lines:
        pid = int(line.removeprefix('{"pid": ').removesuffix("}"))
        while await runs(pid):  # noqa: ASYNC110  # a killed stranger tells nobody that it is gone
            await asyncio.sleep(0.01)


async def test_a_stopped_child_is_not_started_again() -> None:
    heard = Heard()
    one = child(SAY_AND_WAIT, heard)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(one.run())
        await heard.until("up")
        await one.stop()
    assert one.restarts == 0


async def test_a_restart_is_immediate() -> None:
    heard = Heard()
    one = Child(
        "test",
        [sys.executable, "-c", SAY_AND_WAIT],
        {"PATH": os.defpath},
        say=heard,
        min_pause_s=60.0,
    )
    async with running(one):
        await heard.until("up")
        await one.restart()
        await heard.until("up", times=2)
