"""Start ingest: ``python -m ingest SETTINGS``."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from contextlib import suppress
from pathlib import Path

import uvloop

from core.config import internal_secret, load_settings, publisher_key_hashes
from core.errors import ConfigError
from core.logs import start_logging
from ingest.service import IngestService

__all__ = ["main"]


def main(arguments: list[str]) -> int:
    """Run until told to stop; return the exit code: 2 when the settings forbid to start."""
    parser = argparse.ArgumentParser(prog="python -m ingest", description=__doc__)
    parser.add_argument("settings", type=Path, help="the settings' file")
    file: Path = parser.parse_args(arguments).settings
    start_logging("ingest")
    faults: list[ConfigError] = []
    try:
        settings = load_settings(file)
        hashes = publisher_key_hashes(settings)
        service = IngestService(file, settings, hashes, secret=internal_secret())
        uvloop.run(_run(service))
    except* ConfigError as group:
        faults += _leaves(group)
    for fault in faults:
        sys.stderr.write(f"{fault}\n")
    return 2 if faults else 0


async def _run(service: IngestService) -> None:
    """Run the service; SIGTERM and SIGINT cancel it."""
    task = asyncio.current_task()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        if task is not None:
            loop.add_signal_handler(number, task.cancel)
    with suppress(asyncio.CancelledError):
        await service.run()


def _leaves(group: BaseExceptionGroup[ConfigError]) -> list[ConfigError]:
    found: list[ConfigError] = []
    for error in group.exceptions:
        found += _leaves(error) if isinstance(error, BaseExceptionGroup) else [error]
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
