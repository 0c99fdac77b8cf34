"""What the commands of guide and rights do, on the database itself; no platform need run."""

from __future__ import annotations

import argparse
import json
import os
import pwd
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import date
from pathlib import Path
from typing import Final

from control.api_values import audit_values
from control.gzip_guard import MAX_BYTES
from control.journal import Act
from control.moments import local_text, parse_day
from control.report import render_report
from control.room import ControlRoom
from control.store import Listed
from core.clock import unix_ns
from core.config import Settings, load_settings
from core.errors import ConfigError, FormatError, RefusedError
from core.logs import start_logging

__all__ = [
    "audit",
    "import_guide",
    "set_as_run",
    "set_rights",
    "set_series",
    "show_guide",
    "takedown",
]

_DONE: Final = 0
_FAILED: Final = 1
_SERIES: Final = "series:"
_NO_LOGIN: Final = 2**32 - 1
_MAX_AUDIT: Final = 10_000


def import_guide(arguments: argparse.Namespace) -> int:
    """Import a file and print every fault; 1 when something of it was refused."""
    data = _read(arguments.guide)
    with _room(arguments) as (room, act):
        report = room.import_guide(
            data,
            name=arguments.guide.name,
            act=act,
            only=arguments.channel,
            dry_run=arguments.dry_run,
        )
    print(render_report(report))
    return _DONE if report.result == "accepted" else _FAILED


def show_guide(arguments: argparse.Namespace) -> int:
    """Print a day's programmes."""
    with _room(arguments) as (room, act):
        day = room.today(act.at_s) if arguments.day is None else _day(arguments.day)
        found = room.day(arguments.channel, day)
        print(f"{arguments.channel} {day}: {len(found)} chương trình / programmes")
        for listed in found:
            print(_line(listed, room))
    return _DONE


def set_rights(arguments: argparse.Namespace) -> int:
    """Set the rights of a programme or a series."""
    words, target = " ".join(arguments.rights), str(arguments.target)
    with _room(arguments) as (room, act):
        if target.startswith(_SERIES):
            room.set_series_rights(target.removeprefix(_SERIES), words, act)
            print(f"{target}: {words}")
        else:
            print(_line(room.set_rights(target, words, act), room))
    return _DONE


def set_series(arguments: argparse.Namespace) -> int:
    """Put a programme into a series."""
    series = {"none": "", "default": None}.get(arguments.series, arguments.series)
    with _room(arguments) as (room, act):
        print(_line(room.set_series(arguments.programme, series, act), room))
    return _DONE


def set_as_run(arguments: argparse.Namespace) -> int:
    """Say when a programme really was on."""
    start = None if arguments.start == "none" else arguments.start
    if start is None and arguments.end is not None:
        raise RefusedError("`none` không đi cùng END / `none` goes without END", code="wrong_time")
    with _room(arguments) as (room, act):
        print(_line(room.set_as_run(arguments.programme, start, arguments.end, act), room))
    return _DONE


def takedown(arguments: argparse.Namespace) -> int:
    """Take down, list or undo."""
    with _room(arguments) as (room, act):
        match arguments.what:
            case ["list"]:
                found = room.store.takedowns()
            case ["undo", number] if number.isdigit():
                found = [room.undo_takedown(int(number), act)]
            case [channel, start, end]:
                found = [room.take_down(channel, start, end, reason=arguments.reason, act=act)]
            case _:
                raise ConfigError(
                    "lensong takedown CHANNEL START END --reason WHY | list | undo NUMBER"
                )
        for item in found:
            span = item.span
            print(
                f"{item.id}  {item.channel}  {local_text(span.start_s, room.zone)} –"
                f" {local_text(span.end_s, room.zone)}  {span.reason}"
            )
    return _DONE


def audit(arguments: argparse.Namespace) -> int:
    """Print who changed what."""
    with _room(arguments) as (room, _):
        found = room.store.audit(limit=max(1, min(arguments.limit, _MAX_AUDIT)))
        if arguments.json:
            print(
                json.dumps([audit_values(entry) for entry in found], ensure_ascii=False, indent=2)
            )
            return _DONE
        for entry in found:
            when = local_text(entry.at_s, room.zone, "%Y-%m-%d %H:%M:%S")
            after = json.dumps(entry.after, ensure_ascii=False)
            shown = after if len(after) <= 100 else f"{after[:100]}…"  # noqa: PLR2004
            print(f"{when}  {entry.who}  {entry.action}  {entry.subject}  {shown}")
    return _DONE


@contextmanager
def _room(arguments: argparse.Namespace) -> Iterator[tuple[ControlRoom, Act]]:
    """Open the database for one command of the user who is at the keyboard."""
    start_logging("cli", level="warning")
    settings = load_settings(arguments.file)
    _check_user(settings)
    room = ControlRoom(settings)
    try:
        room.open()
        yield room, Act(f"cli:{_user()}", unix_ns() // 1_000_000_000)
    finally:
        room.close()


def _check_user(settings: Settings) -> None:
    """Refuse root where the platform is another's: it could not write what root made."""
    folder = settings.paths.data_dir
    with suppress(FileNotFoundError):
        owner = folder.stat().st_uid
        if os.geteuid() == 0 and owner != 0:
            name = _name_of(owner)
            raise ConfigError(
                f"{folder} của / belongs to {name}: chạy / run: sudo -u {name} lensong ..."
            )


def _user() -> str:
    """Return who is at the keyboard: who logged in, sudo or not."""
    try:
        login = int(Path("/proc/self/loginuid").read_text(encoding="ascii"))
    except (OSError, ValueError):
        login = _NO_LOGIN
    return _name_of(os.getuid() if login == _NO_LOGIN else login)


def _name_of(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error


def _day(text: str) -> date:
    try:
        return parse_day(text)
    except FormatError as error:
        raise RefusedError("viết / write 2026-11-23", code="wrong_time") from error


def _line(listed: Listed, room: ControlRoom) -> str:
    item = listed.programme
    hours = f"{local_text(item.start_s, room.zone)} – {local_text(item.end_s, room.zone, '%H:%M')}"
    rights = listed.rights or listed.series_rights or "open"
    if listed.rights is None and listed.series_rights is not None:
        rights += f" (series {item.series})"
    as_run = ""
    if item.as_run_start_s is not None:
        as_run = f"  [{local_text(item.began_s, room.zone, '%H:%M:%S')} –"
        as_run += f" {local_text(item.ended_s, room.zone, '%H:%M:%S')}]"
    return f"{hours}{as_run}  {item.id}  {item.title}  {rights}"
