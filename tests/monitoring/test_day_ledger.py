"""A day's counters added up: restarts, midnight, gaps."""

from __future__ import annotations

import json
from datetime import date
from zoneinfo import ZoneInfo

from monitoring.day_ledger import DayLedger, Series, day_of

SLATE: Series = ("lensong_channel_slate_seconds_total", (("channel", "hytv"),))
DAY = date(2026, 11, 24)


def test_what_rises_is_added_and_what_was_there_before_is_not() -> None:
    ledger = DayLedger(DAY)
    for value in (100.0, 103.0, 103.0, 110.5):
        ledger.add({"programme-hytv": {SLATE: value}})
    assert ledger.sums == {SLATE: 10.5}
    assert ledger.minutes == 4


def test_a_process_that_was_started_again_counts_from_zero() -> None:
    ledger = DayLedger(DAY)
    for value in (100.0, 104.0, 2.0, 3.0):
        ledger.add({"programme-hytv": {SLATE: value}})
    assert ledger.total("lensong_channel_slate_seconds_total", channel="hytv") == 7.0


def test_several_processes_are_one_sum_and_one_that_does_not_answer_loses_nothing() -> None:
    ledger = DayLedger(DAY)
    ledger.add({"origin-0": {SLATE: 1.0}, "origin-1": {SLATE: 50.0}})
    ledger.add({"origin-0": {SLATE: 2.0}})
    ledger.add({"origin-0": {SLATE: 3.0}, "origin-1": {SLATE: 54.0}})
    assert ledger.sums == {SLATE: 6.0}


def test_a_day_begins_where_the_one_before_stopped_and_survives_a_restart() -> None:
    ledger = DayLedger(DAY)
    ledger.add({"p": {SLATE: 10.0}})
    ledger.add({"p": {SLATE: 12.0}})
    ledger.note_alert({"name": "A", "channel": "hytv", "began_s": 1.0, "ended_s": None})
    kept = DayLedger.restore(json.loads(json.dumps(ledger.describe())))
    assert kept == ledger
    following = kept.next_day(date(2026, 11, 25))
    following.add({"p": {SLATE: 15.0}})
    assert (following.sums, following.alerts, following.minutes) == ({SLATE: 3.0}, [], 1)


def test_an_alert_is_in_the_day_once_with_its_end() -> None:
    ledger = DayLedger(DAY)
    began = {"name": "A", "channel": "hytv", "began_s": 1.0, "ended_s": None}
    ledger.note_alert(began)
    ledger.note_alert(began | {"ended_s": 9.0})
    ledger.note_alert(began | {"channel": "hyfm"})
    assert [(item["channel"], item["ended_s"]) for item in ledger.alerts] == [
        ("hytv", 9.0),
        ("hyfm", None),
    ]


def test_the_day_is_the_stations() -> None:
    zone = ZoneInfo("Asia/Ho_Chi_Minh")
    assert day_of(1_795_021_199, zone) == date(2026, 11, 18)
    assert day_of(1_795_021_200, zone) == date(2026, 11, 19)  # 17:00 UTC is midnight there
