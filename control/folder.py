"""The watched folder: whatever guide is laid into it is imported; blocks, use a thread.

Whoever may write into the folder is not trusted with more than guides: only plain files are read,
links are not followed, and nothing of a file's name is used but letters, digits, dots and dashes.
"""

from __future__ import annotations

import os
import pwd
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TypeAlias

import structlog

from control.gzip_guard import MAX_BYTES
from control.journal import Act
from control.moments import local_text
from control.report import ImportReport, render_report
from control.room import ControlRoom
from control.text import fold

__all__ = ["GuideFolder", "read_capped"]

log = structlog.get_logger()

_ENDINGS: Final = (".xml", ".csv", ".json", ".xml.gz", ".csv.gz", ".json.gz")
_MAX_NAME: Final = 80
_MAX_FILES: Final = 1_000

Stamp: TypeAlias = tuple[int, int, int]


class GuideFolder:
    """Looks into a folder; call :meth:`look` every other second."""

    def __init__(self, folder: Path, room: ControlRoom) -> None:
        """Prepare.

        Args:
            folder: Where guides are laid; ``done`` and ``refused`` are made in it.
            room: Imports them.
        """
        self._folder, self._room = folder, room
        self._seen: dict[str, Stamp] = {}
        self._finished: dict[str, Stamp] = {}

    def look(self, now_s: int) -> list[ImportReport]:
        """Import the files that have not changed since the last look.

        Raises:
            DatabaseError: If nothing can be stored now; the file stays for the next look.
            OSError: If the folder cannot be read.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        stamps = dict(_plain_files(self._folder))
        ready = [
            name
            for name, stamp in sorted(stamps.items())
            if self._seen.get(name) == stamp and self._finished.get(name) != stamp
        ]
        self._seen = stamps
        self._finished = {n: stamp for n, stamp in self._finished.items() if n in stamps}
        return [report for name in ready if (report := self._import(name, now_s)) is not None]

    def _import(self, name: str, now_s: int) -> ImportReport | None:
        opened = read_capped(self._folder / name)
        if opened is None:
            return None
        data, owner = opened
        safe = _safe(name)
        act = Act(f"folder:{owner}", now_s)
        report = self._room.import_guide(data, name=safe, act=act)
        # Whatever happens to the file now, it is not imported a second time.
        self._finished[name] = self._seen[name]
        kind = "done" if report.result == "accepted" else "refused"
        stamp = local_text(now_s, self._room.zone, "%Y%m%d-%H%M%S")
        try:
            with _inside(self._folder / kind) as inside:
                self._file_away(name, f"{stamp}-{safe}", inside, render_report(report))
        except OSError as error:
            log.warning("guide_file_stays", name=safe, detail=error.strerror)
        return report

    def _file_away(self, name: str, wanted: str, inside: int, text: str) -> None:
        taken = set(os.listdir(inside))
        new, count = wanted, 1
        while new in taken:
            count += 1
            new = f"{count}-{wanted}"
        os.rename(self._folder / name, new, dst_dir_fd=inside)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        handle = os.open(f"{new}.txt", flags, 0o644, dir_fd=inside)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text + "\n")


def read_capped(path: Path) -> tuple[bytes, str] | None:
    """Return at most one byte more than a guide may have, and the owner; None for no plain file."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        log.warning("guide_file_unreadable", name=_safe(path.name), detail=error.strerror)
        return None
    with os.fdopen(handle, "rb") as file:
        facts = os.fstat(file.fileno())
        if not stat.S_ISREG(facts.st_mode):
            return None
        return file.read(MAX_BYTES + 1), _owner(facts.st_uid)


def _owner(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _plain_files(folder: Path) -> Iterator[tuple[str, Stamp]]:
    count = 0
    with os.scandir(folder) as entries:
        for entry in entries:
            name = entry.name
            if name.startswith(".") or not name.lower().endswith(_ENDINGS):
                continue
            if not entry.is_file(follow_symlinks=False):
                continue
            count += 1
            if count > _MAX_FILES:
                return
            facts = entry.stat(follow_symlinks=False)
            yield name, (facts.st_ino, facts.st_mtime_ns, facts.st_size)


@contextmanager
def _inside(folder: Path) -> Iterator[int]:
    """Open a folder to make files in it; one that is a link is refused."""
    folder.mkdir(exist_ok=True)
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        yield handle
    finally:
        os.close(handle)


def _safe(name: str) -> str:
    """Return a name that any program can handle."""
    stem, dot, ending = name.rpartition(".")
    plain = re.sub(r"\.{2,}", ".", "-".join(re.findall(r"[a-z0-9._]+", _ascii(stem))))
    return f"{plain.strip('.')[:_MAX_NAME] or 'guide'}{dot}{ending.lower()}"


def _ascii(text: str) -> str:
    return ".".join(fold(part).replace(" ", "-") for part in text.split("."))
