"""A day of the station in figures, for whoever answers for it: as a page and as CSV.  Sans-I/O."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from html import escape
from typing import Any, Final

from core.timeline import SEGMENT_NS
from monitoring.day_ledger import DayLedger
from monitoring.page import render_page
from monitoring.spreadsheet import render_lines

__all__ = ["ChannelDay", "channel_day", "quantile_s", "render_csv", "render_sheet"]

_SEGMENT_S: Final = SEGMENT_NS / 1e9
_MINUTES: Final = 1_440
_FEW: Final = 5
"""Fewer sessions than this are not told: they could be somebody's."""

_MEDIA: Final = frozenset(
    {"multivariant", "media_playlist", "part", "segment", "header", "dvr", "catchup", "programme"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelDay:
    """One channel's day; None for what nobody measured."""

    slug: str
    name: str
    on_air_share: float | None
    """Segments that were published without being a hole, of all that were due, 0 to 1."""

    hole_s: float
    """Seconds that no viewer saw anything of."""

    slate_s: float
    repeated_frames: int
    switches: int
    content_s: dict[str, float] = field(default_factory=dict)
    """Seconds of each content fault of the programme, by kind."""

    input_losses: int = 0
    encoder_restarts: int = 0
    requests: int = 0
    failed_share: float | None = None
    """Requests for playlists and media that were answered 5xx, 0 to 1."""

    sessions: int | None = None
    """Viewings that ended; None when too few to be told."""

    watched_h: float | None = None
    startup_p50_s: float | None = None
    startup_p95_s: float | None = None
    stalled_share: float | None = None
    """Stalled seconds of watched seconds, 0 to 1 (CTA-2066)."""

    failed_starts: int | None = None


def channel_day(ledger: DayLedger, *, slug: str, name: str) -> ChannelDay:
    """Reckon one channel's day."""

    def by_rendition(family: str) -> float:
        found = defaultdict[str, float](float)
        for labels, value in ledger.of(family, channel=slug):
            found[labels["rendition"]] += value
        return max(found.values(), default=0.0)

    holes = by_rendition("lensong_packager_gap_segments_total")
    segments = by_rendition("lensong_packager_segments_total")
    content = defaultdict[str, float](float)
    for labels, value in ledger.of("lensong_content_fault_seconds_total", channel=slug):
        if labels["point"] == "programme":
            content[labels["kind"]] += value
    answered = failed = 0.0
    for labels, value in ledger.of("lensong_http_requests_total", channel=slug):
        if labels["handler"] in _MEDIA:
            answered += value
            failed += value if labels["code"] == "5xx" else 0
    return ChannelDay(
        slug=slug,
        name=name,
        on_air_share=segments / (segments + holes) if segments + holes else None,
        hole_s=holes * _SEGMENT_S,
        slate_s=ledger.total("lensong_channel_slate_seconds_total", channel=slug),
        repeated_frames=round(ledger.total("lensong_channel_repeated_frames_total", channel=slug)),
        switches=round(ledger.total("lensong_switches_total", channel=slug)),
        content_s=dict(content),
        input_losses=round(ledger.total("lensong_input_disconnects_total", channel=slug)),
        encoder_restarts=round(ledger.total("lensong_encoder_restarts_total", channel=slug)),
        requests=round(answered),
        failed_share=failed / answered if answered else None,
        **_experience(ledger, slug),
    )


def _experience(ledger: DayLedger, slug: str) -> dict[str, Any]:
    outcomes = defaultdict[str, float](float)
    for labels, value in ledger.of("lensong_qoe_sessions_total", channel=slug):
        outcomes[labels["outcome"]] += value
    sessions = round(sum(outcomes.values()))
    if sessions < _FEW:
        return {}
    watched_s = ledger.total("lensong_qoe_watched_seconds_total", channel=slug)
    stalled_s = ledger.total("lensong_qoe_stall_seconds_total", channel=slug)
    buckets = [
        (float(labels["le"]), value)
        for labels, value in ledger.of("lensong_qoe_startup_seconds_bucket", channel=slug)
    ]
    return {
        "sessions": sessions,
        "watched_h": watched_s / 3600,
        "startup_p50_s": quantile_s(buckets, 0.5),
        "startup_p95_s": quantile_s(buckets, 0.95),
        "stalled_share": stalled_s / watched_s if watched_s else None,
        "failed_starts": round(outcomes["start_failure"]),
    }


def quantile_s(buckets: Iterable[tuple[float, float]], share: float) -> float | None:
    """Return a quantile of a histogram, straight within its bucket as Prometheus reckons it.

    Args:
        buckets: (upper end, count up to it); the last end is infinite.
        share: 0 to 1.
    """
    merged = defaultdict[float, float](float)
    for end, count in buckets:
        merged[end] += count
    ends = sorted(merged)
    if not ends or not merged[ends[-1]]:
        return None
    rank = share * merged[ends[-1]]
    low, below = 0.0, 0.0
    for end in ends:
        if merged[end] >= rank:
            if end == float("inf"):
                return low
            width = merged[end] - below
            return end if not width else low + (end - low) * (rank - below) / width
        low, below = end, merged[end]
    return low


_Column = tuple[str, str, Callable[[ChannelDay], str]]


def _share(value: float | None, digits: int = 3) -> str:
    return "" if value is None else f"{100 * value:.{digits}f}"


def _number(value: float | None, digits: int = 1) -> str:
    return "" if value is None else f"{value:.{digits}f}"


def _whole(value: int | None) -> str:
    return "" if value is None else str(value)


_COLUMNS: Final[tuple[_Column, ...]] = (
    ("on_air_percent", "Lên sóng % / on air", lambda day: _share(day.on_air_share)),
    ("hole_seconds", "Mất đoạn, s / holes", lambda day: _number(day.hole_s)),
    ("slate_seconds", "Hình chờ, s / slate", lambda day: _number(day.slate_s)),
    ("switches", "Chuyển nguồn / switches", lambda day: str(day.switches)),
    ("repeated_frames", "Khung lặp / repeated frames", lambda day: str(day.repeated_frames)),
    ("black_seconds", "Đen, s / black", lambda day: _number(day.content_s.get("black"))),
    ("freeze_seconds", "Đứng hình, s / frozen", lambda day: _number(day.content_s.get("freeze"))),
    ("silence_seconds", "Im lặng, s / silence", lambda day: _number(day.content_s.get("silence"))),
    (
        "loudness_seconds",
        "Lệch âm lượng, s / off loudness",
        lambda day: _number(day.content_s.get("loudness")),
    ),
    ("input_losses", "Mất tín hiệu vào / inputs lost", lambda day: str(day.input_losses)),
    ("encoder_restarts", "Bộ mã hoá chạy lại / restarts", lambda day: str(day.encoder_restarts)),
    ("requests", "Yêu cầu / requests", lambda day: str(day.requests)),
    ("failed_percent", "Lỗi máy chủ % / answered 5xx", lambda day: _share(day.failed_share, 4)),
    ("sessions", "Lượt xem / viewings", lambda day: _whole(day.sessions)),
    ("watched_hours", "Giờ xem / hours watched", lambda day: _number(day.watched_h)),
    ("startup_p50_seconds", "Mở kênh, giữa, s / start p50", lambda d: _number(d.startup_p50_s, 2)),
    ("startup_p95_seconds", "Mở kênh, p95, s", lambda day: _number(day.startup_p95_s, 2)),
    ("stalled_percent", "Đứng hình khi xem % / stalled", lambda day: _share(day.stalled_share)),
    ("failed_starts", "Không mở được / failed starts", lambda day: _whole(day.failed_starts)),
)


def render_csv(ledger: DayLedger, channels: Sequence[ChannelDay]) -> str:
    """Return the sheet for spreadsheets: one line a channel."""
    head = ["day", "minutes_seen", "channel", *(name for name, _, _ in _COLUMNS)]
    lines = [head]
    lines += [
        [
            ledger.day.isoformat(),
            str(ledger.minutes),
            day.slug,
            *(show(day) for _, _, show in _COLUMNS),
        ]
        for day in channels
    ]
    return render_lines(lines)


def render_sheet(
    ledger: DayLedger, channels: Sequence[ChannelDay], *, station: str, zone: tzinfo
) -> str:
    """Return the sheet as a page."""
    heads = "".join(f"<th>{escape(day.name)}</th>" for day in channels)
    rows = "".join(
        f"<tr><th>{escape(title)}</th>"
        + "".join(f"<td>{show(day) or '–'}</td>" for day in channels)
        + "</tr>"
        for _, title, show in _COLUMNS
    )
    loudness = "".join(
        f'<li><a href="/reports/loudness/{escape(day.slug)}/{ledger.day.isoformat()}">'
        f"{escape(day.name)}</a></li>"
        for day in channels
    )
    seen = min(ledger.minutes, _MINUTES)
    alerts = "".join(_alert(item, zone) for item in sorted(ledger.alerts, key=_began))
    shown_day = f"{ledger.day:%d/%m/%Y}"
    return render_page(
        f"{station}: chất lượng ngày {shown_day} / quality of the day",
        f"<p>Đo được {seen} phút của ngày. / {seen} minutes of the day were measured. "
        f'<a href="/reports/{ledger.day.isoformat()}.csv">CSV</a></p>'
        f"<table><tr><th></th>{heads}</tr>{rows}</table>"
        f"<h2>Âm lượng từng chương trình / Loudness by programme</h2><ul>{loudness}</ul>"
        "<h2>Cảnh báo / Alerts</h2>"
        + (f"<table>{alerts}</table>" if alerts else "<p>Không có. / None.</p>"),
    )


def _began(item: dict[str, object]) -> float:
    return float(str(item["began_s"]))


def _alert(item: dict[str, object], zone: tzinfo) -> str:
    def clock(value: object) -> str:
        if value is None:
            return "…"
        return datetime.fromtimestamp(float(str(value)), zone).strftime("%H:%M:%S")

    return (
        f"<tr><td>{clock(item['began_s'])}–{clock(item['ended_s'])}</td>"
        f"<td>{escape(str(item['severity']))}</td><td>{escape(str(item['channel']))}</td>"
        f"<td>{escape(str(item['name']))}</td></tr>"
    )
