"""The how-to names every kind of fault, and no other."""

from __future__ import annotations

import re
from pathlib import Path

from monitoring.probe_faults import FAULT_KINDS

ROOT = Path(__file__).parent.parent.parent


def test_the_how_to_tells_every_kind_of_fault() -> None:
    text = (ROOT / "docs/how-to/probe.md").read_text()
    assert tuple(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)) == FAULT_KINDS
