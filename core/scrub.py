"""What to verify next in the archive, and what is wrong with an hour.  Sans-I/O.

A disk forgets silently.  So every stored hour is read again within some days, and compared with
what its index says.  The order within a day's work is shuffled, so that a fault that sits in one
place of the disk, or in one channel, is met early; it is the same again after a restart.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from core.archive import HourIndex, SegmentRecord, numbers_of

__all__ = ["LOST_KINDS", "Fault", "check_segment", "choose_hour", "compare_listing"]


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that is not as the index says."""

    kind: Literal["index", "missing", "size", "damaged", "extra"]
    """``index``: the index is lost or damaged; ``extra``: a number that it does not know."""

    msn: int
    """Number of the segment; 0 for the index."""

    detail: str


_HOUR_S: Final = 3_600
_DAY_S: Final = 86_400

LOST_KINDS: Final = frozenset({"missing", "size", "damaged"})
"""Faults that cost a segment."""


def choose_hour(
    verified_s: Mapping[tuple[str, str, int], int], *, now_s: int, every_s: int
) -> tuple[str, str, int] | None:
    """Choose the hour to verify next.

    Args:
        verified_s: When each (channel, rendition, hour) was verified, in seconds since the epoch;
            0 for never.
        now_s: The present moment.
        every_s: After how long an hour is verified again.

    Returns:
        One that is due; None if none is.
    """
    due: dict[tuple[str, str, int], int] = {}
    for key, at in verified_s.items():
        # One that was never verified is due since its end.
        due_s = at + every_s if at else (key[2] + 1) * _HOUR_S
        if due_s <= now_s:
            due[key] = due_s // _DAY_S
    if not due:
        return None
    # Day by day, so that nothing waits for ever where time is short; shuffled within a day.
    first_day = min(due.values())
    return min(
        (key for key, day in due.items() if day == first_day),
        key=lambda key: hashlib.sha256(f"{key} {verified_s[key]}".encode()).digest(),
    )


def compare_listing(index: HourIndex, sizes: Mapping[int, int]) -> list[Fault]:
    """Compare what an hour's index says with the sizes of the segments that are there."""
    faults = []
    for msn in numbers_of(index.hour):
        record, size = index.record(msn), sizes.get(msn)
        if record is not None and size is None:
            faults.append(Fault("missing", msn, "the index has it, the archive has not"))
        elif record is not None and size != record[0]:
            faults.append(Fault("size", msn, f"{size} bytes, the index says {record[0]}"))
        elif record is None and size is not None:
            faults.append(Fault("extra", msn, "the archive has it, the index has not"))
    strange = sizes.keys() - set(numbers_of(index.hour))
    faults += [Fault("extra", msn, "it does not belong into this hour") for msn in sorted(strange)]
    return faults


def check_segment(record: SegmentRecord, data: bytes) -> Fault | None:
    """Compare a segment's bytes with its record."""
    if len(data) != record.size_bytes:
        return Fault("size", record.msn, f"{len(data)} bytes, the index says {record.size_bytes}")
    if hashlib.sha256(data).digest() != record.sha256:
        return Fault("damaged", record.msn, "its SHA-256 is not the index's")
    return None
