"""Write the data plane's snapshots and the edge's purge list; blocks, use a thread.

The service and the commands write the same files, so a lock lies around reading the database and
writing the file: whoever writes last has read last.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import structlog

from control.store import Store
from core.errors import LensongError
from core.guide_files import write_guide
from core.timeline import SEGMENT_NS, UnixNs, msn_at

__all__ = ["SnapshotError", "SnapshotWriter"]

log = structlog.get_logger()

_NS: Final = 1_000_000_000
_DAY_S: Final = 86_400
_PAST_DAYS: Final = 35
_AHEAD_DAYS: Final = 21
_PURGE_AFTER_S: Final = 5
"""Origins look once a second; an edge that purges sooner might fetch it once more."""


class SnapshotError(LensongError):
    """The decision is stored, but the data plane could not be told."""

    code = "snapshot_failed"


class SnapshotWriter:
    """Writes ``{data_dir}/guide``."""

    def __init__(self, folder: Path, store: Store, *, archive_days: int = 0) -> None:
        """Prepare.

        Args:
            folder: Where to.
            store: Where from.
            archive_days: Days for which media are kept; the guide goes back as far.
        """
        self._folder, self._store = folder, store
        self._past_s = max(_PAST_DAYS, archive_days + 1) * _DAY_S

    def write(self, channels: Iterable[str], *, now_s: int) -> None:
        """Write the snapshots of these channels as the database has them now.

        Raises:
            DatabaseError: If the database does not answer.
            SnapshotError: If a file cannot be written; the old one stays.
        """
        try:
            with self._locked():
                for channel in channels:
                    snapshot = self._store.snapshot(
                        channel,
                        first_s=now_s - self._past_s,
                        last_s=now_s + _AHEAD_DAYS * _DAY_S,
                    )
                    write_guide(self._folder, snapshot)
                    self._purge(channel, now_s)
        except OSError as error:
            raise SnapshotError(
                f"đã lưu, nhưng chưa ghi được {self._folder} / stored, but {self._folder} cannot be"
                f" written: {error.strerror}"
            ) from error

    def written_s(self, channel: str) -> float | None:
        """Return when a channel's snapshot was written, UNIX seconds; None if it never was."""
        try:
            return (self._folder / f"{channel}.json").stat().st_mtime
        except OSError:
            return None

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self._folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(self._folder / ".lock", os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def _purge(self, channel: str, now_s: int) -> None:
        """Add the takedowns that the edge was not told of.  After the snapshot: from then on the
        origins refuse, and nothing that is purged is fetched again.
        """
        spans = self._store.takedowns(channel)
        if not spans:
            return
        path = self._folder / "purge.jsonl"
        told = _told(path)
        lines = [
            {
                "takedown": item.id,
                "channel": channel,
                "first_msn": msn_at(UnixNs(item.span.start_s * _NS)),
                "last_msn": (item.span.end_s * _NS - 1) // SEGMENT_NS,
                "at": now_s + _PURGE_AFTER_S,
            }
            for item in spans
            if item.id not in told
        ]
        if lines:
            with path.open("a", encoding="utf-8") as file:
                file.writelines(json.dumps(line) + "\n" for line in lines)
                file.flush()
                os.fsync(file.fileno())


def _told(path: Path) -> set[int]:
    found: set[int] = set()
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return found
    for line in text.splitlines():
        try:
            found.add(int(json.loads(line)["takedown"]))
        except (ValueError, KeyError, TypeError):  # half a line, after a crash: told once more
            log.warning("purge_line_unreadable", path=str(path))
    return found
