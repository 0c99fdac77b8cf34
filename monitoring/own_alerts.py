"""What Lensong itself notices, with no Prometheus: off air, slate, disk, a process gone.  Sans-I/O.

The names and deadlines are those of the rules in ``deploy/prometheus``, so that with Prometheus
both say the same thing and people are told once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from monitoring.alert_book import Alert, Report, Severity

__all__ = ["OWN_NAMES", "OwnAlerts", "Seen"]

_OFF_AIR_S: Final = 12.0
"""The newest segment is this old: nobody sees anything new."""

_SLATE_S: Final = 10.0
_SLOW_S: Final = 20.0
_ABSENT_S: Final = 30.0
_HOLD_S: Final = 60.0
"""How long a word of ours holds; we say it anew every few seconds."""

_BLIND_S: Final = 300.0
"""Prometheus repeats its Watchdog every minute."""

_FORGOTTEN_S: Final = 7 * 86_400.0
"""After this, an installation has no Prometheus any more."""

_FREE_SHARE: Final = 0.5
"""Of the space that is to be left free: below that part of it the archive's own care has failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What the processes told in one round; None where nobody answered."""

    now_s: float
    segment_end_s: Mapping[str, float | None]
    """End of each channel's newest segment, UNIX seconds; 0 before the first."""

    on_air: Mapping[str, str | None]
    """The source on air of each channel; ``slate`` only where nobody ordered it."""

    silent: frozenset[str]
    """Names of the processes that did not answer."""

    processes: Mapping[str, str] = field(default_factory=dict)
    """Of every process that should run: its channel, or an empty text."""

    free_bytes: int | None = None
    """On the disk with the least space of those that hold data and archive."""

    least_free_bytes: int = 0
    """What the settings want left free."""

    prometheus_silent_s: float | None = None
    """Since when nothing is heard of Prometheus; None where it never was."""

    slow: frozenset[str] = frozenset()
    """Channels whose encoder does not keep up."""

    prometheus: frozenset[tuple[str, str]] = frozenset()
    """(name, channel or an empty text) of what fires by Prometheus' word."""


@dataclass(frozen=True, slots=True)
class _Kind:
    name: str
    severity: Severity
    stage: str
    after_s: float
    summary: str
    action: str


_OFF_AIR: Final = _Kind(
    "ChannelOffAir",
    "page",
    "encoder",
    0.0,
    "Kênh không lên sóng: không có đoạn mới nào. / Off air: no new segment.",
    "Xem `lensong status`; tiến trình nào không ok thì xem nhật ký của nó. / See `lensong status`.",
)
_NOT_YET_ON_AIR: Final = replace(_OFF_AIR, after_s=_ABSENT_S)
_SLOW: Final = _Kind(
    "EncoderSlow",
    "page",
    "encoder",
    _SLOW_S,
    "Bộ mã hoá không theo kịp. / The encoder does not keep up.",
    "Xem tải CPU của máy chủ trước. / Look at the host's processors first.",
)
_ON_SLATE: Final = _Kind(
    "ChannelOnSlate",
    "page",
    "input",
    _SLATE_S,
    "Kênh đang phát hình chờ, không có nguồn nào tốt. / On slate: no input is good.",
    "Gọi trường quay; kiểm tra bộ phát và đường truyền. / Call the studio, check encoder and line.",
)
_ABSENT: Final = _Kind(
    "ChannelMetricsAbsent",
    "page",
    "switcher",
    _ABSENT_S,
    "Một tiến trình không trả lời. / A process does not answer.",
    "Xem `lensong status` và nhật ký của tiến trình. / See `lensong status` and its log.",
)
_SPARE_ABSENT: Final = replace(
    _ABSENT, name="ProcessMetricsAbsent", severity="ticket", stage="monitoring", after_s=60.0
)
_DISK: Final = _Kind(
    "DiskFull",
    "page",
    "archive",
    _ABSENT_S,
    "Ổ đĩa sắp đầy. / The disk is nearly full.",
    "Xoá tệp không thuộc Lensong, hoặc thêm ổ đĩa. / Remove what is not Lensong's, or add a disk.",
)


_BLIND: Final = _Kind(
    "PrometheusSilent",
    "ticket",
    "monitoring",
    0.0,
    "Prometheus không còn gửi tin; chỉ còn Lensong tự theo dõi. / Prometheus has fallen silent;"
    " only Lensong itself still watches.",
    "Kiểm tra tiến trình prometheus và cấu hình alertmanagers của nó. / Look at Prometheus and its"
    " alertmanagers.",
)


