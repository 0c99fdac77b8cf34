"""A watched station: Prometheus sees the fault, somebody is told of it, and of nothing else.

The short form of ``make soak NAME=alerts``.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.services
@pytest.mark.timeout(180)
def test_a_killed_publisher_is_told_as_slate_in_time_and_cleared(tmp_path: Path) -> None:
    rows = tmp_path / "rows.json"
    run = subprocess.run(
        [
            sys.executable,
            *("-m", "benchmarks.alert_faults", "publisher-killed"),
            *("--offset", "25600", "--json", str(rows)),
        ],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    assert rows.exists(), run.stdout + run.stderr
    (row,) = json.loads(rows.read_text())
    assert run.returncode == 0, row
    assert row["alert"] == "ChannelOnSlate/input"
    assert row["fired_s"] <= row["deadline_s"] + 30
    assert row["told_s"] <= row["deadline_s"] + 30
    assert row["other_pages"] == []
    assert row["cleared_s"] is not None
