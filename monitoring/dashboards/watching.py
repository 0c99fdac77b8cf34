"""Dashboards of viewers: quality of experience, objectives, audience.  Sans-I/O."""

from __future__ import annotations

from typing import Final

from monitoring.dashboards.expressions import quantile
from monitoring.dashboards.specification import (
    CHANNEL,
    Board,
    Panel,
    Query,
    State,
    good_above,
    good_below,
    graph,
)
from monitoring.recordings import DELIVERY_BUDGET

__all__ = ["AUDIENCE", "OBJECTIVES", "VIEWERS"]

_BY_CHANNEL: Final = "{{channel}}"


def _quantiles(name: str) -> tuple[Query, ...]:
    return tuple(
        Query(
            quantile(share, name, "channel", window="15m"),
            f"{{{{channel}}}} p{share * 100:.0f}",
        )
        for share in (0.5, 0.95)
    )


def _share_of_sessions(outcome: str) -> str:
    sessions = "increase(lensong_qoe_sessions_total"
    return (
        f'sum by (channel) ({sessions}{{{CHANNEL},outcome="{outcome}"}}[1h]))\n'
        f"/ sum by (channel) ({sessions}{{{CHANNEL}}}[1h]))"
    )


VIEWERS: Final = Board(
    name="viewers",
    vi="Người xem",
    en="Quality of experience",
    panels=(
        graph(
            "Thời gian mở kênh",
            "Start-up",
            "s",
            *_quantiles("lensong_qoe_startup_seconds"),
            steps=good_below(1.2, 4),
        ),
        graph(
            "Thời gian bị dừng",
            "Stalled share",
            "percentunit",
            Query(f"channel:lensong_stalled:ratio_rate2m{{{CHANNEL}}}", _BY_CHANNEL),
            steps=good_below(0.005, 0.01),
        ),
        graph(
            "Lần và giây dừng trong 5 phút",
            "Stalls and stalled seconds in 5 min",
            "short",
            Query(
                f"sum by (channel) (increase(lensong_qoe_stalls_total{{{CHANNEL}}}[5m]))",
                "{{channel}} lần / stalls",
            ),
            Query(
                f"sum by (channel) (increase(lensong_qoe_stall_seconds_total{{{CHANNEL}}}[5m]))",
                "{{channel}} giây / seconds",
            ),
        ),
        graph(
            "Độ trễ so với trực tiếp",
            "Live latency",
            "s",
            *_quantiles("lensong_qoe_live_latency_seconds"),
            steps=good_below(4.5, 12),
        ),
        graph(
            "Tốc độ bit trung bình khi xem",
            "Average bit rate played",
            "bps",
            Query(
                f"8 * sum by (channel) (rate(lensong_qoe_played_bytes_total{{{CHANNEL}}}[5m]))\n"
                "/ sum by (channel) "
                f"(rate(lensong_qoe_rendition_seconds_total{{{CHANNEL}}}[5m]))",
                _BY_CHANNEL,
            ),
        ),
        graph(
            "Phiên xem kết thúc trong 5 phút",
            "Ended sessions in 5 min",
            "short",
            Query(
                "sum by (channel, outcome) "
                f"(increase(lensong_qoe_sessions_total{{{CHANNEL}}}[5m]))",
                "{{channel}} {{outcome}}",
            ),
        ),
        graph(
            "Lỗi người xem gặp trong 5 phút",
            "Errors of viewers in 5 min",
            "short",
            Query(
                "sum by (channel, class, code) "
                f"(increase(lensong_qoe_errors_total{{{CHANNEL}}}[5m])) > 0\n"
                "or sum by (channel, class) "
                f"(increase(lensong_qoe_errors_total{{{CHANNEL}}}[5m]))",
                "{{channel}} {{class}} {{code}}",
            ),
        ),
        graph(
            "Chất lượng được xem",
            "Renditions played",
            "percentunit",
            Query(
                "sum by (channel, rendition) "
                f"(rate(lensong_qoe_rendition_seconds_total{{{CHANNEL}}}[5m]))\n"
                "/ on (channel) group_left sum by (channel) "
                f"(rate(lensong_qoe_rendition_seconds_total{{{CHANNEL}}}[5m]))",
                "{{channel}} {{rendition}}",
            ),
        ),
        graph(
            "Báo cáo của trình phát trong 5 phút",
            "Reports of players in 5 min",
            "short",
            Query("sum by (result) (increase(lensong_qoe_reports_total[5m]))", "{{result}}"),
        ),
        graph(
            "Máy thử: thời gian mở và độ trễ",
            "Probe: start-up and latency",
            "s",
            Query(
                f"max by (channel, vantage) (lensong_probe_startup_seconds{{{CHANNEL}}})",
                "{{channel}} {{vantage}} mở / start-up",
            ),
            Query(
                f"max by (channel, vantage) (lensong_probe_live_latency_seconds{{{CHANNEL}}})",
                "{{channel}} {{vantage}} trễ / latency",
            ),
        ),
        graph(
            "Máy thử: lỗi trong 5 phút",
            "Probe: faults in 5 min",
            "short",
            Query(
                "sum by (channel, vantage, kind) "
                f"(increase(lensong_probe_faults_total{{{CHANNEL}}}[5m]))",
                "{{channel}} {{vantage}} {{kind}}",
            ),
        ),
    ),
)


