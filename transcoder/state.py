"""The parts of a running programme, for those who look at it: metrics and the operator."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from transcoder.buffer import InputBuffer
from transcoder.content_watch import ContentWatch
from transcoder.decoder import Decoder
from transcoder.keeper import EncoderKeeper
from transcoder.programme import ProgrammeThread
from transcoder.quality import QualitySampler
from transcoder.sender import RenditionSender
from transcoder.sound_sender import SoundSender
from transcoder.switcher import Switcher
from transcoder.thumbnails import ThumbnailSender

__all__ = ["ProgrammeInput", "ProgrammeState"]


@dataclass(frozen=True, slots=True)
class ProgrammeInput:
    """One input's buffer and the decoder that fills it."""

    buffer: InputBuffer
    decoder: Decoder


@dataclass(slots=True, kw_only=True)
class ProgrammeState:
    """Everything that one programme process is made of."""

    channel: str
    frame_rate: int
    has_picture: bool
    inputs: Mapping[str, ProgrammeInput]
    switcher: Switcher
    content: ContentWatch
    programme: ProgrammeThread
    keeper: EncoderKeeper
    senders: Mapping[str, RenditionSender]
    thumbnails: ThumbnailSender | None
    """None for radio."""

    quality: QualitySampler | None
    """None for radio."""

    sound: SoundSender | None
    """Of a radio's MP3; None for television."""

    encoder_restarts: dict[str, int] = field(default_factory=dict)
    """By fault."""
