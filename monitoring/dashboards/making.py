"""Dashboards of what makes the programme: inputs, switcher and clock, encoder.  Sans-I/O."""

from __future__ import annotations

from typing import Final

from monitoring.dashboards.expressions import events, quantile
from monitoring.dashboards.specification import (
    CHANNEL,
    GOOD_BELOW,
    Board,
    Panel,
    Query,
    State,
    good_above,
    good_below,
    graph,
)
from monitoring.dashboards.wall import ON_AIR

__all__ = ["ENCODER", "INPUTS", "SWITCHER"]

_INPUT: Final = "{{channel}} {{input}}"
_MEDIA: Final = "{{channel}} {{input}} {{media}}"
_UP: Final = (State(0, "mất / down", "red"), State(1, "tốt / up", "green"))


INPUTS: Final = Board(
    name="inputs",
    vi="Nguồn vào",
    en="Inputs",
    panels=(
        Panel(
            kind="states",
            vi="Nguồn có nối không",
            en="Connected",
            queries=(Query(f"max by (channel, input) (lensong_input_up{{{CHANNEL}}})", _INPUT),),
            unit="short",
            states=_UP,
            width=24,
        ),
        graph(
            "Tốc độ bit nhận",
            "Bit rate received",
            "bps",
            Query(
                f"sum by (channel, input) (rate(lensong_input_bytes_total{{{CHANNEL}}}[1m])) * 8",
                _INPUT,
            ),
        ),
        graph(
            "Khung đã giải mã mỗi giây",
            "Frames decoded a second",
            "short",
            Query(
                "sum by (channel, input, media) "
                f"(rate(lensong_input_frames_total{{{CHANNEL}}}[1m]))",
                _MEDIA,
            ),
        ),
        graph(
            "Khung bị bỏ trong 5 phút",
            "Frames dropped in 5 min",
            "short",
            Query(events("lensong_input_frames_dropped_total", "channel, input, media"), _MEDIA),
        ),
        graph(
            "Gói hỏng trong 5 phút",
            "Corrupt packets in 5 min",
            "short",
            Query(events("lensong_input_decode_errors_total", "channel, input, media"), _MEDIA),
            steps=GOOD_BELOW,
        ),
        graph(
            "Từ khung cuối đến nay",
            "Since the last frame",
            "s",
            Query(
                "time() - max by (channel, input, media) "
                f"(lensong_input_last_frame_timestamp_seconds{{{CHANNEL}}} > 0)",
                _MEDIA,
            ),
            steps=good_below(1, 2),
        ),
        graph(
            "Tiếng lệch hình",
            "Sound against picture",
            "s",
            Query(
                f"max by (channel, input) (lensong_input_av_offset_seconds{{{CHANNEL}}})", _INPUT
            ),
        ),
        graph(
            "Đồng hồ nguồn nhanh chậm",
            "Clock drift of the input",
            "percentunit",
            Query(
                f"max by (channel, input) (lensong_input_clock_drift_ratio{{{CHANNEL}}})", _INPUT
            ),
        ),
        graph(
            "Nhảy dấu thời gian trong 5 phút",
            "Timestamp jumps in 5 min",
            "short",
            Query(events("lensong_input_timestamp_jumps_total", "channel, input"), _INPUT),
        ),
        graph(
            "Lần nối vào trong 5 phút",
            "Connections in 5 min",
            "short",
            # Strangers' attempts stand under a channel of their own.
            Query(
                events(
                    "lensong_input_connections_total",
                    "channel, input, result",
                    'channel=~"$channel|unknown"',
                ),
                "{{channel}} {{input}} {{result}}",
            ),
        ),
        graph(
            "Lần mất nguồn trong 5 phút",
            "Losses in 5 min",
            "short",
            Query(
                events("lensong_input_disconnects_total", "channel, input, reason"),
                "{{channel}} {{input}} {{reason}}",
            ),
        ),
        graph(
            "Bộ giải mã hỏng trong 5 phút",
            "Decoders that failed in 5 min",
            "short",
            Query(
                events("lensong_input_decoder_faults_total", "channel, input, reason"),
                "{{channel}} {{input}} {{reason}}",
            ),
            steps=GOOD_BELOW,
        ),
    ),
)

