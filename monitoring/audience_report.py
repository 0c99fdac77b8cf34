"""Who watched which programme, as numbers of which none is anybody's.  Sans-I/O.

Nobody is followed from minute to minute, so how many different people saw a programme (its reach)
cannot be told, nor who came and who went; what can be told is how many there were.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from statistics import fmean
from typing import Final

from core.guide import Programme
from monitoring.spreadsheet import align, render_lines

__all__ = ["FEW", "ProgrammeAudience", "render_csv", "render_table", "report"]

FEW: Final = 5
"""Fewer than this are not told: they could be somebody's."""

_LEAST_SHARE: Final = 0.8
_HIDDEN: Final = f"<{FEW}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgrammeAudience:
    """One programme's audience; None for what is not known, or too few to be told."""

    title: str
    start_s: int
    end_s: int
    measured: float
    """Share of its minutes that are known, 0 to 1."""

    average: float | None
    """Average minute audience."""

    peak: int | None
    peak_s: int | None
    """When it was, UNIX seconds."""

    at_start: int | None
    at_end: int | None
    is_few: bool = False
    """There were some, and too few to be told."""

    @property
    def is_whole(self) -> bool:
        """Enough of it was measured for its figures to be compared."""
        return self.measured >= _LEAST_SHARE


def report(programmes: Iterable[Programme], minutes: Mapping[int, int]) -> list[ProgrammeAudience]:
    """Join the guide with the minutes.

    Args:
        programmes: In order of their begin.
        minutes: Audience by minute since the epoch; those that are not known are not in it.
    """
    return [_of(programme, minutes) for programme in programmes]


def _of(programme: Programme, minutes: Mapping[int, int]) -> ProgrammeAudience:
    begin, end = -(-programme.began_s // 60), programme.ended_s // 60
    known = [(minute, minutes[minute]) for minute in range(begin, end) if minute in minutes]
    figures = [count for _, count in known]
    highest = max(known, key=lambda item: item[1], default=None)
    is_few = highest is not None and 0 < highest[1] < FEW

    def told(count: int | None) -> int | None:
        return None if count is None or 0 < count < FEW else count

    return ProgrammeAudience(
        title=programme.title,
        start_s=programme.began_s,
        end_s=programme.ended_s,
        measured=len(known) / (end - begin) if end > begin else 0.0,
        average=None if not known or is_few else round(fmean(figures), 1),
        peak=None if highest is None else told(highest[1]),
        peak_s=None if highest is None or is_few else highest[0] * 60,
        at_start=told(minutes.get(begin)),
        at_end=told(minutes.get(end - 1)),
        is_few=is_few,
    )


_HEADS: Final = ("bắt đầu", "kết thúc", "trung bình", "cao nhất", "lúc", "đo được", "chương trình")
_ENGLISH: Final = ("start", "end", "average", "peak", "at", "measured", "programme")


def render_table(rows: Sequence[ProgrammeAudience], zone: tzinfo) -> str:
    """Return the table that people read in a terminal."""
    lines = [_HEADS, _ENGLISH]
    for row in rows:
        average = _HIDDEN if row.is_few else "–" if row.average is None else f"{row.average:.1f}"
        peak = _HIDDEN if row.is_few else "–" if row.peak is None else str(row.peak)
        lines.append(
            (
                _clock(row.start_s, zone),
                _clock(row.end_s, zone),
                average,
                peak,
                _clock(row.peak_s, zone),
                f"{row.measured:.0%}" + ("" if row.is_whole else " (!)"),
                row.title,
            )
        )
    return align(lines)


def render_csv(rows: Sequence[ProgrammeAudience], zone: tzinfo) -> str:
    """Return the rows for spreadsheets; what is hidden is an empty cell."""
    head = ["start", "end", "average", "peak", "peak_at", "at_start", "at_end", "measured", "title"]
    lines = [
        [
            _moment(row.start_s, zone),
            _moment(row.end_s, zone),
            _cell(row.average),
            _cell(row.peak),
            _moment(row.peak_s, zone),
            _cell(row.at_start),
            _cell(row.at_end),
            f"{row.measured:.2f}",
            row.title,
        ]
        for row in rows
    ]
    return render_lines([head, *lines], texts=[head.index("title")])


def _clock(unix_s: int | None, zone: tzinfo) -> str:
    return "–" if unix_s is None else datetime.fromtimestamp(unix_s, zone).strftime("%H:%M")


def _moment(unix_s: int | None, zone: tzinfo) -> str:
    if unix_s is None:
        return ""
    return datetime.fromtimestamp(unix_s, zone).isoformat(timespec="seconds")


def _cell(value: float | None) -> str:
    return "" if value is None else str(value)
