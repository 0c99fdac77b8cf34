"""Reading guide files in tests, and what came of it in short."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from control.entries import Context, Reading
from control.forms import read_guide

__all__ = ["CONTEXT", "NOW", "codes", "read", "taken"]

NOW = 1_795_410_000
"""2026-11-23 12:00 in Hưng Yên."""

CONTEXT = Context(
    channels={"hytv": "hytv", "hungyen.tv": "hytv", "hyfm": "hyfm"},
    zone=ZoneInfo("Asia/Ho_Chi_Minh"),
    now_s=NOW,
)


def read(data: bytes | str, *, only: str | None = None) -> Reading:
    """Read a file as the station does."""
    context = Context(channels=CONTEXT.channels, zone=CONTEXT.zone, now_s=NOW, only=only)
    return read_guide(data.encode() if isinstance(data, str) else data, context)


def codes(reading: Reading) -> list[tuple[int, str]]:
    """Return (line, code) of every fault."""
    return [(item.line, item.code) for item in reading.faults]


def taken(reading: Reading) -> list[tuple[str, str, str]]:
    """Return (channel, day, title) of every programme to be imported."""
    return [
        (plan.channel, plan.day.isoformat(), draft.title)
        for plan in reading.days
        for draft in plan.drafts
    ]
