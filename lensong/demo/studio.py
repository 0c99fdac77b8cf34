"""One studio as the demo's page handles it: it can be unplugged, frozen and restored."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, Literal

from core.environment import PUBLISH_KEY_VARIABLE
from core.errors import RefusedError
from core.process import parent_arguments
from lensong.child import Child
from lensong.demo.installation import StudioPlan

__all__ = ["ACTIONS", "Studio"]

ACTIONS: Final = ("unplug", "freeze", "restore")

_MAX_PAUSE_S: Final = 1.0


class Studio:
    """A publisher's process and its plug."""

    def __init__(
        self,
        plan: StudioPlan,
        *,
        key: str,
        port: int,
        folder: Path,
        file: Path | None,
        environment: Mapping[str, str],
        say: Callable[[str], None],
    ) -> None:
        """Prepare; nothing is started before :meth:`run`.

        Args:
            plan: Which studio.
            key: Its publishing key, which reaches it through its environment.
            port: Port of the server that it publishes to.
            folder: Where it keeps its preview.
            file: A media file instead of what it draws or plays.
            environment: Environment of its process.
            say: Takes what it writes to standard error.
        """
        self.plan, self.folder = plan, folder
        self._environment = dict(environment) | {PUBLISH_KEY_VARIABLE: key}
        self._say = say
        self._argv = [
            sys.executable,
            *parent_arguments("lensong.demo.publisher"),
            plan.kind,
            *("--port", str(port), "--channel", plan.channel, "--input", plan.input),
            *("--title", plan.title, "--mark", plan.mark, "--folder", str(folder)),
            *([] if file is None else ["--file", str(file.absolute())]),
        ]
        self._plugged = asyncio.Event()
        self._plugged.set()
        self._child: Child | None = None
        self._frozen = False

    @property
    def state(self) -> Literal["on", "frozen", "unplugged"]:
        """How it is."""
        if not self._plugged.is_set():
            return "unplugged"
        return "frozen" if self._frozen else "on"

    @property
    def pid(self) -> int | None:
        """Process id of the publisher; it leads a process group of its own."""
        return None if self._child is None else self._child.pid

    async def run(self) -> None:
        """Publish whenever the plug is in, until cancelled."""
        while True:
            await self._plugged.wait()
            self._child = Child(
                f"studio {self.plan.name}",
                self._argv,
                self._environment,
                say=self._say,
                max_pause_s=_MAX_PAUSE_S,
            )
            await self._child.run()
            self._child, self._frozen = None, False

    async def act(self, action: str) -> None:
        """Pull the plug, freeze, or restore.

        Raises:
            RefusedError: If there is no such action.
        """
        match action:
            case "unplug":
                self._plugged.clear()
                if self._child is not None:
                    await self._child.kill()
            case "freeze":
                if self._child is not None:
                    self._frozen = True
                    self._child.signal_group(signal.SIGSTOP)
            case "restore":
                if self._frozen and self._child is not None:
                    self._child.signal_group(signal.SIGCONT)
                self._frozen = False
                self._plugged.set()
            case _:
                raise RefusedError(f"there is no action {action!r}")
