"""The ``lensong`` command: check, run, and the operator's hands."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import signal
import sys
from collections.abc import Callable, Coroutine, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

import uvloop

from core.admin import platform_version
from core.config import load_settings
from core.environment import (
    INTERNAL_SECRET_VARIABLE,
    child_environment,
    database_url,
    internal_secret,
    operator_key_hashes,
    probe_urls,
    publisher_key_hashes,
    receiver_secrets,
)
from core.errors import ConfigError, LensongError
from core.logs import start_logging
from lensong.alert_commands import add_alert_commands
from lensong.archive_commands import add_archive_commands
from lensong.arguments import add_settings
from lensong.audience_command import add_audience_command
from lensong.checks import check_machine, needs_of
from lensong.clip_command import add_clip_command
from lensong.control import call, find_sockets
from lensong.demo.station import DemoOptions, run_demo
from lensong.guide_commands import add_guide_commands
from lensong.keys import key_hash, new_key
from lensong.monitoring_files import add_monitoring_files
from lensong.plan import plan_processes
from lensong.probe_command import add_probe_command
from lensong.status import merge_status, render_status
from lensong.supervisor import Supervisor

__all__ = ["main"]

T = TypeVar("T")

_DEFAULT_FILE: Final = Path("/etc/lensong/lensong.toml")
_OK, _FAILED, _WRONG_SETTINGS = 0, 1, 2

_EPILOG: Final = """\
first steps:
  lensong demo                      a station of its own, to look at in a browser
  lensong key new                   a key for a publisher, and what the server is told of it
  lensong check lensong.toml        what is wrong with a file, and what it needs
  lensong run lensong.toml          the platform, until Ctrl-C
  lensong take hytv backup          put an input on air by hand; `lensong release hytv` ends it
  lensong probe https://.../index.m3u8   play a channel, anyone's, and judge it
  lensong guide import week.xml     the programme guide; `lensong guide show hytv` lists a day

