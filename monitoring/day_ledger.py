"""What one day's counters added up to, minute by minute, without Prometheus.  Sans-I/O.

Every minute the processes' counters are read; what they rose by is added to the station's day.  A
counter that fell belongs to a process that was started again, and counts from 0.  What was not read
is not guessed: the ledger says how many minutes of the day it has seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, tzinfo
from typing import Any, Final, TypeAlias

__all__ = ["COUNTED", "DayLedger", "Series", "day_of"]

Series: TypeAlias = tuple[str, tuple[tuple[str, str], ...]]
"""(family with its suffix, labels by name)."""

COUNTED: Final = frozenset(
    {
        "lensong_channel_slate_seconds_total",
        "lensong_channel_repeated_frames_total",
        "lensong_switches_total",
        "lensong_content_fault_seconds_total",
        "lensong_encoder_restarts_total",
        "lensong_packager_segments_total",
        "lensong_packager_gap_segments_total",
        "lensong_http_requests_total",
        "lensong_http_response_bytes_total",
        "lensong_input_disconnects_total",
        "lensong_probe_faults_total",
        "lensong_qoe_sessions_total",
        "lensong_qoe_startup_seconds_bucket",
        "lensong_qoe_stalls_total",
        "lensong_qoe_stall_seconds_total",
        "lensong_qoe_watched_seconds_total",
        "lensong_qoe_errors_total",
    }
)
"""The counters that a day's sheet is made of."""

_FORM: Final = 1
_MOST_SERIES: Final = 50_000


def day_of(unix_s: float, zone: tzinfo) -> date:
    """Return the station's day that a moment belongs to."""
    return datetime.fromtimestamp(unix_s, zone).date()


@dataclass(slots=True)
class DayLedger:
    """One day of the whole station."""

    day: date
    minutes: int = 0
    """How many times the processes were read, once a minute."""

    sums: dict[Series, float] = field(default_factory=dict)
    """What each counter rose by, all processes together."""

    alerts: list[dict[str, Any]] = field(default_factory=list)
    """Alerts that ended or were told this day: name, channel, severity, began_s, ended_s."""

    _last: dict[tuple[str, Series], float] = field(default_factory=dict)

    def add(self, values: Mapping[str, Mapping[Series, float]]) -> None:
        """Add a reading.

        Args:
            values: By process, what its counters of :data:`COUNTED` show.
        """
        self.minutes += 1
        for process, counters in values.items():
            for series, value in counters.items():
                before = self._last.get((process, series))
                if before is None and len(self._last) >= _MOST_SERIES:
                    continue
                self._last[process, series] = value
                if before is None:
                    # First seen: what it had before belongs to another day, or to nobody's.
                    self.sums.setdefault(series, 0.0)
                    continue
                rise = value - before if value >= before else value
                self.sums[series] = self.sums.get(series, 0.0) + rise

    def next_day(self, day: date) -> DayLedger:
        """Begin the following day where this one stopped."""
        return DayLedger(day, _last=dict(self._last))

    def note_alert(self, values: Mapping[str, Any]) -> None:
        """Keep an alert; one that is noted again, with its end perhaps, replaces itself."""
        key = (values["name"], values["channel"], values["began_s"])
        self.alerts = [
            item for item in self.alerts if (item["name"], item["channel"], item["began_s"]) != key
        ]
        self.alerts.append(dict(values))

    def total(self, family: str, **labels: str) -> float:
        """Return the sum over the series of a family that carry these labels."""
        return sum(value for _, value in self.of(family, **labels))

    def of(self, family: str, **labels: str) -> Iterable[tuple[dict[str, str], float]]:
        """Yield (labels, sum) of each series of a family that carries these labels."""
        wanted = labels.items()
        for (name, pairs), value in self.sums.items():
            if name == family:
                found = dict(pairs)
                if wanted <= found.items():
                    yield found, value

    def describe(self) -> dict[str, Any]:
        """Return everything as JSON values."""
        return {
            "form": _FORM,
            "day": self.day.isoformat(),
            "minutes": self.minutes,
            "sums": [[name, pairs, value] for (name, pairs), value in self.sums.items()],
            "alerts": self.alerts,
            "last": [
                [process, name, pairs, value]
                for (process, (name, pairs)), value in self._last.items()
            ],
        }

    @classmethod
    def restore(cls, values: Mapping[str, Any]) -> DayLedger:
        """Read back what :meth:`describe` returned.

        Raises:
            KeyError, TypeError, ValueError: If it is something else.
        """
        if values["form"] != _FORM:
            raise ValueError(f"a day's ledger of form {values['form']}, {_FORM} is known")
        return cls(
            date.fromisoformat(values["day"]),
            int(values["minutes"]),
            {(name, _pairs(pairs)): value for name, pairs, value in values["sums"]},
            list(values["alerts"]),
            {
                (process, (name, _pairs(pairs))): value
                for process, name, pairs, value in values["last"]
            },
        )


def _pairs(values: Iterable[Iterable[str]]) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in values)
