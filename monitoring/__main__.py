"""Start monitoring: ``python -m monitoring FILE``."""

from __future__ import annotations

import argparse
from pathlib import Path

from core.boot import AUDIENCE, run_service
from core.config import load_settings
from core.environment import internal_secret
from monitoring.service import MonitoringService


def main() -> None:
    """Run until a signal."""
    parser = argparse.ArgumentParser(prog="monitoring", description="Watch and tell.")
    parser.add_argument("file", type=Path, help="the settings file")
    arguments = parser.parse_args()

    def build() -> MonitoringService:
        settings = load_settings(arguments.file)
        return MonitoringService(arguments.file, settings, secret=internal_secret())

    run_service("monitoring", build, niceness=AUDIENCE)


if __name__ == "__main__":
    main()
