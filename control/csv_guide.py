"""CSV to entries: comma, semicolon or tab, headers in Vietnamese or English.  Sans-I/O."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Final

from control.entries import MAX_ENTRIES, Entry
from control.faults import FaultError, fault
from control.moments import parse_day
from control.text import fold
from core.errors import FormatError

__all__ = ["parse_csv"]

_COLUMNS: Final = {
    "channel": ("channel", "kenh", "ma kenh"),
    "date": ("date", "day", "ngay"),
    "start": ("start", "time", "gio", "bat dau", "gio bat dau", "gio phat"),
    "end": ("end", "stop", "ket thuc", "gio ket thuc"),
    "title": ("title", "ten", "ten chuong trinh", "chuong trinh", "tieu de"),
    "subtitle": ("subtitle", "sub title", "ten phu", "noi dung chi tiet"),
    "description": ("description", "desc", "mo ta", "noi dung", "gioi thieu"),
    "categories": ("categories", "category", "the loai", "chuyen muc"),
    "episode": ("episode", "tap"),
    "series": ("series", "loat", "loat chuong trinh", "ma loat"),
    "image": ("image", "icon", "anh", "hinh"),
}
_NAMES: Final = {fold(name): column for column, names in _COLUMNS.items() for name in names}
_LONGEST_NIGHT_H: Final = 6


def parse_csv(data: bytes) -> list[Entry]:
    """Read a table whose first line names the columns; ``start`` and ``title`` it must have.

    Raises:
        FaultError: If it is no such table.
    """
    rows = _rows(_text(data))
    _, header = next(rows, (1, []))
    columns = [_NAMES.get(fold(name[:100])) for name in header]
    missing = [name for name in ("start", "title") if name not in columns]
    if missing:
        raise FaultError(fault("no_column", line=1, detail=", ".join(missing)))
    found: list[Entry] = []
    for line, row in rows:
        if not any(cell.strip() for cell in row):
            continue
        if len(found) >= MAX_ENTRIES:
            raise FaultError(fault("too_many", line=line, detail=MAX_ENTRIES))
        pairs = zip(columns, row, strict=False)
        cells = {column: cell for column, cell in pairs if column is not None}
        found.append(_entry(line, cells))
    return found


def _text(data: bytes) -> str:
    # What spreadsheets call "Unicode text" is UTF-16.
    encoding = "utf-16" if data[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise FaultError(fault("bad_encoding", line=line)) from error


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    delimiter = max(",;\t", key=lines[0].count)
    reader = csv.reader((f"{line}\n" for line in lines), delimiter=delimiter, strict=True)
    before = 0
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise FaultError(fault("not_csv", line=before + 1, detail=error)) from error
        yield before + 1, row
        before = reader.line_num


def _entry(line: int, cells: Mapping[str, str]) -> Entry:
    start, end = cells.get("start", "").strip(), cells.get("end", "").strip()
    if cells.get("date", "").strip():
        start, end = _with_day(cells["date"], start, end)
    return Entry(
        line=line,
        channel=cells.get("channel", ""),
        start=start,
        end=end,
        title=cells.get("title", ""),
        subtitle=cells.get("subtitle", ""),
        description=cells.get("description", ""),
        categories=tuple(cells.get("categories", "").replace(";", "|").split("|")),
        episode=cells.get("episode", ""),
        series=cells.get("series", ""),
        image=cells.get("image", ""),
    )


def _with_day(day_text: str, start: str, end: str) -> tuple[str, str]:
    """Put the day before clock times; an end after midnight is the next day's."""
    try:
        day = parse_day(day_text)
    except FormatError:
        return f"{day_text.strip()} {start}", ""
    start, end = _clock(start), _clock(end)
    if len(end) > len("00:00:00 +07:00") or not end:
        return f"{day} {start}", end
    begins, ends = _minutes(start), _minutes(end)
    night = begins is not None and ends is not None and ends < begins
    if night and begins is not None and ends is not None:
        night = ends + 24 * 60 - begins <= _LONGEST_NIGHT_H * 60
    return f"{day} {start}", f"{day + timedelta(days=1) if night else day} {end}"


def _clock(text: str) -> str:
    """Return ``19h30`` as ``19:30``; anything else as it is."""
    hours, mark, minutes = text.lower().partition("h")
    if mark and hours.isdigit() and (minutes.isdigit() or not minutes):
        return f"{hours}:{minutes or '00'}"
    return text


def _minutes(text: str) -> int | None:
    parts = text[:5].split(":")
    if len(parts) > 1 and parts[0].isdigit() and parts[1][:2].isdigit():
        return int(parts[0]) * 60 + int(parts[1][:2])
    return None
