"""Black, frozen and silent for too long, as the viewer gets it.  Sans-I/O."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import numpy.typing as npt

from monitoring.probe_faults import Fault, FaultKind
from monitoring.probe_segment import Picture, SegmentFacts, SoundBlock

__all__ = ["CONTENT_KINDS", "ContentWatch"]

CONTENT_KINDS: Final[tuple[FaultKind, ...]] = ("black", "freeze", "silence", "mono_loss")

_PATIENCE_S: Final[dict[FaultKind, float]] = {
    "black": 2.0,
    "freeze": 5.0,
    "silence": 5.0,
    "mono_loss": 10.0,
}
"""Seconds of media after which each is a fault (METRICS, "Black / freeze / silence")."""

_DARK_SHARE: Final = 0.98
_STILL_MEAN: Final = 0.004 * 255
_STILL_SPOT: Final = 0.03 * 255
"""What two key frames of a still picture may differ, on the whole and at the worst spot: an encoder
draws it anew each time, and a presenter before a still background changes little on the whole."""

_SILENT_DBFS: Final = -60.0
_STEREO: Final = 2
_HEARD_DBFS: Final = -40.0


class ContentWatch:
    """How long each condition has lasted, in seconds of media.

    Key frames stand for the time up to the next one.
    """

    def __init__(self, name: str) -> None:
        """Begin; ``name`` is the rendition's."""
        self.name = name
        self.lasted_s: dict[FaultKind, float] = dict.fromkeys(CONTENT_KINDS, 0.0)
        self._last: Picture | None = None

    @property
    def active(self) -> frozenset[FaultKind]:
        """The conditions that have lasted too long."""
        return frozenset(
            kind for kind, lasted_s in self.lasted_s.items() if lasted_s >= _PATIENCE_S[kind]
        )

    def take(self, facts: SegmentFacts, duration_s: float, msn: int) -> Iterator[Fault]:
        """Look at one segment that follows the last.

        Args:
            facts: What was decoded.
            duration_s: Of the segment.
            msn: Its number.

        Yields:
            A fault for each condition that lasts too long at its end.
        """
        if facts.pictures:
            self._look(facts.pictures, duration_s)
        for block in facts.sound:
            self._listen(block)
        for kind in sorted(self.active):
            detail = f"{kind.replace('_', ' ')} for {self.lasted_s[kind]:.1f} s at segment {msn}"
            yield Fault(kind, self.name, detail)

    def _look(self, pictures: tuple[Picture, ...], duration_s: float) -> None:
        span_s = duration_s / len(pictures)
        for picture in pictures:
            is_black = picture.dark_share >= _DARK_SHARE
            self._lasts("black", span_s, holds=is_black)
            same = self._last is not None and _is_still(self._last.luma, picture.luma)
            # As in core.content: a black picture stands still as well, and that is one fault.
            self._lasts("freeze", span_s, holds=same and not is_black)
            self._last = picture

    def _listen(self, block: SoundBlock) -> None:
        span_s, levels = block.duration_s, block.rms_dbfs
        silent = all(level < _SILENT_DBFS for level in levels)
        self._lasts("silence", span_s, holds=silent)
        lost = min(levels) < _SILENT_DBFS and max(levels) > _HEARD_DBFS
        self._lasts("mono_loss", span_s, holds=lost and len(levels) == _STEREO)

    def _lasts(self, kind: FaultKind, span_s: float, *, holds: bool) -> None:
        self.lasted_s[kind] = self.lasted_s[kind] + span_s if holds else 0.0


def _is_still(one: npt.NDArray[np.uint8], other: npt.NDArray[np.uint8]) -> bool:
    if one.shape != other.shape:
        return False
    change = np.abs(one.astype(np.int16) - other.astype(np.int16))
    return float(change.mean()) < _STILL_MEAN and int(change.max()) < _STILL_SPOT
