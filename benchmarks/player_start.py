"""How soon a visitor sees a picture or hears a sound, on four networks, beside hls.js's defaults.

    python -m benchmarks.player_start [--site URL] [--times N] [--only WORD ...] [--trace]

The time runs from navigation to the first frame on screen, for radio to the first progress of the
sound; each visit is a new visitor's, with an empty cache, in Debian's Chromium under its own
throttles (``tests/judges/network.mjs``).  Between ours stand, in the same run and turn by turn,
visits of an empty page on which hls.js plays the same playlist with its default settings.  Without
``--site`` a station of its own is on air: the whole platform, with the 720p ladder.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any, Final

from benchmarks.station import running_station
from tests.judges import judge

__all__ = ["CASES", "Case", "measure_starts", "player_start"]

_WARM_S: Final = 45.0
"""By then the live window is full, and studios and encoders have calmed down."""


@dataclass(frozen=True, slots=True)
class Case:
    """One way to come to the page."""

    name: str
    path: str
    """Of the page, or with ``bare`` of the playlist."""

    network: str
    target_ms: int | None = None
    """The median must not be longer; None for what is only compared."""

    repeat: bool = False
    """The second visit counts, after the page was kept by its service worker."""

    pause_s: float = 0
    """Before it, so that nothing of what is on air now is in the browser's cache."""

    bare: bool = False
    """hls.js with its default settings on an empty page."""


CASES: Final = (
    Case("TV, loopback", "/xem/hytv", "loopback", 600),
    Case("TV, loopback, hls.js defaults", "/live/hytv/index.m3u8", "loopback", bare=True),
    Case("TV, 4g", "/xem/hytv", "4g"),
    Case("TV, 4g, hls.js defaults", "/live/hytv/index.m3u8", "4g", bare=True),
    Case("TV, fast3g", "/xem/hytv", "fast3g", 2_400),
    Case("TV, fast3g, hls.js defaults", "/live/hytv/index.m3u8", "fast3g", bare=True),
    Case("TV, slow3g", "/xem/hytv", "slow3g", 7_000),
    Case("TV, slow3g, hls.js defaults", "/live/hytv/index.m3u8", "slow3g", bare=True),
    Case("TV again, fast3g", "/xem/hytv", "fast3g", 1_000, repeat=True),
    Case("TV half a minute later, fast3g", "/xem/hytv", "fast3g", repeat=True, pause_s=30),
    Case("radio, slow3g", "/nghe/hyfm", "slow3g", 2_000),
    Case("radio, slow3g, hls.js defaults", "/live/hyfm/index.m3u8", "slow3g", bare=True),
)
"""What is measured, in this order."""


@dataclass(frozen=True, slots=True)
class Row:
    """What a case came to."""

    case: Case
    first_ms: list[int]
    faults: list[str]
    kilobytes: int
    requests: int

    @property
    def median_ms(self) -> float:
        """Median of the times; infinite where a visit played nothing."""
        return float("inf") if self.faults else statistics.median(self.first_ms)

    @property
    def met(self) -> bool:
        """Nothing failed, and the target, if there is one, is met."""
        return not self.faults and self.median_ms <= (self.case.target_ms or float("inf"))


async def measure_starts(
    site: str, cases: Sequence[Case], times: int, *, trace: bool = False
) -> list[Row]:
    """Visit ``site`` ``times`` times for each case, turn by turn.

    Raises:
        JudgeError: If the browser could not be driven.
    """
    visits: list[dict[str, Any]] = [
        {
            "url": site + case.path,
            "network": case.network,
            "repeat": case.repeat,
            "pause_s": case.pause_s,
            "bare": case.bare,
            "trace": trace,
        }
        for _ in range(times)
        for case in cases
    ]
    answers = await judge.measure_first(visits)
    rows = []
    for index, case in enumerate(cases):
        mine = answers[index :: len(cases)]
        good = [one for one in mine if "fault" not in one]
        rows.append(
            Row(
                case,
                [one["first_ms"] for one in good],
                [one["fault"] for one in mine if "fault" in one],
                max((one["kilobytes"] for one in good), default=0),
                max((one["requests"] for one in good), default=0),
            )
        )
        for one in mine[-1:] if trace else ():
            print(f"{case.name}: {one.get('first_ms')} ms")
            for item in one.get("trace", ()):
                print(
                    f"  {item['from_ms']:6} {item['to_ms']:6} {item['bytes']:8} {item['path']}"
                    f"{' (kept)' if item['kept'] else ''}"
                )
    return rows


def print_rows(rows: Sequence[Row]) -> None:
    """Print the table, and what failed."""
    print(f"{'':34} {'median':>8} {'target':>8}   all, ms; kB and requests until then")
    for row in rows:
        target = "" if row.case.target_ms is None else f"{row.case.target_ms / 1000:.1f} s"
        mark = "" if row.met else "  MISSED"
        print(
            f"{row.case.name:34} {row.median_ms / 1000:6.2f} s {target:>8}   "
            f"{' '.join(map(str, row.first_ms))}; {row.kilobytes} kB, {row.requests}{mark}"
        )
        for fault in row.faults:
            print(f"  fault: {fault}")


async def player_start(
    times: int, site: str | None = None, only: Sequence[str] = (), *, trace: bool = False
) -> bool:
    """Measure every case, print the table, and tell whether each target is met."""
    cases = [case for case in CASES if not only or any(word in case.name for word in only)]
    async with AsyncExitStack() as stack:
        if site is None:
            station = await stack.enter_async_context(running_station(ladder="720p"))
            site = station.site
            await asyncio.sleep(_WARM_S)
        rows = await measure_starts(site, cases, times, trace=trace)
    print_rows(rows)
    print(json.dumps({row.case.name: row.median_ms for row in rows}))
    return all(row.met for row in rows)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--site", help="a station that is on air, rather than one of its own")
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--only", nargs="*", default=(), help="cases whose name has such a word")
    parser.add_argument("--trace", action="store_true", help="print what the last visit asked for")
    given = parser.parse_args()
    good = asyncio.run(player_start(given.times, given.site, given.only, trace=given.trace))
    print("every target met" if good else "A TARGET WAS MISSED")


if __name__ == "__main__":
    main()
