"""Open the archive that the settings name."""

from __future__ import annotations

from core.archive_disk import DiskArchive
from core.archive_s3 import S3Archive
from core.archive_store import ArchiveStore
from core.config import Settings
from core.environment import archive_keys

__all__ = ["open_archive"]


def open_archive(settings: Settings) -> ArchiveStore:
    """Return the installation's archive; whoever opens it closes it.

    Raises:
        ConfigError: If an S3 archive's keys are not in the environment.
    """
    archive = settings.archive
    if archive.store == "disk" or archive.s3_bucket is None:
        return DiskArchive(settings.archive_dir)
    return S3Archive(
        bucket=archive.s3_bucket,
        keys=archive_keys(),
        prefix=archive.s3_prefix,
        endpoint=archive.s3_endpoint,
        region=archive.s3_region,
    )
