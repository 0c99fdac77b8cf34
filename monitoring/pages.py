"""Alerts that wake somebody up: viewers miss something now.  Sans-I/O.

One fault makes one page.  The order is that of a frame's way; an alert does not fire where one
before it tells the cause already (``unless ... ALERTS``).
"""

from __future__ import annotations

from typing import Final

from monitoring.recordings import CONTENT_KINDS, DELIVERY_BUDGET, delivery_errors
from monitoring.rules import Alert, Case, Text

__all__ = ["DELIVERY_PAGES", "PAGES"]

_FAST: Final = 14.4 * DELIVERY_BUDGET
_SLOW: Final = 6 * DELIVERY_BUDGET
_ENOUGH_ERRORS: Final = 10

_OFF_AIR: Final = "channel:lensong_segment_age_seconds:max > 12"
_SLOW_ENCODER: Final = 'unless on (channel) ALERTS{alertname="EncoderSlow"}'
_LAST_SEGMENT: Final = "lensong_packager_last_segment_timestamp_seconds"
_NEVER_PUBLISHED: Final = (
    f"max by (channel) (max_over_time({_LAST_SEGMENT}[30s])) == 0\n"
    f"and on (channel) count_over_time({_LAST_SEGMENT}[30s]) >= 6"
)
_EDGE_LAG: Final = "max by (channel) (lensong_origin_live_edge_lag_seconds) > 12"

_UNKNOWN_TO_ORIGINS: Final = (
    "channel:lensong_segment_age_seconds:max <= 12\n"
    "and on (channel) count_over_time(channel:lensong_segment_age_seconds:max[30s]) >= 6\n"
    "unless on (channel) max_over_time(lensong_origin_live_edge_lag_seconds[30s])\n"
    'and on () max(up{job="lensong",process=~"origin-.+"}) == 1'
)

ENCODER_SLOW: Final = Alert(
    name="EncoderSlow",
    severity="page",
    cases=(
        Case(
            stage="encoder",
            expr="max by (channel) (lensong_encoder_speed_ratio) < 0.98",
            for_s=20,
        ),
    ),
    vi=Text(
        "{{ $labels.channel }}: bộ mã hoá không theo kịp",
        'Bộ mã hoá chỉ đạt {{ printf "%.2f" $value }} lần thời gian thực trong 20 giây; kênh sẽ '
        "ngắt quãng hoặc mất hẳn. Xem tải CPU của máy chủ trước.",
    ),
    en=Text(
        "{{ $labels.channel }}: the encoder does not keep up",
        'It has encoded at {{ printf "%.2f" $value }} of real time for 20 s; viewers will see '
        "stalls or nothing. Look at the host's processors first.",
    ),
)

CHANNEL_OFF_AIR: Final = Alert(
    name="ChannelOffAir",
    severity="page",
    cases=(
        # The programme's process is gone, or does not answer.
        Case(
            stage="switcher",
            expr=f"{_OFF_AIR}\nunless on (channel) lensong_encoder_up\n{_SLOW_ENCODER}",
        ),
        # The encoder does its work, and nothing is published; or nothing was since the start,
        # which takes some seconds; or the packager itself tells nothing.
        Case(
            stage="packager",
            expr=f"{_OFF_AIR}\nand on (channel) lensong_encoder_up\n{_SLOW_ENCODER}\n"
            f"or {_NEVER_PUBLISHED}\n{_SLOW_ENCODER}\n"
            f"or {_EDGE_LAG}\nunless on (channel) channel:lensong_segment_age_seconds:max\n"
            + _SLOW_ENCODER,
        ),
        # It is published, and not served; or no origin that answers knows the channel, since each
        # was started while the packager could not be reached.
        Case(
            stage="origin",
            expr=f"{_EDGE_LAG}\nand on (channel) channel:lensong_segment_age_seconds:max <= 12\n"
            f"or {_UNKNOWN_TO_ORIGINS}",
        ),
    ),
    vi=Text(
        "{{ $labels.channel }}: mất sóng",
        "Đoạn mới nhất đã cũ {{ $value | humanizeDuration }}: người xem không nhận được gì mới. "
        "Nhãn stage cho biết khâu đã dừng.",
    ),
    en=Text(
        "{{ $labels.channel }}: off air",
        "The newest segment is {{ $value | humanizeDuration }} old: viewers get nothing new. The "
        "label `stage` names where it stopped.",
    ),
)

