"""Open the archive that the settings name."""

from __future__ import annotations

from core.archive_disk import DiskArchive
from core.archive_store import ArchiveStore
from core.config import Settings

__all__ = ["open_archive"]


def open_archive(settings: Settings) -> ArchiveStore:
    """Return the installation's archive; whoever opens it closes it."""
    return DiskArchive(settings.archive_dir)
