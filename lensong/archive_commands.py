"""``lensong archive`` and ``lensong deposit``: what operators ask of the archive.

They read the archive itself and need nothing that runs.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from core.archive import THUMBNAILS, HourIndex, hour_at, hour_folder, hours_of
from core.archive_open import open_archive
from core.archive_read import read_index, segment_sizes, stored_hours, verify_hour
from core.archive_rebuild import good_index, read_headers, rebuild_hour
from core.archive_store import ArchiveStore
from core.clock import monotonic_ns, unix_ns
from core.completeness import OpenHour, compare, render_report, to_json
from core.config import Settings, load_settings
from core.errors import ConfigError, FormatError
from core.ladder import renditions_of
from core.retention import KEPT_HOURS
from core.timeline import UnixNs, msn_at
from lensong.deposit import export_deposit, verify_deposit
from lensong.spans import Span, parse_span

__all__ = ["Progress", "add_archive_commands"]

Finish = Callable[[Coroutine[Any, Any, int]], int | None]
"""Runs a command to its end; None if it was interrupted."""

_PROGRESS_EVERY_NS: Final = 1_000_000_000
_ON_THE_WAY: Final = 3
"""The newest segments that were sent and may not be archived yet."""

_TIMES: Final = "times are the station's: 2026-11-23, 2026-11-23T19:00, or with a zone"


class Progress:
    """Tells on standard error how far something is, at most once a second."""

    def __init__(self) -> None:
        self._told_ns = 0

    def __call__(self, text: str) -> None:
        """Tell."""
        if monotonic_ns() - self._told_ns >= _PROGRESS_EVERY_NS:
            self._told_ns = monotonic_ns()
            print(text, file=sys.stderr, flush=True)


def add_archive_commands(commands: Any, *, default_file: Path, finish: Finish) -> None:
    """Add the commands.

    Args:
        commands: The subparsers of ``lensong``.
        default_file: Settings where none are named.
        finish: Runs a command.
    """
    archive = commands.add_parser("archive", help="what is archived: report, verify, rebuild")
    inner = archive.add_subparsers(required=True, metavar="report|verify|rebuild")

    def add(parent: Any, name: str, run: Any, *, help_: str, optional: bool = False) -> Any:
        parser = parent.add_parser(name, help=help_, description=f"{help_}; {_TIMES}.")
        parser.add_argument("channel", metavar="CHANNEL", help="the channel's slug")
        parser.add_argument("start", metavar="FROM", nargs="?" if optional else None)
        parser.add_argument("end", metavar="TO", nargs="?" if optional else None)
        parser.add_argument(
            "--settings",
            type=Path,
            default=default_file,
            metavar="FILE",
            help="settings of the station, to find its archive (default: %(default)s)",
        )
        parser.set_defaults(run=lambda arguments: _run(arguments, run, finish))
        return parser

    report = add(inner, "report", _report, help_="say what of a span is missing, where and why")
    report.add_argument("--json", action="store_true", help="print JSON")
    add(
        inner,
        "verify",
        _verify,
        help_="read what is stored and compare it with its SHA-256; exit code 1 on a fault",
        optional=True,
    )
    rebuild = add(
        inner, "rebuild", _rebuild, help_="make lost or damaged hourly indexes again from the media"
    )
    rebuild.add_argument("--all", action="store_true", help="also those that are good")
    deposit = add(
        commands, "deposit", _deposit, help_="export the legal deposit of a span, with its SHA-256"
    )
    deposit.add_argument("--to", type=Path, required=True, metavar="DIR", help="where to")
    deposit.add_argument(
        "--verify", action="store_true", help="export nothing; verify what lies in DIR"
    )


_Command = Callable[[argparse.Namespace, Settings, Span | None], Coroutine[Any, Any, int]]


def _run(arguments: argparse.Namespace, command: _Command, finish: Finish) -> int:
    settings = load_settings(arguments.settings)
    settings.channel(arguments.channel)
    span = None
    if arguments.start is not None:
        if arguments.end is None:
            raise ConfigError("write FROM and TO, or neither")
        span = parse_span(arguments.start, arguments.end, _zone(settings), unix_ns())
    code = finish(command(arguments, settings, span))
    if code is None:
        print("interrupted", file=sys.stderr)
        return 1
    return code


def _zone(settings: Settings) -> ZoneInfo:
    return ZoneInfo(settings.station.timezone)


@asynccontextmanager
async def _archive(settings: Settings) -> AsyncIterator[ArchiveStore]:
    store = await asyncio.to_thread(open_archive, settings)
    try:
        yield store
    finally:
        store.close()


async def _hours(
    store: ArchiveStore, channel: str, span: Span | None
) -> AsyncIterator[tuple[str, int]]:
    """Yield (rendition, hour) of what is stored in a span, thumbnails apart."""
    wanted = None if span is None else hours_of(span.first, span.last)
    for rendition, hours in (await stored_hours(store, channel)).items():
        for hour in hours:
            if rendition != THUMBNAILS and (wanted is None or hour in wanted):
                yield rendition, hour


async def _report(arguments: argparse.Namespace, settings: Settings, span: Span | None) -> int:
    if span is None:
        return 1
    channel = settings.channel(arguments.channel)
    zone = await asyncio.to_thread(_zone, settings)
    hours: dict[str, dict[int, HourIndex | OpenHour]] = {
        item.name: {} for item in renditions_of(channel)
    }
    progress = Progress()
    async with _archive(settings) as store:
        async for rendition, hour in _hours(store, channel.slug, span):
            progress(hour_folder(channel.slug, rendition, hour))
            found: HourIndex | OpenHour | None
            try:
                found = await read_index(store, channel.slug, rendition, hour)
            except FormatError as error:
                print(f"{hour_folder(channel.slug, rendition, hour)}: {error}", file=sys.stderr)
                found = None
            if found is None:
                sizes = await segment_sizes(store, channel.slug, rendition, hour)
                found = OpenHour(frozenset(sizes))
            hours.setdefault(rendition, {})[hour] = found
    report = compare(
        channel=channel.slug,
        first=span.first,
        last=span.last,
        published=msn_at(unix_ns()) - _ON_THE_WAY,
        hours=hours,
    )
    if arguments.json:
        print(json.dumps(to_json(report, zone), ensure_ascii=False, indent=2))
    else:
        print(render_report(report, zone))
    return 0


async def _verify(arguments: argparse.Namespace, settings: Settings, span: Span | None) -> int:
    channel, progress = arguments.channel, Progress()
    hours = segments = size_bytes = faults = 0
    async with _archive(settings) as store:
        async for rendition, hour in _hours(store, channel, span):
            where = hour_folder(channel, rendition, hour)
            found = await verify_hour(store, channel, rendition, hour)
            if found.index is None and _may_be_open(hour, unix_ns()):
                progress(f"{where}: open hour, not verified")
                continue
            hours, segments = hours + 1, segments + found.segments
            size_bytes, faults = size_bytes + found.size_bytes, faults + len(found.faults)
            for fault in found.faults:
                print(f"{where} {fault.msn or 'index'}: {fault.kind}: {fault.detail}")
            progress(f"{where}: {segments} segments, {size_bytes / 1e9:.2f} GB so far")
    print(f"{hours} hours, {segments} segments, {size_bytes / 1e9:.2f} GB: {faults} faults")
    return 1 if faults else 0


def _may_be_open(hour: int, now: UnixNs) -> bool:
    return hour >= hour_at(now) - KEPT_HOURS


async def _rebuild(arguments: argparse.Namespace, settings: Settings, span: Span | None) -> int:
    channel, made, good = arguments.channel, 0, 0
    async with _archive(settings) as store:
        headers = await read_headers(store, channel)
        async for rendition, hour in _hours(store, channel, span):
            where = hour_folder(channel, rendition, hour)
            index = await good_index(store, channel, rendition, hour)
            if index is not None and not arguments.all:
                good += 1
                continue
            if _may_be_open(hour, unix_ns()):
                print(f"{where}: left alone, a running packager may still write it")
                continue
            reasons, slate = _known(index)
            index = await rebuild_hour(
                store, channel, rendition, hour, headers=headers, reasons=reasons, slate=slate
            )
            made += 1
            print(f"{where}: made again, {len(list(index.records()))} segments")
    print(f"{made} indexes made again, {good} were good")
    return 0


def _known(index: HourIndex | None) -> tuple[dict[int, str], set[int]]:
    """Return what only the index itself knows: reasons of holes, and the slate."""
    if index is None:
        return {}, set()
    reasons = {msn: hole.reason for hole in index.holes for msn in range(hole.first, hole.last + 1)}
    return reasons, {msn for first, last in index.slate for msn in range(first, last + 1)}


async def _deposit(arguments: argparse.Namespace, settings: Settings, span: Span | None) -> int:
    if arguments.verify:
        faults = await asyncio.to_thread(verify_deposit, arguments.to, Progress())
        for fault in faults:
            print(fault)
        print(f"{arguments.to}: {len(faults)} faults")
        return 1 if faults else 0
    if span is None:
        return 1
    channel = settings.channel(arguments.channel)
    async with _archive(settings) as store:
        summary = await export_deposit(
            store, settings, channel, span, folder=arguments.to, progress=Progress()
        )
    print(summary)
    return 0