_CAUSES: Final = {
    "ChannelOffAir": "EncoderSlow",
    "ChannelOnSlate": "ContentFaultOnAir",
    "ChannelMetricsAbsent": "ChannelOffAir",
}
"""What is not told of a channel while its cause is, as in the rules: one fault makes one page."""

OWN_NAMES: Final = frozenset(
    kind.name for kind in (_OFF_AIR, _SLOW, _ON_SLATE, _ABSENT, _SPARE_ABSENT, _DISK, _BLIND)
)
"""Every alert that this module can raise."""


class OwnAlerts:
    """Turns what is seen, round by round, into reports for the book."""

    def __init__(self) -> None:
        self._since: dict[tuple[str, str], float] = {}
        self._fired: dict[str, Report] = {}

    def look(self, seen: Seen) -> list[Report]:
        """Return what fires after this round, and what is over since the last one."""
        found: dict[tuple[str, str], tuple[_Kind, tuple[tuple[str, str], ...]]] = {}
        conditions = list(self._conditions(seen))
        told = {(kind.name, dict(labels).get("channel", "")) for kind, labels in conditions}
        told |= seen.prometheus
        for kind, labels in conditions:
            if not _is_explained(kind.name, dict(labels).get("channel", ""), told):
                found[kind.name, str(labels)] = (kind, labels)
        reports: list[Report] = []
        for key, (kind, labels) in found.items():
            since_s = self._since.setdefault(key, seen.now_s)
            if seen.now_s - since_s >= kind.after_s:
                reports.append(_report(kind, labels, since_s, seen.now_s + _HOLD_S))
        for key in [key for key in self._since if key not in found]:
            del self._since[key]
        return reports + self._over(reports, seen.now_s)

    def _over(self, firing: Iterable[Report], now_s: float) -> list[Report]:
        """Say of what fired in the last round and no longer does that it is over."""
        before, self._fired = self._fired, {report.alert.key: report for report in firing}
        return [
            Report(alert=report.alert, began_s=report.began_s, until_s=now_s)
            for key, report in before.items()
            if key not in self._fired
        ]

    def _silent(self, seen: Seen) -> Iterable[tuple[_Kind, tuple[tuple[str, str], ...]]]:
        origins = {name for name in seen.processes if name.startswith("origin-")}
        nobody_answers_viewers = bool(origins) and origins <= seen.silent
        if nobody_answers_viewers:
            yield replace(_ABSENT, stage="origin"), ()
        for name in sorted(seen.silent):
            channel = seen.processes.get(name, "")
            if channel:
                yield _ABSENT, (("channel", channel), ("process", name))
            elif name == "packager":
                yield replace(_ABSENT, stage="packager"), (("process", name),)
            elif name not in origins:
                stage = "input" if name == "ingest" else "monitoring"
                yield replace(_SPARE_ABSENT, stage=stage), (("process", name),)
            elif not nobody_answers_viewers:
                yield replace(_SPARE_ABSENT, stage="origin"), (("process", name),)

    def _conditions(self, seen: Seen) -> Iterable[tuple[_Kind, tuple[tuple[str, str], ...]]]:
        for channel, end_s in seen.segment_end_s.items():
            # A packager that does not answer is told as that. One that has just been started has
            # no segment yet.
            stage = "switcher" if f"programme-{channel}" in seen.silent else "encoder"
            if end_s == 0:
                yield replace(_NOT_YET_ON_AIR, stage=stage), (("channel", channel),)
            elif end_s is not None and seen.now_s - end_s > _OFF_AIR_S:
                yield replace(_OFF_AIR, stage=stage), (("channel", channel),)
        for channel in seen.slow:
            yield _SLOW, (("channel", channel),)
        for channel, source in seen.on_air.items():
            if source == "slate":
                yield _ON_SLATE, (("channel", channel),)
        yield from self._silent(seen)
        if seen.free_bytes is not None and seen.free_bytes < _FREE_SHARE * seen.least_free_bytes:
            yield _DISK, ()
        silent_s = seen.prometheus_silent_s
        if silent_s is not None and _BLIND_S < silent_s < _FORGOTTEN_S:
            yield _BLIND, ()


def _is_explained(name: str, channel: str, told: Iterable[tuple[str, str]]) -> bool:
    """Tell whether the cause of an alert is told of; one of no channel has any channel's."""
    cause = _CAUSES.get(name)
    return any(of == cause and (where == channel or not channel) for of, where in told)


def _report(
    kind: _Kind, labels: tuple[tuple[str, str], ...], began_s: float, until_s: float
) -> Report:
    alert = Alert(
        name=kind.name,
        severity=kind.severity,
        stage=kind.stage,
        labels=labels,
        texts=(("summary", kind.summary), ("action", kind.action)),
    )
    return Report(alert=alert, began_s=began_s, until_s=until_s)
