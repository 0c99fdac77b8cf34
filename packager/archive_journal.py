"""The journal of the open hours: what was archived, and why what is missing is missing.

``{data_dir}/journal/{channel}/{hour}`` holds the facts of a channel's hour in their wire form, one
behind the other, until the hour's indexes are written.  It is not synced: an object in the
archive is the truth, and a fact that was lost with the power is found again by reading the object.
"""

from __future__ import annotations

import os
import shutil
import threading
from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import structlog

from core.archive import hour_of
from core.errors import FormatError
from core.publication import (
    DiscontinuityDeclared,
    HoleDeclared,
    PublicationReader,
    SegmentArchived,
    SegmentLost,
    SegmentPublished,
    render_publication,
)
from packager.archive_hours import ArchiveFact

__all__ = ["Journal"]

log = structlog.get_logger()

_Facts = SegmentArchived | SegmentLost | SegmentPublished | HoleDeclared | DiscontinuityDeclared


class Journal:
    """Appends facts to files and reads them back; every method blocks."""

    def __init__(self, root: Path) -> None:
        """Prepare; nothing is touched before the first call.

        Args:
            root: ``{data_dir}/journal``.
        """
        self._root = root
        self._lock = threading.Lock()
        self._failing = False

    def append(self, facts: Iterable[ArchiveFact]) -> None:
        """Write facts down.  A disk that does not take them costs time at the next start."""
        by_file: dict[Path, bytearray] = defaultdict(bytearray)
        for fact in facts:
            path = self._root / fact.channel / str(hour_of(fact.msn))
            by_file[path] += b"".join(render_publication(fact))
        for path, data in by_file.items():
            try:
                with self._lock:
                    path.parent.mkdir(parents=True, exist_ok=True)
                    with path.open("ab", buffering=0) as file:
                        file.write(data)
                self._failing = False
            except OSError as error:
                if not self._failing:
                    log.warning("journal_failed", detail=str(error))
                self._failing = True

    def read(self) -> dict[str, list[ArchiveFact]]:
        """Return the facts of every channel, in their order within each hour."""
        found: dict[str, list[ArchiveFact]] = {}
        for folder in sorted(self._root.glob("*/")):
            found[folder.name] = []
            for path in sorted(folder.iterdir()):
                found[folder.name] += self._read_file(path)
        return found

    def _read_file(self, path: Path) -> list[ArchiveFact]:
        reader = PublicationReader()
        try:
            data = path.read_bytes()
            facts = [item for item in reader.receive(data) if isinstance(item, _Facts)]
            if reader.pending_bytes:  # the process was killed in the middle of a fact
                os.truncate(path, len(data) - reader.pending_bytes)
        except (OSError, FormatError) as error:
            log.warning("journal_unreadable", file=str(path), detail=str(error))
            with suppress(OSError):
                path.unlink()
            return []
        return facts

    def remove(self, channel: str, hour: int) -> None:
        """Forget an hour, whose indexes are written."""
        with suppress(OSError):
            (self._root / channel / str(hour)).unlink()

    def remove_channel(self, channel: str) -> None:
        """Forget a channel."""
        shutil.rmtree(self._root / channel, ignore_errors=True)
