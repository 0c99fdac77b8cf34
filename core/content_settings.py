"""Settings of what is measured of pictures and sound.  Sans-I/O."""

from __future__ import annotations

from datetime import time as time_of_day
from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from core.content import ContentLimits
from core.settings_model import SettingsModel

__all__ = ["WEEKDAYS", "ContentExceptionSettings", "ContentSettings", "limits_of"]

WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Kind = Literal["black", "freeze", "silence", "mono_loss", "phase", "loudness"]
FlagSeconds = Annotated[float, Field(ge=0, le=3_600)]
TitlePattern = Annotated[str, Field(min_length=1, max_length=200)]
ClockTime = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?$")]

_RADIO_SILENCE_S: Final = 15.0
_TV_SILENCE_S: Final = 30.0


class ContentSettings(SettingsModel):
    """What is measured of a channel's pictures and sound; 0 seconds is never."""

    measure: bool = True
    """Measure every input, the programme and the output; false also ends switching by content."""

    black_flag_s: FlagSeconds = 2.0
    """Seconds of black picture until it is flagged."""

    black_switch_s: FlagSeconds = 10.0
    """Seconds of black picture until the input is left for another that is good."""

    freeze_flag_s: FlagSeconds = 5.0
    """Seconds of frozen picture until it is flagged."""

    freeze_switch_s: FlagSeconds = 20.0
    """Seconds of frozen picture until the input is left for another that is good."""

    silence_flag_s: FlagSeconds = 5.0
    """Seconds of silence (below -60 dBFS) until it is flagged."""

    silence_switch_s: FlagSeconds | None = None
    """Seconds of silence until the input is left for another that is good; without it 15 for radio
    and 30 for TV."""

    mono_loss_flag_s: FlagSeconds = 10.0
    """Seconds with one channel silent, while the other is above -40 dBFS, until it is flagged."""

    phase_flag_s: FlagSeconds = 10.0
    """Seconds with left and right opposed (correlation below -0.8) until it is flagged."""

    target_lufs: Annotated[float, Field(ge=-40, le=-8)] = -23.0
    """The loudness that the channel is meant to have, in LUFS (EBU R 128: -23)."""

    loudness_tolerance_lu: Annotated[float, Field(gt=0, le=20)] = 2.0
    """How far the loudness of a minute may be from ``target_lufs`` before it is flagged, in LU."""

    loudness_flag_s: FlagSeconds = 1.0
    """Seconds for which that must last."""

    loudness_log_days: Annotated[int, Field(ge=0, le=4_000)] = 400
    """Days for which the loudness of each minute is kept for reports; 0 keeps none."""


class ContentExceptionSettings(SettingsModel):
    """When faults of content are none: at a time of day, such as a still picture at night, or while
    a programme of the guide is on, such as a minute of silence.
    """

    kinds: Annotated[tuple[Kind, ...], Field(min_length=1)]
    """What is no fault then: black, freeze, silence, mono_loss, phase, loudness."""

    programme: TitlePattern | None = None
    """Only while a programme of this title is on, as the guide tells: ``Phút mặc niệm``; ``*`` is
    anything (``Ca nhạc*``), ``?`` one letter. Case and diacritics make no difference."""

    category: TitlePattern | None = None
    """Only while a programme of this category is on, as the guide tells; ``*``, ``?`` likewise."""

    days: Annotated[tuple[Weekday, ...], Field(min_length=1)] = WEEKDAYS
    """Days on which it, or the programme, begins: mon, tue, wed, thu, fri, sat, sun."""

    begin: ClockTime | None = None
    """When it begins, on the station's clock: ``23:30`` or ``23:30:00``; not needed with
    ``programme`` or ``category``."""

    end: ClockTime | None = None
    """When it ends; the next day if that is not after ``begin``."""

    @model_validator(mode="after")
    def _says_when(self) -> Self:
        for name in ("programme", "category"):
            pattern = getattr(self, name)
            if pattern is not None and not pattern.strip("*? "):
                raise ValueError(f"{name} {pattern!r} fits everything; write some of the name")
        if self.begin is None and self.end is None:
            if self.programme is None and self.category is None:
                raise ValueError("says no time: write begin and end, or programme, or category")
            return self
        if self.begin is None or self.end is None:
            raise ValueError("has begin or end alone; write both")
        if time_of_day.fromisoformat(self.begin) == time_of_day.fromisoformat(self.end):
            raise ValueError("begins when it ends; for a whole day write 00:00 and 23:59:59")
        return self


def limits_of(settings: ContentSettings, *, is_radio: bool) -> ContentLimits:
    """Return the limits that a channel's settings mean; a kind of 0 seconds is left out."""
    silence_s = settings.silence_switch_s
    if silence_s is None:
        silence_s = _RADIO_SILENCE_S if is_radio else _TV_SILENCE_S
    flag_s = {
        "black": settings.black_flag_s,
        "freeze": settings.freeze_flag_s,
        "silence": settings.silence_flag_s,
        "mono_loss": settings.mono_loss_flag_s,
        "phase": settings.phase_flag_s,
        "loudness": settings.loudness_flag_s,
    }
    switch_s = {
        "black": settings.black_switch_s,
        "freeze": settings.freeze_switch_s,
        "silence": silence_s,
    }
    return ContentLimits(
        flag_s={kind: seconds for kind, seconds in flag_s.items() if seconds > 0},
        switch_s={kind: seconds for kind, seconds in switch_s.items() if seconds > 0},
        target_lufs=settings.target_lufs,
        tolerance_lu=settings.loudness_tolerance_lu,
    )
