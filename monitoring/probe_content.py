"""What a viewer sees and hears, judged as inputs and the programme are.  Sans-I/O.

The kinds, and how each is measured, are :mod:`core.content`'s.  What is different here: there are
key frames only, so a picture is judged every second or two, and a segment comes at once.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from typing import Final

from core.config import ChannelSettings, Settings
from core.content import CONTENT_KINDS, PICTURE_KINDS, ContentLimits, ContentMeter, Luma
from core.content_schedule import ContentSchedule
from core.content_settings import ContentExceptionSettings, ContentSettings, limits_of
from core.loudness import STEP_SAMPLES, Sound
from core.timeline import SAMPLE_RATE
from monitoring.probe_faults import Fault, FaultKind
from monitoring.probe_segment import SegmentFacts

__all__ = ["OutputContent", "OutputRules", "output_rules"]

_TOLD: Final[tuple[FaultKind, ...]] = ("black", "freeze", "silence", "mono_loss", "phase")
"""What a player tells as its own fault.  Loudness is not: how loud a channel that is not ours is
meant to be, nobody knows."""

_REMEMBERED: Final = 32
_GONE_S: Final = 15.0
"""Key frames of strangers may be ten seconds apart, and segments are lost on the way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputRules:
    """How one channel is judged; without anything as a TV channel that has no settings."""

    limits: ContentLimits = field(
        default_factory=lambda: limits_of(ContentSettings(), is_radio=False)
    )
    kinds: tuple[str, ...] = CONTENT_KINDS
    """What there can be."""

    exceptions: tuple[ContentExceptionSettings, ...] = ()
    zone: tzinfo = UTC
    """The station's, for the exceptions."""


def output_rules(settings: Settings, zone: tzinfo) -> dict[str, OutputRules]:
    """Return the rules by own channel; nothing is flagged of one that is not to be measured."""
    return {channel.slug: _rules(channel, zone) for channel in settings.channels}


def _rules(channel: ChannelSettings, zone: tzinfo) -> OutputRules:
    is_radio = channel.kind == "radio"
    limits = limits_of(channel.content, is_radio=is_radio)
    return OutputRules(
        limits=limits if channel.content.measure else ContentLimits(flag_s={}),
        kinds=tuple(kind for kind in CONTENT_KINDS if not (is_radio and kind in PICTURE_KINDS)),
        exceptions=channel.exceptions,
        zone=zone,
    )


class OutputContent:
    """A meter at what one player decodes; it outlives the player."""

    def __init__(self, rules: OutputRules | None = None) -> None:
        """Begin with nothing seen or heard; ``rules`` are those of a strange channel if None."""
        self.rules = OutputRules() if rules is None else rules
        self.meter = ContentMeter(self.rules.limits, gone_s=_GONE_S)
        self._seen_s = self._heard_s = 0.0
        self._taken: deque[tuple[int, bool]] = deque(maxlen=_REMEMBERED)
        self._period: object = None
        self.schedule = ContentSchedule(self.rules.zone, self.rules.exceptions)
        """What is excused when, by media time as a playlist dates it; wants to know the guide."""

    def replace(self, rules: OutputRules) -> None:
        """Judge by these from now on; what lasts goes on lasting."""
        self.rules = rules
        self.meter.limits = rules.limits
        guide = self.schedule.guide
        self.schedule = ContentSchedule(rules.zone, rules.exceptions)
        self.schedule.guide = guide

    @property
    def active(self) -> frozenset[str]:
        """The kinds that are flagged."""
        return frozenset(kind for kind in self.rules.kinds if self.meter.is_flagged(kind))

    def take(self, facts: SegmentFacts, *, duration_s: float, msn: int, at_s: float) -> list[Fault]:
        """Look at and listen to one segment; takes some milliseconds for each second of it.

        Pictures and sound may come in segments of their own, each in order.

        Args:
            facts: What was decoded.
            duration_s: Of the segment.
            msn: Its number.
            at_s: When it was on air, UNIX seconds; the moment at which it came where nobody says.

        Returns:
            A fault for each kind that is flagged at its end; none of what was taken already.
        """
        # A player that begins anew begins with what the one before it had.
        key = (msn, bool(facts.pictures))
        if key in self._taken:
            return []
        self._taken.append(key)
        self.meter.excepted = self.schedule.kinds_at(at_s)
        self.meter.age(max(at_s, self._seen_s if facts.pictures else self._heard_s))
        kinds: list[FaultKind] = []
        if facts.pictures:
            self._look(facts.pictures, at_s, duration_s)
            kinds += [kind for kind in _TOLD if kind in PICTURE_KINDS]
        if facts.sound is not None:
            self._listen(facts.sound, at_s)
            kinds += [kind for kind in _TOLD if kind not in PICTURE_KINDS]
        return [
            Fault(kind, "output", f"{kind.replace('_', ' ')} for {lasted_s:.1f} s at segment {msn}")
            for kind in kinds
            if self.meter.is_flagged(kind)
            for lasted_s in [self.meter.lasted_s(kind, self._end_s(kind))]
        ]

    def _end_s(self, kind: str) -> float:
        return self._seen_s if kind in PICTURE_KINDS else self._heard_s

    def _look(self, pictures: tuple[Luma, ...], at_s: float, duration_s: float) -> None:
        # Never back: what is dated anew follows on the last.
        now_s = max(at_s, self._seen_s)
        for picture in pictures:
            self.meter.see(picture, now_s)
            now_s += duration_s / len(pictures)
        self._seen_s = now_s

    def _listen(self, sound: Sound, at_s: float) -> None:
        period = self.schedule.period_at(at_s)
        if period != self._period:
            self._period = period
            self.meter.restart_integrated()
        now_s = max(at_s, self._heard_s)
        for at in range(0, len(sound), STEP_SAMPLES):
            block = sound[at : at + STEP_SAMPLES]
            now_s += len(block) / SAMPLE_RATE
            self.meter.hear(block, now_s)
        self._heard_s = now_s
