"""The span of time that a viewer asks for.  Sans-I/O.

A span's playlist begins with the segment that holds its start and ends with the one that holds
its last moment.  A span without an end goes on with the channel, for a day at most: so no
request, however it is put, costs more than a day's playlist.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from core.errors import InputError, NoLongerAvailableError, NotYetAvailableError
from core.rights import Access, Restrictions
from core.timeline import SEGMENT_NS, UnixNs, end_of_segment, msn_at, start_of_segment

__all__ = [
    "MAX_SPAN_S",
    "SOON_S",
    "Span",
    "access_to_span",
    "oldest_moment",
    "parse_span",
    "require_span",
]

MAX_SPAN_S: Final = 86_400
SOON_S: Final = 60
"""A start that lies no further ahead, in seconds, is as good as now: clients' clocks differ."""

_SPAN: Final = re.compile(r"([0-9]{1,12})-([0-9]{1,12}|now)")
_NS: Final = 1_000_000_000
_DAY_S: Final = 86_400
_LIVE_S: Final = 90
"""What a channel without an archive holds."""

_PATIENCE_NS: Final = 60 * _NS
"""How long after its end a span waits for its last segments before it counts as over."""


@dataclass(frozen=True, slots=True)
class Span:
    """Part of a channel's time."""

    start_s: int
    """UNIX seconds."""

    end_s: int | None
    """UNIX seconds, after the start; None: as long as the channel goes on."""

    @property
    def first(self) -> int:
        """Number of the segment that holds the start."""
        return msn_at(UnixNs(self.start_s * _NS))

    @property
    def last(self) -> int:
        """Number of the segment that holds the last moment."""
        end_s = self.start_s + MAX_SPAN_S if self.end_s is None else self.end_s
        return msn_at(UnixNs(end_s * _NS - 1))

    @property
    def offset_ms(self) -> int:
        """How far into the first segment the start lies, in milliseconds; always exact."""
        return (self.start_s * _NS - start_of_segment(self.first)) // 1_000_000

    def is_over(self, edge: int | None, *, now: UnixNs) -> bool:
        """Tell whether nothing more will come.

        Args:
            edge: Number of the newest segment of the channel that has ended, None off air.
            now: Moment of the request.
        """
        if edge is not None and edge >= self.last:
            return True
        return now >= end_of_segment(self.last) + _PATIENCE_NS


def oldest_moment(archive_days: int, *, now: UnixNs) -> UnixNs:
    """Return the oldest moment that a channel's viewers may see."""
    return UnixNs(now - max(archive_days * _DAY_S, _LIVE_S) * _NS)


def parse_span(text: str) -> Span:
    """Read ``{start}-{end}``, in UNIX seconds, or ``{start}-now``.

    Raises:
        InputError: If it is no span, or an absurd one.
    """
    match = _SPAN.fullmatch(text)
    if match is None:
        raise InputError(
            "Khoảng thời gian phải có dạng {bắt đầu}-{kết thúc}, tính bằng giây UNIX.\n"
            "A span is {start}-{end} in UNIX seconds, or {start}-now."
        )
    start, end = match.groups()
    span = Span(int(start), None if end == "now" else int(end))
    if span.end_s is not None and span.end_s <= span.start_s:
        raise InputError(
            "Khoảng thời gian kết thúc trước khi bắt đầu.\nThe span ends before it begins."
        )
    if span.end_s is not None and span.end_s - span.start_s > MAX_SPAN_S:
        raise InputError(
            "Khoảng thời gian dài hơn 24 giờ.\nThe span is longer than 24 hours; ask for less."
        )
    return span


def require_span(span: Span, archive_days: int, *, now: UnixNs) -> None:
    """Check that a span may hold something now.

    Args:
        span: What is asked for.
        archive_days: The channel's setting.
        now: Moment of the request.

    Raises:
        NotYetAvailableError: If it begins in the future.
        NoLongerAvailableError: If it begins before what is kept.
    """
    start = span.start_s * _NS
    if start > now + SOON_S * _NS:
        raise NotYetAvailableError("Khoảng thời gian này chưa tới.\nThis span has not begun yet.")
    if start < oldest_moment(archive_days, now=now):
        raise NoLongerAvailableError(
            f"Kênh chỉ lưu {archive_days} ngày; khoảng này đã hết hạn xem lại.\n"
            f"The channel keeps {archive_days} days; this span is older."
        )


def access_to_span(span: Span, until: int, restrictions: Restrictions) -> Access:
    """Return what may be done with a span as a whole: it is refused if all of it is.

    The first and the last segment of a programme reach into its neighbours, so a refused one
    leaves them open; they alone do not make a span that may be seen.

    Args:
        span: What is asked for.
        until: Number of the last segment that there is, at most the span's last.
        restrictions: The channel's.
    """
    begun_within = -(-span.start_s * _NS // SEGMENT_NS)
    first = min(begun_within, until)
    runs = restrictions.within(first, until)
    covered = sum(run.last - run.first + 1 for run in runs)
    if not runs or covered < until - first + 1:
        return Access.OPEN
    return min(run.access for run in runs)
