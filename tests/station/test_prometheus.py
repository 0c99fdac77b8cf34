"""Debian's Prometheus reads a station on air, sees its faults, and somebody is told of them.

The short form of ``make soak NAME=alerts``, where every alert is raised by its fault.
"""

from __future__ import annotations

import asyncio
import csv
import io
import re
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from benchmarks.alert_faults import Judge, prepare
from benchmarks.fault_list import FAULTS, QUICK, small_station
from benchmarks.unknown_names import MOST_NEW, ask_for_unknown, series
from benchmarks.watched_station import WatchedStation
from core.clock import unix_ns
from tests.monitoring.promtool import promtool
from tests.monitoring.test_dashboards import AWAITED, queries
from tests.monitoring.test_rules import EXPRESSIONS, RECORDED

UNKNOWN_NAMES = 10_000
OFFSET = 25_600
MUSIC_LUFS = -21
"""What the studios play; their channels have it as target."""

WITHOUT_DATA = {
    "objectives: On air in the last 24 h 0": "it is reckoned by whole minutes",
    "objectives: Burn rate (1 uses it up in 30 days) 2": "long windows are judged once a minute",
    "objectives: Burn rate (1 uses it up in 30 days) 3": "the same",
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
    """Be asked for unknown names, be watched, be broken in many ways at once, lose the studio."""
    async with small_station(folder, OFFSET) as found:
        await prepare(found, (("hytv", "studio"), ("hyfm", "studio")))
        # Two samples of the youngest counters, and the rules made of them.
        await until_data(found, "channel:lensong_part_delay_seconds:p99 >= 0")
        await until_data(found, "count_over_time(lensong_encoder_up[1m]) >= 4")
        judge = Judge(found)
        await judge.until_no_page()
        async with asyncio.TaskGroup() as tasks:
            looking = tasks.create_task(judge.run())
            port = found.station.settings.network.http_port
            await ask_for_unknown(port, 200)  # every handler has its series then
            before = await series(found)
            asked = await ask_for_unknown(port, UNKNOWN_NAMES)
            assert max(asked) < 500
            after = await series(found)
            assert [one for one in after if after[one] - before[one] > MOST_NEW] == []
            async with FAULTS["player-bad-network"].breaking(found):  # some who watch
                empty = await break_much(judge)
                (slate,) = await judge.make("publisher-killed", FAULTS["publisher-killed"])
                empty &= await empty_expressions(found)
            await judge.until_over_one(slate)
            looking.cancel()
        assert [outcome.row() for outcome in judge.outcomes if not outcome.named] == []
        assert slate.met, slate.row()
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
        await check_loudness(found)


async def check_loudness(found: WatchedStation) -> None:
    """Read the day's loudness report: the radio's whole minutes, at the level of its music."""
    settings = found.station.settings
    zone = ZoneInfo(settings.station.timezone)
    day = datetime.fromtimestamp(unix_ns() / 1e9 - 60, zone).date()
    url = f"{settings.pages_url}/reports/loudness/hyfm/{day}.csv"
    async with found.station.client.get(url) as answer:
        rows = list(csv.DictReader(io.StringIO(await answer.text(), newline="")))
    levels = [float(row["integrated_lufs"]) for row in rows if row["integrated_lufs"]]
    assert levels, rows
    assert all(abs(level - MUSIC_LUFS) < 2 for level in levels), levels


async def break_much(judge: Judge) -> set[str]:
    """Make every quick fault at once; return which expressions had no data meanwhile."""
    async with asyncio.TaskGroup() as tasks:
        for name, fault in QUICK.items():
            tasks.create_task(judge.make(name, fault))
        await until_data(judge.watched, "channel_kind:lensong_faulty_input:max")
        await until_data(judge.watched, "channel:lensong_stalled:ratio_rate2m >= 0")
        return await empty_expressions(judge.watched)
