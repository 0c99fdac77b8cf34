"""Start ingest: ``python -m ingest FILE``."""

from __future__ import annotations

import argparse
from pathlib import Path

from core.boot import ON_AIR, run_service
from core.config import load_settings
from core.environment import internal_secret, publisher_key_hashes
from ingest.service import IngestService


def main() -> None:
    """Run until a signal."""
    parser = argparse.ArgumentParser(prog="python -m ingest", description=__doc__)
    parser.add_argument("file", type=Path, help="the settings file")
    file: Path = parser.parse_args().file
    run_service("ingest", lambda: _ingest(file), niceness=ON_AIR)


def _ingest(file: Path) -> IngestService:
    settings = load_settings(file)
    hashes = publisher_key_hashes(settings)
    return IngestService(file, settings, hashes, secret=internal_secret())


if __name__ == "__main__":
    main()
