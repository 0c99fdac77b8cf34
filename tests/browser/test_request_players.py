"""Players of others, which tell with their requests or tell nothing, as the origin counts them."""

from __future__ import annotations

from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from tests.browser.conftest import Station, Visitor
from tests.browser.test_qoe import counters

ROOT = Path(__file__).parents[2]
HLS_JS = ROOT / "player_web/node_modules/hls.js/dist/hls.min.js"
PLAYERS = Path(__file__).with_name("request_players.js")

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

SOURCE = "/live/hytv/index.m3u8"
WATCHING = 'concurrent_sessions{channel="hytv",kind="%s"}'


def add_players(visitor: Visitor, **players: str) -> None:
    """Open a page without a player of ours and let others play in it; each is its CMCD settings."""
    script = f"{HLS_JS.read_text()}\n{PLAYERS.read_text()}"
    visitor.open("/api/v1/channels.json", script=script)
    for name, cmcd in players.items():
        visitor.see(f"addPlayer({name!r}, {SOURCE!r}, {cmcd})")


def test_hls_js_is_counted_by_its_requests_and_once_when_it_sends_events_too(
    station: Station, visitor: Visitor
) -> None:
    add_players(
        visitor,
        one="{contentId: 'anything'}",
        two="{version: 2, useHeaders: true}",
        both="{version: 2, contentId: 'hytv', eventTargets:"
        " [{url: '/qoe', events: ['ps', 'e', 't'], interval: 2}]}",
    )
    television = Request(station.site + "/live/hytv/360p/index.m3u8")  # noqa: S310
    television.add_header("User-Agent", "Mozilla/5.0 (Web0S; SmartTV)")
    visitor.wait("Object.values(players).every(one => one.playedS() > 5)", seconds=40)
    urlopen(television, timeout=10).close()  # noqa: S310
    found = counters(station)
    assert found[WATCHING % "live"] == 3
    assert found[WATCHING % "unreported"] == 1
    # Of the three only the one with events is told of before forty seconds are over.
    assert 2 < found['watched_seconds_total{channel="hytv",kind="live"}'] < 40
    assert found['reports_total{result="accepted"}'] > 15
    for result in ("invalid", "version", "too_large", "rate_limited"):
        assert found[f'reports_total{{result="{result}"}}'] == 0
