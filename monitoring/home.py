"""The first of the operators' pages.  Sans-I/O."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, tzinfo
from html import escape
from zoneinfo import ZoneInfo

from core.config import Settings
from monitoring.alert_book import Told
from monitoring.page import render_page
from monitoring.silences import Silence

__all__ = ["render_home"]


def render_home(
    settings: Settings,
    firing: Sequence[Told],
    days: Sequence[date],
    silences: Sequence[Silence] = (),
) -> str:
    """Return the page that leads to the others.

    Args:
        settings: Names the station and its channels.
        firing: What fires now.
        days: The days that there is a quality sheet of, the newest first.
        silences: What nobody is told of for a while.
    """
    zone = ZoneInfo(settings.station.timezone)
    channels = "".join(
        f"<tr><th>{escape(channel.name)}</th><td><code>{escape(channel.slug)}</code></td></tr>"
        for channel in settings.channels
    )
    alerts = "".join(_alert_row(told, zone) for told in firing)
    sheets = "".join(
        f'<li><a href="/reports/{day.isoformat()}">{day:%d/%m/%Y}</a></li>' for day in days[:60]
    )
    shown = (
        f"<table>{alerts}</table>"
        if alerts
        else "<p>Không có cảnh báo nào. / No alert is firing.</p>"
    )
    silent = "".join(_silence_row(silence, zone) for silence in silences)
    if silent:
        shown += f"<h3>Đang im lặng / Silenced</h3><table>{silent}</table>"
    return render_page(
        f"{settings.station.name}: theo dõi / monitoring",
        f"<h2>Cảnh báo / Alerts</h2>{shown}"
        '<p><a href="/runbooks">Sổ tay xử lý cảnh báo / runbooks</a></p>'
        f"<h2>Kênh / Channels</h2><table>{channels}</table>"
        f"<h2>Chất lượng theo ngày / Quality by day</h2><ul>{sheets}</ul>",
    )


def _silence_row(silence: Silence, zone: tzinfo) -> str:
    until = datetime.fromtimestamp(silence.until_s, zone).strftime("%H:%M:%S %d/%m")
    return (
        f"<tr><td>→ {until}</td><td>{escape(silence.alert)}</td>"
        f"<td>{escape(silence.channel)}</td><td>{escape(silence.reason)}</td></tr>"
    )


def _alert_row(told: Told, zone: tzinfo) -> str:
    alert = told.alert
    since = datetime.fromtimestamp(told.began_s, zone).strftime("%H:%M:%S %d/%m")
    name = escape(alert.name)
    return (
        f"<tr><td>{since}</td><td>{escape(alert.severity)}</td><td>{escape(alert.channel)}</td>"
        f'<td><a href="/runbooks/{name}">{name}</a></td><td>{escape(alert.text("summary"))}</td>'
        "</tr>"
    )