def _burn(window: str) -> Query:
    return Query(f"lensong:delivery_errors:ratio_rate{window} / {DELIVERY_BUDGET}", window)


OBJECTIVES: Final = Board(
    name="objectives",
    vi="Mục tiêu và quỹ lỗi",
    en="Objectives and error budget",
    hours=24,
    panels=(
        Panel(
            kind="number",
            vi="Quỹ lỗi còn lại của 30 ngày",
            en="Error budget left of 30 days",
            queries=(
                Query(
                    "1 - avg_over_time(lensong:delivery_errors:ratio_rate1h[30d])"
                    f" / {DELIVERY_BUDGET}",
                    "còn / left",
                ),
            ),
            unit="percentunit",
            steps=good_above(0, 0.25),
            decimals=1,
        ),
        graph(
            "Tốc độ hao quỹ lỗi (1 là vừa hết sau 30 ngày)",
            "Burn rate (1 uses it up in 30 days)",
            "short",
            _burn("5m"),
            _burn("1h"),
            _burn("6h"),
            _burn("3d"),
            steps=good_below(1, 6),
        ),
        Panel(
            kind="number",
            vi="Có sóng trong 24 giờ qua",
            en="On air in the last 24 h",
            queries=(
                Query(
                    "avg_over_time((channel:lensong_segment_age_seconds:max"
                    f"{{{CHANNEL}}} < bool 12)[1d:1m])",
                    _BY_CHANNEL,
                ),
            ),
            unit="percentunit",
            steps=good_above(0.999, 0.9999),
            decimals=3,
        ),
        Panel(
            kind="number",
            vi="Máy thử xem được trong 24 giờ qua",
            en="Probe played in the last 24 h",
            queries=(
                Query(
                    "min by (channel, vantage) "
                    f"(avg_over_time(lensong_probe_success{{{CHANNEL}}}[1d]))",
                    "{{channel}} {{vantage}}",
                ),
            ),
            unit="percentunit",
            steps=good_above(0.99, 0.999),
            decimals=2,
        ),
        graph(
            "Không mở được (mục tiêu 0,5 %), bỏ đi trước khi có hình",
            "Start failures (target 0.5 %), left before the picture",
            "percentunit",
            Query(_share_of_sessions("start_failure"), "{{channel}} không mở được / failed"),
            Query(_share_of_sessions("ebvs"), "{{channel}} bỏ đi / left"),
            steps=good_below(0.0025, 0.005),
        ),
        graph(
            "Hỏng giữa chừng (mục tiêu 0,5 %)",
            "Playback failures (target 0.5 %)",
            "percentunit",
            Query(_share_of_sessions("playback_failure"), _BY_CHANNEL),
            steps=good_below(0.0025, 0.005),
        ),
        graph(
            "Cảnh báo đang bật, và gửi đi trong một giờ",
            "Alerts firing, and delivered in an hour",
            "short",
            Query("sum by (severity) (lensong_alerts_firing)", "{{severity}}"),
            Query(
                "sum by (receiver, result) (increase(lensong_alert_deliveries_total[1h]))",
                "gửi / sent: {{receiver}} {{result}}",
            ),
        ),
        Panel(
            kind="states",
            vi="Tiến trình có số đo",
            en="Processes with metrics",
            queries=(Query('max by (process) (up{job="lensong"})', "{{process}}"),),
            unit="short",
            states=(State(0, "mất / down", "red"), State(1, "tốt / up", "green")),
        ),
        graph(
            "Thời gian đọc số đo",
            "Time of a scrape",
            "s",
            Query('max by (process) (scrape_duration_seconds{job="lensong"})', "{{process}}"),
            steps=good_below(0.05, 1),
        ),
        graph(
            "Số chuỗi số đo",
            "Series",
            "short",
            Query('max by (process) (scrape_samples_scraped{job="lensong"})', "{{process}}"),
        ),
        graph(
            "Lịch phát còn lại, tuổi bản chụp",
            "Guide ahead, age of its snapshot",
            "s",
            Query(
                f"max by (channel) (lensong_guide_ahead_seconds{{{CHANNEL}}})",
                "{{channel}} còn / ahead",
            ),
            Query(
                f"max by (channel) (lensong_guide_snapshot_age_seconds{{{CHANNEL}}})",
                "{{channel}} bản chụp / snapshot",
            ),
        ),
        graph(
            "Cơ sở dữ liệu (1 là tốt), lịch nhập trong một giờ",
            "Database (1 is good), imports in an hour",
            "short",
            Query("max(lensong_control_database_up)", "cơ sở dữ liệu / database"),
            Query(
                "sum by (result) (increase(lensong_guide_imports_total[1h]))",
                "nhập / imports: {{result}}",
            ),
        ),
    ),
)

