"""``lensong audience``: who watched which programme."""

from __future__ import annotations

import argparse
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from core.clock import unix_ns
from core.config import load_settings
from core.errors import ConfigError, FormatError
from core.guide import parse_snapshot
from lensong.arguments import add_settings
from monitoring.audience_report import render_csv, render_table, report

__all__ = ["add_audience_command"]


def add_audience_command(commands: Any, default_file: Path) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "audience",
        help="who watched which programme of a day: average, peak, how much was measured",
        description="Join the guide of a day with the audience by minute. Players that do not "
        "report are not in it; fewer than five are hidden. The platform need not run.",
    )
    parser.add_argument("channel", metavar="CHANNEL", help="the channel's slug")
    parser.add_argument("--day", metavar="DATE", help="2026-11-23 (default: today)")
    parser.add_argument("--csv", action="store_true", help="print CSV")
    add_settings(parser, default_file)
    parser.set_defaults(run=_show)


def _show(arguments: argparse.Namespace) -> int:
    # The database's library would make every other command slower.
    from monitoring.audience_store import AudienceStore  # noqa: PLC0415

    settings = load_settings(arguments.file)
    channel = settings.channel(arguments.channel)
    zone = ZoneInfo(settings.station.timezone)
    day = _day(arguments.day, zone)
    begin_s = round(datetime.combine(day, time(), zone).timestamp())
    end_s = round(datetime.combine(day + timedelta(days=1), time(), zone).timestamp())
    try:
        guide = parse_snapshot((settings.guide_dir / f"{channel.slug}.json").read_bytes())
    except (OSError, FormatError) as error:
        raise ConfigError(
            f"{settings.guide_dir}: no guide of {channel.slug} is there: `lensong guide import`"
        ) from error
    database = settings.paths.data_dir / "audience.db"
    if not database.exists():
        raise ConfigError(f"{database} is not there yet: monitoring writes it once a minute")
    programmes = [item for item in guide.programmes if begin_s <= item.began_s < end_s]
    store = AudienceStore(database)
    try:
        last_s = max((item.ended_s for item in programmes), default=end_s)
        minutes = store.minutes(channel.slug, begin_s // 60, last_s // 60 + 1)
    except OSError as error:
        raise ConfigError(str(error)) from error
    finally:
        store.close()
    rows = report(programmes, minutes)
    if arguments.csv:
        print(render_csv(rows, zone), end="")
    elif rows:
        print(render_table(rows, zone))
    else:
        print(f"{day}: lịch phát sóng trống / the guide has no programme")
    return 0


def _day(text: str | None, zone: ZoneInfo) -> date:
    if text is None:
        return datetime.fromtimestamp(unix_ns() / 1e9, zone).date()
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ConfigError(f"--day {text}: write it as 2026-11-23") from None