CHANNEL_METRICS_ABSENT: Final = Alert(
    name="ChannelMetricsAbsent",
    severity="page",
    cases=(
        Case(
            stage="switcher",
            expr='label_replace(up{job="lensong",process=~"programme-.+"} == 0,\n'
            '  "channel", "$1", "process", "programme-(.+)")\n'
            'unless on (channel) ALERTS{alertname="ChannelOffAir"}',
            for_s=30,
        ),
        Case(
            stage="packager",
            expr='up{job="lensong",process="packager"} == 0\n'
            'unless on () ALERTS{alertname="ChannelOffAir",stage="packager"}',
            for_s=30,
        ),
        # One origin of several is a ticket.
        Case(
            stage="origin",
            expr='max by (job) (up{job="lensong",process=~"origin-.+"}) == 0',
            for_s=30,
        ),
        Case(stage="monitoring", expr='absent(up{job="lensong"})', for_s=30),
    ),
    vi=Text(
        "{{ $labels.channel }}{{ $labels.process }}: không có số đo",
        "Tiến trình không trả lời Prometheus trong 30 giây: không ai biết kênh còn phát hay không. "
        "Hãy mở kênh trên điện thoại, rồi chạy `lensong status`.",
    ),
    en=Text(
        "{{ $labels.channel }}{{ $labels.process }}: no metrics",
        "The process has not answered Prometheus for 30 s: nobody knows whether the channel is on "
        "air. Watch the channel, then run `lensong status`.",
    ),
)

_SHOWS_SLATE: Final = 'max_over_time(lensong_input_on_air{input="slate"}[30s]) == 1'


def _content_at(point: str) -> str:
    return f'lensong_content_fault_active{{point="{point}",kind=~"{CONTENT_KINDS}"}}'


CONTENT_FAULT: Final = Alert(
    name="ContentFaultOnAir",
    severity="page",
    cases=(
        Case(stage="input", expr="channel_kind:lensong_faulty_input:max == 1", for_s=15),
        # The input is good, the programme is not: our own switcher.
        Case(
            stage="switcher",
            expr=f"max by (channel, kind) ({_content_at('programme')}) == 1\n"
            "unless on (channel, kind) channel_kind:lensong_faulty_input:max == 1\n"
            f"unless on (channel) {_SHOWS_SLATE}",
            for_s=15,
        ),
        # What viewers get is bad, and the programme was not.
        Case(
            stage="encoder",
            expr=f"max by (channel, kind) ({_content_at('output')}) == 1\n"
            f"unless on (channel, kind) max_over_time({_content_at('programme')}[30s]) == 1\n"
            f"unless on (channel) {_SHOWS_SLATE}",
            for_s=15,
        ),
    ),
    vi=Text(
        '{{ $labels.channel }}: {{ if eq $labels.kind "black" }}hình đen'
        '{{ else if eq $labels.kind "freeze" }}hình đứng{{ else }}mất tiếng{{ end }}',
        "Đã 15 giây. Nhãn stage cho biết lỗi từ đâu: input là tín hiệu của trường quay, switcher "
        "hoặc encoder là hệ thống của ta. Nếu có nguồn khác tốt: `lensong take`.",
    ),
    en=Text(
        "{{ $labels.channel }}: {{ $labels.kind }} on air",
        "For 15 s. The label `stage` tells whose fault it is: input is the studio's signal, "
        "switcher and encoder are ours. `lensong take` puts a good input on air.",
    ),
)

