"""Start the packager: ``python -m packager FILE``."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import uvloop

from core.config import internal_secret, load_settings
from core.errors import ConfigError
from core.logs import start_logging
from packager.service import PackagerService

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run until SIGTERM or SIGINT; return the exit code."""
    arguments = sys.argv[1:] if argv is None else argv
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m packager FILE\n")
        return 2
    file = Path(arguments[0])
    try:
        settings, secret = load_settings(file), internal_secret()
        start_logging("packager")
        uvloop.run(_run(PackagerService(settings, file=file, secret=secret)))
    except ConfigError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


async def _run(service: PackagerService) -> None:
    """Run the service; a signal ends it."""
    loop = asyncio.get_running_loop()
    faults: list[ConfigError] = []
    try:
        async with asyncio.TaskGroup() as tasks:
            serving = tasks.create_task(service.run())
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.add_signal_handler(number, serving.cancel)
    except* ConfigError as group:
        faults += _leaves(group)
    if faults:
        raise faults[0]


def _leaves(group: BaseExceptionGroup[ConfigError]) -> list[ConfigError]:
    found: list[ConfigError] = []
    for item in group.exceptions:
        found += _leaves(item) if isinstance(item, BaseExceptionGroup) else [item]
    return found


if __name__ == "__main__":
    sys.exit(main())
