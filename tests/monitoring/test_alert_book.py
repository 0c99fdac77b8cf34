"""When people are told, and of what: tables of moments."""

from __future__ import annotations

import json

import pytest

from monitoring.alert_book import Alert, AlertBook, Message, Report, Severity

OFF_AIR = Alert(name="ChannelOffAir", severity="page", labels=(("channel", "hytv"),))
SLOW = Alert(name="StartupSlow", severity="ticket", labels=(("channel", "hytv"),))
WATCHDOG = Alert(name="Watchdog", severity="none")


def firing(alert: Alert, now_s: float, *, hold_s: float = 240) -> Report:
    return Report(alert=alert, began_s=100, until_s=now_s + hold_s)


def over(alert: Alert, when_s: float) -> Report:
    return Report(alert=alert, began_s=100, until_s=when_s)


def told(messages: list[Message]) -> list[tuple[str, str, list[str]]]:
    return [(m.kind, m.severity, [item.alert.name for item in m.alerts]) for m in messages]


def test_a_page_is_told_after_three_seconds_and_once_however_often_it_is_reported() -> None:
    book = AlertBook()
    book.receive("prometheus", [firing(OFF_AIR, 1000)], 1000)
    assert told(book.due(1002.9)) == []
    assert told(book.due(1003)) == [("fired", "page", ["ChannelOffAir"])]
    book.receive("prometheus", [firing(OFF_AIR, 1060)], 1060)
    book.receive("lensong", [firing(OFF_AIR, 1061)], 1061)
    assert told(book.due(1062)) == []


def test_what_fires_at_the_same_time_is_one_message() -> None:
    book = AlertBook()
    others = [
        Alert(name="ChannelOffAir", severity="page", labels=(("channel", name),))
        for name in ("hy1", "hy2", "hy3")
    ]
    book.receive("prometheus", [firing(others[0], 1000), firing(others[1], 1000)], 1000)
    book.receive("prometheus", [firing(others[2], 1002)], 1002)
    (message,) = book.due(1003)
    assert [item.alert.channel for item in message.alerts] == ["hy1", "hy2", "hy3"]


def test_the_all_clear_waits_half_a_minute_and_says_how_long_it_was() -> None:
    book = AlertBook()
    book.receive("prometheus", [firing(OFF_AIR, 1000)], 1000)
    book.due(1003)
    book.receive("prometheus", [over(OFF_AIR, 1100)], 1101)
    assert told(book.due(1129)) == []
    (message,) = book.due(1130)
    (item,) = message.alerts
    assert (message.kind, item.began_s, item.ended_s, item.ending) == (
        "cleared",
        100,
        1100,
        "resolved",
    )
    assert book.due(1200) == []
    assert book.firing == []


def test_an_alert_that_comes_back_at_once_is_told_of_neither_time() -> None:
    book = AlertBook()
    book.receive("prometheus", [firing(OFF_AIR, 1000)], 1000)
    book.due(1003)
    book.receive("prometheus", [over(OFF_AIR, 1100)], 1101)
    book.receive("prometheus", [firing(OFF_AIR, 1120)], 1120)
    assert told(book.due(1140)) == []
    assert [item.alert.name for item in book.firing] == ["ChannelOffAir"]


def test_it_fires_while_anybody_says_so() -> None:
    book = AlertBook()
    book.receive("prometheus", [firing(OFF_AIR, 1000)], 1000)
    book.receive("lensong", [firing(OFF_AIR, 1000)], 1000)
    book.due(1003)
    book.receive("lensong", [over(OFF_AIR, 1050)], 1050)
    assert told(book.due(1100)) == []
    book.receive("prometheus", [over(OFF_AIR, 1110)], 1110)
    assert told(book.due(1140)) == [("cleared", "page", ["ChannelOffAir"])]


def test_a_source_that_falls_silent_has_not_said_that_it_is_over() -> None:
    book = AlertBook()
    book.receive("prometheus", [firing(OFF_AIR, 1000, hold_s=240)], 1000)
    book.due(1003)
    assert told(book.due(1239)) == []
    book.due(1240)
    (message,) = book.due(1270)
    assert [item.ending for item in message.alerts] == ["unheard"]


@pytest.mark.parametrize(
    ("alert", "after_s", "severity"), [(OFF_AIR, 7_200, "page"), (SLOW, 86_400, "ticket")]
)
def test_what_goes_on_is_told_again(alert: Alert, after_s: float, severity: Severity) -> None:
    book = AlertBook()
    book.receive("prometheus", [firing(alert, 1000, hold_s=1e6)], 1000)
    first = 1000 + (3 if severity == "page" else 30)
    assert told(book.due(first)) == [("fired", severity, [alert.name])]
    assert told(book.due(first + after_s - 1)) == []
    assert told(book.due(first + after_s)) == [("again", severity, [alert.name])]
    assert told(book.due(first + after_s + 1)) == []


def test_machines_alerts_and_those_that_are_over_before_they_were_told_make_no_message() -> None:
    book = AlertBook()
    book.receive("prometheus", [firing(WATCHDOG, 1000), firing(SLOW, 1000)], 1000)
    book.receive("prometheus", [over(SLOW, 1010)], 1010)
    book.receive("prometheus", [over(OFF_AIR, 900)], 1010)  # over, and never heard of
    assert book.due(1100) == []
    assert book.heard_s == {"prometheus": 1010}


def test_everything_survives_a_restart() -> None:
    book = AlertBook()
    book.receive("prometheus", [firing(OFF_AIR, 1000), firing(SLOW, 1000)], 1000)
    book.due(1003)
    again = AlertBook()
    again.restore(json.loads(json.dumps(book.describe())))
    assert again.firing == book.firing
    assert told(again.due(1030)) == [("fired", "ticket", ["StartupSlow"])]
    again.receive("prometheus", [over(OFF_AIR, 1040)], 1040)
    assert told(again.due(1070)) == [("cleared", "page", ["ChannelOffAir"])]


def test_a_source_cannot_invent_alerts_without_end() -> None:
    book = AlertBook()
    many = [Alert(name=f"A{number}", severity="ticket") for number in range(2_500)]
    assert book.receive("prometheus", [firing(item, 1000) for item in many], 1000) == 500
    assert len(book.firing) == 2_000
