"""Start the packager: ``python -m packager FILE``."""

from __future__ import annotations

import argparse
from pathlib import Path

from core.boot import ON_AIR, run_service
from core.config import load_settings
from core.environment import internal_secret
from packager.service import PackagerService


def main() -> None:
    """Run until a signal."""
    parser = argparse.ArgumentParser(prog="python -m packager", description=__doc__)
    parser.add_argument("file", type=Path, help="the settings file")
    file: Path = parser.parse_args().file
    run_service("packager", lambda: _packager(file), niceness=ON_AIR)


def _packager(file: Path) -> PackagerService:
    return PackagerService(load_settings(file), file=file, secret=internal_secret())


if __name__ == "__main__":
    main()
