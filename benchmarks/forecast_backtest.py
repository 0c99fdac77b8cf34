"""Test the audience forecast on eight weeks of made data, from origins that roll on day by day.

For each day after the fourth week the history is cut off at midnight and the next day's 96 quarters
are forecast; what the band held, and the pinball loss beside that of last week's value, is printed.

    python -m benchmarks.forecast_backtest [--seeds 20]

The data are made: a day with a noon and an evening peak, other week-ends, a slow trend, a level
that wanders from day to day, single noise that is larger than chance (not only Poisson's), an hour
in which the process was down each few days, a day without any, and a football night.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitoring.forecast import DAY, WEEK, forecast

WEEKS = 8
FIRST = 2_850_000 // WEEK * WEEK
"""A quarter on which the made data begin."""


@dataclass(frozen=True, slots=True)
class Score:
    """What a back-test found."""

    number: int
    """Quarters that were forecast and known."""

    coverage: float
    """Share inside p05 to p95."""

    below: float
    """Share below p05."""

    pinball: float
    """Mean over the three levels, sessions."""

    pinball_last_week: float
    """The same with last week's value for every level."""

    pinball_middle: float
    pinball_middle_last_week: float


def make_audience(seed: int, *, peak: float = 2_000.0) -> NDArray[np.float64]:
    """Return eight weeks of quarter hours, NaN where the process was down."""
    rng = np.random.default_rng(seed)
    quarters = np.arange(WEEKS * WEEK)
    hour = quarters % DAY / 4
    day = quarters // DAY
    shape = (
        0.06
        + 0.35 * np.exp(-(((hour - 11.75) / 1.3) ** 2))
        + 1.0 * np.exp(-(((hour - 20.0) / 1.7) ** 2))
        + 0.15 * np.exp(-(((hour - 7.0) / 1.0) ** 2))
    )
    week_end = np.isin(day % 7, (5, 6))
    shape = np.where(week_end, shape * 0.9 + 0.25 * np.exp(-(((hour - 15.0) / 3.0) ** 2)), shape)
    trend = np.exp(0.015 * quarters / WEEK)
    wander = np.zeros(len(quarters))
    step = rng.normal(0.0, 0.006, len(quarters))
    for at in range(1, len(quarters)):
        wander[at] = 0.995 * wander[at - 1] + step[at]
    rough = rng.normal(0.0, 0.04, len(quarters))
    mean = peak * shape * trend * np.exp(wander + rough)
    football = (day == 5 * 7 + 3) & (hour >= 19) & (hour < 21)
    audience = rng.poisson(np.where(football, 1.8 * mean, mean)).astype(np.float64)
    for start in rng.integers(0, len(quarters) - 4, 16):
        audience[start : start + 4] = np.nan
    audience[33 * DAY : 34 * DAY] = np.nan
    return audience


def back_test(audience: NDArray[np.float64], *, every: int = DAY) -> Score:
    """Forecast each day from its midnight, knowing only what was before.

    Args:
        audience: Shape (n,), NaN for holes.
        every: Quarters from one origin to the next; a day leaves none out.
    """
    nowhere = np.zeros(len(audience) + DAY, dtype=np.bool_)
    rows: list[tuple[float, float, float, float, float]] = []
    for origin in range(4 * WEEK, len(audience) - DAY + 1, every):
        found = forecast(audience[:origin], first=FIRST, leads=range(1, DAY + 1), special=nowhere)
        for one in found:
            if one is None or one.last_week is None:
                continue
            actual = float(audience[one.quarter - FIRST])
            if not np.isnan(actual):
                rows.append((actual, one.p05, one.p50, one.p95, one.last_week))
    actual, p05, p50, p95, last_week = np.array(rows).T
    levels = ((0.05, p05), (0.5, p50), (0.95, p95))
    return Score(
        number=len(rows),
        coverage=float(np.mean((p05 <= actual) & (actual <= p95))),
        below=float(np.mean(actual < p05)),
        pinball=float(np.mean([_pinball(actual, value, level) for level, value in levels])),
        pinball_last_week=float(
            np.mean([_pinball(actual, last_week, level) for level, _ in levels])
        ),
        pinball_middle=_pinball(actual, p50, 0.5),
        pinball_middle_last_week=_pinball(actual, last_week, 0.5),
    )


def _pinball(actual: NDArray[np.float64], forecast: NDArray[np.float64], level: float) -> float:
    short = actual - forecast
    return float(np.mean(np.maximum(level * short, (level - 1) * short)))


def main() -> None:
    """Print a line for each seed and the whole."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20, help="how many audiences are made")
    parser.add_argument("--first-seed", type=int, default=0, help="the first of them")
    options = parser.parse_args()
    print("seed  quarters  coverage  below p05  pinball  last week's  middle  last week's")
    found = []
    for seed in range(options.first_seed, options.first_seed + options.seeds):
        score = back_test(make_audience(seed))
        found.append(score)
        print(
            f"{seed:4} {score.number:9} {score.coverage:9.3f} {score.below:10.3f}"
            f" {score.pinball:8.2f} {score.pinball_last_week:12.2f} {score.pinball_middle:7.2f}"
            f" {score.pinball_middle_last_week:12.2f}"
        )
    coverage = [score.coverage for score in found]
    ratio = np.mean([score.pinball / score.pinball_last_week for score in found])
    middle = np.mean([score.pinball_middle / score.pinball_middle_last_week for score in found])
    print(
        f"coverage {np.mean(coverage):.3f} (from {min(coverage):.3f} to {max(coverage):.3f});"
        f" pinball {ratio:.2f} of last week's, of the middle alone {middle:.2f}"
    )


if __name__ == "__main__":
    main()
