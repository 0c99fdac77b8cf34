"""The guide's snapshots on disk: written by the control room, read by everyone else."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from core.durable import write_durably
from core.errors import FormatError
from core.guide import GuideSnapshot, parse_snapshot, render_snapshot

__all__ = ["GuideFiles", "write_guide"]

log = structlog.get_logger()


def write_guide(folder: Path, snapshot: GuideSnapshot) -> None:
    """Replace a channel's snapshot, durably; blocks.

    Raises:
        OSError: If it cannot be written; the old one stays.
    """
    write_durably(folder / f"{snapshot.channel}.json", render_snapshot(snapshot))


@dataclass(slots=True)
class GuideFiles:
    """Reads snapshots again when their files changed."""

    folder: Path
    """``{data_dir}/guide``."""

    _stamps: dict[str, tuple[int, int, int]] = field(default_factory=dict)

    def read_changed(self, channels: Iterable[str]) -> list[GuideSnapshot]:
        """Return the snapshots whose files changed since the last call; blocks, so use a thread.

        A file that is missing or damaged changes nothing: the last good one holds.
        """
        found = []
        for channel in channels:
            path = self.folder / f"{channel}.json"
            try:
                status = path.stat()
                stamp = (status.st_ino, status.st_mtime_ns, status.st_size)
                if self._stamps.get(channel) == stamp:
                    continue
                self._stamps[channel] = stamp
                found.append(_read(path, channel))
            except FileNotFoundError:
                continue
            except (OSError, FormatError) as error:
                log.warning("guide_unreadable", channel=channel, detail=str(error))
        return found


def _read(path: Path, channel: str) -> GuideSnapshot:
    snapshot = parse_snapshot(path.read_bytes())
    if snapshot.channel != channel:
        raise FormatError(f"is of channel {snapshot.channel}")
    return snapshot
