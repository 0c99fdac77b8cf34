"""The loudness log on disk: one file a channel and UTC day, one line a minute."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final

import structlog

from core.errors import FormatError
from core.loudness_log import LoudnessMinute, parse_minute, render_minute

__all__ = ["LoudnessWriter", "loudness_folder", "read_minutes"]

log = structlog.get_logger()

_WAITING: Final = 1_440


def loudness_folder(data_dir: Path, channel: str) -> Path:
    """Return the folder of a channel's log."""
    return data_dir / "loudness" / channel


class LoudnessWriter:
    """Appends minutes; what the disk does not take waits in memory, a day at most.

    That the disk takes nothing is logged once, and once that it does again.
    """

    def __init__(self, folder: Path, *, days: int) -> None:
        """Prepare; nothing is opened before :meth:`run`.

        Args:
            folder: Made where it is missing.
            days: For how many days files are kept; 0: nothing is written.
        """
        self._folder = folder
        self.days = days
        self._waiting: deque[LoudnessMinute] = deque(maxlen=_WAITING)
        self._writing = threading.Lock()
        self._wake = threading.Event()
        self._is_stopping = False
        self._is_failing = False
        self._tidied: date | None = None

    def put(self, minute: LoudnessMinute) -> None:
        """Have a minute written; does not wait, unless :meth:`stop` was called before."""
        if not self.days:
            return
        self._waiting.append(minute)
        if self._is_stopping:
            self._write()
        self._wake.set()

    def stop(self) -> None:
        """Let :meth:`run` write what waits, and return."""
        self._is_stopping = True
        self._wake.set()

    def run(self) -> None:
        """Write until :meth:`stop`; runs in a thread of its own."""
        while not self._is_stopping:
            self._wake.wait()
            self._wake.clear()
            self._write()

    def _write(self) -> None:
        with self._writing:
            try:
                while self._waiting:
                    minute = self._waiting[0]
                    day = _day_of(minute.start_s)
                    _append(self._folder / f"{day.isoformat()}.jsonl", render_minute(minute))
                    # Only after it is written; a full queue may have let it go meanwhile.
                    if self._waiting and self._waiting[0] is minute:
                        self._waiting.popleft()
                    if day != self._tidied:
                        self._remove_old(day)
                        self._tidied = day
            except OSError as error:
                if not self._is_failing:
                    log.warning("loudness_log_unwritable", detail=str(error))
                self._is_failing = True
                return
            if self._is_failing:
                log.info("loudness_log_writable_again")
            self._is_failing = False

    def _remove_old(self, today: date) -> None:
        for path in self._folder.glob("*.jsonl"):
            try:
                day = date.fromisoformat(path.stem)
            except ValueError:
                continue  # not ours
            if (today - day).days > self.days:
                path.unlink(missing_ok=True)


def read_minutes(folder: Path, *, start_s: int, end_s: int) -> list[LoudnessMinute]:
    """Return the minutes that lie wholly within a span; blocks.

    A line that cannot be read, cut off by a crash, is left out.

    Args:
        folder: Of the channel.
        start_s: UNIX seconds.
        end_s: UNIX seconds.

    Raises:
        OSError: If a file is there and cannot be read.
    """
    found = []
    day = _day_of(start_s)
    while day <= _day_of(max(start_s, end_s - 1)):
        found += [
            minute
            for minute in _read(folder / f"{day.isoformat()}.jsonl")
            if start_s <= minute.start_s and minute.start_s + 60 <= end_s
        ]
        day += timedelta(days=1)
    return found


def _read(path: Path) -> Iterator[LoudnessMinute]:
    try:
        lines = path.read_bytes().splitlines()
    except FileNotFoundError:
        return
    for line in lines:
        try:
            yield parse_minute(line)
        except FormatError:
            continue


def _append(path: Path, line: str) -> None:
    """Append a line whole or not at all; blocks.

    Raises:
        OSError: If it cannot be written; nothing of it stays.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+b", buffering=0) as file:
        size = file.seek(0, 2)
        data = line.encode() + b"\n"
        if size:
            file.seek(size - 1)
            if file.read(1) != b"\n":
                data = b"\n" + data  # the host stopped within a line
        try:
            # A disk that is nearly full takes a part, and refuses the rest with an error.
            while data:
                data = data[file.write(data) :]
        except OSError:
            file.truncate(size)
            raise


def _day_of(moment_s: int) -> date:
    return datetime.fromtimestamp(moment_s, UTC).date()
