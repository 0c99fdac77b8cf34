"""Kill the packager 200 times at random moments while it archives; then read every segment.

A kill of the process tests the order of what is done, not the disk's own memory: only a loss of
power does that, and the order of sync and rename is asserted in tests/core/test_archive_disk.py.
"""

from __future__ import annotations

import json
import random
from dataclasses import asdict
from typing import Final

from tests.packager.archive_kills import KillReport, kill_while_archiving
from tests.packager.station import new_station

__all__ = ["archive_kills"]

_KILLS_A_STATION: Final = 10


async def archive_kills(kills: int) -> bool:
    """Run ``kills`` kills, in fresh stations of ten; print what was found beside the target."""
    report, rng = KillReport(), random.Random(2611)  # noqa: S311 - moments, not secrets
    while report.kills < kills:
        with new_station() as station:
            await kill_while_archiving(
                station,
                kills=min(_KILLS_A_STATION, kills - report.kills),
                rng=rng,
                report=report,
                tell=lambda text: print(f"\r{text}   ", end="", flush=True),
            )
    print()
    print(json.dumps({**asdict(report), "target": {"missing": 0, "lost_at_most": 1}}))
    return not report.missing and report.lost_at_most <= 1
