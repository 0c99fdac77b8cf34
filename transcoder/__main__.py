"""Start the programme of one channel: ``python -m transcoder FILE --channel SLUG``."""

from __future__ import annotations

import argparse
from pathlib import Path

from core.boot import ON_AIR, run_service
from core.config import load_settings
from core.environment import internal_secret
from transcoder.service import ProgrammeService


def main() -> None:
    """Run until told to stop."""
    parser = argparse.ArgumentParser(prog="python -m transcoder", description=__doc__)
    parser.add_argument("file", type=Path, help="the settings file")
    parser.add_argument("--channel", required=True, help="slug of the channel")
    arguments = parser.parse_args()

    def build() -> ProgrammeService:
        return ProgrammeService(
            settings=load_settings(arguments.file),
            path=arguments.file,
            slug=arguments.channel,
            secret=internal_secret(),
        )

    run_service("programme", build, channel=arguments.channel, niceness=ON_AIR)


if __name__ == "__main__":
    main()
