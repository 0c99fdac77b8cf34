"""The clips' folder: records and media, written durably, read again when they changed; blocks."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import structlog

from core.clip_records import ClipRecord, parse_record, render_record
from core.errors import FormatError

__all__ = ["ClipFolder"]

log = structlog.get_logger()

_RECORD: Final = ".json"
_MEDIA: Final = (".mp4", ".m4a")


class ClipFolder:
    """One folder of clips; every method blocks, so use a thread."""

    def __init__(self, folder: Path) -> None:
        """Prepare; nothing is touched.

        Args:
            folder: ``{data_dir}/clips``.
        """
        self.folder = folder
        self._read: dict[str, tuple[tuple[int, int], ClipRecord | None]] = {}

    def media(self, record: ClipRecord) -> Path:
        """Return where a clip's media are, or will be."""
        return self.folder / f"{record.id}{record.suffix}"

    def records(self) -> list[ClipRecord]:
        """Return every clip, the newest order first; a damaged record is passed over and logged."""
        try:
            with os.scandir(self.folder) as entries:
                found = {
                    entry.name.removesuffix(_RECORD): (
                        entry.stat().st_ino,
                        entry.stat().st_mtime_ns,
                    )
                    for entry in entries
                    if entry.name.endswith(_RECORD) and not entry.name.startswith(".")
                }
        except FileNotFoundError:
            found = {}
        kept: dict[str, tuple[tuple[int, int], ClipRecord | None]] = {}
        for name, stamp in found.items():
            known = self._read.get(name)
            record = known[1] if known is not None and known[0] == stamp else self._load(name)
            kept[name] = (stamp, record)
        self._read = kept
        records = [record for _, record in kept.values() if record is not None]
        return sorted(records, key=lambda item: (item.asked_s, item.id), reverse=True)

    def find(self, clip_id: str) -> ClipRecord | None:
        """Return one clip.  The id need not be trusted: it is compared, never made a path."""
        return next((record for record in self.records() if record.id == clip_id), None)

    def write(self, record: ClipRecord) -> None:
        """Replace a record, durably.

        Raises:
            OSError: If it cannot be written; the old one stays.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / f"{record.id}{_RECORD}"
        beside = path.with_name(f".{path.name}.{os.getpid()}")
        with beside.open("wb") as file:
            file.write(render_record(record))
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
        self._sync()

    def remove(self, record: ClipRecord) -> None:
        """Remove a clip: its record first, so that nobody offers what is going."""
        (self.folder / f"{record.id}{_RECORD}").unlink(missing_ok=True)
        self.media(record).unlink(missing_ok=True)
        self._sync()

    def sweep(self, records: Iterable[ClipRecord]) -> None:
        """Remove what a killed process left: half-written files, and media without a record.

        Only who writes here may call this, before it begins to.
        """
        known = {self.media(record).name for record in records}
        if not self.folder.is_dir():
            return
        for path in list(self.folder.iterdir()):
            if path.name.startswith(".") or (path.suffix in _MEDIA and path.name not in known):
                path.unlink(missing_ok=True)

    def used_bytes(self) -> int:
        """Return what all media take."""
        try:
            with os.scandir(self.folder) as entries:
                return sum(e.stat().st_size for e in entries if Path(e.name).suffix in _MEDIA)
        except FileNotFoundError:
            return 0

    def _load(self, name: str) -> ClipRecord | None:
        try:
            record = parse_record((self.folder / f"{name}{_RECORD}").read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, FormatError) as error:
            log.warning("clip_record_unreadable", clip=name, detail=str(error))
            return None
        return record if record.id == name else None

    def _sync(self) -> None:
        folder = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
