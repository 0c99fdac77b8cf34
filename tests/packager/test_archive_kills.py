"""A packager killed while it archives: the short form of ``make soak NAME=archive-kills``."""

import random

import pytest

from tests.packager.archive_kills import KillReport, kill_while_archiving
from tests.packager.station import Station


@pytest.mark.timeout(120)
async def test_what_was_acknowledged_is_there_after_kills_at_random_moments(
    station: Station,
) -> None:
    report = KillReport()
    await kill_while_archiving(station, kills=6, rng=random.Random(7), report=report)  # noqa: S311
    assert report.kills == 6
    assert report.acknowledged >= 6  # one a kill, however slow the machine
    assert report.missing == []
    assert report.lost_at_most <= 1
