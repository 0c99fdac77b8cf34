"""What a dashboard is made of, in the words of operators.  Sans-I/O.

Only :mod:`monitoring.dashboards.rendering` knows Grafana.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

__all__ = [
    "CHANNEL",
    "GOOD_BELOW",
    "Board",
    "Kind",
    "Panel",
    "Query",
    "State",
    "Step",
    "good_above",
    "good_below",
    "graph",
]

Kind: TypeAlias = Literal["graph", "number", "states", "bars", "table"]
Colour: TypeAlias = Literal["green", "yellow", "orange", "red", "blue", "text"]

CHANNEL: Final = 'channel=~"$channel"'
"""Matcher of the channels that are chosen at the top of a dashboard."""


@dataclass(frozen=True, slots=True)
class Query:
    """One expression, and what its lines are called."""

    expr: str
    legend: str
    """With Prometheus' labels in double braces: ``{{channel}}``."""


@dataclass(frozen=True, slots=True)
class Step:
    """A threshold: from this value on, this colour; the first has no value."""

    value: float | None
    colour: Colour


@dataclass(frozen=True, slots=True)
class State:
    """What a value means in words, for state timelines."""

    value: int
    text: str
    colour: Colour


def good_below(warning: float, bad: float) -> tuple[Step, ...]:
    """Return thresholds of a value that should be small."""
    return (Step(None, "green"), Step(warning, "yellow"), Step(bad, "red"))


def good_above(bad: float, warning: float) -> tuple[Step, ...]:
    """Return thresholds of a value that should be large."""
    return (Step(None, "red"), Step(bad, "yellow"), Step(warning, "green"))


GOOD_BELOW: Final = good_below(1, 1)
"""Thresholds of a count of faults: any is bad."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One picture."""

    kind: Kind
    vi: str
    en: str
    queries: tuple[Query, ...]
    unit: str
    """Grafana's name of the unit: ``s``, ``bps``, ``percentunit``, ``short``."""

    steps: tuple[Step, ...] = ()
    states: tuple[State, ...] = ()
    width: int = 12
    """Of 24 columns."""

    height: int = 8
    """In Grafana's rows."""

    help: str = ""
    """What to read from it, Vietnamese."""

    minimum: float | None = None
    decimals: int | None = None

    @property
    def title(self) -> str:
        """Vietnamese, with English beside."""
        return f"{self.vi} / {self.en}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """One dashboard."""

    name: str
    """Of its file and in its uid."""

    vi: str
    en: str
    panels: tuple[Panel, ...]
    hours: int = 3
    """How much of the past it shows."""

    by_channel: bool = True
    """Whether channels are chosen at its top."""


def graph(vi: str, en: str, unit: str, *queries: Query, steps: tuple[Step, ...] = ()) -> Panel:
    """Return a panel of lines over time."""
    return Panel(kind="graph", vi=vi, en=en, unit=unit, queries=queries, steps=steps)
