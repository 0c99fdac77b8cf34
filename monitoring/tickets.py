"""Alerts that wait for working hours: something is worn, lost or coming.  Sans-I/O."""

from __future__ import annotations

from typing import Final

from monitoring.recordings import DELIVERY_BUDGET, delivery_errors
from monitoring.rules import Alert, Case, Stage, Text

__all__ = ["WATCHDOG", "tickets"]

_HELD_SHARE: Final = 0.8


def _ticket(  # noqa: PLR0917 - reads as a table's row
    name: str, stage: Stage, expr: str, for_s: int, vi: Text, en: Text
) -> Alert:
    case = Case(stage=stage, expr=expr, for_s=for_s)
    return Alert(name=name, severity="ticket", cases=(case,), vi=vi, en=en)


_INPUT: Final = (
    _ticket(
        "ChannelOnBackup",
        "input",
        "max by (channel, input) (lensong_input_on_air == 1"
        " and on (channel, input) lensong_input_priority > 1)\n"
        "unless on (channel) lensong_channel_taken == 1",
        60,
        Text(
            "{{ $labels.channel }}: đang phát nguồn dự phòng {{ $labels.input }}",
            "Nguồn chính mất hoặc xấu đã hơn một phút. Người xem không thấy gì khác; nhưng chỉ còn "
            "nguồn này.",
        ),
        Text(
            "{{ $labels.channel }}: on the backup {{ $labels.input }}",
            "The main input has been lost or bad for a minute. Viewers notice nothing, but this "
            "input is all there is.",
        ),
    ),
    _ticket(
        "RedundancyLost",
        "input",
        "sum by (channel) (lensong_input_up) < 2\n"
        "and on (channel) count by (channel) (lensong_input_up) >= 2",
        300,
        Text(
            "{{ $labels.channel }}: không còn nguồn dự phòng",
            "Chỉ còn {{ $value }} nguồn nối được đã 5 phút. Mất thêm nguồn này là mất sóng.",
        ),
        Text(
            "{{ $labels.channel }}: no redundancy left",
            "Only {{ $value }} input has been connected for 5 min; one more loss is slate.",
        ),
    ),
    _ticket(
        "InputFlapping",
        "input",
        'sum by (channel) (increase(lensong_switches_total{reason!~"operator|schedule"}[10m])) > 6',
        0,
        Text(
            "{{ $labels.channel }}: nguồn chập chờn",
            "Hơn 6 lần chuyển nguồn trong 10 phút. Mỗi lần người xem thấy hình đứng một chút; xem "
            "đường truyền của trường quay.",
        ),
        Text(
            "{{ $labels.channel }}: an input comes and goes",
            "More than 6 switches in 10 min, each with a moment of frozen picture. Look at the "
            "studio's line.",
        ),
    ),
    _ticket(
        "DecoderFailing",
        "input",
        "sum by (channel, input) (increase(lensong_input_decoder_faults_total[5m])) > 0",
        0,
        Text(
            "{{ $labels.channel }}: bộ giải mã của {{ $labels.input }} bị hỏng",
            "Tiến trình giải mã chết hoặc đứng, và đã được chạy lại; lúc đó kênh dùng nguồn khác. "
            "Nếu lặp lại: tín hiệu của trường quay có lỗi.",
        ),
        Text(
            "{{ $labels.channel }}: the decoder of {{ $labels.input }} failed",
            "It died or stood still and was started again; the channel took another input "
            "meanwhile. If it repeats, the studio's signal is broken.",
        ),
    ),
    _ticket(
        "LoudnessOffTarget",
        "input",
        'max by (channel) (lensong_content_fault_active{point="programme",kind="loudness"}) == 1',
        1800,
        Text(
            "{{ $labels.channel }}: độ to lệch chuẩn",
            "Độ to của chương trình lệch quá 2 LU so với mức đặt, đã 30 phút. Chỉnh ở bàn trộn của "
            "trường quay.",
        ),
        Text(
            "{{ $labels.channel }}: loudness off target",
            "The programme has been more than 2 LU off its target for 30 min. Mend it at the "
            "studio's mixing desk.",
        ),
    ),
    _ticket(
        "AuthAttack",
        "input",
        'sum by (channel, input) (increase(lensong_input_connections_total{result="auth_failed"}'
        "[5m])) > 20",
        0,
        Text(
            "Có người thử khoá phát: {{ $labels.channel }}/{{ $labels.input }}",
            "Hơn 20 lần sai khoá trong 5 phút. Không ai vào được; kiểm tra xem trường quay của ta "
            "có dùng nhầm khoá không, rồi chặn địa chỉ ở tường lửa.",
        ),
        Text(
            "Somebody tries publishers' keys: {{ $labels.channel }}/{{ $labels.input }}",
            "More than 20 wrong keys in 5 min. Nobody got in; see whether it is our own studio "
            "with a wrong key, then block the address in the firewall.",
        ),
    ),
)

