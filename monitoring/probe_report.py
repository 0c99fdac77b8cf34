"""The verdict of a probe, for eyes and for programs.  Sans-I/O."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from core.timeline import UnixNs
from monitoring.probe_faults import FaultBook

__all__ = ["ProbeReport", "render_json", "render_table"]

_SHOWN: Final = 60


@dataclass(slots=True, kw_only=True)
class ProbeReport:
    """Everything that one probe of one address saw; it grows while the probe runs."""

    address: str
    """Without user and query."""

    vantage: str
    watched_s: float = 0.0
    form: str = ""
    """``multivariant, live, fmp4, low latency``."""

    watched: str = ""
    """The rendition that is watched."""

    startup_s: float | None = None
    """From the first request to the first decoded frame."""

    live_latency_s: float | None = None
    """How far behind the wall clock a player is that keeps the hold-back."""

    playlists: int = 0
    segments: int = 0
    parts: int = 0
    pictures: int = 0
    received_bytes: int = 0
    loudness_lufs: float | None = None
    """Integrated, of all that was heard since the hour or the programme began; EBU R 128."""

    true_peak_dbtp: float | None = None
    """The highest of all that was heard."""

    notes: list[str] = field(default_factory=list)
    """What was not judged, and why."""

    book: FaultBook = field(default_factory=FaultBook)

    def note(self, text: str) -> None:
        """Add a note once."""
        if text not in self.notes:
            self.notes.append(text)


def render_table(report: ProbeReport) -> str:
    """Write the verdict as a table."""
    facts = [
        ("address", report.address),
        ("vantage", report.vantage),
        ("form", report.form or "unknown"),
        ("watched", report.watched or "nothing"),
        ("for", f"{report.watched_s:.1f} s"),
        ("start-up", _seconds(report.startup_s)),
        ("live latency", _seconds(report.live_latency_s)),
        ("loudness", _loudness(report)),
        ("seen", _counts(report)),
        *(("note", text) for text in report.notes),
    ]
    lines = [f"{name:<13} {value}" for name, value in facts]
    return "\n".join([*lines, "", *_fault_lines(report), ""])


def _loudness(report: ProbeReport) -> str:
    if report.loudness_lufs is None or report.true_peak_dbtp is None:
        return "not known"
    return f"{report.loudness_lufs:.1f} LUFS, true peak {report.true_peak_dbtp:.1f} dBTP"


def _counts(report: ProbeReport) -> str:
    return (
        f"{report.playlists} playlists, {report.segments} segments, {report.parts} parts, "
        f"{report.pictures} key frames, {report.received_bytes / 1e6:.1f} MB"
    )


def _fault_lines(report: ProbeReport) -> list[str]:
    found = report.book.lines
    if not found:
        return ["verdict       no fault"]
    kinds = max(len(line.fault.kind) for line in found)
    places = max(len(line.fault.where) for line in found[:_SHOWN])
    rows = [
        f"{_clock(line.first)}  {line.fault.kind:<{kinds}}  {line.fault.where:<{places}}  "
        f"{line.fault.detail}" + (f" (x{line.times})" if line.times > 1 else "")
        for line in found[:_SHOWN]
    ]
    if len(found) > _SHOWN:
        rows.append(f"... and {len(found) - _SHOWN} more places")
    by_kind = dict.fromkeys(line.fault.kind for line in found)
    verdict = f"verdict       FAULTS: {', '.join(by_kind)} ({report.book.total} in all)"
    return [verdict, "", *rows]


def _seconds(value: float | None) -> str:
    return "not known" if value is None else f"{value:.2f} s"


def _clock(moment: UnixNs) -> str:
    return datetime.fromtimestamp(moment / 1e9, UTC).strftime("%H:%M:%S.%f")[:-5] + "Z"


def render_json(report: ProbeReport) -> str:
    """Write the verdict as one JSON object."""
    document = {
        name: getattr(report, name)
        for name in (
            "address",
            "vantage",
            "form",
            "watched",
            "watched_s",
            "startup_s",
            "live_latency_s",
            "loudness_lufs",
            "true_peak_dbtp",
            "playlists",
            "segments",
            "parts",
            "pictures",
            "received_bytes",
            "notes",
        )
    }
    document["verdict"] = "faults" if report.book.total else "good"
    document["faults"] = [
        {
            "kind": line.fault.kind,
            "where": line.fault.where,
            "detail": line.fault.detail,
            "first": _iso(line.first),
            "last": _iso(line.last),
            "times": line.times,
        }
        for line in report.book.lines
    ]
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def _iso(moment: UnixNs) -> str:
    return datetime.fromtimestamp(moment / 1e9, UTC).isoformat(timespec="milliseconds")
