"""A watched station: Prometheus sees the fault, somebody is told of it, and of nothing else.

The short form of ``make soak NAME=alerts``.
"""

from __future__ import annotations

import asyncio

import pytest

from benchmarks.alert_faults import WITHIN_S, alert_faults


@pytest.mark.services
@pytest.mark.timeout(180)
def test_a_killed_publisher_is_told_as_slate_in_time_and_cleared() -> None:
    (outcome,) = asyncio.run(alert_faults(["publisher-killed"], offset=25_600))
    assert outcome.fired_s is not None
    assert outcome.fired_s <= outcome.deadline_s + WITHIN_S
    assert outcome.told_s is not None
    assert outcome.told_s <= outcome.deadline_s + WITHIN_S
    assert outcome.other_pages == []
    assert outcome.cleared_s is not None