_MAKING: Final = (
    _ticket(
        "EncoderRestarting",
        "encoder",
        "sum by (channel) (increase(lensong_encoder_restarts_total[15m])) > 2",
        0,
        Text(
            "{{ $labels.channel }}: bộ mã hoá chạy lại nhiều lần",
            "Hơn 2 lần trong 15 phút; mỗi lần có thể thiếu một đoạn. Xem tải máy chủ và log của "
            "programme.",
        ),
        Text(
            "{{ $labels.channel }}: the encoder restarts again and again",
            "More than twice in 15 min; each may cost a segment. Look at the host's load and the "
            "programme's log.",
        ),
    ),
    _ticket(
        "PublishLate",
        "packager",
        "channel:lensong_part_delay_seconds:p99 > 0.3\n"
        'unless on (channel) ALERTS{alertname="EncoderSlow"}',
        30,
        Text(
            "{{ $labels.channel }}: phần phát ra muộn",
            "1 % số phần ra muộn hơn {{ $value | humanizeDuration }}; người xem độ trễ thấp sẽ bị "
            "dừng. Xem tải của packager.",
        ),
        Text(
            "{{ $labels.channel }}: parts are published late",
            "One in a hundred comes {{ $value | humanizeDuration }} late or later; low-latency "
            "viewers stall. Look at the packager's load.",
        ),
    ),
    _ticket(
        "GapsPublished",
        "packager",
        "max by (channel) (increase(lensong_packager_gap_segments_total[10m])) > 0",
        0,
        Text(
            "{{ $labels.channel }}: có đoạn bị thiếu",
            "Có đoạn không kịp đến và bị ghi là trống trong 10 phút qua; người xem mất vài giây.",
        ),
        Text(
            "{{ $labels.channel }}: segments are missing",
            "In the last 10 min a segment did not come and was declared a gap; viewers lost some "
            "seconds.",
        ),
    ),
    _ticket(
        "SpoolFailing",
        "packager",
        "sum by (channel) (increase(lensong_packager_spool_failures_total[10m])) > 0",
        0,
        Text(
            "{{ $labels.channel }}: không ghi được bộ đệm trực tiếp",
            "Kênh vẫn phát từ bộ nhớ, nhưng nếu packager chạy lại thì mất đoạn đã phát. Xem đĩa.",
        ),
        Text(
            "{{ $labels.channel }}: the live spool cannot be written",
            "The channel goes on from memory, but a restart of the packager loses its window. Look "
            "at the disk.",
        ),
    ),
)

_ARCHIVE: Final = (
    _ticket(
        "ArchiveFillsIn24h",
        "archive",
        "predict_linear(lensong_archive_free_bytes[6h], 86400) < 0",
        1800,
        Text(
            "Kho lưu trữ sẽ đầy trong 24 giờ",
            "Khi đầy, những giờ cũ nhất bị xoá sớm hơn số ngày đã đặt. Thêm đĩa hoặc giảm "
            "archive_days.",
        ),
        Text(
            "The archive fills within 24 hours",
            "Then the oldest hours go earlier than the settings say. Add disk, or lower "
            "archive_days.",
        ),
    ),
    _ticket(
        "ArchiveShortOfSpace",
        "archive",
        'sum by (channel, why) (increase(lensong_archive_removals_total{why!="days"}[1h])) > 0',
        0,
        Text(
            "{{ $labels.channel }}: xoá bản lưu vì thiếu chỗ ({{ $labels.why }})",
            "Giờ lưu bị xoá trước hạn. deposit nghĩa là mất cả bản lưu chiểu mà luật đòi hỏi: xử "
            "lý ngay trong ngày.",
        ),
        Text(
            "{{ $labels.channel }}: recordings removed for want of space ({{ $labels.why }})",
            "Hours went before their time; deposit means that the legal deposit went: act today.",
        ),
    ),
    _ticket(
        "ArchiveHoles",
        "archive",
        "max by (channel) (lensong_archive_missing_segments) > 0",
        0,
        Text(
            "{{ $labels.channel }}: bản lưu thiếu {{ $value }} đoạn",
            "Đoạn đã lưu nay không còn đọc được: đĩa có thể hỏng.",
        ),
        Text(
            "{{ $labels.channel }}: {{ $value }} archived segments are missing",
            "What was stored cannot be read any more: the disk may be failing.",
        ),
    ),
    _ticket(
        "ArchiveWriteFailing",
        "archive",
        "sum by (backend) (increase(lensong_archive_write_errors_total[5m])) > 3",
        0,
        Text(
            "Không ghi được vào kho lưu trữ",
            "Các đoạn chờ trong bộ nhớ và sẽ mất khi quá max_pending_mb. Xem đĩa hoặc dịch vụ S3.",
        ),
        Text(
            "The archive cannot be written",
            "Segments wait in memory, and are lost beyond max_pending_mb. Look at the disk or the "
            "S3 service.",
        ),
    ),
)


