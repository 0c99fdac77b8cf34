"""monitoring.silences: what nobody is told of for a while."""

from __future__ import annotations

import json
from typing import Any

import pytest

from core.errors import InputError
from monitoring.alert_book import Alert, AlertBook, Report
from monitoring.silences import ANY, Silence, Silences, read_silence

OFF_AIR = Alert(name="ChannelOffAir", severity="page", labels=(("channel", "hytv"),))
OTHER = Alert(name="ChannelOffAir", severity="page", labels=(("channel", "hyfm"),))
ORDER: dict[str, Any] = {
    "alert": "ChannelOffAir",
    "channel": "hytv",
    "minutes": 60,
    "reason": "  sửa\nđường truyền ",
}


def read(**changes: Any) -> Silence:
    return read_silence(
        {**ORDER, **changes}, 1000, alerts=["ChannelOffAir", "ClockLag"], channels=["hytv", "hyfm"]
    )


def test_an_order_is_read() -> None:
    assert read() == Silence(
        alert="ChannelOffAir", channel="hytv", until_s=4600, reason="sửa đường truyền"
    )


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"alert": "ChannelOfAir"}, "no alert is called 'ChannelOfAir'"),
        ({"channel": "hytv2"}, "there is no channel 'hytv2'"),
        ({"alert": ANY, "channel": ""}, "of one channel only"),
        ({"minutes": 0}, "at most seven days"),
        ({"minutes": float("nan")}, "at most seven days"),
        ({"minutes": 7 * 24 * 60 + 1}, "at most seven days"),
        ({"reason": " \n"}, "say why"),
        ({"reason": None}, "wants alert, channel, minutes and reason"),
    ],
)
def test_what_is_wrong_with_an_order_is_said(change: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        read(**change)


def test_it_covers_its_alert_on_its_channel_until_it_ends() -> None:
    silences = Silences()
    silences.add(read(), 1000)
    clock = Alert(name="ClockLag", severity="page", labels=(("channel", "hytv"),))
    assert silences.cover(OFF_AIR, 4599)
    assert not silences.cover(OFF_AIR, 4600)
    assert not silences.cover(OTHER, 2000)
    assert not silences.cover(clock, 2000)
    silences.add(read(alert=ANY), 1000)
    assert silences.cover(clock, 2000)
    silences.add(read(channel=""), 1000)
    assert silences.cover(OTHER, 2000)
    assert silences.active(4600) == []


def test_it_can_be_changed_and_ended() -> None:
    silences = Silences()
    silences.add(read(), 1000)
    silences.add(read(minutes=120), 1000)
    assert [one.until_s for one in silences.active(1000)] == [8200]
    silences.end("ChannelOffAir", "hytv")
    assert not silences.cover(OFF_AIR, 1000)
    with pytest.raises(InputError, match="ChannelOffAir of hytv is not silenced"):
        silences.end("ChannelOffAir", "hytv")


def test_a_restart_forgets_none() -> None:
    silences, again = Silences(), Silences()
    silences.add(read(), 1000)
    again.restore(json.loads(json.dumps(silences.describe())))
    assert again.active(1000) == silences.active(1000)


def test_what_still_fires_when_a_silence_ends_is_told_then() -> None:
    book, silences = AlertBook(), Silences()
    silences.add(read(minutes=10), 1000)

    def kinds(now_s: float) -> list[tuple[str, list[str]]]:
        messages = book.due(now_s, lambda alert: silences.cover(alert, now_s))
        return [(one.kind, [told.alert.channel for told in one.alerts]) for one in messages]

    reports = [Report(alert=alert, began_s=1000, until_s=9e9) for alert in (OFF_AIR, OTHER)]
    book.receive("prometheus", reports, 1000)
    assert kinds(1003) == [("fired", ["hyfm"])]
    assert kinds(1599) == []
    assert kinds(1600) == [("fired", ["hytv"])]


def test_who_heard_of_an_alert_hears_of_its_end_too() -> None:
    book, silences = AlertBook(), Silences()
    book.receive("prometheus", [Report(alert=OFF_AIR, began_s=1000, until_s=9e9)], 1000)
    assert [one.kind for one in book.due(1003)] == ["fired"]
    silences.add(read(), 1003)
    assert book.due(1003 + 8000, lambda alert: silences.cover(alert, 1100)) == []
    book.receive("prometheus", [Report(alert=OFF_AIR, began_s=1000, until_s=9010)], 9010)
    cleared = book.due(9041, lambda alert: silences.cover(alert, 1100))
    assert [one.kind for one in cleared] == ["cleared"]
