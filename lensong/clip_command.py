"""``lensong clip``: a span of the archive as a file, made here and now."""

from __future__ import annotations

import argparse
import asyncio
import re
import signal
import sys
import unicodedata
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from core.archive import Hole
from core.archive_open import open_archive
from core.clip import ClipError, ClipOrder
from core.clip_maker import MadeClip, await_archived, make_clip
from core.clip_orders import clean_text, order_clip
from core.clip_records import access_to_span
from core.clock import unix_ns
from core.config import Settings, load_settings
from core.errors import RefusedError
from core.guide_files import GuideFiles
from core.moments import local_time, parse_moment
from core.rights import Access
from core.timeline import end_of_segment, start_of_segment
from lensong.arguments import add_settings

__all__ = ["add_clip_command"]

_OK, _FAILED = 0, 1
_BAR: Final = 30
_NOT_IN_NAMES: Final = re.compile(r"[^\w.-]+")


def add_clip_command(commands: Any, default_file: Path) -> None:
    """Add ``clip`` to the commands."""
    clip = commands.add_parser(
        "clip",
        help="cut a span out of the archive, as MP4 or M4A",
        description="Write a span of a channel to a file, without encoding it again, exact to the "
        "picture and to the sample. A span that ends in the future is waited for.",
    )
    clip.add_argument("channel", metavar="CHANNEL", help="the channel's slug")
    for name in ("start", "end"):
        clip.add_argument(
            name,
            metavar=name.upper(),
            help="2026-11-23T19:00:00 (local), 19:00:30 (today) or UNIX seconds; .250 for ms",
        )
    clip.add_argument("--to", type=Path, metavar="FILE", help="where to (default: title and here)")
    clip.add_argument("--rendition", metavar="R", help="720p, 360p, a64 (default: the best)")
    clip.add_argument("--title", default="", metavar="T", help="title that the file carries")
    clip.add_argument(
        "--force", default="", metavar="REASON", help="make it although the rights forbid it"
    )
    add_settings(clip, default_file)
    clip.set_defaults(run=_clip)


def _clip(arguments: argparse.Namespace) -> int:
    settings = load_settings(arguments.file)
    zone = ZoneInfo(settings.station.timezone)
    now = unix_ns()
    order = order_clip(
        settings,
        zone=zone,
        channel=arguments.channel,
        start=parse_moment(arguments.start, zone, now),
        end=parse_moment(arguments.end, zone, now),
        now=now,
        rendition=arguments.rendition,
        title=arguments.title,
    )
    _check_rights(settings, order, clean_text(arguments.force, 500))
    suffix = ".mp4" if order.tracks[0].kind == "video" else ".m4a"
    path = arguments.to or Path(_NOT_IN_NAMES.sub("_", order.facts.title).strip("_.") + suffix)
    try:
        made = asyncio.run(_make(settings, order, path))
    except OSError as error:
        raise ClipError(f"{path}: {error.strerror or error}") from error
    if made is None:
        return _FAILED
    print(f"{path}: {made.size_bytes / 1e6:.1f} MB, {order.span.seconds:.3f} s")
    for rendition, hole in made.holes:
        print(_hole_line(order, rendition, hole), file=sys.stderr)
    return _OK


def _check_rights(settings: Settings, order: ClipOrder, reason: str) -> None:
    files = GuideFiles(settings.paths.data_dir / "guide")
    snapshot = next(iter(files.read_changed([order.channel])), None)
    now_s = unix_ns() // 1_000_000_000
    access = access_to_span(snapshot, order.span.begin_ns, order.span.end_ns, now_s=now_s)
    if access is Access.OPEN:
        return
    what = "taken down" if access is Access.TAKEN_DOWN else "not free to be shown again"
    if not reason:
        raise RefusedError(f"that span is {what}; --force REASON makes it all the same")
    print(f"lensong: that span is {what}; made because: {reason}", file=sys.stderr)


def _hole_line(order: ClipOrder, rendition: str, hole: Hole) -> str:
    begin = local_time(start_of_segment(hole.first), order.zone)
    end = local_time(end_of_segment(hole.last), order.zone)
    return f"lensong: {rendition} is missing from {begin} to {end}: {hole.reason}"


async def _make(settings: Settings, order: ClipOrder, path: Path) -> MadeClip | None:
    """Make the file; Ctrl-C and SIGTERM give None and leave nothing."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    for number in (signal.SIGTERM, signal.SIGINT):
        if task is not None:
            loop.add_signal_handler(number, task.cancel)
    bar = _Bar(order.facts.title)
    store = open_archive(settings)
    try:
        await await_archived(store, order, say=bar.say)
        return await make_clip(store, order, path, progress=bar.show)
    except asyncio.CancelledError:
        return None
    finally:
        bar.close()
        store.close()


class _Bar:
    """A line on stderr that tells how far it is; nothing where nobody looks."""

    def __init__(self, title: str) -> None:
        self._title = unicodedata.normalize("NFC", title)[:40]
        self._wanted, self._shown = sys.stderr.isatty(), False

    def say(self, note: str) -> None:
        self._write(f"{self._title}: {note}")

    def show(self, share: float) -> None:
        full = int(share * _BAR)
        self._write(f"{self._title} [{'#' * full}{'.' * (_BAR - full)}] {share:4.0%}")

    def close(self) -> None:
        if self._shown:
            print(file=sys.stderr)

    def _write(self, line: str) -> None:
        if self._wanted:
            print(f"\r\x1b[K{line}", end="", file=sys.stderr, flush=True)
            self._shown = True
