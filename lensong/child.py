"""One supervised child: start, pass its words on, restart with back-off, stop for certain."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Final

import structlog

from core.errors import ConfigError

__all__ = ["CONFIG_EXIT_CODE", "Child", "print_line"]

log = structlog.get_logger()

CONFIG_EXIT_CODE: Final = 2
"""Exit code with which a service says that it must not start."""

_MAX_HELD_LINES: Final = 200
_MAX_LINE_BYTES: Final = 1024 * 1024
_STOP_S: Final = 3.0


def print_line(line: str) -> None:
    """Pass a line on to standard error."""
    print(line, file=sys.stderr, flush=True)


class Child:
    """A process that is kept running.

    ``run()`` ends only when it is cancelled or :meth:`stop` was called, and by then the
    process and whatever it started are gone: it leads a session of its own, and what is left
    of its process group is killed after it.
    """

    def __init__(
        self,
        name: str,
        argv: Sequence[str],
        environment: Mapping[str, str],
        *,
        say: Callable[[str], None] = print_line,
        min_pause_s: float = 0.2,
        max_pause_s: float = 5.0,
        good_run_s: float = 10.0,
        needed: bool = True,
    ) -> None:
        """Prepare; nothing is started before :meth:`run`.

        Args:
            name: For logs.
            argv: Program and arguments.  No secret belongs here: everybody can read it.
            environment: The whole environment.
            say: Takes each line that the child writes to standard error.
            min_pause_s: Pause before the first restart; it doubles with each further one.
            max_pause_s: Longest pause.
            good_run_s: A run this long brings the pause back to ``min_pause_s``.
            needed: One that refuses its very first start ends :meth:`run`; otherwise it is tried
                again like any that dies.
        """
        self.name, self._argv, self._environment = name, tuple(argv), dict(environment)
        self._say = say
        self._pauses_s = (min_pause_s, max_pause_s, good_run_s)
        self._process: asyncio.subprocess.Process | None = None
        self._needed, self._stopping = needed, False
        self._again = asyncio.Event()
        self._held: list[str] = []
        self.restarts = 0
        """How often the process was started again."""

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""
        process = self._process
        return None if process is None or process.returncode is not None else process.pid

    async def run(self) -> None:
        """Keep the process running.  Cancelling is safe: it stops the process first.

        Raises:
            ConfigError: If it is needed and its very first run ends with
                :data:`CONFIG_EXIT_CODE`.
        """
        min_pause_s, max_pause_s, good_run_s = self._pauses_s
        pause_s, first = min_pause_s, True
        loop = asyncio.get_running_loop()
        while not self._stopping:
            started = loop.time()
            code = await self._run_once()
            if self._stopping:
                return
            if first and code == CONFIG_EXIT_CODE and self._needed:
                raise ConfigError(f"{self.name}: " + ("\n".join(self._held) or "cannot start"))
            self._flush()
            first = False
            if loop.time() - started >= good_run_s:
                pause_s = min_pause_s
            log.warning("process_ended", process=self.name, exit_code=code, pause_s=pause_s)
            with suppress(TimeoutError):
                async with asyncio.timeout(pause_s):
                    await self._again.wait()
            self._again.clear()
            pause_s = min(2 * pause_s, max_pause_s)
            self.restarts += 1

    async def stop(self) -> None:
        """End the process for good; :meth:`run` returns.  Cancelling leaves it to ``run()``."""
        self._stopping = True
        self._again.set()
        await self._end()

    async def kill(self) -> None:
        """End the process for good without a word, as a pulled plug does."""
        self._stopping = True
        self._again.set()
        self.signal_group(signal.SIGKILL)
        await self._end()

    def signal_group(self, number: signal.Signals) -> None:
        """Send a signal to the process and to all that it started."""
        if self.pid is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.pid, number)

    async def restart(self) -> None:
        """End the process so that :meth:`run` starts it again at once."""
        self._again.set()
        await self._end()

    async def _run_once(self) -> int:
        self._held = []
        try:
            process = await asyncio.create_subprocess_exec(
                *self._argv,
                env=self._environment,
                stdin=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.PIPE,
                limit=_MAX_LINE_BYTES,
                # Ctrl-C reaches the supervisor alone, which stops the others in order.
                start_new_session=True,
            )
        except OSError as error:
            raise ConfigError(f"{self.name}: cannot be started: {error.strerror}") from error
        self._process = process
        await self._pass_on(process)
        return await process.wait()

    async def _pass_on(self, process: asyncio.subprocess.Process) -> None:
        """Pass standard error on until the process ends.

        Log lines are JSON.  Other lines are held until a log line or the end, since they may
        be the sentence with which the process refuses to start, which is then said only once.
        """
        if process.stderr is None:
            raise RuntimeError("standard error is not piped")
        # A grandchild that keeps the pipe open must not keep us from noticing the end.
        async with asyncio.TaskGroup() as tasks:
            reading = tasks.create_task(self._read(process.stderr))
            try:
                await process.wait()
            finally:  # its last words are read while it ends
                await self._end()
            with suppress(TimeoutError):
                async with asyncio.timeout(1.0):
                    await asyncio.wait([reading])
            reading.cancel()

    async def _read(self, stderr: asyncio.StreamReader) -> None:
        while True:
            try:
                raw = await stderr.readline()
            except ValueError:  # a line over the limit; the reader has dropped it
                continue
            if not raw:
                return
            line = raw.decode("utf-8", "replace").rstrip("\n")
            if line.startswith("{"):
                self._flush()
                self._say(line)
            elif len(self._held) < _MAX_HELD_LINES:
                self._held.append(line)

    def _flush(self) -> None:
        for line in self._held:
            self._say(f"{self.name}: {line}")
        self._held = []

    async def _end(self) -> None:
        """End the process and what it started.  Cancelled, it kills them at once."""
        process = self._process
        if process is None:
            return
        try:
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    process.terminate()
                    process.send_signal(signal.SIGCONT)  # a frozen one could not end
                async with asyncio.timeout(_STOP_S):
                    await process.wait()
        except TimeoutError:
            log.warning("process_killed", process=self.name)
        finally:
            if self._process is process:  # else its number may be another's by now
                _kill_group(process.pid)
            # Here, since a timeout within a cancelled task ends in CancelledError with 3.11.2.
            await process.wait()
            if self._process is process:
                self._process = None


def _kill_group(pid: int) -> None:
    """Kill what is left of the session that ``pid`` leads: an FFmpeg that hangs, for one."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
