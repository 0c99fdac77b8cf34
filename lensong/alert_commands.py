"""``lensong alerts``: what fires, who is told, and what is silenced for a while."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from typing import Any

from core.errors import ConfigError

__all__ = ["add_alert_commands"]

Order = Callable[[argparse.Namespace, Mapping[str, Any]], Mapping[str, Any] | None]
"""Gives the platform an order; None when it was interrupted."""


def add_alert_commands(
    commands: Any, add_where: Callable[[argparse.ArgumentParser], None], order: Order
) -> None:
    """Add the command.

    Args:
        commands: What :mod:`argparse` made for commands.
        add_where: Adds the arguments that find the running platform.
        order: Gives it an order.
    """
    parser = commands.add_parser(
        "alerts",
        help="what fires now; `lensong alerts test` sends every receiver a test",
        description="List the alerts that fire now, of Prometheus and of the platform's own. "
        "`test` sends every mail address and webhook of the settings a test message. `silence "
        "ALERT` holds its messages back for a while, `speak ALERT` ends that.",
    )
    parser.add_argument(
        "what", nargs="?", choices=("list", "test", "silence", "speak"), default="list"
    )
    parser.add_argument(
        "alert", nargs="?", metavar="ALERT", help="ChannelOffAir; or all, of one channel"
    )
    parser.add_argument("--channel", default="", metavar="SLUG", help="of this channel only")
    parser.add_argument(
        "--hours", type=float, default=2.0, metavar="H", help="how long (default: %(default)s)"
    )
    parser.add_argument("--reason", default="", metavar="WHY", help="for who looks next")
    add_where(parser)
    parser.set_defaults(run=lambda arguments: _run(arguments, order))


def _run(arguments: argparse.Namespace, order: Order) -> int:
    answer = order(arguments, _order(arguments))
    if answer is None:
        print("interrupted")
    elif arguments.what == "test":
        names = ", ".join(answer["receivers"])
        print(f"sent to: {names}" if names else "nobody is told: the settings name no receiver")
    else:
        _show(answer)
    return 0


def _order(arguments: argparse.Namespace) -> dict[str, Any]:
    what = arguments.what
    if what in {"silence", "speak"} and arguments.alert is None:
        raise ConfigError(f"alerts {what} wants the alert's name; `lensong alerts` lists them")
    match what:
        case "silence":
            return {
                "do": "silence",
                "alert": arguments.alert,
                "channel": arguments.channel,
                "minutes": arguments.hours * 60,
                "reason": arguments.reason,
            }
        case "speak":
            return {"do": "speak", "alert": arguments.alert, "channel": arguments.channel}
        case "test":
            return {"do": "test-alert"}
        case _:
            return {"do": "alerts"}


def _show(answer: Mapping[str, Any]) -> None:
    for alert in answer["alerts"]:
        where = f" {alert['channel']}" if alert["channel"] else ""
        print(f"{alert['began']}  {alert['severity']:6}  {alert['name']}{where}")
        print(f"  {alert['summary']}\n  {alert['runbook_url']}")
    if not answer["alerts"]:
        print("không có cảnh báo nào / no alert is firing")
    for silence in answer["silences"]:
        where = f" {silence['channel']}" if silence["channel"] else ""
        print(f"im lặng đến / silent until {silence['until']}: {silence['alert']}{where}")
        print(f"  {silence['reason']}")
