"""The switcher: one frame and its samples each tick, whatever the inputs do.

``tick()`` is called by the programme's thread, once a frame of the programme clock; it
reads the inputs' buffers, decides, and returns what goes on the tape.  It never waits.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from core.timeline import (
    PARTS_PER_SEGMENT,
    frames_per_segment,
    samples_per_frame,
    start_of_frame,
)
from transcoder.buffer import InputBuffer, Picture, Taken
from transcoder.decision import (
    SLATE,
    Blackout,
    ContentFault,
    InputState,
    Rules,
    Stay,
    SwitchTo,
    decide_source,
    is_blacked_out,
)
from transcoder.mixer import SoundMixer
from transcoder.tape import TapeItem

__all__ = ["ContentVerdict", "LastSwitch", "Switcher", "SwitcherCounts", "Tap"]

_KEPT_SLATE_SEGMENTS = 4 * PARTS_PER_SEGMENT

Tap: TypeAlias = Callable[[Mapping[str, Taken], TapeItem], None]
"""Takes what every input gave at a tick and what was made of it; must not wait."""


@dataclass(frozen=True, slots=True)
class LastSwitch:
    """The newest change of the source on air."""

    source_from: str
    source_to: str
    reason: str
    repeated_frames: int
    """Frames repeated between the last good frame of the old source and the switch."""

    frame: int
    """First frame of the new source."""


@dataclass(frozen=True, slots=True)
class ContentVerdict:
    """What was found of an input's content."""

    fault: ContentFault | None = None
    """For what it has been bad for the switch time."""

    is_alive: bool = True
    """Nothing is flagged for which it may be left."""


@dataclass(slots=True)
class SwitcherCounts:
    """What the switcher counts; read by the metrics."""

    repeated_frames: int = 0
    slate_frames: int = 0
    switches: dict[tuple[str, str], int] = field(default_factory=dict)
    """By (target, reason)."""

    gaps_s: list[float] = field(default_factory=list)
    """Seconds from the last good frame to the replacement's first, not yet exported."""


_ALIVE: Final = ContentVerdict()


@dataclass(slots=True)
class _Health:
    good: bool = False
    good_since_ns: int = 0
    delivered_ns: int = 0
    was_lost: bool = False
    was_faulty: bool = False
    alive_since_ns: int = 0