CHANNEL_ON_SLATE: Final = Alert(
    name="ChannelOnSlate",
    severity="page",
    cases=(
        Case(
            stage="input",
            expr="channel:lensong_unplanned_slate:max == 1\n"
            "unless on (channel) channel_kind:lensong_faulty_input:max == 1",
            for_s=10,
        ),
    ),
    vi=Text(
        "{{ $labels.channel }}: đang phát hình chờ",
        "Không nguồn nào dùng được từ hơn 10 giây; người xem thấy hình chờ. Gọi trường quay, kiểm "
        "tra đường truyền; `lensong status` cho biết nguồn nào đang nối.",
    ),
    en=Text(
        "{{ $labels.channel }}: on slate",
        "No input has been good for more than 10 s; viewers see the slate. Call the studio, look "
        "at the line; `lensong status` tells which input is connected.",
    ),
)

CLOCK_LAG: Final = Alert(
    name="ClockLag",
    severity="page",
    cases=(
        Case(
            stage="switcher",
            expr="max by (channel) (abs(lensong_channel_clock_lag_seconds)) > 0.5",
            for_s=10,
        ),
    ),
    vi=Text(
        '{{ $labels.channel }}: đồng hồ chương trình lệch {{ printf "%.1f" $value }} giây',
        "Giờ máy chủ đã nhảy, hoặc tiến trình không được chạy đều. Kênh vẫn phát nhưng sai giờ; "
        "xem lại và lịch phát sẽ lệch.",
    ),
    en=Text(
        '{{ $labels.channel }}: the programme clock is off by {{ printf "%.1f" $value }} s',
        "The host's clock stepped, or the process is starved. The channel goes on at the wrong "
        "time; catch-up and guide do not match.",
    ),
)


def _window(pages: str, lookback: str) -> str:
    return f'max_over_time(ALERTS{{severity="page",alertstate="firing",{pages}}}[{lookback}])'


_OF_NO_CHANNEL: Final = 'alertname=~"DeliveryErrorBudget.*|ChannelMetricsAbsent"'
_DOWNSTREAM: Final = 'alertname!~"ProbeFailing|RebufferingHigh|AudienceDrop"'
_HAS_PAGE: Final = (
    f"unless on (channel) {_window(_DOWNSTREAM, '5m')}\n"
    f"unless on () {_window(_OF_NO_CHANNEL, '5m')}"
)

PROBE_FAILING: Final = Alert(
    name="ProbeFailing",
    severity="page",
    cases=(
        Case(
            stage="origin",
            expr=f"lensong_probe_success == 0\n{_HAS_PAGE}\n"
            f'unless on (channel) ALERTS{{severity="page",{_DOWNSTREAM}}}',
            for_s=30,
        ),
    ),
    vi=Text(
        "{{ $labels.channel }}: máy thử {{ $labels.vantage }} không xem được",
        "Máy thử phát như một người xem và gặp lỗi đã 30 giây, trong khi các khâu khác không báo "
        "gì. Chạy `lensong probe` với địa chỉ kênh để xem lỗi.",
    ),
    en=Text(
        "{{ $labels.channel }}: the probe at {{ $labels.vantage }} cannot play it",
        "It plays like a viewer and has found faults for 30 s, while no stage reports any. Run "
        "`lensong probe` with the channel's address to see them.",
    ),
)

REBUFFERING_HIGH: Final = Alert(
    name="RebufferingHigh",
    severity="page",
    cases=(
        Case(
            stage="player",
            expr="channel:lensong_stalled:ratio_rate2m > 0.01\n"
            "and on (channel) sum by (channel) "
            '(lensong_qoe_concurrent_sessions{kind!="unreported"}) >= 20\n'
            f"{_HAS_PAGE}",
            for_s=300,
        ),
    ),
    vi=Text(
        "{{ $labels.channel }}: người xem bị dừng hình {{ $value | humanizePercentage }} thời gian",
        "Hơn 1 % thời gian xem bị dừng trong 5 phút, ở ít nhất 20 người xem. Các khâu của ta không "
        "báo lỗi: nghi mạng tới người xem, băng thông ra hoặc CDN.",
    ),
    en=Text(
        "{{ $labels.channel }}: viewers stall for {{ $value | humanizePercentage }} of the time",
        "More than 1 % of the watched time for 5 min, at 20 viewers or more. No stage of ours "
        "reports a fault: suspect the network to viewers, the uplink or the CDN.",
    ),
)