SWITCHER: Final = Board(
    name="switcher",
    vi="Bộ chuyển và đồng hồ",
    en="Switcher and clock",
    panels=(
        ON_AIR,
        graph(
            "Lần chuyển nguồn trong 5 phút",
            "Switches in 5 min",
            "short",
            Query(
                events("lensong_switches_total", "channel, target, reason"),
                "{{channel}} → {{target}} ({{reason}})",
            ),
        ),
        graph(
            "Khoảng trống khi chuyển, p95 của một giờ",
            "Gap of switches, p95 of an hour",
            "s",
            Query(
                quantile(0.95, "lensong_switch_gap_seconds", "channel", window="1h"),
                "{{channel}}",
            ),
            steps=good_below(0.5, 1),
        ),
        graph(
            "Giây hình chờ trong 5 phút",
            "Seconds of slate in 5 min",
            "s",
            Query(events("lensong_channel_slate_seconds_total", "channel"), "{{channel}}"),
        ),
        graph(
            "Khung lặp lại trong 5 phút",
            "Frames repeated in 5 min",
            "short",
            Query(events("lensong_channel_repeated_frames_total", "channel"), "{{channel}}"),
        ),
        graph(
            "Đồng hồ chương trình chậm hơn giờ máy",
            "Programme clock behind the host's",
            "s",
            Query(
                f"max by (channel) (lensong_channel_clock_lag_seconds{{{CHANNEL}}})", "{{channel}}"
            ),
            steps=good_below(0.3, 0.5),
        ),
        graph(
            "Giờ máy lệch máy chủ giờ",
            "Host's clock against the time server",
            "s",
            Query("max by (instance) (lensong_clock_offset_seconds)", "{{instance}}"),
            steps=good_below(0.3, 0.5),
        ),
        Panel(
            kind="states",
            vi="Ai chọn nguồn",
            en="Who chose the source",
            queries=(
                Query(
                    f"max by (channel, by) (lensong_channel_taken{{{CHANNEL}}})",
                    "{{channel}} {{by}}",
                ),
            ),
            unit="short",
            states=(
                State(0, "tự động / automatic", "green"),
                State(1, "đã chọn / taken", "blue"),
            ),
        ),
        graph(
            "Giây lỗi nội dung trong 5 phút",
            "Seconds of content faults in 5 min",
            "s",
            Query(
                events("lensong_content_fault_seconds_total", "channel, point, kind"),
                "{{channel}} {{point}} {{kind}}",
            ),
        ),
        graph(
            "Độ to",
            "Loudness",
            "suffix: LUFS",
            Query(
                "max by (channel, window) "
                f'(lensong_audio_loudness_lufs{{{CHANNEL},point="programme"}})',
                "{{channel}} {{window}}",
            ),
        ),
        graph(
            "Đỉnh thật của tiếng",
            "True peak",
            "suffix: dBTP",
            Query(
                f"max by (channel, point) (lensong_audio_true_peak_dbtp{{{CHANNEL}}})",
                "{{channel}} {{point}}",
            ),
            steps=good_below(-2, -1),
        ),
    ),
)

ENCODER: Final = Board(
    name="encoder",
    vi="Bộ mã hoá",
    en="Encoder",
    panels=(
        Panel(
            kind="states",
            vi="Bộ mã hoá có chạy không",
            en="Running",
            queries=(Query(f"max by (channel) (lensong_encoder_up{{{CHANNEL}}})", "{{channel}}"),),
            unit="short",
            states=_UP,
            width=24,
            height=6,
        ),
        graph(
            "Tốc độ mã hoá (1 là thời gian thực)",
            "Speed (1 is real time)",
            "short",
            Query(f"max by (channel) (lensong_encoder_speed_ratio{{{CHANNEL}}})", "{{channel}}"),
            steps=good_above(0.98, 0.995),
        ),
        graph(
            "CPU (số lõi)",
            "Processor (cores)",
            "short",
            Query(
                f"sum by (channel) (rate(lensong_encoder_cpu_seconds_total{{{CHANNEL}}}[1m]))",
                "{{channel}}",
            ),
        ),
        graph(
            "Khung mã hoá mỗi giây",
            "Frames encoded a second",
            "short",
            Query(
                f"sum by (channel) (rate(lensong_encoder_frames_total{{{CHANNEL}}}[1m]))",
                "{{channel}}",
            ),
        ),
        graph(
            "Hàng đợi giữa các bước",
            "Waiting between the steps",
            "s",
            Query(
                f"max by (channel, stage) (lensong_encoder_queue_seconds{{{CHANNEL}}})",
                "{{channel}} {{stage}}",
            ),
            steps=good_below(1, 2),
        ),
        graph(
            "Tốc độ bit từng bậc",
            "Bit rate of the renditions",
            "bps",
            Query(
                "sum by (channel, rendition) "
                f"(rate(lensong_encoder_output_bytes_total{{{CHANNEL}}}[1m])) * 8",
                "{{channel}} {{rendition}}",
            ),
        ),
        graph(
            "Lần chạy lại trong 15 phút",
            "Restarts in 15 min",
            "short",
            Query(
                "sum by (channel, reason) "
                f"(increase(lensong_encoder_restarts_total{{{CHANNEL}}}[15m]))",
                "{{channel}} {{reason}}",
            ),
            steps=good_below(1, 3),
        ),
        graph(
            "Lỗi ảnh nhỏ trong 5 phút",
            "Faults of thumbnails in 5 min",
            "short",
            Query(
                events("lensong_encoder_thumbnail_faults_total", "channel, reason"),
                "{{channel}} {{reason}}",
            ),
        ),
        graph(
            "Độ trễ phản ứng của tiến trình, p99",
            "Lateness of processes, p99",
            "s",
            Query(
                quantile(0.99, "lensong_event_loop_lag_seconds", "process", ""),
                "{{process}}",
            ),
            steps=good_below(0.05, 0.1),
        ),
        graph(
            "Khung không được mã hoá trong 5 phút",
            "Frames that nobody encoded in 5 min",
            "short",
            Query(events("lensong_encoder_frames_dropped_total", "channel"), "{{channel}}"),
            steps=GOOD_BELOW,
        ),
        graph(
            "Giống hình gốc đến đâu (SSIM)",
            "Likeness to the programme (SSIM)",
            "percentunit",
            Query(
                f"min by (channel, rendition) (lensong_encoder_quality_ratio{{{CHANNEL}}})",
                "{{channel}} {{rendition}}",
            ),
            steps=good_above(0.9, 0.95),
        ),
        Panel(
            kind="table",
            vi="Phiên bản đang chạy",
            en="Versions that run",
            queries=(
                Query(
                    "max by (process, service, version) (lensong_build_info)",
                    "{{process}} {{version}}",
                ),
            ),
            unit="short",
        ),
    ),
)
