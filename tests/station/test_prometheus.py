"""Debian's Prometheus reads a station on air, well and in a fault."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Final

import pytest
from aiohttp.test_utils import unused_port

from benchmarks.alert_faults import FAULTS
from benchmarks.station import tv_settings
from benchmarks.watched_station import WatchedStation, watched_station
from tests.monitoring.promtool import promtool
from tests.monitoring.test_dashboards import AWAITED, queries
from tests.monitoring.test_rules import EXPRESSIONS, RECORDED

UNKNOWN_NAMES = 2_000
INPUTS: Final = """
[[channels.inputs]]
name = "studio"
protocol = "rtmp"
key_sha256_env = "KEY_STUDIO"
[[channels]]
slug = "hyfm"
name = "Phát thanh đo"
kind = "radio"
[[channels.inputs]]
name = "studio"
protocol = "icecast"
key_sha256_env = "KEY_RADIO"
"""

WITHOUT_DATA = {
    "switcher: Host's clock against the time server 0": "the test asks no time server",
    "packaging: How far back the archive goes 0": "the station is a minute old",
    "objectives: On air in the last 24 h 0": "it is reckoned by whole minutes",
    "objectives: Burn rate (1 uses it up in 30 days) 2": "long windows are judged once a minute",
    "objectives: Burn rate (1 uses it up in 30 days) 3": "the same",
    "objectives: Alerts firing, and delivered in an hour 1": "the station has no receiver",
    "audience: Viewers and forecast 1": "a forecast wants four weeks",
    "audience: Traffic forecast for the coming day's peak 0": "the same",
    "audience: Traffic forecast for the coming day's peak 1": "no capacity is set",
}
"""Expressions that a short session cannot give data, each with its reason."""


@pytest.fixture(autouse=True)
def no_blocking_calls() -> None:
    """Let the station's harness read /proc and make folders: it serves nobody."""


async def until_data(found: WatchedStation, expr: str, within_s: float = 60) -> None:
    """Wait until an expression has a value."""

    async def has_data() -> bool:
        return bool(await found.query(expr))

    await found.station.until(expr, has_data, within_s, every_s=0.5)


async def firing_pages(found: WatchedStation) -> list[tuple[str, str, str]]:
    """Return (alert, channel, stage) of every page that fires."""
    return [
        (labels["alertname"], labels["channel"], labels["stage"])
        for labels in await found.firing()
        if labels["severity"] == "page"
    ]


async def empty_expressions(found: WatchedStation) -> set[str]:
    """Evaluate every panel and every rule; return which have no data."""
    empty = set()
    for name, expr in (queries() | EXPRESSIONS).items():
        is_condition = name in EXPRESSIONS and name not in RECORDED
        # An alert's expression without data is good news: only that it can be evaluated counts.
        if not await found.query(expr.replace("$channel", ".*")) and not is_condition:
            empty.add(name)
    return empty


async def check_metrics(found: WatchedStation) -> None:
    """Have promtool judge each process's live text."""
    text = await asyncio.to_thread((found.files / "prometheus.yml").read_text, encoding="utf-8")
    addresses = re.findall(r'targets: \["([^"]+)"\]', text)[1:]  # the first takes the alerts
    assert len(addresses) == 7
    for address in addresses:
        async with found.station.client.get(f"http://{address}/metrics") as answer:
            page = await answer.text()
        said = await asyncio.to_thread(promtool, "check", "metrics", stdin=page)
        lines = (said.stdout + said.stderr).splitlines()
        assert [line for line in lines if line] == []


async def series_of(found: WatchedStation, process: str) -> float:
    (sample,) = await found.query(f'scrape_samples_scraped{{process="{process}"}}')
    return float(sample["value"][1])


async def rules_in_fault(found: WatchedStation) -> list[str]:
    async with found.station.client.get(f"{found.prometheus}/api/v1/rules") as answer:
        groups = (await answer.json())["data"]["groups"]
    return [rule["name"] for group in groups for rule in group["rules"] if rule.get("lastError")]


@pytest.mark.media
@pytest.mark.services
@pytest.mark.timeout(240)
def test_prometheus_reads_a_station_on_air_and_sees_its_faults(tmp_path: Path) -> None:
    asyncio.run(session(tmp_path))


async def session(folder: Path) -> None:
    """Run well, be asked for unknown names, be watched, go black, lose the studio."""
    text = tv_settings(INPUTS, folder=str(folder), offset=31_000, ladder="360p")
    async with watched_station(
        text, folder, prometheus_port=unused_port(), webhook_port=unused_port()
    ) as found:
        station = found.station
        # The site is not asked before it has something to show: that is a page of its own.
        for channel in ("hytv", "hyfm"):
            await station.plug_in(channel, "studio")
        for channel in ("hytv", "hyfm"):
            await station.until_on_air("studio", 60, channel)
        await found.until_scraped()
        # Two samples of the youngest counters, and the rules made of them.
        await until_data(found, "channel:lensong_part_delay_seconds:p99 >= 0")
        await until_data(found, "count_over_time(lensong_encoder_up[1m]) >= 4")
        await until_data(found, 'absent(ALERTS{alertstate="firing",severity="page"})')
        before = await series_of(found, "origin-0")
        for number in range(UNKNOWN_NAMES):
            url = f"{station.site}/live/nowhere{number}/index.m3u8"
            async with station.client.get(url) as answer:
                assert answer.status == 404
        async with FAULTS["player-bad-network"].breaking(found):  # some who watch, and tell of it
            async with FAULTS["picture-black"].breaking(found):
                await until_data(found, "channel_kind:lensong_faulty_input:max")
                await until_data(found, "channel:lensong_stalled:ratio_rate2m >= 0")
                empty = await empty_expressions(found)
            await station.unplug("hytv", "studio")
            await until_data(found, 'ALERTS{alertname="ChannelOnSlate",alertstate="firing"}')
            assert await firing_pages(found) == [("ChannelOnSlate", "hytv", "input")]
            empty &= await empty_expressions(found)
        assert await series_of(found, "origin-0") - before <= 10
        awaited = {
            name
            for name, expr in (queries() | EXPRESSIONS).items()
            if any(family in expr for family in AWAITED)
        }
        assert empty - awaited <= WITHOUT_DATA.keys()
        assert await rules_in_fault(found) == []
        # The median, since two processors carry a station and its studios besides.
        slow = await found.query("quantile_over_time(0.5, scrape_duration_seconds[2m]) > 0.05")
        assert slow == []
        await check_metrics(found)
