"""Start the control room: ``python -m control FILE``."""

from __future__ import annotations

import argparse
from pathlib import Path

from control.service import ControlService
from core.boot import run_service
from core.config import load_settings
from core.environment import internal_secret


def main() -> None:
    """Run until a signal."""
    parser = argparse.ArgumentParser(prog="control", description="Keep the guide and the rights.")
    parser.add_argument("file", type=Path, help="the settings file")
    arguments = parser.parse_args()

    def build() -> ControlService:
        settings = load_settings(arguments.file)
        return ControlService(arguments.file, settings, secret=internal_secret())

    run_service("control", build)


if __name__ == "__main__":
    main()
