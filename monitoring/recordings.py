"""Expressions that alerts and dashboards share.  Sans-I/O.

The objective of delivery: of a thousand answers to players at most one is a server's fault, over
thirty days.  Windows and factors of its burn rates are those of Google's SRE workbook, chapter 5.
"""

from __future__ import annotations

from typing import Final

from monitoring.rules import Group, Record

__all__ = [
    "CHANNEL_GROUP",
    "CONTENT_KINDS",
    "DELIVERY_BUDGET",
    "DELIVERY_HANDLERS",
    "SLO_GROUPS",
    "delivery_errors",
]

DELIVERY_BUDGET: Final = 0.001
"""Share of answers that may be a server's fault."""

CONTENT_KINDS: Final = "black|freeze|silence"
"""Content faults that viewers take for a broken channel."""

DELIVERY_HANDLERS: Final = (
    "multivariant|media_playlist|dvr|catchup|programme|part|segment|header|radio"
)
"""What players ask for; the page, the API and pictures are not the programme."""


def delivery_errors(window: str) -> str:
    """Return the recorded share of a server's faults among the answers of a window."""
    return f"lensong:delivery_errors:ratio_rate{window}"


def _errors_per_s(window: str) -> str:
    # A request that was held in vain is answered 503, and so is one for a channel that has no
    # segment yet: no media came, which is the fault of a stage before, and has an alert there.
    return f"""\
clamp_min(
  sum(rate(lensong_http_requests_total{{code="5xx",handler=~"{DELIVERY_HANDLERS}"}}[{window}]))
  - (sum(rate(lensong_origin_block_rejected_total{{reason="timeout"}}[{window}])) or vector(0))
  - (sum(rate(lensong_origin_empty_answers_total[{window}])) or vector(0)),
  0
)"""


def _requests_per_s(window: str) -> str:
    return f'sum(rate(lensong_http_requests_total{{handler=~"{DELIVERY_HANDLERS}"}}[{window}]))'


def _error_ratio(window: str) -> Record:
    return Record(
        name=delivery_errors(window), expr=f"{_errors_per_s(window)}\n/ {_requests_per_s(window)}"
    )


def _error_ratio_of_recorded(window: str) -> Record:
    """Return the same of a long window, from the rates recorded all along.

    Three days of every origin's, channel's and handler's counter would be millions of samples.
    """
    return Record(
        name=delivery_errors(window),
        expr=f"avg_over_time(lensong:delivery_errors:rate5m[{window}])\n"
        f"/ avg_over_time(lensong:delivery_requests:rate5m[{window}])",
    )


_SEGMENT_AGE: Final = """\
time() - min by (channel) (lensong_packager_last_segment_timestamp_seconds > 0)"""

# A channel without inputs is meant to show its slate; so is a blackout, and the operator's take.
_UNPLANNED_SLATE: Final = """\
max by (channel) (lensong_input_on_air{input="slate"} == 1)
and on (channel) lensong_input_priority
unless on (channel) lensong_channel_taken == 1"""

# The input on air is accused; and where the slate has replaced it, every input that is connected.
_FAULTY_INPUT: Final = f"""\
max by (channel, kind) (
  label_replace(
    lensong_content_fault_active{{point=~"input:.+",kind=~"{CONTENT_KINDS}"}} == 1,
    "input", "$1", "point", "input:(.+)"
  )
  and on (channel, input) (
    max by (channel, input) (lensong_input_on_air == 1)
    or (
      max by (channel, input) (lensong_input_up == 1)
      and on (channel) channel:lensong_unplanned_slate:max
    )
  )
)"""

_PART_DELAY: Final = """\
histogram_quantile(0.99,
  sum by (channel, le) (rate(lensong_packager_publish_delay_seconds_bucket{unit="part"}[2m]))
)"""

_STALLED: Final = """\
sum by (channel) (rate(lensong_qoe_stall_seconds_total[2m]))
/ sum by (channel) (rate(lensong_qoe_watched_seconds_total[2m]))"""

_STARTUP: Final = """\
histogram_quantile(0.95, sum by (channel, le) (rate(lensong_qoe_startup_seconds_bucket[15m])))"""

CHANNEL_GROUP: Final = Group(
    name="lensong-channels-recorded",
    interval_s=5,
    rules=(
        Record(name="channel:lensong_segment_age_seconds:max", expr=_SEGMENT_AGE),
        Record(name="channel:lensong_unplanned_slate:max", expr=_UNPLANNED_SLATE),
        Record(name="channel_kind:lensong_faulty_input:max", expr=_FAULTY_INPUT),
        Record(name="channel:lensong_part_delay_seconds:p99", expr=_PART_DELAY),
        Record(name="channel:lensong_stalled:ratio_rate2m", expr=_STALLED),
        Record(name="channel:lensong_startup_seconds:p95", expr=_STARTUP),
    ),
)

SLO_GROUPS: Final = (
    Group(
        name="lensong-delivery-recorded",
        interval_s=5,
        rules=(
            Record(name="lensong:delivery_errors:rate5m", expr=_errors_per_s("5m")),
            Record(name="lensong:delivery_requests:rate5m", expr=_requests_per_s("5m")),
            _error_ratio("5m"),
            _error_ratio("30m"),
            _error_ratio("1h"),
        ),
    ),
    # What a long window says changes slowly, and it is dear to read.
    Group(
        name="lensong-delivery-recorded-slowly",
        interval_s=60,
        rules=tuple(_error_ratio_of_recorded(window) for window in ("2h", "6h", "1d", "3d")),
    ),
)
"""Recorded shares of errors, by window."""
