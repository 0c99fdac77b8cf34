"""Lip-sync from RTMP in to HLS out, with clocks that are off and a hole in the sound."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.skewed_studio import LOOP_PICTURES, Hole, encode_loop, source_tags

ROOT = Path(__file__).resolve().parents[2]
SOUND, PICTURE = 8, 9
_TRIES = 3
_FEW = 2


@pytest.mark.media
@pytest.mark.timeout(300)
def test_flash_and_beep_stay_together_through_drift_and_a_hole() -> None:
    """A studio 500 ppm fast for 36 s, with a second without sound.

    A host that stands still makes the switcher repeat pictures, which is no answer to the
    question; then it is asked again.
    """
    total = _measure("short-fast")
    for _ in range(_TRIES - 1):
        if not total["slate"] and total["repeated"] <= _FEW:
            break
        total = _measure("short-fast")
    assert total["pairs"] >= 12
    assert total["worst_ms"] <= 20 + total["checker_error_ms"]


def _measure(scenario: str) -> dict[str, Any]:
    command = ["-m", "benchmarks.drift", scenario, "--minutes", "0.6"]
    run = subprocess.run(
        [sys.executable, *command], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False
    )
    lines: list[dict[str, Any]] = [json.loads(line) for line in run.stdout.splitlines()]
    totals = [line for line in lines if "checker_error_ms" in line]
    assert len(totals) == 1, run.stdout
    return totals[0]


@pytest.mark.media
@pytest.mark.timeout(60)
def test_the_skewed_studio_leaves_out_just_the_hole() -> None:
    hole = Hole(at_s=3.0, seconds=1.0, every_s=8.0)
    loop = encode_loop()
    assert len(loop.pictures) == LOOP_PICTURES
    pictures: list[int] = []
    sounds: list[int] = []
    for tag in source_tags(loop, picture_hole=hole):
        if tag.timestamp_ms >= 16_000:
            break
        if tag.payload[1] == 1:
            (pictures if tag.kind == PICTURE else sounds).append(tag.timestamp_ms)
    there = [number * 40 for number in range(400) if not 75 <= number % 200 < 100]
    assert pictures == there
    assert sounds == [round(number * 64 / 3) for number in range(750)]