def _origin(held_limit: int) -> tuple[Alert, ...]:
    return (
        _ticket(
            "HeldRequestsNearLimit",
            "origin",
            "sum by (instance) (lensong_origin_blocked_requests) > "
            f"{round(held_limit * _HELD_SHARE)}",
            30,
            Text(
                "Origin {{ $labels.instance }} giữ gần hết số yêu cầu cho phép",
                "{{ $value }} yêu cầu độ trễ thấp đang chờ; quá giới hạn thì người xem mới bị từ "
                "chối. Thêm origin (`origin.count`).",
            ),
            Text(
                "Origin {{ $labels.instance }} holds almost as many requests as it may",
                "{{ $value }} low-latency requests wait; beyond the limit new viewers are refused. "
                "Add origins (`origin.count`).",
            ),
        ),
        Alert(
            name="LoopLag",
            severity="ticket",
            cases=tuple(_loop_lag(stage, processes) for stage, processes in _PROCESSES),
            vi=Text(
                "{{ $labels.process }}: phản ứng chậm",
                "1 % thời điểm bị trễ hơn {{ $value | humanizeDuration }}: tiến trình thiếu CPU "
                "hoặc bị chặn.",
            ),
            en=Text(
                "{{ $labels.process }} reacts slowly",
                "One timer in a hundred is {{ $value | humanizeDuration }} late: the process lacks "
                "processor time, or something blocks it.",
            ),
        ),
        *_budget_tickets(),
    )


_PROCESSES: Final[tuple[tuple[Stage, str], ...]] = (
    ("input", "ingest"),
    ("switcher", "programme-.+"),
    ("packager", "packager"),
    ("origin", "origin-.+"),
    ("monitoring", "control|monitoring"),
)
"""Which processes make which stage."""


def _loop_lag(stage: Stage, processes: str) -> Case:
    series = f'lensong_event_loop_lag_seconds_bucket{{process=~"{processes}"}}'
    return Case(
        stage=stage,
        expr=f"histogram_quantile(0.99, sum by (process, le) (rate({series}[5m]))) > 0.1",
        for_s=60,
    )


def _budget_tickets() -> tuple[Alert, ...]:
    def burns(factor: int, short: str, long: str) -> str:
        limit = factor * DELIVERY_BUDGET
        return (
            f"{delivery_errors(short)} > {limit}\nand {delivery_errors(long)} > {limit}\n"
            'unless on () ALERTS{alertname=~"DeliveryErrorBudget(Fast|Slow)"}'
        )

    expr = f"{burns(3, '2h', '1d')}\nor {burns(1, '6h', '3d')}"
    return (
        Alert(
            name="DeliveryErrorBudgetDraining",
            severity="ticket",
            cases=(Case(stage="origin", expr=expr, for_s=900),),
            vi=Text(
                "Quỹ lỗi phát sóng hao nhanh",
                "{{ $value | humanizePercentage }} câu trả lời là lỗi của máy chủ, kéo dài nhiều "
                "giờ. Cứ thế thì hết quỹ lỗi của 30 ngày.",
            ),
            en=Text(
                "The error budget of delivery drains",
                "{{ $value | humanizePercentage }} of the answers have been the server's faults "
                "for hours; at this rate the budget of 30 days is used up.",
            ),
        ),
    )


_PLAYER: Final = (
    _ticket(
        "StartupSlow",
        "player",
        "channel:lensong_startup_seconds:p95 > 4\n"
        "and on (channel) "
        "sum by (channel) (increase(lensong_qoe_startup_seconds_count[15m])) >= 20",
        300,
        Text(
            "{{ $labels.channel }}: mở kênh chậm",
            "1 trong 20 người phải chờ hơn {{ $value | humanizeDuration }} mới thấy hình.",
        ),
        Text(
            "{{ $labels.channel }}: slow to start",
            "One viewer in twenty waits {{ $value | humanizeDuration }} or longer for the picture.",
        ),
    ),
    _ticket(
        "AudienceNearCapacity",
        "player",
        "lensong_audience_forecast_peak_bytes_per_second\n"
        "> 0.8 * lensong_audience_capacity_bytes_per_second",
        1800,
        Text(
            "Sắp tới người xem có thể dùng gần hết băng thông",
            "Giờ cao điểm của 24 giờ tới có thể cần {{ $value | humanize }}B/s, quá 80 % của "
            "`capacity_mbps`.",
        ),
        Text(
            "The coming audience may take most of the uplink",
            "The busiest quarter of the coming 24 hours may want {{ $value | humanize }}B/s, more "
            "than 80 % of `capacity_mbps`.",
        ),
    ),
)