class Switcher:
    """Pick a source each tick; repeat, fade and slate in between."""

    def __init__(
        self,
        *,
        inputs: Mapping[str, InputBuffer],
        frame_rate: int,
        patience_ms: int,
        rules: Rules,
        slate: Callable[[], Picture | None],
        tap: Tap = lambda _taken, _item: None,
    ) -> None:
        """Prepare.

        Args:
            inputs: Buffers by name, in order of priority.
            frame_rate: Frames a second of the programme.
            patience_ms: How long an input may deliver nothing and still be good.
            rules: The channel's rules of switching.
            slate: Returns the slate's picture; None for radio.
            tap: Is shown each tick; must not wait.
        """
        self._inputs = dict(inputs)
        self._health = {name: _Health() for name in inputs}
        self._rate = frame_rate
        self._patience_ns = patience_ms * 1_000_000
        self._rules = rules
        self._slate = slate
        self._tap = tap
        self._verdicts: Mapping[str, ContentVerdict] = {}
        self._mixer = SoundMixer(block_samples=samples_per_frame(frame_rate))
        self._lock = threading.Lock()
        self._take: str | None = None
        self._blackouts: tuple[Blackout, ...] = ()
        self.is_blacked_out = False
        """The frame made last is the slate because the guide says so."""

        self._picture: Picture | None = None
        self._repeats = 0
        self._slate_segments: dict[int, None] = {}
        self.on_air = SLATE
        self.last_switch: LastSwitch | None = None
        self.counts = SwitcherCounts()

    @property
    def take(self) -> str | None:
        """The source that the operator took, if any."""
        return self._take

    @take.setter
    def take(self, source: str | None) -> None:
        with self._lock:
            self._take = source

    def replace_blackouts(self, blackouts: tuple[Blackout, ...]) -> None:
        """Show the slate in these spans, exact to the frame."""
        with self._lock:
            self._blackouts = blackouts

    def replace_verdicts(self, verdicts: Mapping[str, ContentVerdict]) -> None:
        """Take what was found of the inputs' content; an input that is not named is alive."""
        with self._lock:
            self._verdicts = dict(verdicts)

    def content_fault(self, name: str) -> ContentFault | None:
        """Return for what an input's content is bad now."""
        return self._verdicts.get(name, _ALIVE).fault

    def replace_inputs(self, inputs: Mapping[str, InputBuffer], rules: Rules) -> None:
        """Use other inputs from the next tick on; those of the same name keep their health."""
        with self._lock:
            self._inputs = dict(inputs)
            self._health = {name: self._health.get(name, _Health()) for name in inputs}
            self._rules = rules
            if self._take not in (None, SLATE, *inputs):
                self._take = None

    def health(self) -> dict[str, tuple[bool, int]]:
        """Return (good, since when on the monotonic clock) of every input."""
        with self._lock:
            return {name: (item.good, item.good_since_ns) for name, item in self._health.items()}

    def showed_slate(self, msn: int) -> bool:
        """Tell whether segment ``msn`` has shown the slate so far."""
        return msn in self._slate_segments

    def tick(self, frame: int, now_ns: int) -> TapeItem:
        """Make frame ``frame`` of the programme.

        Args:
            frame: Number of the frame since the epoch.
            now_ns: Moment on the monotonic clock.
        """
        with self._lock:
            taken = {name: buffer.take(frame) for name, buffer in self._inputs.items()}
            states = [self._judge(name, taken[name], now_ns) for name in self._inputs]
            if self.on_air != SLATE and self.on_air not in self._inputs:
                self._switch(SwitchTo(SLATE, "operator"), frame)  # reload took it away
            self.is_blacked_out = is_blacked_out(self._blackouts, start_of_frame(frame, self._rate))
            decision = decide_source(
                states,
                on_air=self.on_air,
                take=self._take,
                now_ns=now_ns,
                rules=self._rules,
                blackout=self.is_blacked_out,
            )
            was_on_air = self.on_air
            match decision:
                case Stay():
                    pass
                case SwitchTo():
                    self._switch(decision, frame)
            is_cut = self.on_air != was_on_air
            item = self._assemble(frame, taken.get(self.on_air), is_cut=is_cut)
        self._tap(taken, item)
        return item

    def _judge(self, name: str, taken: Taken, now_ns: int) -> InputState:
        health = self._health[name]
        if taken.delivered:
            health.delivered_ns = now_ns
            if not health.good:
                health.good, health.good_since_ns = True, now_ns
        elif health.good and now_ns - health.delivered_ns > self._patience_ns:
            health.good, health.was_lost = False, True
        elif name != self.on_air:
            # The patience is for what viewers see now.  To be returned to, an input must have
            # delivered every frame: one that flaps just within the patience never does.
            health.good_since_ns = now_ns
        verdict = self._verdicts.get(name, _ALIVE)
        health.was_faulty |= verdict.fault is not None
        if not verdict.is_alive:
            health.alive_since_ns = now_ns
        return InputState(
            name=name,
            good=health.good,
            good_since_ns=health.good_since_ns,
            was_lost=health.was_lost,
            fault=verdict.fault,
            alive=verdict.is_alive,
            was_faulty=health.was_faulty,
            alive_since_ns=health.alive_since_ns,
        )

    def _switch(self, decision: SwitchTo, frame: int) -> None:
        self.last_switch = LastSwitch(
            self.on_air, decision.source, decision.reason, self._repeats, frame
        )
        key = (decision.source, decision.reason)
        self.counts.switches[key] = self.counts.switches.get(key, 0) + 1
        if decision.reason == "loss":
            self.counts.gaps_s.append((self._repeats + 1) / self._rate)
        self.on_air = decision.source
        self._repeats = 0

    def _assemble(self, frame: int, taken: Taken | None, *, is_cut: bool) -> TapeItem:
        if taken is None:
            picture, sound = self._slate(), None
            self.counts.slate_frames += 1
            self._slate_segments[frame // frames_per_segment(self._rate)] = None
            if len(self._slate_segments) > _KEPT_SLATE_SEGMENTS:
                del self._slate_segments[next(iter(self._slate_segments))]
        else:
            picture, sound = taken.picture, taken.sound
            if not taken.delivered:
                self._repeats += 1
                self.counts.repeated_frames += 1
            else:
                self._repeats = 0
        if picture is None:
            picture = self._picture
        self._picture = picture
        mixed = self._mixer.mix(sound, is_cut=is_cut)
        return TapeItem(frame, picture, mixed.tobytes())
