"""What the control room's service knows, for metrics and status.  Sans-I/O."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

__all__ = ["GuideState"]


@dataclass(slots=True)
class GuideState:
    """Written by the service's rounds, read by whoever asks; never a database's delay."""

    channels: tuple[str, ...]
    is_open: bool = False
    """The database answered the last time it was asked."""

    why_not: str = "the database was not opened yet"
    """The reason while it is not open."""

    ends_s: dict[str, int] = field(default_factory=dict)
    """End of each channel's last programme, UNIX seconds."""

    written_s: dict[str, float] = field(default_factory=dict)
    """When each channel's snapshot was written, UNIX seconds."""

    imports: dict[str, int] = field(default_factory=dict)
    """Imports that were tried, by result."""

    def ahead_s(self, channel: str, now_s: float) -> float:
        """Return for how long the guide goes on from now, in seconds."""
        return max(0.0, self.ends_s.get(channel, 0) - now_s)

    def describe(self, now_s: float) -> dict[str, Any]:
        """Return the status as JSON values."""
        return {
            "database": self.is_open,
            "imports": dict(self.imports),
            "guide": {
                channel: {
                    "ahead_s": round(self.ahead_s(channel, now_s)) if self.is_open else None,
                    "snapshot_age_s": round(now_s - self.written_s[channel])
                    if channel in self.written_s
                    else None,
                }
                for channel in self.channels
            },
        }
