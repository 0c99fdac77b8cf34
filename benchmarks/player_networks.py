"""What a viewer has on poor networks: five minutes of 3G, a tunnel, no room for a picture.

    python -m benchmarks.player_networks [--site URL] [--minutes M] [--only WORD ...]

Debian's Chromium under its own throttles (``tests/judges/network.mjs``) plays the page of a
television channel while the network changes.  Without ``--site`` a station of its own is on air:
the whole platform, with the 720p ladder.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from benchmarks.station import running_station
from tests.judges import judge

__all__ = ["player_networks"]

_WARM_S: Final = 45.0

Reports: TypeAlias = dict[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Case:
    """A journey through networks, and what must be true of it."""

    name: str
    stages: tuple[tuple[str, str, float], ...]
    """Name, network, and seconds of each stage."""

    judge: Callable[[Reports], list[str]]
    """Returns what is wrong, a sentence each."""


def _steady(seen: Reports) -> list[str]:
    halts = seen["3G"]["halts"]
    return [f"{halts} stalls"] if halts else []


def _tunnel(seen: Reports) -> list[str]:
    after, halt = (seen["outside again"][key] for key in ("moving_after_s", "longest_halt_s"))
    faults = [] if after is not None and after <= 3 else [f"moved {after} s after the tunnel"]
    return faults if halt <= 3 else [*faults, f"stood for {halt} s after the tunnel"]


def _edge(seen: Reports) -> list[str]:
    edge, back = seen["80 kbit/s"], seen["wide again"]
    faults = []
    if not edge["sound_only"]:
        faults.append("the page did not turn to sound")
    if edge["longest_halt_s"] > 3:
        faults.append(f"silent for {edge['longest_halt_s']} s")
    if edge["moved_s"] < 0.9 * edge["wall_s"]:
        faults.append(f"{edge['moved_s']} s played in {edge['wall_s']} s")
    if back["sound_only"] or not back["height"]:
        faults.append("the picture did not come back")
    return faults


def cases(minutes: float) -> tuple[Case, ...]:
    """Return the journeys; ``minutes`` is the length of the first."""
    return (
        Case("fast3g", (("3G", "fast3g", minutes * 60),), _steady),
        Case(
            "tunnel",
            (
                ("before", "tunnel", 40),
                ("in the tunnel", "offline", 20),
                ("outside again", "tunnel", 30),
            ),
            _tunnel,
        ),
        Case(
            "edge",
            (("wide", "4g", 40), ("80 kbit/s", "edge", 120), ("wide again", "4g", 60)),
            _edge,
        ),
    )


async def player_networks(
    minutes: float, site: str | None = None, only: Sequence[str] = ()
) -> bool:
    """Make every journey, print what was seen, and tell whether each was as it must be.

    Raises:
        JudgeError: If the browser could not be driven, or nothing played.
    """
    good = True
    async with AsyncExitStack() as stack:
        if site is None:
            station = await stack.enter_async_context(running_station(ladder="720p"))
            site = station.site
            await asyncio.sleep(_WARM_S)
        for case in cases(minutes):
            if only and not any(word in case.name for word in only):
                continue
            stages = [
                {"name": name, "network": network, "seconds": seconds}
                for name, network, seconds in case.stages
            ]
            reports = await judge.watch_networks(f"{site}/xem/hytv", stages)
            for report in reports:
                print(json.dumps({"case": case.name, **report}, ensure_ascii=False), flush=True)
            faults = case.judge({report["name"]: report for report in reports})
            print(f"{case.name}: {'; '.join(faults) or 'as it must be'}", flush=True)
            good = good and not faults
    return good


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--site", help="a station that is on air, rather than one of its own")
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--only", nargs="*", default=(), help="cases whose name has such a word")
    given = parser.parse_args()
    good = asyncio.run(player_networks(given.minutes, given.site, given.only))
    print("every target met" if good else "A TARGET WAS MISSED")


if __name__ == "__main__":
    main()
