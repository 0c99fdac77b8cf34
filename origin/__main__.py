"""Start one origin: ``python -m origin FILE --index N``."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from pathlib import Path

import uvloop

from core.config import internal_secret, load_settings
from core.errors import ConfigError
from core.logs import start_logging
from origin.service import Origin

__all__ = ["main"]


def main() -> int:
    """Run until a signal; 0 after one, 2 when the settings do not let it start."""
    parser = argparse.ArgumentParser(prog="origin", description="Serve playlists and media.")
    parser.add_argument("file", type=Path, help="the settings file")
    parser.add_argument("--index", type=int, default=0, help="which of the origins this is, from 0")
    arguments = parser.parse_args()
    start_logging("origin")
    try:
        uvloop.run(_until_signal(_origin(arguments.file, arguments.index)))
    except* ConfigError as faults:
        for fault in _leaves(faults):
            sys.stderr.write(f"{fault}\n")
        status = 2
    else:
        status = 0
    return status


def _origin(path: Path, index: int) -> Origin:
    settings = load_settings(path)
    if not 0 <= index < settings.origin.count:
        raise ConfigError(f"there is no origin {index}; origin.count is {settings.origin.count}")
    return Origin(path, settings, index=index, secret=internal_secret())


async def _until_signal(origin: Origin) -> None:
    loop = asyncio.get_running_loop()
    task = asyncio.current_task()
    if task is None:
        raise RuntimeError("no task")
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, task.cancel)
    try:
        await origin.run()
    except asyncio.CancelledError:
        return


def _leaves(group: BaseExceptionGroup[ConfigError]) -> list[ConfigError]:
    leaves: list[ConfigError] = []
    for fault in group.exceptions:
        leaves += _leaves(fault) if isinstance(fault, BaseExceptionGroup) else [fault]
    return leaves


if __name__ == "__main__":
    sys.exit(main())