AUDIENCE_DROP: Final = Alert(
    name="AudienceDrop",
    severity="page",
    cases=(
        Case(
            stage="player",
            expr='sum by (channel) (lensong_qoe_concurrent_sessions{kind=~"live|radio"})\n'
            '< 0.5 * max by (channel) (lensong_audience_forecast_sessions{level="p05"})\n'
            "and on (channel) "
            'max by (channel) (lensong_audience_forecast_sessions{level="p50"}) > 50\n' + _HAS_PAGE,
            for_s=120,
        ),
    ),
    vi=Text(
        '{{ $labels.channel }}: chỉ còn {{ printf "%.0f" $value }} người xem',
        "Ít hơn nửa mức thấp nhất được dự báo cho giờ này. Các khâu không báo lỗi: thử mở kênh từ "
        "nhiều mạng khác nhau, xem tên miền, chứng chỉ, CDN, trang chủ.",
    ),
    en=Text(
        '{{ $labels.channel }}: only {{ printf "%.0f" $value }} viewers are left',
        "Less than half of the lowest forecast for this hour. No stage reports a fault: try the "
        "channel from several networks; look at DNS, certificate, CDN and web site.",
    ),
)

PAGES: Final = (
    ENCODER_SLOW,
    CHANNEL_OFF_AIR,
    CHANNEL_METRICS_ABSENT,
    CONTENT_FAULT,
    CHANNEL_ON_SLATE,
    CLOCK_LAG,
)
"""Pages of the stages up to the origin."""

_DELIVERY_VI: Final = (
    "{{ $value | humanizePercentage }} câu trả lời cho người xem là lỗi của máy chủ (5xx). Xem log "
    "của origin, đĩa hoặc kho lưu trữ; lỗi 503 nghĩa là quá tải."
)
_DELIVERY_EN: Final = (
    "{{ $value | humanizePercentage }} of the answers to viewers are the server's faults (5xx). "
    "Look at the origin's log, the disk or the store; 503 means overload."
)

DELIVERY_PAGES: Final = (
    Alert(
        name="DeliveryErrorBudgetFast",
        severity="page",
        cases=(
            Case(
                stage="origin",
                expr=f"{delivery_errors('5m')} > {_FAST}\n"
                f"and {delivery_errors('1h')} > {_FAST}\n"
                f"and lensong:delivery_errors:rate5m * 300 >= {_ENOUGH_ERRORS}",
            ),
        ),
        vi=Text("Máy chủ phát trả lời lỗi rất nhiều", _DELIVERY_VI),
        en=Text("The origin answers with very many errors", _DELIVERY_EN),
    ),
    Alert(
        name="DeliveryErrorBudgetSlow",
        severity="page",
        cases=(
            Case(
                stage="origin",
                expr=f"{delivery_errors('30m')} > {_SLOW}\n"
                f"and {delivery_errors('6h')} > {_SLOW}\n"
                f"and {delivery_errors('5m')} > {_SLOW}\n"
                f"and lensong:delivery_errors:rate5m * 300 >= {_ENOUGH_ERRORS}\n"
                'unless on () ALERTS{alertname="DeliveryErrorBudgetFast"}',
                for_s=300,
            ),
        ),
        vi=Text("Máy chủ phát trả lời lỗi kéo dài", _DELIVERY_VI),
        en=Text("The origin keeps answering with errors", _DELIVERY_EN),
    ),
    PROBE_FAILING,
    REBUFFERING_HIGH,
    AUDIENCE_DROP,
)
"""Pages of what leaves the origin; they come after the others."""
