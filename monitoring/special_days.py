"""Days on which Vietnam does not watch as in other weeks.  Sans-I/O.

The Lunar New Year moves, and Vietnam's is not always China's (in 2030 it is a day before it), so
its dates stand here as a table.

**Source:** computed for UTC+7 with ``lunar-vn`` 1.4.0 (Hồ Ngọc Đức's algorithm): the first of the
first lunar month, and the tenth of the third (Giỗ Tổ Hùng Vương).  The public holidays are those of
the Labour Code 2019, article 112.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta, tzinfo
from typing import Final

import numpy as np
from numpy.typing import NDArray

from monitoring.forecast import QUARTER_S

__all__ = ["LAST_YEAR", "is_special", "special_quarters"]

_NEW_YEAR: Final = {
    2025: (1, 29),
    2026: (2, 17),
    2027: (2, 6),
    2028: (1, 26),
    2029: (2, 13),
    2030: (2, 2),
    2031: (1, 23),
    2032: (2, 11),
    2033: (1, 31),
    2034: (2, 19),
    2035: (2, 8),
}
"""Mùng một Tết by year: month, day."""

_KINGS: Final = {
    2025: (4, 7),
    2026: (4, 26),
    2027: (4, 16),
    2028: (4, 4),
    2029: (4, 23),
    2030: (4, 12),
    2031: (4, 1),
    2032: (4, 19),
    2033: (4, 9),
    2034: (4, 28),
    2035: (4, 17),
}
"""Giỗ Tổ Hùng Vương by year."""

LAST_YEAR: Final = max(_NEW_YEAR)
"""Until then the lunar days are known; later ones belong into ``monitoring.special_days``."""

_FIXED: Final = frozenset({(1, 1), (4, 30), (5, 1), (9, 1), (9, 2), (9, 3)})
_BEFORE_TET: Final = 4
"""Days before mùng một on which offices are shut and the year-end shows are on."""

_AFTER_TET: Final = 5


def is_special(day: date, extra: Iterable[date] = ()) -> bool:
    """Tell whether a day is special.

    Args:
        day: In the station's time.
        extra: What else the settings name.
    """
    if (day.month, day.day) in _FIXED or day in extra:
        return True
    if _KINGS.get(day.year) == (day.month, day.day):
        return True
    new_year = _NEW_YEAR.get(day.year)
    if new_year is None:
        return False
    days = (day - date(day.year, *new_year)).days
    return -_BEFORE_TET <= days <= _AFTER_TET


def special_quarters(
    first: int, count: int, zone: tzinfo, extra: Iterable[date] = ()
) -> NDArray[np.bool_]:
    """Return for each of ``count`` quarters from ``first`` whether its day is special.

    Args:
        first: Quarters of an hour since the Unix epoch.
        count: How many.
        zone: The station's; whole quarters from UTC.
        extra: What else the settings name.
    """
    named = frozenset(extra)
    start = datetime.fromtimestamp(first * QUARTER_S, zone)
    quarters = np.zeros(count, dtype=np.bool_)
    day = start.date()
    while (begin := _quarter_of(day, zone) - first) < count:
        end = _quarter_of(day + timedelta(days=1), zone) - first
        quarters[max(0, begin) : max(0, end)] = is_special(day, named)
        day += timedelta(days=1)
    return quarters


def _quarter_of(day: date, zone: tzinfo) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp()) // QUARTER_S
