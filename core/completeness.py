"""What of a span is archived, and why the rest is not.  Sans-I/O.

The report reads indexes.  Of an hour that has none yet ("open hour") only what lies there is
known, and nothing is missing before its time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any, Final

from core.archive import Hole, HourIndex, hours_of, numbers_of
from core.timeline import UnixNs, end_of_segment, start_of_segment

__all__ = ["Completeness", "OpenHour", "RenditionReport", "compare", "render_report", "to_json"]

OPEN_REASON: Final = "open hour: it has no index yet"
NOTHING_STORED: Final = "nothing of this hour is stored"
_SHOWN_HOLES: Final = 200


@dataclass(frozen=True, slots=True)
class OpenHour:
    """An hour without an index: what lies there."""

    numbers: frozenset[int]


@dataclass(frozen=True, slots=True)
class RenditionReport:
    """One rendition in the span."""

    rendition: str
    present: int
    """Segments that are archived."""

    expected: int
    """Segments that the span has so far."""

    size_bytes: int
    """Of what closed hours hold."""

    holes: tuple[Hole, ...]
    """Joined where they meet and have one reason."""

    slate: tuple[tuple[int, int], ...]
    """Runs (first, last) of segments that show the slate."""

    open_hours: int
    """Hours of the span that have no index."""

    @property
    def percent(self) -> float:
        """How much of what is expected is there."""
        return 100.0 * self.present / self.expected if self.expected else 100.0


@dataclass(frozen=True, slots=True)
class Completeness:
    """A channel in a span of time."""

    channel: str
    first: int
    last: int
    renditions: tuple[RenditionReport, ...]

    @property
    def complete(self) -> bool:
        """Nothing is missing."""
        return all(item.present == item.expected for item in self.renditions)


def compare(
    *,
    channel: str,
    first: int,
    last: int,
    published: int,
    hours: Mapping[str, Mapping[int, HourIndex | OpenHour]],
) -> Completeness:
    """Compare a span with what is archived of it.

    Args:
        channel: Slug.
        first: Number of the span's first segment.
        last: Number of its last.
        published: Number of the newest segment that can be archived by now; later ones are not
            expected.
        hours: By rendition and hour; an hour that is not there holds nothing.
    """
    last = min(last, published)
    return Completeness(
        channel,
        first,
        last,
        tuple(_of(name, found, first, last) for name, found in hours.items()),
    )


def _of(
    rendition: str, hours: Mapping[int, HourIndex | OpenHour], first: int, last: int
) -> RenditionReport:
    present, size_bytes, open_hours = 0, 0, 0
    holes: list[Hole] = []
    slate: list[tuple[int, int]] = []
    for hour in hours_of(first, last):
        known, numbers = hours.get(hour), numbers_of(hour)
        begin, end = max(first, numbers.start), min(last, numbers.stop - 1)
        if known is None:
            _join(holes, [Hole(begin, end, NOTHING_STORED)])
            continue
        if isinstance(known, OpenHour):
            open_hours += 1
            there = [msn for msn in range(begin, end + 1) if msn in known.numbers]
            present += len(there)
            missing = sorted(set(range(begin, end + 1)) - set(there))
            _join(holes, (Hole(msn, msn, OPEN_REASON) for msn in missing))
            continue
        inside = [_cut(hole, begin, end) for hole in known.holes]
        _join(holes, (hole for hole in inside if hole.first <= hole.last))
        present += end + 1 - begin - sum(max(0, h.last - h.first + 1) for h in inside)
        found = (known.record(msn) for msn in range(begin, end + 1))
        size_bytes += sum(record[0] for record in found if record is not None)
        for from_, to in known.slate:
            from_, to = max(from_, begin), min(to, end)  # noqa: PLW2901
            if from_ <= to:
                _extend(slate, from_, to)
    expected = max(0, last + 1 - first)
    return RenditionReport(
        rendition, present, expected, size_bytes, tuple(holes), tuple(slate), open_hours
    )


def _cut(hole: Hole, begin: int, end: int) -> Hole:
    return Hole(max(hole.first, begin), min(hole.last, end), hole.reason)


def _join(holes: list[Hole], more: Iterable[Hole]) -> None:
    for hole in more:
        if holes and holes[-1].last == hole.first - 1 and holes[-1].reason == hole.reason:
            holes[-1] = Hole(holes[-1].first, hole.last, hole.reason)
        else:
            holes.append(hole)


def _extend(runs: list[tuple[int, int]], first: int, last: int) -> None:
    if runs and runs[-1][1] == first - 1:
        runs[-1] = (runs[-1][0], last)
    else:
        runs.append((first, last))


def render_report(report: Completeness, zone: tzinfo) -> str:
    """Return the report as people read it, in the station's time."""
    span = _span(report.first, report.last, zone)
    lines = [f"{report.channel}: {span}, segments {report.first} to {report.last}"]
    for item in report.renditions:
        opened = f", open hours: {item.open_hours}" if item.open_hours else ""
        lines.append(
            f"  {item.rendition}: {item.percent:.3f} % complete"
            f" ({item.present} of {item.expected} segments, {item.size_bytes / 1e9:.2f} GB{opened})"
        )
        lines += [f"    {line}" for line in _lines(item, zone)]
    return "\n".join(lines)


def _lines(item: RenditionReport, zone: tzinfo) -> Sequence[str]:
    lines = [
        f"missing {_span(hole.first, hole.last, zone)}"
        f" ({hole.last - hole.first + 1} segments from {hole.first}): {hole.reason}"
        for hole in item.holes[:_SHOWN_HOLES]
    ]
    if len(item.holes) > _SHOWN_HOLES:
        lines.append(f"and {len(item.holes) - _SHOWN_HOLES} more; --json lists all")
    lines += [f"slate   {_span(first, last, zone)}" for first, last in item.slate[:_SHOWN_HOLES]]
    if len(item.slate) > _SHOWN_HOLES:
        lines.append(f"and {len(item.slate) - _SHOWN_HOLES} more runs; --json lists all")
    return lines


def _span(first: int, last: int, zone: tzinfo) -> str:
    return f"{_local(start_of_segment(first), zone)} to {_local(end_of_segment(last), zone)}"


def _local(moment: UnixNs, zone: tzinfo) -> str:
    seconds, rest = divmod(moment, 1_000_000_000)
    local = datetime.fromtimestamp(seconds, UTC).astimezone(zone)
    return f"{local:%Y-%m-%d %H:%M:%S}.{rest // 10_000_000:02d}"


def to_json(report: Completeness, zone: tzinfo) -> dict[str, Any]:
    """Return the report as a JSON object, with times as text beside the numbers."""

    def run(first: int, last: int) -> dict[str, Any]:
        begin, end = start_of_segment(first), end_of_segment(last)
        return {"first": first, "last": last, "from": _iso(begin, zone), "to": _iso(end, zone)}

    renditions = []
    for item in report.renditions:
        fields = asdict(item)
        fields["percent"] = round(item.percent, 4)
        fields["holes"] = [{**run(h.first, h.last), "reason": h.reason} for h in item.holes]
        fields["slate"] = [run(*found) for found in item.slate]
        renditions.append(fields)
    return {
        "channel": report.channel,
        **run(report.first, report.last),
        "complete": report.complete,
        "renditions": renditions,
    }


def _iso(moment: UnixNs, zone: tzinfo) -> str:
    seconds, rest = divmod(moment, 1_000_000_000)
    local = datetime.fromtimestamp(seconds, UTC).astimezone(zone)
    return local.replace(microsecond=rest // 1_000).isoformat(timespec="milliseconds")
