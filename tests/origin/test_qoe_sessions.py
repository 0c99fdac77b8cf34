"""origin.qoe_sessions and origin.qoe_counts: what reports come to."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.registry import Collector

from core.cmcd import Report, parse_reports
from core.config import parse_settings
from origin.qoe_counts import CLASS_OF_CODE, QoeCounts
from origin.qoe_sessions import Newcomers, Sessions

FAULTS = Path(__file__).parents[2] / "player_web/src/playing/faults.ts"
CHANNELS = parse_settings(
    """
[station]
name = "Hưng Yên"
[[channels]]
slug = "hytv"
name = "Truyền hình"
kind = "tv"
ladder = "360p"
[[channels]]
slug = "hyfm"
name = "Phát thanh"
kind = "radio"
""",
    name="test",
).channels
EPOCH_MS = 1_795_387_733_000


class Station:
    """The machine under test, told of reports as players write them."""

    def __init__(self, *, limit: int = 200_000) -> None:
        self.counts = QoeCounts(CHANNELS)
        self.sessions = Sessions(self.counts, limit=limit)
        self.counts.watching = lambda: self.sessions.watching(self.now_ms)
        self.now_ms = 0
        self._registry = CollectorRegistry()
        collector: Collector = self.counts
        self._registry.register(collector)

    def tell(self, at_s: float, *events: str, sid: str = "a", cid: str = "hytv") -> None:
        """Let one body arrive at a second; each event is ``seconds members``."""
        self.now_ms = round(at_s * 1000)
        lines = []
        for event in events:
            seconds, _, members = event.partition(" ")
            ts_ms = EPOCH_MS + round(float(seconds) * 1000)
            kind = "" if re.search(r"\be=", members) else ",e=ps" if "sta=" in members else ",e=t"
            tail = f",{members}" if members else ""
            lines.append(f'v=2,sid="{sid}",cid="{cid}",ts={ts_ms}{kind}{tail}')
        reports = [
            one for one in parse_reports("\n".join(lines).encode()) if isinstance(one, Report)
        ]
        assert len(reports) == len(events), lines
        self.sessions.receive(reports, self.now_ms)

    def value(self, name: str, **labels: str) -> float:
        """Return a value as Prometheus would read it."""
        value = self._registry.get_sample_value(
            f"lensong_qoe_{name}", {"channel": "hytv", **labels}
        )
        assert value is not None, f"there is no {name} {labels}"
        return value

    def outcomes(self, channel: str = "hytv") -> dict[str, int]:
        """Return ended sessions, by kind and outcome, those that there are."""
        found = self.counts.channels[channel].sessions
        return {f"{kind} {outcome}": number for (kind, outcome), number in found.items() if number}


def test_a_viewing_from_its_start_to_its_end() -> None:
    station = Station()
    station.tell(
        3,
        "0 sta=s,sn=1",
        '0.9 sta=p,msd=1100,sn=2,br=(800),lensong-rendition="360p"',
        sid="a",
    )
    assert station.value("startup_seconds_sum") == pytest.approx(1.1)
    assert station.value("startup_seconds_bucket", le="1.0") == 0
    assert station.value("startup_seconds_bucket", le="1.2") == 1
    assert station.value("concurrent_sessions", kind="live") == 1
    station.tell(31, '30.9 ltc=14200,sn=3,br=(200),lensong-rendition="234p"')
    station.tell(45, "40.9 sta=a,sn=4", "44.9 sta=p,sn=5")
    station.tell(50, "49.9 sta=q,sn=6")
    assert station.outcomes() == {"live played": 1}
    # Paused for four of fifty seconds.
    assert station.value("watched_seconds_total", kind="live") == pytest.approx(45.9)
    assert station.value("rendition_seconds_total", rendition="360p") == pytest.approx(30)
    assert station.value("rendition_seconds_total", rendition="234p") == pytest.approx(15)
    assert station.value("played_bytes_total") == 30 * 100_000 + 15 * 25_000
    assert station.value("live_latency_seconds_count") == 1
    assert station.value("live_latency_seconds_bucket", le="14.0") == 0
    assert station.value("live_latency_seconds_bucket", le="16.0") == 1
    assert station.value("stalls_total") == 0
    assert station.value("concurrent_sessions", kind="live") == 0
    assert station.counts.results["accepted"] == 6


def test_a_start_without_msd_is_taken_from_the_states_and_counted_once() -> None:
    station = Station()
    station.tell(1, "0 sta=s", "0.7 sta=p")
    assert station.value("startup_seconds_count") == 0  # msd may still come
    station.tell(32, "31 sta=p")
    assert station.value("startup_seconds_sum") == pytest.approx(0.7)
    station.tell(40, "40 sta=q,msd=5000")
    assert station.value("startup_seconds_count") == 1
    station.tell(41, "0 sta=s", "0.5 sta=p", sid="b")
    station.tell(42, "1 sta=q", sid="b")
    assert station.value("startup_seconds_sum") == pytest.approx(1.2)


def test_a_session_that_never_started_counts_no_start() -> None:
    station = Station()
    station.tell(1, "0 sta=s,msd=900", "5 sta=q")
    assert station.value("startup_seconds_count") == 0
    assert station.outcomes() == {"live ebvs": 1}


@pytest.mark.parametrize(
    ("events", "outcome"),
    [
        (("0 sta=s", "1 sta=p", "9 sta=e"), "played"),
        (("0 sta=s", "1 sta=p", "9 sta=q"), "played"),
        (("0 sta=s", "1 sta=p", "9 sta=f"), "playback_failure"),
        (("0 sta=s", "9 sta=f"), "start_failure"),
        (("0 sta=s", "0.5 sta=f"), "start_failure"),
        (("0 sta=s", "9 sta=q"), "ebvs"),
        (("0 sta=s", "0.9 sta=q"), None),
        (('0 e=e,ec=("LS-G3")', "9 sta=q"), None),
        (("0 sta=s", "1 sta=p", "9 sta=q", "10 sta=f", "11 sta=p"), "played"),
    ],
)
def test_outcomes_exclude_each_other(events: tuple[str, ...], outcome: str | None) -> None:
    station = Station()
    station.tell(12, *events)
    assert station.outcomes() == ({f"live {outcome}": 1} if outcome else {})
    station.sessions.sweep(200_000)
    assert station.outcomes() == ({f"live {outcome}": 1} if outcome else {})
    assert len(station.sessions) == 0


def test_silence_ends_a_session() -> None:
    station = Station()
    station.tell(0, "0 sta=s", "1 sta=p")
    station.tell(0, "0 sta=s", sid="b")
    station.sessions.sweep(89_000)
    assert station.outcomes() == {}
    station.sessions.sweep(90_000)
    assert station.outcomes() == {"live played": 1, "live ebvs": 1}


def test_stalls_are_counted_after_the_start_alone() -> None:
    station = Station()
    station.tell(1, "0 sta=s", "1 sta=r", "2 sta=s", "3 sta=p")
    assert station.value("stalls_total") == 0
    station.tell(20, "10 sta=r", "11 ", "13 sta=p")
    assert station.value("stalls_total") == 1
    assert station.value("stall_seconds_total") == pytest.approx(3)
    # What the player measured is believed if it is longer, and told once.
    station.tell(30, "20 sta=r", "22 sta=p,bsd=(2300)", "25 bsd=(400)")
    assert station.value("stalls_total") == 3
    assert station.value("stall_seconds_total") == pytest.approx(3 + 2.3 + 0.4)
    # The stalled time is watched time too.
    assert station.value("watched_seconds_total", kind="live") == pytest.approx(25)


def test_kinds_follow_what_is_watched() -> None:
    station = Station()
    station.tell(1, "0 sta=s,st=l", "1 sta=p")
    station.tell(12, "11 lensong-kind=dvr", "12 ltc=9000")
    assert station.value("concurrent_sessions", kind="dvr") == 1
    station.tell(23, "21 st=v", "23 sta=q")
    assert station.value("watched_seconds_total", kind="live") == pytest.approx(11)
    assert station.value("watched_seconds_total", kind="dvr") == pytest.approx(10)
    assert station.value("watched_seconds_total", kind="catchup") == pytest.approx(2)
    assert station.outcomes() == {"live played": 1}
    # How far behind live somebody has rewound is no latency.
    assert station.value("live_latency_seconds_count") == 0
    station.tell(30, "0 sta=s,st=l", "1 sta=p", "3 sta=q", sid="r", cid="hyfm")
    assert station.outcomes("hyfm") == {"radio played": 1}


def test_errors_are_counted_by_the_codes_that_exist() -> None:
    station = Station()
    station.tell(5, '1 e=e,ec=("LS-N1" "LS-D1"),sta=s', '2 e=e,ec=("hls.js: 42" "DROP TABLE")')
    station.tell(6, '3 ec=("LS-N2")')  # no error event: told before
    assert station.value("errors_total", **{"class": "network", "code": "LS-N1"}) == 1
    assert station.value("errors_total", **{"class": "media", "code": "LS-D1"}) == 1
    assert station.value("errors_total", **{"class": "other", "code": "other"}) == 2
    assert station.value("errors_total", **{"class": "network", "code": "LS-N2"}) == 0


def test_every_code_of_the_page_is_known() -> None:
    text = FAULTS.read_text(encoding="utf-8")
    assert set(re.findall(r'"(LS-[A-Z][0-9])":', text)) == set(CLASS_OF_CODE)


def test_a_report_that_comes_twice_counts_once() -> None:
    station = Station()
    for _ in range(2):
        station.tell(5, "0 sta=s,sn=1", "1 sta=p,sn=2", '2 e=e,ec=("LS-N1"),sn=3')
    assert station.value("errors_total", **{"class": "network", "code": "LS-N1"}) == 1
    assert station.counts.results["duplicate"] == 3


def test_nobody_watches_longer_than_our_clock_says() -> None:
    """A stranger's clock may run as it likes: two minutes before the first report, no more."""
    station = Station()
    station.tell(10, "0 sta=p", "100000000 sta=p")
    assert station.value("watched_seconds_total", kind="live") == pytest.approx(120)
    station.tell(20, "50 sta=r", "200000000 sta=p,bsd=(120000)", "300000000 bsd=(120000)")
    assert station.value("watched_seconds_total", kind="live") == pytest.approx(130)
    assert station.value("stall_seconds_total") <= 130
    for second in range(21, 30):
        station.tell(second, *[f'{n} sta={"pr"[n % 2]},e=e,ec=("LS-N1"),ltc=1' for n in range(64)])
    assert station.value("stalls_total") <= 140
    assert station.value("errors_total", **{"class": "network", "code": "LS-N1"}) <= 140


