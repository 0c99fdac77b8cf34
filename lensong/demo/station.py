"""``lensong demo``: a whole station on one machine, in one command."""

from __future__ import annotations

import asyncio
import logging
import logging.handlers
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from core.admin import serve_application
from core.clock import unix_ns
from core.environment import child_environment
from core.errors import ConfigError
from core.tasks import first_error
from lensong.demo.guide import GUIDE_NAME, render_guide
from lensong.demo.installation import (
    STUDIOS,
    DemoOptions,
    StudioPlan,
    demo_port,
    guide_dir,
    render_settings,
)
from lensong.demo.page_server import PageServer
from lensong.demo.studio import Studio
from lensong.demo.texts import render_invitation, render_stage
from lensong.demo.watcher import Watcher
from lensong.keys import key_hash, new_key
from lensong.plan import OFF_AIR
from lensong.supervisor import Supervisor

__all__ = ["DemoOptions", "run_demo"]

_POLL_S: Final = 0.3
_MAIN_FIRST_S: Final = 8.0
_LOG_BYTES: Final = 5 * 1024 * 1024
_MAX_RUN_DIR: Final = 80
_STATE_AGE_S: Final = 0.4


async def run_demo(options: DemoOptions) -> None:
    """Run the demo until cancelled, or for the time that was asked for.

    Cancelling is safe: every process has ended after it, and the temporary folder is gone.

    Raises:
        ConfigError: If the machine or the options refuse the start.
    """
    for file in (options.tv, options.radio):
        if file is not None and not await asyncio.to_thread(file.is_file):
            raise ConfigError(f"{file}: there is no such file")
    loop = asyncio.get_running_loop()
    started = loop.time()

    def tell(stage: str) -> None:
        _say(render_stage(stage, loop.time() - started))

    with _folders(options) as (data_dir, run_dir):
        station = _Station(options, data_dir, run_dir, tell)
        fault: BaseException | None = None
        try:
            async with asyncio.timeout(options.seconds):
                await station.run()
        except* ConfigError as group:
            fault = first_error(group)
        except* TimeoutError:
            tell("stopped")
        except* asyncio.CancelledError:
            tell("stopped")
        if fault is not None:
            raise fault


def _say(text: str) -> None:
    with suppress(BrokenPipeError):
        print(text, flush=True)


@contextmanager
def _folders(options: DemoOptions) -> Iterator[tuple[Path, Path]]:
    """Give the data folder and a folder for sockets, whose paths must be short."""
    temporary: list[Path] = []
    try:
        if options.data is None:
            data_dir = Path(tempfile.mkdtemp(prefix="lensong-"))
            temporary.append(data_dir)
        else:
            data_dir = options.data.absolute()
        run_dir = data_dir / "run"
        if len(bytes(run_dir)) > _MAX_RUN_DIR:
            run_dir = Path(tempfile.mkdtemp(prefix="lensong-"))
            temporary.append(run_dir)
        try:
            for folder in (data_dir, run_dir):
                folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(f"--data {options.data}: {error.strerror}") from error
        yield data_dir, run_dir
    finally:
        for folder in temporary:
            shutil.rmtree(folder, ignore_errors=True)


