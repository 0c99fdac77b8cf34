"""core.moments: times as people write them."""

from zoneinfo import ZoneInfo

import pytest

from core.errors import FormatError
from core.moments import local_time, parse_moment
from core.timeline import UnixNs

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
NOW = UnixNs(1_795_521_600_000_000_000)  # 2026-11-24T19:00:00+07:00


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("1795521600", NOW),
        ("1795521600.25", NOW + 250_000_000),
        ("2026-11-24T19:00:00", NOW),
        ("2026-11-24 19:00", NOW),
        ("2026-11-24T19:00:00.040", NOW + 40_000_000),
        ("2026-11-24T12:00:00Z", NOW),
        ("2026-11-24T12:00:00+00:00", NOW),
        ("2026-11-24", NOW - 19 * 3_600 * 1_000_000_000),
        ("19:00", NOW),
        ("19:00:01.5", NOW + 1_500_000_000),
        ("7:05:09", NOW - (11 * 3_600 + 54 * 60 + 51) * 1_000_000_000),
    ],
)
def test_times_are_local_or_unix(text: str, moment: int) -> None:
    assert parse_moment(text, ZONE, NOW) == moment


@pytest.mark.parametrize(
    "text", ["", "now", "25:00", "19:60", "2026-13-01T00:00", "-5", "1e9", "0001-01-01"]
)
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(FormatError, match=r"no time|before 1970"):
        parse_moment(text, ZONE, NOW)


def test_a_moment_is_shown_in_local_time() -> None:
    assert local_time(NOW + 250_000_000, ZONE) == "2026-11-24T19:00:00.250+07:00"