def test_a_rendition_or_channel_that_is_none_makes_no_series() -> None:
    station = Station()
    station.tell(5, '0 sta=p,lensong-rendition="9000p"', "4 sta=q")
    assert set(station.counts.channels["hytv"].rendition_ms) == {"360p", "234p", "a96", "a32"}
    station.tell(6, "0 sta=p", cid="secret")
    assert set(station.counts.channels) == {"hytv", "hyfm"}
    assert station.counts.results["invalid"] == 1
    assert len(station.sessions) == 1


def test_who_pauses_for_long_is_not_there() -> None:
    station = Station()
    station.tell(0, "0 sta=p", "1 sta=a")
    for second in range(30, 331, 30):
        station.tell(second, f"{second} sta=a")
        station.now_ms = second * 1000
        assert station.value("concurrent_sessions", kind="live") == (1 if second < 300 else 0)
    station.tell(340, "340 sta=p")
    assert station.value("concurrent_sessions", kind="live") == 1
    station.now_ms = 340_000 + 60_000
    assert station.value("concurrent_sessions", kind="live") == 0


def test_the_table_is_bounded_and_the_silent_one_goes() -> None:
    station = Station(limit=3)
    for number, sid in enumerate("abc"):
        station.tell(number, "0 sta=p", sid=sid)
    station.tell(4, "1 sta=p", sid="a")
    station.tell(5, "0 sta=p", sid="d")
    assert len(station.sessions) == 3
    assert station.outcomes() == {"live played": 1}
    (report,) = parse_reports(b'v=2,e=t,ts=1,sid="b",cid="hytv"')
    assert isinstance(report, Report)
    assert station.sessions.count_new([report, report]) == 1


