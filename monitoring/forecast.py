"""Expect an audience by quarter of an hour, with a band that holds nine in ten.  Sans-I/O.

The middle is the same quarter of the week, over the last four weeks, times how the last day went
against its own expectation (level correction).  The band is conformal: where actual audiences fell
about *past forecasts of the same lead* at that time of day decides how wide it is, so that no shape
of noise is assumed.  Ratios are what is compared, for an audience's noise grows with it.

What is not known is not made up: a hole is NaN and counts nowhere; with too little history there is
no forecast at all.  On a special day (``monitoring.special_days``) the week before says little, so
the band is made :data:`SPECIAL_WIDENING` times wider, and such days teach nothing about others.

Quarters are numbered from the Unix epoch.  A week is 672 of them, which holds where clocks are not
set forward and back, as in Vietnam.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["DAY", "LEVELS", "QUARTER_S", "SPECIAL_WIDENING", "WEEK", "Expected", "forecast"]

QUARTER_S: Final = 900
DAY: Final = 96
"""Quarters of a day."""

WEEK: Final = 672
LEVELS: Final = ("p05", "p50", "p95", "last_week")

SPECIAL_WIDENING: Final = 3.0
"""A rule, not learned: a year has too few such days to learn from."""

_WEEKS: Final = 4
_LEAST_WEEKS: Final = 2
"""A quarter of the week that is known less often is not forecast."""

_TAIL: Final = 0.045
"""At each end.  Neighbouring scores are akin, so there are fewer than they seem, and 0.05 would
hold 89 of 100 (``benchmarks.forecast_backtest``, on seeds that the tests do not use)."""

_NEARBY: Final = 6
"""Scores of so many quarters before and after, by time of day, are taken together."""

_SCORE_DAYS: Final = 28
_LEAST_SCORES: Final = 60
"""Below 19 no conformal band of 90 % exists; 60 make its ends steady."""

_LEAST_LEVEL: Final = 24
"""Quarters of the last day that must be known to correct the level."""

_SOFT: Final = 1.0
"""Added on both sides of a ratio, so that an empty night has one."""

Floats: TypeAlias = NDArray[np.float64]
Bools: TypeAlias = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Expected:
    """What is expected of one quarter; numbers are concurrent sessions."""

    quarter: int
    """Since the Unix epoch."""

    p05: float
    p50: float
    p95: float
    last_week: float | None
    """The same quarter a week before; None for a hole."""


def forecast(
    history: Floats, *, first: int, leads: Sequence[int], special: Bools
) -> list[Expected | None]:
    """Forecast quarters after a history.

    Args:
        history: Mean concurrent sessions of each quarter, shape (n,); NaN for a hole.
        first: The quarter of ``history[0]``.
        leads: Which quarters: 1 is the first after the history; at most a day.
        special: Which quarters belong to special days, shape (n + max(leads),) or longer.

    Returns:
        For each lead what is expected; None where too little is known.

    Raises:
        ValueError: For a lead that is none, or ``special`` too short.
    """
    if any(not 1 <= lead <= DAY for lead in leads):
        raise ValueError(f"leads are 1 to {DAY}")
    length = len(history)
    if len(special) < length + max(leads, default=0):
        raise ValueError("special days are not known for every quarter")
    known = np.concatenate([history, np.full(DAY, np.nan)])
    marked = np.resize(np.append(special[: length + DAY], np.zeros(DAY, bool)), length + DAY)
    usual = np.where(marked, np.nan, known)
    series = _Series(length, known, usual, marked, _same_quarter(usual))
    return [_expect(series, lead, first) for lead in leads]


@dataclass(frozen=True, slots=True)
class _Series:
    """A history and the day after it; every array has the shape (length + DAY,)."""

    length: int
    known: Floats
    usual: Floats
    """Without special days."""

    marked: Bools
    base: Floats
    """The same quarter's mean over the weeks before; NaN where too few are known."""


def _same_quarter(usual: Floats) -> Floats:
    total, count = np.zeros(len(usual)), np.zeros(len(usual))
    for week in range(1, _WEEKS + 1):
        earlier = _later(usual, week * WEEK)
        there = ~np.isnan(earlier)
        total[there] += earlier[there]
        count[there] += 1
    return np.where(count >= _LEAST_WEEKS, total / np.maximum(count, 1), np.nan)


def _later(values: Floats, by: int) -> Floats:
    """Return the values moved ``by`` places to later times."""
    by = min(by, len(values))
    return np.concatenate([np.full(by, np.nan), values[: len(values) - by]])


def _levels(series: _Series, lead: int) -> Floats:
    """Return how the day that ended ``lead`` quarters before each went against its base."""
    both = ~(np.isnan(series.usual) | np.isnan(series.base))
    actual, base, count = (
        _sum_of_day(np.where(both, values, 0.0))
        for values in (series.usual, series.base, np.ones(len(both)))
    )
    level = (actual + _SOFT) / (base + _SOFT)
    levels: Floats = np.where(count >= _LEAST_LEVEL, level, np.nan)
    return _later(levels, lead)


def _sum_of_day(values: Floats) -> Floats:
    sums = np.concatenate([[0.0], np.cumsum(values)])
    before: Floats = sums[np.maximum(np.arange(1, len(sums)) - DAY, 0)]
    return sums[1:] - before


def _expect(series: _Series, lead: int, first: int) -> Expected | None:
    at = series.length - 1 + lead
    points = series.base * _levels(series, lead)
    point = float(points[at])
    days = at - DAY * np.arange(1, _SCORE_DAYS + 1)
    nearby = (days[:, None] + np.arange(-_NEARBY, _NEARBY + 1)).ravel()
    nearby = nearby[(nearby >= 0) & (nearby < series.length)]
    # What past forecasts of this lead were off by; each saw only what was before it.
    scores = np.log((series.usual[nearby] + _SOFT) / (points[nearby] + _SOFT))
    scores = np.sort(scores[~np.isnan(scores)])
    if np.isnan(point) or len(scores) < _LEAST_SCORES:
        return None
    # The ends of a split conformal band: the quantiles of n scores and one that is not known yet.
    rank = _TAIL * (len(scores) + 1)
    low, high = float(scores[int(rank) - 1]), float(scores[len(scores) - int(rank)])
    middle = float(np.median(scores))
    if series.marked[at]:
        low, high = SPECIAL_WIDENING * min(low, 0.0), SPECIAL_WIDENING * max(high, 0.0)
    week_before = at - WEEK
    last_week = float(series.known[week_before]) if week_before >= 0 else float("nan")
    p05, p50, p95 = (
        max(0.0, (point + _SOFT) * float(np.exp(score)) - _SOFT) for score in (low, middle, high)
    )
    return Expected(first + at, p05, p50, p95, None if np.isnan(last_week) else last_week)
