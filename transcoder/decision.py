"""Decide which source feeds the programme.  Sans-I/O.

The decision is a pure function of what the inputs deliver, the rules, the operator's
take and the moment.  It knows no pipe, process or socket, so that every fault a feed
can have is a row in a table of tests.

An input is *good* while it delivers: a frame was there when its turn came, not longer
ago than the channel's patience.  It is *trusted* when it has been good for long enough
since it was last lost; only a trusted input is returned to, which is what keeps a
flapping feed (1 Hz) from dragging the viewers to and fro.

A good input may have a *fault of content*: it delivers, but what it delivers has been
black, frozen or silent for longer than the channel bears.  It ranks between the trusted
inputs without a fault and the slate.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from core.guide import GuideSnapshot
from core.timeline import UnixNs

__all__ = [
    "SLATE",
    "Blackout",
    "ContentFault",
    "Decision",
    "InputState",
    "Rules",
    "Stay",
    "SwitchTo",
    "blackouts_of",
    "decide_source",
    "is_blacked_out",
]

SLATE: Final = "slate"
"""Name of the source that is always there."""

ContentFault: TypeAlias = Literal["black", "freeze", "silence"]
Reason: TypeAlias = Literal["loss", "recover", "operator", "schedule"] | ContentFault

_NS: Final = 1_000_000_000

_STEADY_NS: Final = 2_000_000_000
"""In need, with nothing trusted left, an input that was good for this long will do.

A feed that flaps at 1 Hz is never good for two seconds, so it is never chosen in need.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """A channel's rules of switching."""

    return_after_ns: int
    """How long an input that was lost must be good before it is trusted again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InputState:
    """What the switcher knows of one input at a tick."""

    name: str
    good: bool
    good_since_ns: int
    """When it became good, on the caller's clock; of no meaning while it is not."""

    was_lost: bool
    """It was good before and then not, since the programme began."""

    fault: ContentFault | None = None
    """For what its content has been bad for the channel's switch time."""

    alive: bool = True
    """Nothing is flagged in its content for which it could be left."""

    was_faulty: bool = False
    """It had such a fault since the programme began."""

    alive_since_ns: int = 0
    """When its content was last dead, on the caller's clock; of meaning once it was faulty."""


@dataclass(frozen=True, slots=True)
class Blackout:
    """A span that may not be shown at all, known beforehand from the guide."""

    start_ns: UnixNs
    """First moment that is the slate's."""

    end_ns: UnixNs
    """First moment after it."""


@dataclass(frozen=True, slots=True)
class Stay:
    """The source on air stays there."""


@dataclass(frozen=True, slots=True)
class SwitchTo:
    """The next frame comes from ``source``."""

    source: str
    reason: Reason


Decision: TypeAlias = Stay | SwitchTo


def blackouts_of(snapshot: GuideSnapshot, *, now_s: int) -> tuple[Blackout, ...]:
    """Return the blackouts that are on or to come at ``now_s`` (UNIX seconds)."""
    return tuple(
        Blackout(UnixNs(item.began_s * _NS), UnixNs(item.ended_s * _NS))
        for item in snapshot.programmes
        if item.blackout and item.ended_s > now_s
    )


def is_blacked_out(blackouts: Iterable[Blackout], frame_ns: UnixNs) -> bool:
    """Tell whether the frame that begins at ``frame_ns`` must be the slate."""
    return any(item.start_ns <= frame_ns < item.end_ns for item in blackouts)


def decide_source(
    inputs: Sequence[InputState],
    *,
    on_air: str,
    take: str | None,
    now_ns: int,
    rules: Rules,
    blackout: bool = False,
) -> Decision:
    """Decide what feeds the next frame.

    Args:
        inputs: Every input, in order of priority.
        on_air: The source that fed the last frame; :data:`SLATE` or an input's name.
        take: What the operator wants on air until it is released; it is shown whenever
            it is good, and slate always is.
        now_ns: The moment, on the clock of ``good_since_ns``.
        rules: The channel's rules.
        blackout: The guide says that the next frame may not be shown
            (:func:`is_blacked_out`); nobody's take goes before that.
    """
    if blackout or take == SLATE:
        reason: Reason = "schedule" if blackout else "operator"
        return Stay() if on_air == SLATE else SwitchTo(SLATE, reason)
    by_name = {item.name: item for item in inputs}
    taken = by_name.get(take) if take is not None else None
    if taken is not None and taken.good:
        return Stay() if on_air == taken.name else SwitchTo(taken.name, "operator")

    current = by_name.get(on_air)
    if current is not None and current.good:
        return _decide_to_leave(inputs, current, now_ns=now_ns, rules=rules)
    return _decide_in_need(inputs, on_air=on_air, now_ns=now_ns, rules=rules)


def _decide_to_leave(
    inputs: Sequence[InputState], current: InputState, *, now_ns: int, rules: Rules
) -> Decision:
    """Decide while what is on air delivers."""
    trusted = [item.name for item in inputs if _is_trusted(item, now_ns, rules)]
    if current.fault is None:
        better = _before(trusted, current.name, [item.name for item in inputs])
        return Stay() if better is None else SwitchTo(better, "recover")
    # A picture without sound, or sound without a picture, is still the programme: a viewer gets
    # more from it than from a slate, and the studio may mean it.  So it is left for an input that
    # is good and alive, and for nothing else; if all are dead, what is on stays.
    return SwitchTo(trusted[0], current.fault) if trusted else Stay()


def _decide_in_need(
    inputs: Sequence[InputState], *, on_air: str, now_ns: int, rules: Rules
) -> Decision:
    """Decide while the slate is on air, or an input that delivers no more."""
    reason: Reason = "recover" if on_air == SLATE else "loss"
    trusted = [item for item in inputs if _is_trusted(item, now_ns, rules)]
    # Black or silent, but a signal that holds: better than the slate, for the same reason.
    trusted += sorted(
        (item for item in inputs if _has_trusted_signal(item, now_ns, rules)),
        key=lambda item: item.fault is not None,
    )
    if trusted:
        return SwitchTo(trusted[0].name, reason)
    if on_air == SLATE:
        return Stay()
    steady = [item.name for item in inputs if item.good and _good_for(item, now_ns) >= _STEADY_NS]
    return SwitchTo(steady[0] if steady else SLATE, reason)


def _good_for(item: InputState, now_ns: int) -> int:
    return now_ns - item.good_since_ns


def _is_trusted(item: InputState, now_ns: int, rules: Rules) -> bool:
    # What is flagged already may be the same fault, seconds behind: not that one.
    if not item.alive or not _has_trusted_signal(item, now_ns, rules):
        return False
    return not item.was_faulty or now_ns - item.alive_since_ns >= rules.return_after_ns


def _has_trusted_signal(item: InputState, now_ns: int, rules: Rules) -> bool:
    # An input that was never lost is trusted at once: the first picture of the day does
    # not wait, and a backup that has just come up is better than slate.
    if not item.good:
        return False
    return not item.was_lost or _good_for(item, now_ns) >= rules.return_after_ns


def _before(candidates: Sequence[str], name: str, order: Sequence[str]) -> str | None:
    """Return the first candidate that stands before ``name`` in order of priority."""
    return next((item for item in candidates if order.index(item) < order.index(name)), None)