class _Station:
    """Everything that one demo runs."""

    def __init__(
        self, options: DemoOptions, data_dir: Path, run_dir: Path, tell: Callable[[str], None]
    ) -> None:
        self._options, self._data_dir, self._run_dir = options, data_dir, run_dir
        self._tell = tell
        self._settings_file = data_dir / "demo.toml"
        keys = {plan.name: new_key() for plan in STUDIOS}
        environment = child_environment()
        hashes = {plan.variable: key_hash(keys[plan.name]) for plan in STUDIOS}
        self._log = _open_log(data_dir / "demo.log")
        self.supervisor = Supervisor(
            self._settings_file, environment=environment | hashes, say=self._log
        )
        self._studios = {
            plan.name: self._studio(plan, keys[plan.name], environment) for plan in STUDIOS
        }
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(options.http_host, options.http_host)  # noqa: S104
        self._site = f"http://{f'[{host}]' if ':' in host else host}:{options.http_port}"
        self._watchers = {slug: Watcher(slug, self._site) for slug in ("hytv", "hyfm")}
        self._told: tuple[float, dict[str, Any]] = (-1.0, {})
        self._asking = asyncio.Lock()

    def _studio(self, plan: StudioPlan, key: str, environment: Mapping[str, str]) -> Studio:
        base = 1935 if plan.kind == "tv" else 8081
        return Studio(
            plan,
            key=key,
            port=base + self._options.port_offset,
            folder=self._data_dir / "studios" / plan.name,
            file=self._options.tv if plan.kind == "tv" else self._options.radio,
            environment=environment,
            say=self._log,
        )

    async def run(self) -> None:
        text = render_settings(self._options, data_dir=self._data_dir, run_dir=self._run_dir)
        await asyncio.to_thread(self._settings_file.write_text, text, encoding="utf-8")
        await asyncio.to_thread(self._lay_guide)
        loop = asyncio.get_running_loop()
        started = loop.time()
        self._tell("services")
        page = PageServer(self._studios, self._state).application()
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self.supervisor.run())
                tasks.create_task(serve_application(page, "127.0.0.1", demo_port(self._options)))
                await self.supervisor.started.wait()
                await self._wait_for_ingest()
                self._tell("studios")
                await self._start_studios(tasks)
                for watcher in self._watchers.values():
                    tasks.create_task(watcher.run())
                await self._wait_until_on_air()
                _say(
                    render_invitation(
                        site=self._site,
                        demo=f"http://127.0.0.1:{demo_port(self._options)}/demo",
                        run_dir=str(self._run_dir),
                        settings=str(self._settings_file),
                        seconds=loop.time() - started,
                    )
                )
        finally:
            self._log.close()

    def _lay_guide(self) -> None:
        """Lay the guide where the control room finds it; nobody waits for that."""
        folder = guide_dir(self._data_dir)
        folder.mkdir(exist_ok=True)
        (folder / GUIDE_NAME).write_bytes(render_guide(unix_ns() // 1_000_000_000))

    async def _wait_for_ingest(self) -> None:
        """A studio that calls before anybody listens only burns the processor it calls with."""
        while True:
            processes = (await self.supervisor.status())["processes"]
            if processes["ingest"].get("status") is not None:
                return
            await asyncio.sleep(_POLL_S)

    async def _start_studios(self, tasks: asyncio.TaskGroup) -> None:
        """Start the main studios first: a quicker backup would be on air for ten seconds."""
        backups = [studio for studio in self._studios.values() if studio.plan.input == "backup"]
        for studio in self._studios.values():
            if studio not in backups:
                tasks.create_task(studio.run())
        with suppress(TimeoutError):
            async with asyncio.timeout(_MAIN_FIRST_S):
                while True:
                    channels = (await self.supervisor.status())["channels"]
                    if all(
                        channels[studio.plan.channel].get("on_air") == "studio"
                        for studio in backups
                    ):
                        break
                    await asyncio.sleep(_POLL_S)
        for studio in backups:
            tasks.create_task(studio.run())

    async def _wait_until_on_air(self) -> None:
        """Say what is waited for, until every channel has its first segment."""
        stage = "studios"
        while stage != "done":
            status = await self.supervisor.status()
            reached = self._stage(status)
            if reached not in {stage, "services", "done"}:
                self._tell(reached)
            stage = reached
            if stage != "done":
                await asyncio.sleep(_POLL_S)

    def _stage(self, status: Mapping[str, Any]) -> str:
        processes = status["processes"]
        needed = [facts for name, facts in processes.items() if name not in OFF_AIR]
        if any(facts.get("status") is None for facts in needed):
            return "services"
        told = processes["ingest"]["status"].get("inputs", [])
        if not all(facts.get("live") for facts in told):
            return "studios"
        if any(channel.get("on_air") in {None, "slate"} for channel in status["channels"].values()):
            return "on_air"
        if not all(watcher.first_segment.is_set() for watcher in self._watchers.values()):
            return "segments"
        return "done"

    async def _state(self) -> dict[str, Any]:
        """Return what the page shows; several pages share one look."""
        loop = asyncio.get_running_loop()
        async with self._asking:
            when, told = self._told
            if loop.time() - when < _STATE_AGE_S:
                return told
            told = await self._look()
            self._told = (loop.time(), told)
            return told

    async def _look(self) -> dict[str, Any]:
        status = await self.supervisor.status()
        channels: dict[str, Any] = {}
        for slug, watcher in self._watchers.items():
            programme = status["processes"].get(f"programme-{slug}", {}).get("status") or {}
            since = watcher.strip.unbroken_since
            channels[slug] = {
                "name": status["channels"][slug]["name"],
                "on_air": programme.get("on_air"),
                "take": programme.get("take"),
                "inputs": programme.get("inputs", {}),
                "last_switch": programme.get("last_switch"),
                "repeated_frames_total": programme.get("repeated_frames_total"),
                "segments": watcher.strip.describe(),
                "unbroken_since_ms": None if since is None else since // 1_000_000,
            }
        return {
            "site_port": self._options.http_port,
            "site": self._site,
            "now_ms": unix_ns() // 1_000_000,
            "channels": channels,
            "studios": {
                name: {"state": studio.state, "pid": studio.pid}
                for name, studio in self._studios.items()
            },
        }


class _Log:
    """The services' log lines, in a file that cannot grow for ever."""

    def __init__(self, path: Path) -> None:
        try:
            self._handler = logging.handlers.RotatingFileHandler(
                path, maxBytes=_LOG_BYTES, backupCount=1, encoding="utf-8"
            )
        except OSError as error:
            raise ConfigError(f"{path}: cannot be written: {error.strerror}") from error

    def __call__(self, line: str) -> None:
        """Write one line; a full disk must not end the station."""
        record = logging.LogRecord("demo", logging.INFO, "", 0, line, None, None)
        self._handler.handle(record)

    def close(self) -> None:
        """Close the file."""
        self._handler.close()


def _open_log(path: Path) -> _Log:
    logging.raiseExceptions = False  # a line that cannot be written is dropped
    return _Log(path)