_MONITORING: Final = (
    Alert(
        name="ProcessMetricsAbsent",
        severity="ticket",
        cases=(
            Case(stage="input", expr='up{job="lensong",process="ingest"} == 0', for_s=60),
            Case(
                stage="origin",
                expr='up{job="lensong",process=~"origin-.+"} == 0\n'
                'and on (job) max by (job) (up{job="lensong",process=~"origin-.+"}) == 1',
                for_s=60,
            ),
            Case(
                stage="monitoring",
                expr='up{job="lensong",process=~"control|monitoring"} == 0',
                for_s=60,
            ),
        ),
        vi=Text(
            "{{ $labels.process }}: không có số đo",
            "Tiến trình không trả lời Prometheus đã một phút. `lensong status` cho biết nó còn "
            "chạy không.",
        ),
        en=Text(
            "{{ $labels.process }}: no metrics",
            "It has not answered Prometheus for a minute. `lensong status` tells whether it runs.",
        ),
    ),
    _ticket(
        "ClockOffset",
        "monitoring",
        "max by (instance) (abs(lensong_clock_offset_seconds)) > 0.5",
        60,
        Text(
            'Giờ máy chủ lệch {{ printf "%.1f" $value }} giây',
            "Lịch phát và xem lại lệch theo. Kiểm tra dịch vụ đồng bộ giờ (chrony, "
            "systemd-timesyncd).",
        ),
        Text(
            'The host\'s clock is off by {{ printf "%.1f" $value }} s',
            "Guide and catch-up are off with it. Look at the time service (chrony, "
            "systemd-timesyncd).",
        ),
    ),
    _ticket(
        "ControlDatabaseDown",
        "monitoring",
        "lensong_control_database_up == 0",
        60,
        Text(
            "Cơ sở dữ liệu của phòng điều khiển không trả lời",
            "Mọi kênh vẫn phát; nhưng lịch, quyền và lệnh gỡ không thay đổi được.",
        ),
        Text(
            "The control room's database does not answer",
            "Every channel goes on; guide, rights and takedowns cannot be changed.",
        ),
    ),
    _ticket(
        "GuideEnding",
        "monitoring",
        "lensong_guide_ahead_seconds < 21600\n"
        "and max_over_time(lensong_guide_ahead_seconds[7d]) > 21600",
        600,
        Text(
            "{{ $labels.channel }}: lịch phát sắp hết",
            "Chỉ còn {{ $value | humanizeDuration }}. Nhập lịch mới: `lensong guide import`.",
        ),
        Text(
            "{{ $labels.channel }}: the guide ends soon",
            "{{ $value | humanizeDuration }} are left. Import a new one: `lensong guide import`.",
        ),
    ),
    _ticket(
        "GuideStale",
        "monitoring",
        "lensong_guide_snapshot_age_seconds > 7200",
        600,
        Text(
            "{{ $labels.channel }}: bản chụp lịch đã cũ",
            "Phòng điều khiển không ghi bản mới đã {{ $value | humanizeDuration }}; quyền và lịch "
            "mới không có hiệu lực.",
        ),
        Text(
            "{{ $labels.channel }}: the guide's snapshot is old",
            "The control room has not written one for {{ $value | humanizeDuration }}; new rights "
            "and programmes have no effect.",
        ),
    ),
)

WATCHDOG: Final = Alert(
    name="Watchdog",
    severity="none",
    cases=(Case(stage="monitoring", expr="vector(1)"),),
    vi=Text(
        "Hệ thống cảnh báo đang chạy",
        "Cảnh báo này luôn bật. Khi nó không đến nữa thì chính đường cảnh báo đã hỏng.",
    ),
    en=Text(
        "Alerting works",
        "This alert always fires. When it stops coming, the way of alerts itself is broken.",
    ),
)


def tickets(*, held_limit: int) -> tuple[Alert, ...]:
    """Return every ticket.

    Args:
        held_limit: Requests that one origin may hold (``origin.max_held_requests``).
    """
    return (*_INPUT, *_MAKING, *_ARCHIVE, *_origin(held_limit), *_PLAYER, *_MONITORING)
