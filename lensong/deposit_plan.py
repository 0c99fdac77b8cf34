"""Which files an export of the legal deposit has, and what its manifest says.  Sans-I/O.

One file is what one rendition sent in one clock hour (UTC), with one header: the header and the
segments as they are stored, one behind the other.  That is an MP4 file, and it is what went to the
viewers, byte for byte: nothing is encoded, multiplexed or mended.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any, Final

from core.archive import Hole, HourIndex, SegmentRecord, numbers_of
from core.moments import local_time
from core.timeline import end_of_segment, start_of_segment

__all__ = [
    "MANIFEST",
    "PROGRESS",
    "SUMS",
    "PlannedFile",
    "describe_file",
    "holes_of",
    "make_manifest",
    "plan_files",
    "render_sums",
]

MANIFEST: Final = "manifest.json"
SUMS: Final = "SHA256SUMS"
PROGRESS: Final = "progress.json"
"""What is done so far; gone when all is."""

_FORM: Final = 1


@dataclass(frozen=True, slots=True)
class PlannedFile:
    """One file of the export."""

    name: str
    """Its path below the export's folder."""

    rendition: str
    header_hash: str
    segments: tuple[SegmentRecord, ...]

    @property
    def media_bytes(self) -> int:
        """Bytes of the segments, the header apart."""
        return sum(segment.size_bytes for segment in self.segments)


def plan_files(index: HourIndex, first: int, last: int) -> list[PlannedFile]:
    """Return the files of an hour, as far as its numbers lie in ``first`` to ``last``."""
    runs: list[list[SegmentRecord]] = []
    for record in index.records():
        if not first <= record.msn <= last:
            continue
        if not runs or runs[-1][-1].header_hash != record.header_hash:
            runs.append([])
        runs[-1].append(record)
    moment = datetime.fromtimestamp(index.hour * 3600, UTC)
    stem = f"{index.rendition}/{index.channel}-{index.rendition}-{moment:%Y%m%dT%H}Z"
    return [
        PlannedFile(
            name=f"{stem}{f'-{number}' if number > 1 else ''}.mp4",
            rendition=index.rendition,
            header_hash=run[0].header_hash,
            segments=tuple(run),
        )
        for number, run in enumerate(runs, 1)
    ]


def holes_of(index: HourIndex, first: int, last: int) -> list[Hole]:
    """Return what of an hour is not there, within ``first`` to ``last``.

    A hole that was declared for the channel is told only as far as this rendition lacks it too.
    """
    reasons = {msn: hole.reason for hole in index.holes for msn in range(hole.first, hole.last + 1)}
    found: list[Hole] = []
    for msn in numbers_of(index.hour):
        if first <= msn <= last and index.record(msn) is None:
            reason = reasons[msn]
            if found and found[-1].last == msn - 1 and found[-1].reason == reason:
                found[-1] = Hole(found[-1].first, msn, reason)
            else:
                found.append(Hole(msn, msn, reason))
    return found


def describe_file(
    file: PlannedFile,
    *,
    header: bytes,
    header_sha256: str,
    sha256: str,
    left_out: Mapping[int, str],
    zone: tzinfo,
) -> dict[str, Any]:
    """Return what the manifest says of a file that is written.

    Args:
        file: As planned.
        header: Its first bytes.
        header_sha256: Of these.
        sha256: Of the whole file.
        left_out: Numbers that could not be had from the archive, and why.
        zone: The station's.
    """
    segments, at = [], len(header)
    for record in file.segments:
        if record.msn in left_out:
            continue
        segments.append(
            {
                "msn": record.msn,
                "offset": at,
                "size_bytes": record.size_bytes,
                "sha256": record.sha256.hex(),
                "slate": record.slate,
            }
        )
        at += record.size_bytes
    return {
        "name": file.name,
        "rendition": file.rendition,
        "size_bytes": at,
        "sha256": sha256,
        **_times(file.segments[0].msn, file.segments[-1].msn, zone),
        "header": {"hash": file.header_hash, "size_bytes": len(header), "sha256": header_sha256},
        "segments": segments,
        "left_out": [{"msn": msn, "reason": why} for msn, why in sorted(left_out.items())],
    }


def _times(first: int, last: int, zone: tzinfo) -> dict[str, Any]:
    start, end = start_of_segment(first), end_of_segment(last)
    return {
        "first": first,
        "last": last,
        "from_utc": local_time(start),
        "to_utc": local_time(end),
        "from_local": local_time(start, zone),
        "to_local": local_time(end, zone),
    }


def make_manifest(
    *,
    request: Mapping[str, Any],
    files: Sequence[Mapping[str, Any]],
    holes: Mapping[str, Iterable[Hole]],
    zone: tzinfo,
) -> dict[str, Any]:
    """Return the manifest.

    Args:
        request: What was asked for.
        files: What :func:`describe_file` gave.
        holes: By rendition.
        zone: The station's.
    """
    return {
        "form": _FORM,
        **request,
        "files": list(files),
        "holes": [
            {"rendition": name, **_times(hole.first, hole.last, zone), "reason": hole.reason}
            for name, found in holes.items()
            for hole in found
        ],
    }


def render_sums(sums: Mapping[str, str]) -> str:
    """Return the text that ``sha256sum -c`` reads."""
    return "".join(f"{digest}  {name}\n" for name, digest in sorted(sums.items()))
