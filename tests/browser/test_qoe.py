"""What a viewing in real Chromium comes to in the origin's counters, and who is not counted."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from urllib.request import urlopen

import pytest

from core.clock import monotonic_ns
from tests.browser.conftest import Station, Visitor

KEEP_BODIES = """
window.bodies = [];
const beacon = navigator.sendBeacon.bind(navigator);
navigator.sendBeacon = (url, body) => {
  body.text().then((text) => bodies.push(text));
  return beacon(url, body);
};
const real = window.fetch;
window.fetch = (url, init) => {
  if (String(url).endsWith("/qoe")) window.bodies.push(init.body);
  return real(url, init);
};
"""
REFUSES = {
    "DNT": 'Object.defineProperty(navigator, "doNotTrack", { get: () => "1" });',
    "GPC": 'Object.defineProperty(navigator, "globalPrivacyControl", { get: () => true });',
}


def counters(station: Station) -> dict[str, float]:
    """Return the origin's counts of experience, by their series."""
    with urlopen(station.metrics, timeout=10) as answer:  # noqa: S310
        text = answer.read().decode()
    return {
        name: float(value)
        for name, value in re.findall(r"^lensong_qoe_(\S+) (\S+)$", text, re.MULTILINE)
    }


def wait_for(
    station: Station, true: Callable[[dict[str, float]], bool], seconds: float = 40
) -> None:
    """Wait until the counts are so."""
    end = monotonic_ns() + seconds * 1e9
    while not true(found := counters(station)):
        assert monotonic_ns() < end, {name: value for name, value in found.items() if value}
        time.sleep(0.2)


@pytest.mark.timeout(240)
def test_a_viewing_with_a_lost_network_is_counted(station: Station, visitor: Visitor) -> None:
    visitor.open("/xem/hytv", script=KEEP_BODIES)
    wait_for(station, lambda found: found['startup_seconds_count{channel="hytv"}'] == 1)
    assert 0 < counters(station)['startup_seconds_sum{channel="hytv"}'] < 60
    assert counters(station)['concurrent_sessions{channel="hytv",kind="live"}'] == 1
    visitor.do("network", offline=True)
    # What is buffered plays on; then it stands still, and says why.
    visitor.wait("document.body.innerText.includes('LS-')", seconds=60)
    visitor.do("network", offline=False)
    stalls = 'stalls_total{channel="hytv"}'
    wait_for(station, lambda found: found[stalls] >= 1, seconds=90)
    offline = 'errors_total{channel="hytv",class="network",code="LS-O1"}'
    wait_for(station, lambda found: found[offline] >= 1)
    wait_for(station, lambda found: found['stall_seconds_total{channel="hytv"}'] > 1, seconds=60)
    bodies = visitor.see("window.bodies")
    assert bodies
    assert all(
        len(re.findall(r',sid="[0-9a-f]{24}",', line)) == 1
        for body in bodies
        for line in body.split("\n")
    )
    # The name in the statistics is the one that was reported: a viewer can tell it to the station.
    visitor.do("key", key="Shift+S")
    visitor.wait("!!document.querySelector('[data-statistic=session]')")
    shown = visitor.see("document.querySelector('[data-statistic=session]').innerText")
    assert f'sid="{shown}"' in bodies[-1]
    assert visitor.see("document.cookie") == ""
    assert visitor.see("JSON.stringify(localStorage)").count("sid") == 0
    visitor.do("go", url=station.site + "/api/v1/channels.json")
    played = 'sessions_total{channel="hytv",kind="live",outcome="played"}'
    wait_for(station, lambda found: found[played] == 1)
    found = counters(station)
    assert found['watched_seconds_total{channel="hytv",kind="live"}'] > 5
    assert (
        found['rendition_seconds_total{channel="hytv",rendition="360p"}']
        + found['rendition_seconds_total{channel="hytv",rendition="234p"}']
        > 1
    )
    assert found['played_bytes_total{channel="hytv"}'] > 10_000
    for result in ("invalid", "version", "too_large", "rate_limited"):
        assert found[f'reports_total{{result="{result}"}}'] == 0, json.dumps(bodies)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("wish", sorted(REFUSES))
def test_who_does_not_want_to_be_counted_is_not(visitor: Visitor, wish: str) -> None:
    visitor.open("/xem/hytv", script=REFUSES[wish] + KEEP_BODIES)
    visitor.wait(
        "document.querySelector('video')?.currentTime > 0",
        seconds=40,
    )
    visitor.do("key", key="Shift+S")
    visitor.wait_for_text("Không gửi báo cáo nào")
    visitor.wait("performance.now() > 9000")  # without a picture it would report by now, too
    visitor.do("go", url=visitor.site + "/api/v1/channels.json")
    assert not [url for url in visitor.do("requests") if "/qoe" in url or "/reporter-" in url]
