"""Arguments that several commands take."""

from __future__ import annotations

import argparse
from pathlib import Path

__all__ = ["add_settings"]


def add_settings(
    parser: argparse.ArgumentParser, default: Path, text: str = "settings of the platform"
) -> None:
    """Add ``--settings FILE``, which is ``file`` of what is parsed.

    Args:
        parser: Of the command.
        default: The file that is read when none is named.
        text: What the file is, for ``--help``.
    """
    parser.add_argument(
        "--settings",
        type=Path,
        default=default,
        dest="file",
        metavar="FILE",
        help=f"{text} (default: %(default)s)",
    )
