"""``lensong audience``: who watched which programme."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from core.clock import unix_ns
from core.config import Settings, load_settings
from core.errors import ConfigError, FormatError
from core.guide import parse_snapshot
from lensong.arguments import add_settings
from monitoring import audience_provinces
from monitoring.audience_provinces import by_province
from monitoring.audience_report import render_csv, render_table, report

if TYPE_CHECKING:
    from monitoring.audience_store import AudienceStore

__all__ = ["add_audience_command"]

_NOTHING: Final = {
    False: "lịch phát sóng trống / the guide has no programme",
    True: "chưa có số liệu theo tỉnh / nothing by province: see origin.provinces_file",
}


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
    parser.add_argument(
        "--provinces",
        action="store_true",
        help="by province instead; wants origin.provinces_file",
    )
    parser.add_argument("--csv", action="store_true", help="print CSV")
    add_settings(parser, default_file)
    parser.set_defaults(run=_show)


def _show(arguments: argparse.Namespace) -> int:
    settings = load_settings(arguments.file)
    channel = settings.channel(arguments.channel).slug
    zone = ZoneInfo(settings.station.timezone)
    day = _day(arguments.day, zone)
    begin_s = round(datetime.combine(day, time(), zone).timestamp())
    end_s = round(datetime.combine(day + timedelta(days=1), time(), zone).timestamp())
    show = _by_province if arguments.provinces else _by_programme
    text = show(settings, channel, begin_s, end_s, is_csv=arguments.csv)
    print(text or f"{day}: {_NOTHING[arguments.provinces]}\n", end="")
    return 0


def _by_programme(
    settings: Settings, channel: str, begin_s: int, end_s: int, *, is_csv: bool
) -> str:
    try:
        guide = parse_snapshot((settings.guide_dir / f"{channel}.json").read_bytes())
    except (OSError, FormatError) as error:
        raise ConfigError(
            f"{settings.guide_dir}: no guide of {channel} is there: `lensong guide import`"
        ) from error
    programmes = [item for item in guide.programmes if begin_s <= item.began_s < end_s]
    last_s = max((item.ended_s for item in programmes), default=end_s)
    with _database(settings) as store:
        minutes = store.minutes(channel, begin_s // 60, last_s // 60 + 1)
    rows, zone = report(programmes, minutes), ZoneInfo(settings.station.timezone)
    if is_csv:
        return render_csv(rows, zone)
    return f"{render_table(rows, zone)}\n" if rows else ""


def _by_province(
    settings: Settings, channel: str, begin_s: int, end_s: int, *, is_csv: bool
) -> str:
    begin, end = begin_s // 60, end_s // 60
    with _database(settings) as store:
        known = len(store.minutes(channel, begin, end))
        rows = by_province(store.provinces(channel, begin, end), known)
    if is_csv:
        return audience_provinces.render_csv(rows)
    return f"{audience_provinces.render_table(rows)}\n" if rows else ""


@contextmanager
def _database(settings: Settings) -> Iterator[AudienceStore]:
    # The database's library would make every other command slower.
    from monitoring.audience_store import AudienceStore  # noqa: PLC0415

    path = settings.paths.data_dir / "audience.db"
    if not path.exists():
        raise ConfigError(f"{path} is not there yet: monitoring writes it once a minute")
    store = AudienceStore(path)
    try:
        store.open()  # a version before this one made fewer tables
        yield store
    except OSError as error:
        raise ConfigError(str(error)) from error
    finally:
        store.close()


def _day(text: str | None, zone: ZoneInfo) -> date:
    if text is None:
        return datetime.fromtimestamp(unix_ns() / 1e9, zone).date()
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ConfigError(f"--day {text}: write it as 2026-11-23") from None
