"""Replace a small file so that a crash leaves either the old one or the new one."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["write_durably"]


def write_durably(path: Path, data: bytes) -> None:
    """Write ``data`` beside ``path``, durably, and put it in its place; blocks.

    One writer at a time.  The folder is made where it is missing.

    Raises:
        OSError: If it cannot be written; the old one stays.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".tmp")
    with beside.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