exit codes: 0 done, 1 the operation failed, 2 wrong usage or settings
"""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="lensong",
        description="Lensong: radio and television, from the studio's encoder to the viewer.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=platform_version())
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_platform_commands(commands)
    _add_operator_commands(commands)
    add_guide_commands(commands, default_file=_DEFAULT_FILE)
    add_clip_command(commands, _DEFAULT_FILE)
    add_audience_command(commands, _DEFAULT_FILE)
    add_archive_commands(commands, default_file=_DEFAULT_FILE, finish=_finish)
    add_monitoring_files(commands)
    add_probe_command(commands, _finish)
    _add_demo(commands)
    return parser


def _add_platform_commands(commands: Any) -> None:
    check = commands.add_parser(
        "check",
        help="say what is wrong with a settings file and what the installation needs",
        description="Read a settings file, report every fault at once, and say what the "
        "installation needs. Nothing is started; ports in use are reported.",
    )
    check.add_argument("file", type=Path, metavar="FILE", help="settings (TOML)")
    check.set_defaults(run=_check)

    run = commands.add_parser(
        "run",
        help="run the platform, or some of its services",
        description="Run every service as a process of its own, restart what dies, and end all "
        "of them on Ctrl-C or SIGTERM. With --only, run the named services; "
        f"{INTERNAL_SECRET_VARIABLE} must then hold the secret that all units share.",
    )
    _add_file(run)
    run.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="SERVICE",
        help="ingest, packager, origin, programme, programme:CHANNEL, control or "
        "monitoring; may be repeated",
    )
    run.set_defaults(run=_run)

    key = commands.add_parser("key", help="make a publisher's key")
    key_commands = key.add_subparsers(required=True, metavar="new")
    new = key_commands.add_parser(
        "new",
        help="print a fresh key once, and its SHA-256",
        description="Print a key for one publisher and the SHA-256 that the server is given. "
        "The key is kept nowhere: note it now.",
    )
    new.add_argument(
        "--variable",
        default="HYTV_STUDIO_KEY_SHA256",
        metavar="NAME",
        help="name of the input's key_sha256_env, for the printed line (default: %(default)s)",
    )
    new.set_defaults(run=_key_new)


def _add_operator_commands(commands: Any) -> None:
    reload = commands.add_parser(
        "reload",
        help="apply an edited settings file to the running platform",
        description="Have the running platform read its settings file again. Channels that did "
        "not change lose no frame; a bad file is refused with all its faults, and the old "
        "one stays. Variables of new inputs must be in the platform's environment already.",
    )
    _add_file(reload)
    _add_run_dir(reload)
    reload.set_defaults(run=_reload)

    status = commands.add_parser(
        "status", help="what is on air, which inputs are good, how far behind the edge is"
    )
    _add_where(status)
    status.add_argument("--json", action="store_true", help="print JSON")
    status.set_defaults(run=_status)

    take = commands.add_parser(
        "take",
        help="put an input, or the slate, on air by hand",
        description="Put a source on air until `lensong release`. A taken input that dies is "
        "replaced as always, and comes back when it is good again.",
    )
    take.add_argument("channel", metavar="CHANNEL", help="the channel's slug")
    take.add_argument("source", metavar="INPUT|slate", help="name of the input, or slate")
    _add_where(take)
    take.set_defaults(run=_take)

    add_alert_commands(commands, _add_where, _tell)

    release = commands.add_parser("release", help="give the choice back to the platform")
    release.add_argument("channel", metavar="CHANNEL", help="the channel's slug")
    _add_where(release)
    release.set_defaults(run=_release)


def _add_demo(commands: Any) -> None:
    demo = commands.add_parser(
        "demo",
        help="run a station of its own: one TV and one radio channel, fed as studios do",
        description="Run a TV channel with two RTMP studios and a radio channel with an Icecast "
        "source, on this machine, until Ctrl-C. The page /demo pulls their plugs.",
    )
    demo.add_argument(
        "--tv", type=Path, metavar="FILE", help="a video file instead of the test picture"
    )
    demo.add_argument(
        "--radio", type=Path, metavar="FILE", help="a sound file instead of the music"
    )
    demo.add_argument(
        "--data",
        type=Path,
        metavar="DIR",
        help="keep files here (default: a folder that is removed)",
    )
    demo.add_argument(
        "--http",
        default="127.0.0.1:8080",
        metavar="HOST:PORT",
        help="address of the public site (default: %(default)s)",
    )
    demo.add_argument(
        "--port-offset",
        type=int,
        default=0,
        metavar="N",
        help="move every other port by N, so that two demos run side by side",
    )
    demo.add_argument("--seconds", type=float, metavar="N", help="stop by itself after N seconds")
    demo.set_defaults(run=_demo)


def _add_file(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "file",
        type=Path,
        nargs="?",
        default=_DEFAULT_FILE,
        metavar="FILE",
        help="settings (default: %(default)s)",
    )


def _add_where(parser: argparse.ArgumentParser) -> None:
    add_settings(parser, _DEFAULT_FILE, "settings of the running platform, to find its socket")
    _add_run_dir(parser)


def _add_run_dir(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--run-dir", type=Path, metavar="DIR", help="or its paths.run_dir, without a file"
    )


def _sockets(arguments: argparse.Namespace) -> list[Path]:
    run_dir: Path | None = arguments.run_dir
    if run_dir is None:
        run_dir = load_settings(arguments.file).paths.run_dir
    return find_sockets(run_dir)


def _check(arguments: argparse.Namespace) -> int:
    settings = load_settings(arguments.file)
    publisher_key_hashes(settings)
    operator_key_hashes(settings)
    receiver_secrets(settings)
    probe_urls(settings)
    database_url(settings)
    _finish(check_machine(settings, plan_processes(settings)))
    print(f"{arguments.file}: good; {needs_of(settings)}")
    return _OK


def _run(arguments: argparse.Namespace) -> int:
    if arguments.only:
        internal_secret()
    start_logging("supervisor")
    supervisor = Supervisor(arguments.file, environment=child_environment(), only=arguments.only)
    _finish(supervisor.run())
    return _OK


def _key_new(arguments: argparse.Namespace) -> int:
    key = new_key()
    print(f"key, for the publisher, shown only now:  {key}")
    print("for the platform's environment:")
    print(f"  {arguments.variable}={key_hash(key)}")
    return _OK


def _reload(arguments: argparse.Namespace) -> int:
    for path in _sockets(arguments):
        answer = _finish(call(path, {"do": "reload"}))
        print(f"{path.stem}: {answer['done']}" if answer else "interrupted")
    return _OK


def _status(arguments: argparse.Namespace) -> int:
    answers = [_finish(call(path, {"do": "status"})) for path in _sockets(arguments)]
    merged = merge_status([answer for answer in answers if answer is not None])
    if arguments.json:
        print(json.dumps(merged, ensure_ascii=False, indent=2))
    else:
        print(render_status(merged))
    healthy = all(facts.get("healthy") for facts in merged["processes"].values())
    return _OK if healthy else _FAILED


def _take(arguments: argparse.Namespace) -> int:
    command = {"do": "take", "channel": arguments.channel, "source": arguments.source}
    return _order(arguments, command)


def _release(arguments: argparse.Namespace) -> int:
    return _order(arguments, {"do": "release", "channel": arguments.channel})


def _order(arguments: argparse.Namespace, command: dict[str, str]) -> int:
    answer = _tell(arguments, command)
    print(answer["done"] if answer else "interrupted")
    return _OK


def _tell(arguments: argparse.Namespace, command: Mapping[str, Any]) -> Mapping[str, Any] | None:
    # Any supervisor of the host knows the settings and the secret.
    return _finish(call(_sockets(arguments)[0], command))


def _demo(arguments: argparse.Namespace) -> int:
    start_logging("demo", level="error")  # the services' lines go to a file
    host, _, port = arguments.http.rpartition(":")
    if not host or not port.isdigit():
        raise ConfigError(f"--http {arguments.http}: write HOST:PORT, such as 127.0.0.1:8080")
    options = DemoOptions(
        tv=arguments.tv,
        radio=arguments.radio,
        data=arguments.data,
        http_host=host.strip("[]"),
        http_port=int(port),
        port_offset=arguments.port_offset,
        seconds=arguments.seconds,
    )
    _finish(run_demo(options))
    return _OK


def _finish(coroutine: Coroutine[Any, Any, T]) -> T | None:
    """Run to the end; SIGTERM and Ctrl-C cancel it, which gives None."""

    async def run() -> T | None:
        loop = asyncio.get_running_loop()
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("no task")
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, task.cancel)
        try:
            return await coroutine
        except asyncio.CancelledError:
            return None

    return uvloop.run(run())


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    arguments = _parser().parse_args(argv)
    command: Callable[[argparse.Namespace], int] = arguments.run
    try:
        with contextlib.suppress(BrokenPipeError):
            return command(arguments)
    except ConfigError as error:
        print(f"lensong: {error}", file=sys.stderr)
        return _WRONG_SETTINGS
    except LensongError as error:
        print(f"lensong: {error}", file=sys.stderr)
        return _FAILED
    return _OK


if __name__ == "__main__":
    sys.exit(main())
