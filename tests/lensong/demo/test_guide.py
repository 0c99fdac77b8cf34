"""The demo's guide is one that the control room takes without a word."""

from __future__ import annotations

from collections import Counter

from lensong.demo.guide import render_guide
from tests.control.reading import NOW, read, taken


def test_three_days_of_two_channels_without_a_fault() -> None:
    reading = read(render_guide(NOW))
    assert reading.faults == ()
    assert [(plan.channel, str(plan.day)) for plan in reading.days] == [
        (channel, day)
        for channel in ("hytv", "hyfm")
        for day in ("2026-11-22", "2026-11-23", "2026-11-24")
    ]
    lengths = Counter(
        (draft.end_s - draft.start_s) // 60 for plan in reading.days for draft in plan.drafts
    )
    assert set(lengths) <= {30, 45, 60}
    assert ("hytv", "2026-11-23", "Thời sự Hưng Yên") in taken(reading)
    assert any(draft.series for plan in reading.days for draft in plan.drafts)
