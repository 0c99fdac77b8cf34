"""Viewings that are made up, with the truth about each told beside what its player reports.

A viewing is first a list of phases (what happened to the viewer), from which the truth is added up
in real numbers; only then is it written down as a player would, in CMCD version 2, with a report at
each change and one every thirty seconds.  The two share the phases and nothing else: no time of a
report enters the truth.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

__all__ = ["Truth", "Viewing", "make_viewings"]

EPOCH_MS: Final = 1_795_387_733_000
BEAT_S: Final = 30.0
WATCHED: Final = frozenset("sprk")


@dataclass(slots=True)
class Phase:
    """A state that lasted."""

    state: str
    seconds: float


@dataclass(slots=True)
class Viewing:
    """One viewing."""

    sid: str
    begins_s: float
    """On the station's clock."""

    skew_ms: int
    """How far the viewer's clock is off."""

    phases: list[Phase]
    last: str
    """The state told at its end; empty for a player that was cut off."""

    tells_msd: bool
    outcome: str = ""
    bodies: list[tuple[float, list[str]]] = field(default_factory=list)
    """When each body arrives, in seconds of the station's clock, and its lines."""

    def startup_s(self) -> float | None:
        """Return how long it took to start; None if it never did."""
        if not any(phase.state == "p" for phase in self.phases):
            return None
        return self.phases[0].seconds

    def write(self, rng: random.Random) -> None:
        """Write down what its player reports."""
        at, number, started = 0.0, 0, False
        for phase in self.phases:
            more = ""
            if phase.state == "p" and not started:
                started = True
                more = f",msd={round(self.phases[0].seconds * 1000)}" if self.tells_msd else ""
            self._report(at, number, f"e=ps,sta={phase.state}{more}", rng)
            number += 1
            beat = BEAT_S
            while beat < phase.seconds:
                self._report(at + beat, number, f"e=t,sta={phase.state}", rng)
                number += 1
                beat += BEAT_S
            at += phase.seconds
        if self.last:
            event = 'e,ec=("9")' if self.last == "f" else "ps"
            self._report(at, number, f"e={event},sta={self.last}", rng)

    def _report(self, at_s: float, number: int, members: str, rng: random.Random) -> None:
        ts_ms = EPOCH_MS + self.skew_ms + round((self.begins_s + at_s) * 1000)
        line = f'cid="hytv",{members},sid="{self.sid}",sn={number},ts={ts_ms},v=2'
        arrives_s = self.begins_s + at_s + rng.uniform(0.02, 0.4)
        if self.bodies and self.bodies[-1][0] > arrives_s:
            arrives_s = self.bodies[-1][0] + 0.001
        self.bodies.append((arrives_s, [line]))
        if rng.random() < 0.02:  # the answer was lost, so it is sent again
            self.bodies.append((arrives_s + 0.0005, [line]))


@dataclass(slots=True)
class Truth:
    """What the viewings came to."""

    outcomes: Counter[str] = field(default_factory=Counter)
    watched_s: float = 0.0
    stalled_s: float = 0.0
    stalls: int = 0
    startups_s: list[float] = field(default_factory=list)

    def add(self, viewing: Viewing) -> None:
        """Add a viewing."""
        if viewing.outcome:
            self.outcomes[viewing.outcome] += 1
        for phase in viewing.phases:
            self.watched_s += phase.seconds if phase.state in WATCHED else 0.0
            if phase.state == "r":
                self.stalls += 1
                self.stalled_s += phase.seconds
        startup_s = viewing.startup_s()
        if startup_s is not None:
            self.startups_s.append(startup_s)


def make_viewings(
    number: int, *, seed: int, mean_s: float = 900.0, cut_off: bool = True
) -> tuple[list[Viewing], Truth]:
    """Make viewings and their truth.

    Args:
        number: How many.
        seed: Of the dice.
        mean_s: How long they last about.
        cut_off: Whether some end without a word, which is known 90 s later.
    """
    rng = random.Random(seed)  # noqa: S311
    truth = Truth()
    viewings = []
    for index in range(number):
        viewing = _make(index, rng, mean_s, cut_off=cut_off)
        viewing.write(rng)
        truth.add(viewing)
        viewings.append(viewing)
    return viewings, truth


def _make(index: int, rng: random.Random, mean_s: float, *, cut_off: bool) -> Viewing:
    # Half start within 1.1 s, one in twenty takes more than 3.5 s.
    starting = Phase("s", min(40.0, rng.lognormvariate(0.1, 0.7)))
    dice = rng.random()
    phases, last, outcome = [starting], "q", "played"
    if dice < 0.03:
        last, outcome = "f", "start_failure"
    elif dice < 0.08:
        starting.seconds = rng.uniform(1.05, 12.0)
        outcome = "ebvs"
    elif dice < 0.10:
        starting.seconds = rng.uniform(0.1, 0.9)
        outcome = ""  # left within a second: no session
    else:
        phases += _playing(rng, mean_s)
        if dice < 0.14:
            last, outcome = "f", "playback_failure"
        elif dice < 0.20:
            last = "e"
        elif dice < 0.30 and cut_off:
            last = ""
    return Viewing(
        sid=f"{index:06x}-{rng.getrandbits(64):016x}",
        begins_s=rng.uniform(0.0, 3_600.0),
        skew_ms=rng.randint(-86_400_000, 86_400_000),
        phases=phases,
        last=last,
        tells_msd=rng.random() < 0.7,
        outcome=outcome,
    )


def _playing(rng: random.Random, mean_s: float) -> list[Phase]:
    left_s = min(rng.expovariate(1 / mean_s) + 0.1 * mean_s, 4 * mean_s)
    phases: list[Phase] = []
    while left_s > 0:
        played_s = min(left_s, rng.expovariate(3 / mean_s) + 1.0)
        phases.append(Phase("p", played_s))
        left_s -= played_s
        if left_s > 0:
            state, longest_s = rng.choice((("r", 0.02), ("r", 0.02), ("a", 0.2), ("k", 0.005)))
            phases.append(Phase(state, rng.uniform(0.3, 1.0) * longest_s * mean_s))
    return phases
