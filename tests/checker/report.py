"""What a watch found, in figures and in words.  Sans-I/O."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Final

__all__ = ["MAX_FAULTS", "WatchReport", "quantile"]

MAX_FAULTS: Final = 200
"""Faults that are kept in words; more are only counted."""


def quantile(values: list[float], share: float) -> float:
    """Return the value that ``share`` of ``values`` do not exceed; 0 when there are none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


@dataclass(slots=True, kw_only=True)
class WatchReport:
    """Everything that one watch of one channel saw."""

    channel: str
    low_latency: bool
    watched_s: float = 0.0
    renditions: list[str] = field(default_factory=list)
    playlists: int = 0
    """Answers to playlist requests."""

    segments: int = 0
    """Segments that were downloaded and judged."""

    parts: int = 0
    """Parts that were downloaded and judged."""

    gaps: set[int] = field(default_factory=set)
    """Numbers that stood as EXT-X-GAP, or had a part missing, in any rendition."""

    discontinuities: set[int] = field(default_factory=set)
    slates: set[int] = field(default_factory=set)
    """Numbers whose segments say that they show the slate."""

    reconnects: int = 0
    """Requests that found no server, or lost it."""

    unreachable_s: float = 0.0
    """Longest time in which no request found a server."""

    fault_count: int = 0
    faults: list[str] = field(default_factory=list)
    part_delay_s: list[float] = field(default_factory=list, repr=False)
    """Of each part that appeared while watched: first seen minus end of the part."""

    segment_delay_s: list[float] = field(default_factory=list, repr=False)
    edge_pause_s: float = 0.0
    """Longest time between two new parts (low latency) or segments in one rendition."""

    peak_bps: dict[str, int] = field(default_factory=dict)
    """Highest bit rate of a segment, by rendition."""

    def fault(self, where: str, what: str) -> None:
        """Note a fault."""
        self.fault_count += 1
        if len(self.faults) < MAX_FAULTS:
            self.faults.append(f"{where}: {what}")

    @property
    def clean(self) -> bool:
        """No fault, no gap, no discontinuity, and something was judged."""
        seen = self.segments + self.parts
        return bool(seen) and not (self.fault_count or self.gaps or self.discontinuities)

    def summary(self) -> dict[str, object]:
        """Return the figures; the long lists of delays as quantiles in milliseconds."""
        return {
            "channel": self.channel,
            "low_latency": self.low_latency,
            "watched_s": round(self.watched_s, 1),
            "renditions": self.renditions,
            "playlists": self.playlists,
            "segments": self.segments,
            "parts": self.parts,
            "gaps": sorted(self.gaps),
            "discontinuities": sorted(self.discontinuities),
            "slates": sorted(self.slates),
            "reconnects": self.reconnects,
            "unreachable_s": round(self.unreachable_s, 3),
            "part_delay_ms": _quantiles(self.part_delay_s),
            "segment_delay_ms": _quantiles(self.segment_delay_s),
            "edge_pause_s": round(self.edge_pause_s, 3),
            "peak_bps": self.peak_bps,
            "fault_count": self.fault_count,
            "faults": self.faults,
        }

    def as_json(self) -> str:
        """Return the summary as one line."""
        return json.dumps(self.summary(), ensure_ascii=False)


def _quantiles(values: list[float]) -> dict[str, float]:
    shares = {"p50": 0.5, "p99": 0.99, "max": 1.0}
    return {name: round(1000 * quantile(values, share), 1) for name, share in shares.items()}
