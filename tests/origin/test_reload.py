"""origin.reload: what the origin does with _HLS_msn and _HLS_part."""

from __future__ import annotations

import pytest

from core.timeline import PartAddress, UnixNs
from origin.reload import Hold, Refuse, Reload, ServeNow, decide_reload

NOW = UnixNs(1_790_000_000_000_000_000)
DEADLINE = UnixNs(1_790_000_012_000_000_000)
OPEN = PartAddress(100, 3)
WHOLE = PartAddress(100, 5)
FAR = Refuse("_HLS_msn is too far ahead")


def hold(msn: int, part: int) -> Hold:
    return Hold(PartAddress(msn, part), DEADLINE)


@pytest.mark.parametrize(
    ("edge", "msn", "part", "expected"),
    [
        pytest.param(OPEN, None, None, ServeNow(), id="no directive"),
        pytest.param(OPEN, None, 3, Refuse("_HLS_part without _HLS_msn"), id="part alone"),
        pytest.param(OPEN, 100, 3, ServeNow(), id="the edge itself"),
        pytest.param(OPEN, 100, 4, hold(100, 4), id="next part"),
        pytest.param(OPEN, 100, None, hold(100, 5), id="rest of the segment"),
        pytest.param(OPEN, 100, 6, hold(101, 0), id="past the last part"),
        pytest.param(OPEN, 99, 9, ServeNow(), id="past the last part of a whole segment"),
        pytest.param(OPEN, 101, 0, hold(101, 0), id="two past the last whole one"),
        pytest.param(OPEN, 101, 6, FAR, id="past the last part of the last one allowed"),
        pytest.param(OPEN, 102, 0, FAR, id="too far ahead"),
        pytest.param(WHOLE, 101, 5, hold(101, 5), id="last part of the next segment, as hls.js"),
        pytest.param(WHOLE, 102, None, hold(102, 5), id="two past a segment just finished"),
        pytest.param(WHOLE, 103, 0, FAR, id="three past a segment just finished"),
        pytest.param(OPEN, 7, 0, ServeNow(), id="long gone: the whole playlist at once"),
    ],
)
def test_each_row_is_one_rule_of_the_draft(
    edge: PartAddress, msn: int | None, part: int | None, expected: Reload
) -> None:
    assert decide_reload(msn=msn, part=part, edge=edge, now=NOW) == expected
