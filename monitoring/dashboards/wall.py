"""The wall: is each channel on air, from where, and do people see it.  Sans-I/O."""

from __future__ import annotations

from typing import Final

from monitoring.dashboards.specification import (
    CHANNEL,
    Board,
    Panel,
    Query,
    State,
    Step,
    good_above,
    good_below,
)

__all__ = ["CONTENT_STATES", "ON_AIR", "WALL"]

ON_AIR: Final = Panel(
    kind="states",
    vi="Đang phát nguồn nào",
    en="What is on air",
    # Of the inputs that are not on air nothing is left; of the slate, which has no place, 0.
    queries=(
        Query(
            f'max by (channel) (lensong_input_on_air{{{CHANNEL},input!="slate"}}'
            " * on (channel, input) lensong_input_priority)",
            "{{channel}}",
        ),
    ),
    unit="short",
    states=(
        State(0, "hình chờ / slate", "red"),
        State(1, "nguồn chính / main", "green"),
        State(2, "dự phòng / backup", "yellow"),
        State(3, "dự phòng 2 / backup 2", "orange"),
    ),
    width=24,
    help="Xanh là nguồn chính, vàng là dự phòng, đỏ là hình chờ.",
)

CONTENT_STATES: Final = Panel(
    kind="states",
    vi="Lỗi nội dung",
    en="Content faults",
    queries=(
        Query(
            "max by (channel, kind, point) (lensong_content_fault_active"
            f'{{{CHANNEL},point=~"programme|output"}})',
            "{{channel}} {{kind}} ({{point}})",
        ),
    ),
    unit="short",
    states=(State(0, "tốt / good", "green"), State(1, "lỗi / fault", "red")),
    width=24,
    help="Hình đen, hình đứng, mất tiếng, mất một kênh tiếng, lệch độ to.",
)

WALL: Final = Board(
    name="wall",
    vi="Bức tường kênh",
    en="Channel wall",
    hours=1,
    panels=(
        Panel(
            kind="number",
            vi="Cảnh báo khẩn",
            en="Pages",
            queries=(
                Query(
                    'count(ALERTS{alertstate="firing",severity="page"}) or vector(0)',
                    "khẩn / pages",
                ),
                Query(
                    'count(ALERTS{alertstate="firing",severity="ticket"}) or vector(0)',
                    "thường / tickets",
                ),
            ),
            unit="short",
            steps=(Step(None, "green"), Step(1, "red")),
            width=6,
            height=5,
        ),
        Panel(
            kind="number",
            vi="Tuổi đoạn mới nhất",
            en="Age of the newest segment",
            queries=(
                Query(f"channel:lensong_segment_age_seconds:max{{{CHANNEL}}}", "{{channel}}"),
            ),
            unit="s",
            steps=good_below(8, 12),
            width=6,
            height=5,
            decimals=1,
            help="Trên 12 giây là mất sóng.",
        ),
        Panel(
            kind="number",
            vi="Người xem",
            en="Viewers",
            queries=(
                Query(
                    "sum by (channel) (lensong_qoe_concurrent_sessions"
                    f'{{{CHANNEL},kind!="unreported"}})',
                    "{{channel}}",
                ),
                Query(
                    "sum by (channel) (lensong_qoe_concurrent_sessions"
                    f'{{{CHANNEL},kind="unreported"}})',
                    "{{channel}} không báo cáo / unreported",
                ),
            ),
            unit="short",
            steps=(Step(None, "blue"),),
            width=6,
            height=5,
            decimals=0,
        ),
        Panel(
            kind="number",
            vi="Thời gian bị dừng",
            en="Stalled share",
            queries=(Query(f"channel:lensong_stalled:ratio_rate2m{{{CHANNEL}}}", "{{channel}}"),),
            unit="percentunit",
            steps=good_below(0.005, 0.01),
            width=6,
            height=5,
            decimals=2,
            help="Tốt là dưới 0,5 %; trên 1 % thì người xem khó chịu.",
        ),
        ON_AIR,
        CONTENT_STATES,
        Panel(
            kind="bars",
            vi="Độ to của chương trình",
            en="Loudness of the programme",
            queries=(
                Query(
                    "max by (channel) (lensong_audio_loudness_lufs"
                    f'{{{CHANNEL},point="programme",window="short_term"}})',
                    "{{channel}}",
                ),
            ),
            unit="suffix: LUFS",
            steps=(
                Step(None, "yellow"),
                Step(-26, "green"),
                Step(-20, "yellow"),
                Step(-14, "red"),
            ),
            decimals=1,
            help="Ngắn hạn (3 giây). Chuẩn truyền hình là -23 LUFS.",
        ),
        Panel(
            kind="number",
            vi="Máy thử xem được không",
            en="Does the probe play it",
            queries=(
                Query(
                    f"min by (channel, vantage) (lensong_probe_success{{{CHANNEL}}})",
                    "{{channel}} {{vantage}}",
                ),
            ),
            unit="short",
            steps=good_above(1, 1),
            states=(State(0, "lỗi / fails", "red"), State(1, "xem được / plays", "green")),
        ),
    ),
)
