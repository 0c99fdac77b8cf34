"""A day's loudness by programme, made of the minutes that were kept.  Sans-I/O."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from html import escape
from typing import Final, Literal

from core.guide import GuideSnapshot, Programme
from core.loudness_log import STEPS_PER_MINUTE, LoudnessMinute, LoudnessSpan, sum_minutes
from monitoring.page import render_page
from monitoring.spreadsheet import render_lines

__all__ = ["LoudnessRow", "Verdict", "day_rows", "day_span_s", "render_csv", "render_report"]

Verdict = Literal["ok", "loud", "quiet", "peak", "silent", "incomplete"]

_MINUTE_S: Final = 60
_MEASURED: Final = 0.8
_PEAK_DBTP: Final = -1.0
"""The highest true peak that EBU R 128 permits."""

_VERDICTS: Final[dict[Verdict, str]] = {
    "ok": "Đạt / good",
    "loud": "Quá to / too loud",
    "quiet": "Quá nhỏ / too quiet",
    "peak": "Đỉnh quá cao / peak too high",
    "silent": "Im lặng / silent",
    "incomplete": "Đo thiếu / not measured enough",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LoudnessRow:
    """One programme, or the whole day."""

    title: str
    """Empty for the whole day."""

    begin_s: int
    """UNIX seconds."""

    end_s: int
    """UNIX seconds; of a programme on air, its planned end."""

    measured: float
    """Share of its whole minutes, as far as they are over, that were measured, 0 to 1."""

    span: LoudnessSpan
    off_target_lu: float | None
    """Integrated loudness minus the target; None without one."""

    verdict: Verdict


def day_span_s(
    day: date, zone: tzinfo, snapshot: GuideSnapshot | None, *, now_s: int
) -> tuple[int, int]:
    """Return the UNIX seconds over which minutes are wanted: the day and its last programme."""
    begin_s, end_s = _bounds(day, zone)
    ends = [item.ended_s for item in _programmes(snapshot, begin_s, end_s)]
    # A programme of the guide may end at any time; nobody broadcasts one for more than a day.
    return begin_s, max(begin_s, min(max([end_s, *ends]), end_s + 86_400, now_s))


def day_rows(
    day: date,
    zone: tzinfo,
    minutes: Sequence[LoudnessMinute],
    snapshot: GuideSnapshot | None,
    *,
    target_lufs: float,
    tolerance_lu: float,
    now_s: int,
) -> list[LoudnessRow]:
    """Return the whole day, and each programme that began on it.

    A programme's loudness is that of the minutes which lie wholly within it: the minutes at its
    edges may hold an advertisement.

    Args:
        day: On the station's clock.
        zone: The station's.
        minutes: Of :func:`day_span_s`.
        snapshot: The channel's guide; None without one.
        target_lufs: What the channel is meant to have.
        tolerance_lu: How far it may be off.
        now_s: UNIX seconds; what comes later cannot have been measured.
    """
    begin_s, end_s = _bounds(day, zone)
    spans = [("", begin_s, end_s)]
    spans += [
        (item.title, item.began_s, item.ended_s)
        for item in _programmes(snapshot, begin_s, end_s)
        if item.began_s < now_s
    ]
    rows = []
    for title, first_s, last_s in spans:
        over_s = min(last_s, now_s)
        wanted = max(0, over_s // _MINUTE_S - -(-first_s // _MINUTE_S))
        within = [
            item for item in minutes if first_s <= item.start_s and item.start_s + 60 <= over_s
        ]
        span = sum_minutes(within)
        measured = min(1.0, span.steps / (wanted * STEPS_PER_MINUTE)) if wanted else 0.0
        off = None if span.integrated is None else span.integrated - target_lufs
        rows.append(
            LoudnessRow(
                title=title,
                begin_s=first_s,
                end_s=last_s,
                measured=measured,
                span=span,
                off_target_lu=off,
                verdict=_verdict(measured, span, off, tolerance_lu),
            )
        )
    return rows


def _verdict(
    measured: float, span: LoudnessSpan, off: float | None, tolerance_lu: float
) -> Verdict:
    if measured < _MEASURED:
        return "incomplete"
    if off is None:
        return "silent"
    if abs(off) > tolerance_lu:
        return "loud" if off > 0 else "quiet"
    return "peak" if span.true_peak is not None and span.true_peak > _PEAK_DBTP else "ok"


def _bounds(day: date, zone: tzinfo) -> tuple[int, int]:
    begin, end = (
        datetime.combine(day + timedelta(days=after), time(), zone).timestamp() for after in (0, 1)
    )
    return int(begin), int(end)


def _programmes(snapshot: GuideSnapshot | None, begin_s: int, end_s: int) -> list[Programme]:
    if snapshot is None:
        return []
    return [item for item in snapshot.programmes if begin_s <= item.began_s < end_s]


def render_csv(day: date, channel: str, rows: Iterable[LoudnessRow], zone: tzinfo) -> str:
    """Return the rows for spreadsheets, RFC 4180; the whole day has no title."""
    lines: list[tuple[str, ...]] = [
        (
            "day",
            "channel",
            "title",
            "begin",
            "end",
            "measured_percent",
            "integrated_lufs",
            "off_target_lu",
            "loudness_range_lu",
            "momentary_max_lufs",
            "short_term_max_lufs",
            "true_peak_dbtp",
            "verdict",
        )
    ]
    for row in rows:
        span = row.span
        lines.append(
            (
                day.isoformat(),
                channel,
                row.title,
                datetime.fromtimestamp(row.begin_s, zone).isoformat(),
                datetime.fromtimestamp(row.end_s, zone).isoformat(),
                f"{100 * row.measured:.1f}",
                _number(span.integrated),
                _number(row.off_target_lu, "+.1f"),
                _number(span.loudness_range),
                _number(span.momentary_max),
                _number(span.short_term_max),
                _number(span.true_peak),
                row.verdict,
            )
        )
    return render_lines(lines, texts=[lines[0].index("title")])


def _number(value: float | None, form: str = ".1f") -> str:
    return "" if value is None else format(value, form)


def render_report(
    day: date,
    *,
    channel: str,
    slug: str,
    target_lufs: float,
    tolerance_lu: float,
    rows: Iterable[LoudnessRow],
    zone: tzinfo,
) -> str:
    """Return the rows as a page.

    Args:
        day: On the station's clock.
        channel: Its name.
        slug: Its name in addresses.
        target_lufs: What the channel is meant to have.
        tolerance_lu: How far it may be off.
        rows: Of :func:`day_rows`.
        zone: The station's.
    """
    heads = (
        "Giờ / time",
        "Chương trình / programme",
        "LUFS",
        "Lệch, LU / off target",
        "LRA, LU",
        "Đỉnh, dBTP / true peak",
        "Đo được % / measured",
        "Kết luận / verdict",
    )
    return render_page(
        f"{channel}: âm lượng ngày {day:%d/%m/%Y} / loudness of the day",
        f"<p>Mục tiêu {target_lufs:.1f} LUFS, cho phép lệch {tolerance_lu:.1f} LU, đỉnh tối đa "
        f"{_PEAK_DBTP:.0f} dBTP. Chương trình đo được dưới 80 % thì không có kết luận. / Target "
        f"{target_lufs:.1f} LUFS, {tolerance_lu:.1f} LU off at most, true peak at most "
        f"{_PEAK_DBTP:.0f} dBTP. Less than 80 % measured is not judged. "
        f'<a href="/reports/loudness/{slug}/{day.isoformat()}.csv">CSV</a></p>'
        f"<table><tr>{''.join(f'<th>{head}</th>' for head in heads)}</tr>"
        + "".join(_row(row, zone) for row in rows)
        + "</table>",
    )


def _row(row: LoudnessRow, zone: tzinfo) -> str:
    begin, end = (
        datetime.fromtimestamp(moment, zone).strftime("%H:%M")
        for moment in (row.begin_s, row.end_s)
    )
    cells = (
        f"{begin}–{end}",
        escape(row.title) if row.title else "Cả ngày / whole day",
        _number(row.span.integrated) or "–",
        _number(row.off_target_lu, "+.1f") or "–",
        _number(row.span.loudness_range) or "–",
        _number(row.span.true_peak) or "–",
        f"{100 * row.measured:.0f}",
        _VERDICTS[row.verdict],
    )
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"
