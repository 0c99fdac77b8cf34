"""monitoring.forecast: what is expected of an audience, and when nothing is said."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.forecast_backtest import FIRST, back_test, make_audience
from monitoring.forecast import DAY, WEEK, forecast

NOWHERE = np.zeros(20 * WEEK, dtype=np.bool_)


def days(weeks: int, *, level: float = 100.0) -> np.ndarray:
    """Return weeks in which every quarter has the audience of its time of day."""
    return np.tile(level + 50.0 * np.sin(np.arange(DAY) * 2 * np.pi / DAY), 7 * weeks)


def test_a_band_of_nine_in_ten_holds_nine_in_ten_and_is_better_than_last_week() -> None:
    scores = [back_test(make_audience(seed)) for seed in (1, 2, 3, 4)]
    assert all(score.number > 2_200 for score in scores)
    assert 0.88 <= np.mean([score.coverage for score in scores]) <= 0.92
    assert all(0.87 <= score.coverage <= 0.93 for score in scores)
    assert all(score.pinball < 0.6 * score.pinball_last_week for score in scores)
    assert all(score.pinball_middle < score.pinball_middle_last_week for score in scores)


def test_an_audience_that_repeats_is_expected_exactly() -> None:
    history = days(5)
    found = forecast(history, first=FIRST, leads=[1, 40, 96], special=NOWHERE)
    for lead, one in zip((1, 40, 96), found, strict=True):
        assert one is not None
        assert one.quarter == FIRST + 5 * WEEK + lead - 1
        actual = history[(lead - 1) % DAY]
        expected = (one.p05, one.p50, one.p95, one.last_week)
        assert expected == pytest.approx((actual,) * 4, rel=1e-6)


def test_the_level_of_the_last_day_moves_the_whole_day_to_come() -> None:
    history = days(5)
    history[-DAY:] *= 1.3
    (one,) = forecast(history, first=FIRST, leads=[30], special=NOWHERE)
    assert one is not None
    assert one.p50 == pytest.approx(1.3 * days(1)[29], rel=0.01)
    assert one.last_week == pytest.approx(days(1)[29])


def test_an_hour_without_audience_hardly_lowers_what_is_expected_of_the_next() -> None:
    history = days(5)
    (before,) = forecast(history, first=FIRST, leads=[5], special=NOWHERE)
    history[-4:] = 0.0
    (after,) = forecast(history, first=FIRST, leads=[5], special=NOWHERE)
    assert before is not None
    assert after is not None
    assert after.p05 > 0.9 * before.p05


@pytest.mark.parametrize("weeks", [0, 1, 2])
def test_too_little_history_gives_no_forecast(weeks: int) -> None:
    assert forecast(days(weeks), first=FIRST, leads=[1], special=NOWHERE) == [None]


def test_a_hole_is_not_zero() -> None:
    whole, holed = days(6), days(6)
    holed[3 * WEEK : 3 * WEEK + 3 * DAY] = np.nan
    leads = range(1, DAY + 1)
    (first, *_), (second, *_) = (
        forecast(history, first=FIRST, leads=leads, special=NOWHERE) for history in (whole, holed)
    )
    assert first is not None
    assert second is not None
    assert second.p50 == pytest.approx(first.p50)


def test_a_last_day_that_is_a_hole_gives_no_forecast() -> None:
    history = days(6)
    history[-DAY:] = np.nan
    assert forecast(history, first=FIRST, leads=[1], special=NOWHERE) == [None]


def test_last_weeks_hole_is_no_value() -> None:
    history = days(6)
    history[5 * WEEK] = np.nan
    (one,) = forecast(history, first=FIRST, leads=[1], special=NOWHERE)
    assert one is not None
    assert one.last_week is None


def test_a_special_day_has_a_wider_band_and_teaches_nothing() -> None:
    history = make_audience(7)
    (plain,) = forecast(history, first=FIRST, leads=[50], special=NOWHERE)
    marked = NOWHERE.copy()
    marked[len(history) : len(history) + DAY] = True
    (special,) = forecast(history, first=FIRST, leads=[50], special=marked)
    assert plain is not None
    assert special is not None
    assert special.p95 > plain.p95 + (plain.p95 - plain.p50)
    assert special.p05 < plain.p05 - (plain.p50 - plain.p05) / 2
    # A wild day three weeks ago, marked as special, changes nothing.
    wild, past = history.copy(), NOWHERE.copy()
    past[5 * WEEK : 5 * WEEK + DAY] = True
    wild[5 * WEEK : 5 * WEEK + DAY] *= 10
    first, second = (
        forecast(values, first=FIRST, leads=[50], special=past)[0] for values in (history, wild)
    )
    assert first == second


def test_an_audience_of_nobody_is_expected_as_nobody() -> None:
    (one,) = forecast(np.zeros(5 * WEEK), first=FIRST, leads=[1], special=NOWHERE)
    assert one is not None
    assert (one.p05, one.p50, one.p95, one.last_week) == (0.0, 0.0, 0.0, 0.0)


def test_leads_are_those_of_a_day() -> None:
    with pytest.raises(ValueError, match="leads"):
        forecast(days(5), first=FIRST, leads=[97], special=NOWHERE)
    with pytest.raises(ValueError, match="special"):
        forecast(days(5), first=FIRST, leads=[1], special=np.zeros(3, dtype=np.bool_))