def test_every_series_exists_at_zero() -> None:
    station = Station()
    for kind in ("live", "dvr", "catchup"):
        assert station.value("concurrent_sessions", kind=kind) == 0
        for outcome in ("played", "ebvs", "start_failure", "playback_failure"):
            assert station.value("sessions_total", kind=kind, outcome=outcome) == 0
    assert station.value("rendition_seconds_total", rendition="360p") == 0
    assert station.value("rendition_seconds_total", channel="hyfm", rendition="a64") == 0
    assert station.value("startup_seconds_count") == 0


def test_newcomers_of_one_address_are_limited_for_a_minute() -> None:
    newcomers = Newcomers(b"salt")
    assert newcomers.admit("203.0.113.9", 19, 0)
    assert newcomers.admit("203.0.113.9", 1, 1_000)
    assert not newcomers.admit("203.0.113.9", 1, 59_999)
    assert newcomers.admit("203.0.113.10", 20, 59_999)
    assert not newcomers.admit("203.0.113.11", 21, 59_999)
    assert newcomers.admit("203.0.113.9", 1, 60_000)


def test_the_audience_is_told_by_rendition_and_device_and_never_by_session() -> None:
    station = Station()
    station.tell(0, '0 sta=p,lensong-rendition="360p"', sid="a")
    station.tell(1, '0 sta=p,lensong-rendition="<script>"', sid="b")
    station.tell(2, "0 sta=p", sid="c", cid="hyfm")
    assert station.sessions.audience(2_000) == {
        ("hytv", "live", "360p", "other"): 1,
        ("hytv", "live", "", "other"): 1,
        ("hyfm", "radio", "", "other"): 1,
    }
    assert sum(station.sessions.audience(60_500).values()) == 2
