"""What an import did, for people and for programs.  Sans-I/O."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal, TypeAlias

from control.faults import Fault, render_fault

__all__ = ["DayChange", "ImportReport", "render_report", "report_json"]

Result: TypeAlias = Literal["accepted", "partial", "refused"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DayChange:
    """What became of one day of a channel."""

    channel: str
    day: date
    total: int
    """Programmes of the day now."""

    added: tuple[str, ...] = ()
    """Ids."""

    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """What became of a file."""

    name: str
    """The file's name, or who sent it."""

    faults: tuple[Fault, ...]
    """By line."""

    refused: tuple[tuple[str, date], ...] = ()
    """Channels and days that keep the guide they had."""

    days: tuple[DayChange, ...] = field(default=())
    dry_run: bool = False
    """Nothing was stored."""

    @property
    def result(self) -> Result:
        """``accepted`` without a refused day, ``refused`` without an imported one."""
        if not self.days:
            return "refused"
        return "partial" if self.refused else "accepted"

    @property
    def channels(self) -> tuple[str, ...]:
        """Channels of which something changed."""
        return tuple(
            sorted({day.channel for day in self.days if day.added or day.changed or day.removed})
        )


def report_json(report: ImportReport) -> dict[str, Any]:
    """Return the report as JSON values."""
    return {
        "name": report.name,
        "result": report.result,
        "dry_run": report.dry_run,
        "days": [
            {
                "channel": day.channel,
                "day": day.day.isoformat(),
                "programmes": day.total,
                "added": list(day.added),
                "changed": list(day.changed),
                "removed": list(day.removed),
            }
            for day in report.days
        ],
        "refused": [
            {"channel": channel, "day": day.isoformat()} for channel, day in report.refused
        ],
        "faults": [
            {
                "line": item.line,
                "code": item.code,
                "weight": item.weight,
                "count": item.count,
                "vi": item.vi,
                "en": item.en,
            }
            for item in report.faults
        ],
    }


def render_report(report: ImportReport) -> str:
    """Write the lines that people read: every fault, then every day."""
    lines = [render_fault(item) for item in report.faults]
    lines += [
        f"{day.channel} {day.day}: {day.total} chương trình, thêm {len(day.added)}, sửa"
        f" {len(day.changed)}, bỏ {len(day.removed)} / {day.total} programmes,"
        f" {len(day.added)} added, {len(day.changed)} changed, {len(day.removed)} removed"
        for day in report.days
    ]
    lines += [
        f"{channel} {day}: KHÔNG NHẬP vì có lỗi, giữ lịch cũ / NOT imported, the old guide stays"
        for channel, day in report.refused
    ]
    if report.dry_run:
        lines.append("chỉ thử, không lưu gì / a trial: nothing was stored")
    elif not report.days:
        lines.append("không nhập gì, lịch cũ giữ nguyên / nothing imported, the guide is as it was")
    return "\n".join(lines)
