"""The viewings of ``synthetic_sessions`` as a player tells them that reports by its requests.

What a viewer had comes from the same phases.  The player here is the simplest that there is: it
asks for a playlist and then for media, each of 3.84 s, and for the next one as soon as less than
twelve seconds are buffered.  What it says of its buffer is reckoned from how much was played until
then, and from nothing that the truth is added up from.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

from tests.origin.synthetic_sessions import Phase, Viewing

__all__ = ["Request", "requests_of"]

Ask: TypeAlias = Callable[..., None]

SEGMENT_S: Final = 3.84
TARGET_S: Final = 12.0


@dataclass(frozen=True, slots=True, order=True)
class Request:
    """One request of a viewing."""

    at_s: float
    """When it arrives, on the station's clock."""

    path: str
    cmcd: str


def requests_of(  # noqa: C901 - one branch a state
    viewing: Viewing, rng: random.Random, *, version: int
) -> list[Request]:
    """Write a viewing as requests; of its phases the last leaves no trace but that none follow."""
    found: list[Request] = []
    sid, last = f'sid="{viewing.sid}"', viewing.phases[-1]
    told = ",v=2" if version == 2 else ""

    def ask(at_s: float, path: str, *members: str) -> None:
        arrives_s = viewing.begins_s + at_s + rng.uniform(0.0, 0.05)
        found.append(Request(arrives_s, path, f"{','.join((*members, sid, 'st=l'))}{told}"))

    at_s = played_s = fetched_s = 0.0
    stalled_s, first = 0.0, True
    for phase in viewing.phases:
        end_s = at_s + phase.seconds
        if phase.state == "s":
            _start(phase, ask, version)
            fetched_s = TARGET_S
        elif phase.state == "p":
            while (due_s := fetched_s - TARGET_S - played_s) < end_s - at_s:
                at_s, played_s = at_s + max(0.0, due_s), played_s + max(0.0, due_s)
                buffer_ms = round((fetched_s - played_s) * 10) * 100
                members = [f"bl={buffer_ms}", "br=800", "d=3840", "ot=v"]
                members += ["bs"] if stalled_s else []
                if version == 2:
                    members += ["sta=p", *([f"bsd={round(stalled_s * 1000)}"] * bool(stalled_s))]
                    if first and viewing.tells_msd:
                        members.append(f"msd={round(viewing.phases[0].seconds * 1000)}")
                ask(at_s, "/media/hytv/360p/1.m4s", *members)
                stalled_s, first = 0.0, False
                fetched_s += SEGMENT_S
            played_s += end_s - at_s
        elif phase.state == "r":
            stalled_s += phase.seconds
        elif phase.state == "a" and phase is not last:
            _pause(phase, at_s, ask, version)
        elif phase.state == "k":  # the buffer is another one behind a seek
            fetched_s = played_s + TARGET_S
        at_s = end_s
    return found


def _start(phase: Phase, ask: Ask, version: int) -> None:
    """Ask for playlists, header and first media while nothing plays."""
    state = ("sta=s",) if version == 2 else ()
    ask(0.0, "/live/hytv/index.m3u8", *state, "ot=m", "su")
    ask(min(0.05, phase.seconds * 0.1), "/live/hytv/360p/index.m3u8", *state, "ot=m", "su")
    at_s = phase.seconds * 0.3
    while at_s < phase.seconds * 0.999:
        ask(at_s, "/media/hytv/360p/1.m4s", *state, "bl=0", "br=800", "d=3840", "ot=v", "su")
        at_s += max(0.2, phase.seconds * 0.2299)


def _pause(phase: Phase, begin_s: float, ask: Ask, version: int) -> None:
    """Go on with playlists, as players of live lists do."""
    state = ("sta=a",) if version == 2 else ()
    at_s = 0.1
    while at_s < phase.seconds:
        ask(begin_s + at_s, "/live/hytv/360p/index.m3u8", *state, "ot=m")
        at_s += SEGMENT_S
