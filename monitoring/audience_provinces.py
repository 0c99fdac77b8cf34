"""From which provinces a channel was watched, as numbers of which none is anybody's.  Sans-I/O."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from monitoring.audience_report import FEW
from monitoring.spreadsheet import align, render_lines

__all__ = ["ProvinceAudience", "by_province", "render_csv", "render_table"]

_UNKNOWN: Final = "không rõ / unknown"
_OTHERS: Final = "nơi khác / elsewhere"


@dataclass(frozen=True, slots=True)
class ProvinceAudience:
    """One province's audience of a day; None for too few to be told."""

    province: str
    average: float | None
    """Over the minutes that are known."""

    peak: int | None


def by_province(found: Mapping[str, Mapping[int, int]], minutes: int) -> list[ProvinceAudience]:
    """Sum a day up, the most first.

    Provinces that never had :data:`~monitoring.audience_report.FEW` at a time are told together.

    Args:
        found: Audience by minute, by province; empty is where it is not known.
        minutes: How many minutes of the day are known.
    """
    rows: list[ProvinceAudience] = []
    others: Counter[int] = Counter()
    for province, counts in found.items():
        if max(counts.values(), default=0) < FEW:
            others.update(counts)
        else:
            rows.append(_row(province or _UNKNOWN, counts, minutes))
    rows.sort(key=lambda row: -(row.average or 0))
    return [*rows, _row(_OTHERS, others, minutes)] if others else rows


def _row(province: str, counts: Mapping[int, int], minutes: int) -> ProvinceAudience:
    peak = max(counts.values(), default=0)
    if peak < FEW:
        return ProvinceAudience(province, None, None)
    return ProvinceAudience(province, round(sum(counts.values()) / max(minutes, 1), 1), peak)


def render_table(rows: Sequence[ProvinceAudience]) -> str:
    """Return the table that people read in a terminal."""
    few = f"<{FEW}"
    lines = [("tỉnh", "trung bình", "cao nhất"), ("province", "average", "peak")]
    for row in rows:
        average = few if row.average is None else f"{row.average:.1f}"
        lines.append((row.province, average, few if row.peak is None else str(row.peak)))
    return align(lines)


def render_csv(rows: Sequence[ProvinceAudience]) -> str:
    """Return the rows for spreadsheets; what is hidden is an empty cell."""
    lines = [["province", "average", "peak"]]
    for row in rows:
        average = "" if row.average is None else str(row.average)
        lines.append([row.province, average, "" if row.peak is None else str(row.peak)])
    return render_lines(lines, texts=[0])
