"""``lensong probe URL``: play any HLS as a strict player does, and say what is wrong with it."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Coroutine
from typing import Any, Final, TypeVar

from core.clock import monotonic_ns
from core.errors import ConfigError
from monitoring.probe_player import Probe, UnusableError
from monitoring.probe_report import render_json, render_table

__all__ = ["add_probe_command"]

T = TypeVar("T")
Finish = Callable[[Coroutine[Any, Any, T]], T | None]

_GOOD, _FAULTS, _UNUSABLE = 0, 1, 2
_VANTAGE: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
_MAX_SECONDS: Final = 30 * 86_400.0

_DESCRIPTION: Final = """\
Play the HLS at URL as a strict player does - TS, fMP4 or packed audio, live or on demand, with low
latency or without, ours or anyone's - and say for each fault what, where and when. The rendition
with the smallest picture is downloaded whole and its key frames and sound are decoded; of the
others every playlist is read, and a segment now and then. Lines of progress go to stderr, the
verdict to stdout.
"""
_EPILOG: Final = (
    "exit codes: 0 no fault, 1 faults, 2 there is nothing to watch at URL, or wrong usage"
)


def add_probe_command(commands: Any, finish: Callable[[Coroutine[Any, Any, None]], None]) -> None:
    """Add ``lensong probe``; ``finish`` runs a coroutine until its end, a signal cancels it."""
    probe = commands.add_parser(
        "probe",
        help="play any HLS address as a strict player, and say what is wrong with it",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    probe.add_argument("url", metavar="URL", help="a multivariant or a media playlist")
    probe.add_argument(
        "--for",
        type=float,
        default=30.0,
        dest="seconds",
        metavar="SECONDS",
        help="how long to watch; 0 is until Ctrl-C (default: %(default)s)",
    )
    probe.add_argument("--json", action="store_true", help="print the verdict as JSON")
    probe.add_argument(
        "--vantage",
        default="here",
        metavar="NAME",
        help="name of the place this is watched from (default: %(default)s)",
    )
    probe.set_defaults(run=lambda arguments: _probe(arguments, finish))


def _probe(
    arguments: argparse.Namespace, finish: Callable[[Coroutine[Any, Any, None]], None]
) -> int:
    if not 0 <= arguments.seconds <= _MAX_SECONDS:
        raise ConfigError(f"--for {arguments.seconds}: write seconds, 0 for no end")
    if not _VANTAGE.fullmatch(arguments.vantage):
        raise ConfigError(f"--vantage {arguments.vantage!r}: small letters, digits and -, up to 32")
    began = monotonic_ns()

    def tell(text: str) -> None:
        print(f"{(monotonic_ns() - began) / 1e9:7.1f} s  {text}", file=sys.stderr, flush=True)

    try:
        probe = Probe(arguments.url, vantage=arguments.vantage, tell=tell)
        finish(probe.run(arguments.seconds))
    except UnusableError as error:
        print(f"lensong: {error}", file=sys.stderr)
        return _UNUSABLE
    report = probe.report
    print(render_json(report) if arguments.json else render_table(report), end="")
    return _FAULTS if report.book.total else _GOOD
