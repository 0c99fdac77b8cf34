"""The table that people read."""

from __future__ import annotations

from typing import Any

import pytest

from lensong.status import render_status


@pytest.mark.parametrize(
    ("facts", "line"),
    [
        ({"guide_ahead_s": 26.9 * 3600}, "hytv: lịch phát sóng còn 26 giờ / the guide goes on for"),
        ({"guide_ahead_s": 0}, "hytv: lịch phát sóng đã hết / the guide is over"),
        ({"guide_ahead_s": None}, "hytv: lịch phát sóng: không rõ / the guide: not known"),
        ({}, "hytv: lịch phát sóng: không rõ / the guide: not known"),
    ],
)
def test_the_guide_has_a_line(facts: dict[str, Any], line: str) -> None:
    status = {"processes": {}, "channels": {"hytv": {"inputs": {}, **facts}}}
    assert line in render_status(status)


def test_a_blackout_goes_before_a_take() -> None:
    facts = {"inputs": {}, "on_air": "slate", "take": "studio", "blackout": True}
    shown = render_status({"processes": {}, "channels": {"hytv": facts}})
    assert "slate (blackout)" in shown
    assert "(taken)" not in shown
