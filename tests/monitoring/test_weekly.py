"""When the weekly test was due last."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from monitoring.weekly import last_due_s

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")


@pytest.mark.parametrize(
    ("now", "due"),
    [
        ("2026-11-24T16:00:00", "2026-11-23T09:00:00"),  # a Tuesday
        ("2026-11-23T09:00:00", "2026-11-23T09:00:00"),
        ("2026-11-23T08:59:59", "2026-11-16T09:00:00"),
        ("2027-01-03T23:00:00", "2026-12-28T09:00:00"),
    ],
)
def test_mondays_at_nine(now: str, due: str) -> None:
    now_s = datetime.fromisoformat(now).replace(tzinfo=ZONE).timestamp()
    found_s = last_due_s(now_s, day="mon", hour=9, zone=ZONE)
    assert datetime.fromtimestamp(found_s, ZONE).isoformat() == f"{due}+07:00"
