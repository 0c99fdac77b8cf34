"""Start one origin: ``python -m origin FILE --index N``."""

from __future__ import annotations

import argparse
from pathlib import Path

from core.boot import AUDIENCE, run_service
from core.config import load_settings
from core.environment import internal_secret
from core.errors import ConfigError
from origin.service import Origin


def main() -> None:
    """Run until a signal."""
    parser = argparse.ArgumentParser(prog="origin", description="Serve playlists and media.")
    parser.add_argument("file", type=Path, help="the settings file")
    parser.add_argument("--index", type=int, default=0, help="which of the origins this is, from 0")
    arguments = parser.parse_args()
    run_service("origin", lambda: _origin(arguments.file, arguments.index), niceness=AUDIENCE)


def _origin(path: Path, index: int) -> Origin:
    settings = load_settings(path)
    if not 0 <= index < settings.origin.count:
        raise ConfigError(f"there is no origin {index}; origin.count is {settings.origin.count}")
    return Origin(path, settings, index=index, secret=internal_secret())


if __name__ == "__main__":
    main()
