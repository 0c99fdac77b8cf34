"""The commands of guide and rights, as the command line describes them.

What they do is in :mod:`lensong.guide_desk`, which is loaded only by these commands: the database's
libraries would make every other command slower.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from lensong.arguments import add_settings

__all__ = ["add_guide_commands"]

_RIGHTS: Final = "live-only, catch-up N (days), blackout, open, or default (as its series)"


def add_guide_commands(commands: Any, *, default_file: Path) -> None:
    """Add ``guide``, ``rights``, ``series``, ``as-run``, ``takedown`` and ``audit``."""

    def add(parent: Any, name: str, run: str, text: str, more: str = "") -> argparse.ArgumentParser:
        parser: argparse.ArgumentParser = parent.add_parser(
            name, help=text, description=f"{text[0].upper()}{text[1:]}. {more}".strip()
        )
        add_settings(parser, default_file)
        parser.set_defaults(run=_desk(run))
        return parser

    _add_guide(commands, add)
    _add_rights(commands, add)
    takedown = add(
        commands,
        "takedown",
        "takedown",
        "take a span down, list what is down, or undo it",
        "lensong takedown CHANNEL START END --reason WHY; lensong takedown list; lensong takedown"
        " undo NUMBER. Times are the station's: 2026-11-23T19:00.",
    )
    takedown.add_argument(
        "what", nargs="+", metavar="CHANNEL START END | list | undo NUMBER", help="what to do"
    )
    takedown.add_argument("--reason", default="", metavar="WHY", help="for the audit")

    audit = add(commands, "audit", "audit", "who changed what of guide and rights, newest first")
    audit.add_argument("--limit", type=int, default=50, metavar="N", help="how many (default: 50)")
    audit.add_argument("--json", action="store_true", help="print JSON, with before and after")


def _add_guide(commands: Any, add: Callable[..., argparse.ArgumentParser]) -> None:
    guide = commands.add_parser("guide", help="import the programme guide, or show it")
    below = guide.add_subparsers(required=True, metavar="import|show")
    imported = add(
        below,
        "import",
        "import_guide",
        "import a guide: XMLTV, CSV or JSON, gzip or not",
        "Each day of a channel is imported whole or not at all; a day with a fault keeps the guide"
        " it had. Exit code 1 when a day was refused. The platform need not run.",
    )
    imported.add_argument("guide", type=Path, metavar="FILE", help="the guide, at most 5 MB")
    imported.add_argument("--channel", metavar="C", help="all of the file is of this channel")
    imported.add_argument(
        "--dry-run", action="store_true", help="say what would be done, and do nothing"
    )
    show = add(below, "show", "show_guide", "show the guide of a day, with ids and rights")
    show.add_argument("channel", metavar="CHANNEL", help="the channel's slug")
    show.add_argument("day", nargs="?", metavar="DATE", help="2026-11-23 (default: today)")


def _add_rights(commands: Any, add: Callable[..., argparse.ArgumentParser]) -> None:
    rights = commands.add_parser("rights", help="say what may be done with a programme or a series")
    below = rights.add_subparsers(required=True, metavar="set")
    rights_set = add(
        below,
        "set",
        "set_rights",
        "set the rights of a programme, or of a series",
        f"Rights: {_RIGHTS}. A series' rule holds for its programmes, those to come too; a"
        " programme's own rights go before it.",
    )
    rights_set.add_argument(
        "target", metavar="PROGRAMME_ID|series:NAME", help="`lensong guide show` lists the ids"
    )
    rights_set.add_argument("rights", nargs="+", metavar="RIGHTS", help=_RIGHTS)

    series = commands.add_parser("series", help="say which series a programme is of")
    below = series.add_subparsers(required=True, metavar="set")
    series_set = add(below, "set", "set_series", "put a programme into a series")
    series_set.add_argument("programme", metavar="PROGRAMME_ID", help="the programme")
    series_set.add_argument(
        "series", metavar="NAME|none|default", help="the series, none, or what the guide says"
    )

    as_run = add(
        commands,
        "as-run",
        "set_as_run",
        "say when a programme really began, and ended",
        "Times are the station's: 2026-11-23T19:04; `none` takes them back.",
    )
    as_run.add_argument("programme", metavar="PROGRAMME_ID", help="the programme")
    as_run.add_argument("start", metavar="START|none", help="when it began")
    as_run.add_argument("end", nargs="?", metavar="END", help="when it ended (default: as planned)")


def _desk(name: str) -> Callable[[argparse.Namespace], int]:
    def run(arguments: argparse.Namespace) -> int:
        code: int = getattr(import_module("lensong.guide_desk"), name)(arguments)
        return code

    return run