AUDIENCE: Final = Board(
    name="audience",
    vi="Khán giả",
    en="Audience",
    hours=24,
    panels=(
        graph(
            "Người xem và dự báo",
            "Viewers and forecast",
            "short",
            Query(
                "sum by (channel) (lensong_qoe_concurrent_sessions"
                f'{{{CHANNEL},kind=~"live|radio"}})',
                "{{channel}} đang xem / now",
            ),
            Query(
                f"max by (channel, level) (lensong_audience_forecast_sessions{{{CHANNEL}}})",
                "{{channel}} dự báo / forecast: {{level}}",
            ),
        ),
        graph(
            "Băng thông dự báo cho giờ cao điểm",
            "Traffic forecast for the coming day's peak",
            "Bps",
            Query(
                "max(lensong_audience_forecast_peak_bytes_per_second)",
                "giờ cao điểm, 24 giờ tới / peak of the coming 24 h",
            ),
            Query("max(lensong_audience_capacity_bytes_per_second)", "đường truyền / uplink"),
        ),
        graph(
            "Người xem theo kiểu",
            "Viewers by kind",
            "short",
            Query(
                f"sum by (channel, kind) (lensong_qoe_concurrent_sessions{{{CHANNEL}}})",
                "{{channel}} {{kind}}",
            ),
        ),
        graph(
            "Giờ xem trong một giờ",
            "Hours watched in an hour",
            "short",
            Query(
                "sum by (channel, kind) "
                f"(increase(lensong_qoe_watched_seconds_total{{{CHANNEL}}}[1h])) / 3600",
                "{{channel}} {{kind}}",
            ),
        ),
        graph(
            "Phiên xem mỗi giờ",
            "Sessions an hour",
            "short",
            Query(
                f"sum by (channel, kind) (increase(lensong_qoe_sessions_total{{{CHANNEL}}}[1h]))",
                "{{channel}} {{kind}}",
            ),
        ),
        graph(
            "Thính giả radio qua HTTP",
            "Radio listeners over HTTP",
            "short",
            Query(
                f"sum by (channel, codec) (lensong_radio_listeners{{{CHANNEL}}})",
                "{{channel}} {{codec}}",
            ),
        ),
        graph(
            "Băng thông ra mỗi người xem",
            "Bandwidth out of each viewer",
            "bps",
            Query(
                "8 * sum by (channel) "
                f"(rate(lensong_http_response_bytes_total{{{CHANNEL}}}[5m]))\n"
                "/ (sum by (channel) "
                f"(lensong_qoe_concurrent_sessions{{{CHANNEL}}}) > 0)",
                _BY_CHANNEL,
            ),
        ),
    ),
)
