"""``lensong run``: every service as a process of its own, kept running, ended together.

The supervisor carries no media and holds no viewer.  Services are started from a copy
of the settings that was checked (``{run_dir}/supervisor.toml``), so that a service which
restarts while the operator is half-way through an edit still reads a good file.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Final

import structlog

import core
from core.admin_calls import AdminCalls
from core.boot import AUDIENCE
from core.config import Settings, load_settings
from core.environment import (
    INTERNAL_SECRET_VARIABLE,
    database_url,
    operator_key_hashes,
    probe_urls,
    publisher_key_hashes,
    receiver_secrets,
)
from core.errors import ConfigError, RefusedError
from core.process import parent_arguments
from core.tasks import first_error
from lensong.checks import check_machine, port_faults
from lensong.child import Child, print_line
from lensong.control import serve_commands
from lensong.plan import (
    OFF_AIR,
    PlannedProcess,
    Refuse,
    control_name,
    decide_reload,
    plan_processes,
)
from lensong.status import collect_status

__all__ = ["Supervisor"]

log = structlog.get_logger()

_OK, _WRONG, _NEEDS_RESTART = 200, 400, 409

_OF_MONITORING: Final = frozenset({"alerts", "test-alert", "silence", "speak"})


class Supervisor:
    """The processes of one ``lensong run``."""

    def __init__(
        self,
        path: Path,
        *,
        environment: Mapping[str, str],
        only: Sequence[str] = (),
        say: Callable[[str], None] = print_line,
    ) -> None:
        """Prepare; nothing is read or started before :meth:`run`.

        Args:
            path: The settings file.
            environment: Environment of every service; holds the internal secret and the
                hashes of the publishers' keys.
            only: Names of the services to run; all when empty.
            say: Takes the services' log lines.
        """
        self._path, self._only, self._say = path, tuple(only), say
        root = str(Path(core.__file__).resolve().parent.parent)
        search = environment.get("PYTHONPATH")
        self._environment = dict(environment) | {
            "PYTHONPATH": f"{root}:{search}" if search else root  # wherever we are started from
        }
        self._secret = environment[INTERNAL_SECRET_VARIABLE]
        self._children: dict[str, Child] = {}
        self._settings: Settings | None = None
        self._tasks: asyncio.TaskGroup | None = None
        self._calls: AdminCalls | None = None
        self._reloading = asyncio.Lock()
        self.started = asyncio.Event()
        """Set when every process has been started for the first time."""

    @property
    def settings(self) -> Settings:
        """The settings that are in force."""
        if self._settings is None:
            raise RuntimeError("the supervisor does not run")
        return self._settings

    @property
    def socket(self) -> Path:
        """The socket of commands."""
        return self.settings.paths.run_dir / f"{control_name(self._only)}.sock"

    @property
    def _copy(self) -> Path:
        return self.socket.with_suffix(".toml")

    async def run(self) -> None:
        """Run everything until cancelled.  Cancelling is safe: all children are gone after it.

        Raises:
            ConfigError: If the settings, the machine or a service refuse the start.
        """
        text, settings = await asyncio.to_thread(self._read)
        processes = plan_processes(settings, self._only)
        self._check_keys(settings, processes)
        await check_machine(settings, processes)
        self._settings = settings
        fault: BaseException | None = None
        try:
            async with AsyncExitStack() as stack:
                host = settings.network.internal_host
                self._calls = await stack.enter_async_context(AdminCalls(host, self._secret))
                self._tasks = await stack.enter_async_context(asyncio.TaskGroup())
                self._tasks.create_task(serve_commands(self.socket, self._command))
                await asyncio.to_thread(self._write_copy, text)
                for process in processes:
                    self._start(process)
                self.started.set()
        except* ConfigError as group:
            fault = first_error(group)
        if fault is not None:
            raise fault

    def _read(self) -> tuple[str, Settings]:
        """Read the file twice over: once for its complaints, once for its text."""
        settings = load_settings(self._path)
        text = self._path.read_text(encoding="utf-8")
        return text, settings

    def _write_copy(self, text: str) -> None:
        fresh = self._copy.with_suffix(".new")
        fresh.write_text(text, encoding="utf-8")
        fresh.chmod(0o600)
        fresh.replace(self._copy)

    def _check_keys(self, settings: Settings, processes: Sequence[PlannedProcess]) -> None:
        if any(process.service == "ingest" for process in processes):
            publisher_key_hashes(settings, self._environment)
        if any(process.service == "control" for process in processes):
            operator_key_hashes(settings, self._environment)
            database_url(settings, self._environment)
        if any(process.service == "monitoring" for process in processes):
            receiver_secrets(settings, self._environment)
            probe_urls(settings, self._environment)

    def _start(self, process: PlannedProcess) -> None:
        if self._tasks is None:
            raise RuntimeError("the supervisor does not run")
        # Nothing on air waits for these, nor does their start slow the others'.
        needed = process.service not in OFF_AIR
        argv = [
            sys.executable,
            *parent_arguments(process.module, niceness=0 if needed else AUDIENCE),
            str(self._copy.absolute()),
            *process.arguments,
        ]
        environment = {**process.environment, **self._environment}
        child = Child(process.name, argv, environment, say=self._say, needed=needed)
        self._children[process.name] = child
        self._tasks.create_task(child.run(), name=process.name)

    # Commands

    async def _command(self, command: Mapping[str, Any]) -> Mapping[str, Any]:
        match command:
            case {"do": "status"}:
                return await self.status()
            case {"do": "reload"}:
                return {"done": await self.reload()}
            case {"do": "take", "channel": str(channel), "source": str(source)}:
                return await self._order(channel, "take", {"source": source})
            case {"do": "release", "channel": str(channel)}:
                return await self._order(channel, "release", None)
            case {"do": str(what), **order} if what in _OF_MONITORING:
                return await self._ask_monitoring(what, order)
            case _:
                raise RefusedError("there is no such command")

    async def _ask_monitoring(self, what: str, order: Mapping[str, Any]) -> Mapping[str, Any]:
        port = self.settings.network.monitoring_admin_port
        reply = await self._admin.post(port, f"/control/{what}", order)
        if reply.status == _WRONG:
            raise RefusedError(reply.text)
        if reply.status != _OK:
            raise RefusedError(f"monitoring {reply.text}")
        answer: Mapping[str, Any] = reply.body
        return answer

    async def _order(
        self, slug: str, what: str, body: Mapping[str, Any] | None
    ) -> Mapping[str, Any]:
        channel = self.settings.channel(slug)
        source = (body or {}).get("source", "slate")
        known = ["slate", *(item.name for item in channel.inputs)]
        if source not in known:
            raise RefusedError(f"{slug} has no input {source!r}; there are: {', '.join(known)}")
        port = self.settings.programme_admin_port(slug)
        reply = await self._admin.post(port, f"/control/{what}", body)
        if reply.status == 0:
            raise RefusedError(f"the programme of {slug} {reply.text}")
        if reply.status not in {200, 204}:
            raise RefusedError(f"the programme of {slug} refuses: {reply.text}")
        return {"done": f"{what} {slug}"}

    @property
    def _admin(self) -> AdminCalls:
        if self._calls is None:
            raise RuntimeError("the supervisor does not run")
        return self._calls

    async def status(self) -> dict[str, Any]:
        """Ask every process how it is."""
        processes = plan_processes(self.settings, self._only)
        answer = await collect_status(self.settings, processes, self._admin)
        for name, child in self._children.items():
            facts = answer["processes"].setdefault(name, {})
            facts["pid"], facts["restarts"] = child.pid, child.restarts
        return answer

    async def reload(self) -> str:
        """Apply the edited file; return what was done.

        Raises:
            ConfigError: If the file is bad; everything stays as it was.
            RefusedError: If it cannot be applied without a restart.
        """
        async with self._reloading:
            return await self._reload()

    async def _reload(self) -> str:
        text, new = await asyncio.to_thread(self._read)
        old = self.settings
        before = plan_processes(old, self._only)
        only = [name for name in self._only if not name.startswith("programme:")]
        after = plan_processes(new, only) if only or not self._only else before
        self._check_keys(new, after)
        decision = decide_reload(old, new)
        if isinstance(decision, Refuse):
            raise RefusedError(decision.reason)
        names = {process.name for process in before}
        added = [process for process in after if process.name not in names]
        faults = port_faults(new, [item for item in added if item.service == "programme"])
        if faults:
            raise RefusedError("\n".join(faults))
        kept_text = await asyncio.to_thread(self._copy.read_text, encoding="utf-8")
        await asyncio.to_thread(self._write_copy, text)
        try:
            await self._tell_services(before)
        except RefusedError:
            await asyncio.to_thread(self._write_copy, kept_text)
            await self._tell_services(before, quietly=True)
            raise
        self._settings = new
        for slug in decision.removed:
            child = self._children.pop(f"programme-{slug}", None)
            if child is not None:
                await child.stop()
        for process in added:
            self._start(process)
        restarted = await self._tell_programmes(after, decision.changed)
        if decision.nothing:
            return "no channel changed"
        parts = {
            "started": decision.added,
            "stopped": decision.removed,
            "changed": tuple(slug for slug in decision.changed if slug not in restarted),
            "programme restarted": restarted,
        }
        return "; ".join(f"{what}: {', '.join(slugs)}" for what, slugs in parts.items() if slugs)

    async def _tell_services(
        self, processes: Sequence[PlannedProcess], *, quietly: bool = False
    ) -> None:
        """Have ingest, packager, origins and the control room read the file again.

        A process that is down reads it when it starts.
        """
        for process in processes:
            if process.service == "programme":
                continue
            reply = await self._admin.post(process.admin_port, "/control/reload")
            if reply.status not in {0, 200, 204} and not quietly:
                raise RefusedError(f"{process.name} refuses the file: {reply.text}")

    async def _tell_programmes(
        self, processes: Sequence[PlannedProcess], changed: Sequence[str]
    ) -> tuple[str, ...]:
        restarted: list[str] = []
        for process in processes:
            if process.channel is None or process.channel not in changed:
                continue
            reply = await self._admin.post(process.admin_port, "/control/reload")
            child = self._children.get(process.name)
            if reply.status == _NEEDS_RESTART and child is not None:
                log.info("programme_restarts", channel=process.channel, detail=reply.text)
                await child.restart()
                restarted.append(process.channel)
        return tuple(restarted)
