"""``lensong probe URL``: play any HLS as a strict player does, and say what is wrong with it."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Coroutine
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

from core.clock import monotonic_ns
from core.environment import address_in
from core.errors import ConfigError
from core.logs import start_logging
from monitoring.probe_player import Probe, UnusableError
from monitoring.probe_report import render_json, render_table
from monitoring.probe_service import serve_probe

__all__ = ["add_probe_command"]

T = TypeVar("T")
Finish = Callable[[Coroutine[Any, Any, T]], T | None]

_GOOD, _FAULTS, _UNUSABLE = 0, 1, 2
_VANTAGE: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
_CHANNEL: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
_OWN_PATH: Final = re.compile(r".*/(?:live|ll|sound)/([a-z0-9][a-z0-9-]{0,31})/[^/]+")
_MAX_SECONDS: Final = 30 * 86_400.0
_SECONDS: Final = 30.0
_MAX_PORT: Final = 65_535

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
    probe.add_argument("url", nargs="?", metavar="URL", help="a multivariant or a media playlist")
    probe.add_argument(
        "--url-env",
        metavar="VARIABLE",
        help="the address is in this environment variable: one with a password or a token must not "
        "stand in the list of processes",
    )
    probe.add_argument(
        "--for",
        type=float,
        dest="seconds",
        metavar="SECONDS",
        help=f"how long to watch; 0 is until Ctrl-C (default: {_SECONDS:.0f})",
    )
    probe.add_argument("--json", action="store_true", help="print the verdict as JSON")
    probe.add_argument(
        "--vantage",
        default="here",
        metavar="NAME",
        help="name of the place this is watched from (default: %(default)s)",
    )
    probe.add_argument(
        "--catch-up",
        action="store_true",
        help="check the past of a channel of this platform too: 10 minutes, 1 day and 7 days ago,"
        " as far as it is kept",
    )
    probe.add_argument(
        "--serve",
        metavar="HOST:PORT",
        help="watch until stopped, and export lensong_probe_* at http://HOST:PORT/metrics",
    )
    probe.add_argument(
        "--channel",
        metavar="NAME",
        help="label of the metrics (default: the name in /live/NAME/, else probe)",
    )
    probe.set_defaults(run=lambda arguments: _probe(arguments, finish))


def _probe(
    arguments: argparse.Namespace, finish: Callable[[Coroutine[Any, Any, None]], None]
) -> int:
    url = _url_of(arguments)
    seconds = _SECONDS if arguments.seconds is None else arguments.seconds
    if not 0 <= seconds <= _MAX_SECONDS:
        raise ConfigError(f"--for {seconds}: write seconds, 0 for no end")
    if not _VANTAGE.fullmatch(arguments.vantage):
        raise ConfigError(f"--vantage {arguments.vantage!r}: small letters, digits and -, up to 32")
    if arguments.serve is not None:
        return _serve(arguments, url, finish)
    if arguments.channel is not None:
        raise ConfigError("--channel belongs to --serve")
    began = monotonic_ns()

    def tell(text: str) -> None:
        print(f"{(monotonic_ns() - began) / 1e9:7.1f} s  {text}", file=sys.stderr, flush=True)

    try:
        oldest = _unknown if arguments.catch_up else None
        probe = Probe(url, vantage=arguments.vantage, tell=tell, oldest=oldest)
        finish(probe.run(seconds))
    except UnusableError as error:
        print(f"lensong: {error}", file=sys.stderr)
        return _UNUSABLE
    report = probe.report
    print(render_json(report) if arguments.json else render_table(report), end="")
    return _FAULTS if report.book.total else _GOOD


async def _unknown() -> None:
    """Tell since when a station that is not this host's is archived: nobody knows."""


def _url_of(arguments: argparse.Namespace) -> str:
    url, variable = arguments.url, arguments.url_env
    if (url is None) == (variable is None):
        raise ConfigError("probe wants URL, or --url-env with the variable that holds it")
    if variable is not None:
        url = address_in(variable)
    elif "@" in url.partition("//")[2].partition("/")[0]:
        raise ConfigError(
            "a password in the address is seen in the list of processes: put the address into a "
            "variable, and give its name with --url-env"
        )
    return str(url)


def _serve(
    arguments: argparse.Namespace, url: str, finish: Callable[[Coroutine[Any, Any, None]], None]
) -> int:
    if arguments.seconds is not None or arguments.json:
        raise ConfigError("--serve watches until it is stopped: leave --for and --json away")
    host, _, port = arguments.serve.rpartition(":")
    if not host or not port.isascii() or not port.isdigit() or not 0 < int(port) <= _MAX_PORT:
        raise ConfigError(f"--serve {arguments.serve}: write HOST:PORT, such as 127.0.0.1:9120")
    channel = arguments.channel or _channel_of(url)
    if not _CHANNEL.fullmatch(channel):
        raise ConfigError(f"--channel {channel!r}: small letters, digits and -, up to 32")
    try:
        Probe(url, vantage=arguments.vantage)  # refuses what is no address
        start_logging("probe")
        finish(
            serve_probe(
                url,
                channel=channel,
                vantage=arguments.vantage,
                host=host.strip("[]"),
                port=int(port),
                oldest=_unknown if arguments.catch_up else None,
            )
        )
    except UnusableError as error:
        print(f"lensong: {error}", file=sys.stderr)
        return _UNUSABLE
    return _GOOD


def _channel_of(url: str) -> str:
    """Return the channel that an address of this platform names; ``probe`` for others."""
    try:
        found = _OWN_PATH.fullmatch(urlsplit(url).path)
    except ValueError:
        found = None
    return found[1] if found else "probe"
