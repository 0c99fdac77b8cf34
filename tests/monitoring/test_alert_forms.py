"""What Prometheus posts, and what is none of it."""

from __future__ import annotations

from typing import Any

import pytest

from core.errors import FormatError
from monitoring.alert_forms import parse_alerts

NOW_S = 1_795_000_000.0


def posted(**more: Any) -> dict[str, Any]:
    return {
        "labels": {
            "alertname": "ChannelOffAir",
            "channel": "hytv",
            "severity": "page",
            "stage": "packager",
            "instance": "127.0.0.1:9102",
            "job": "packager",
        },
        "annotations": {"summary": "Kênh không lên sóng", "other": "x"},
        "startsAt": "2026-11-18T11:06:40.5Z",
        "endsAt": "2026-11-18T11:10:40.123456789Z",
        "generatorURL": "http://prometheus/graph",
        **more,
    }


def test_labels_texts_and_moments_are_read() -> None:
    (report,) = parse_alerts([posted()], NOW_S)
    alert = report.alert
    assert (alert.name, alert.severity, alert.stage) == ("ChannelOffAir", "page", "packager")
    assert alert.labels == (("channel", "hytv"),)
    assert alert.texts == (("summary", "Kênh không lên sóng"),)
    assert alert.key == "ChannelOffAir|channel=hytv"
    assert (report.began_s, round(report.until_s, 3)) == (1_795_000_000.5, 1_795_000_240.123)


def test_texts_are_composed_and_an_unknown_severity_waits_for_the_morning() -> None:
    labels = {"alertname": "X", "severity": "critical"}
    (report,) = parse_alerts(
        [posted(labels=labels, annotations={"summary": "Ke\u0302nh"}, endsAt="")], NOW_S
    )
    assert report.alert.text("summary") == "Kênh"
    assert report.alert.severity == "ticket"
    assert report.until_s == NOW_S + 300


def test_gos_zero_moment_is_none() -> None:
    (report,) = parse_alerts([posted(endsAt="0001-01-01T00:00:00Z")], NOW_S)
    assert report.until_s == NOW_S + 300


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "must be a list"),
        ([3], "alert 0 is no object"),
        ([posted(), posted(labels={"channel": "hytv"})], "alert 1 has no label alertname"),
        ([posted(labels=None)], "labels must be an object"),
        ([posted(labels={"alertname": 3})], "must hold texts only"),
        ([posted(startsAt="yesterday")], "startsAt is no moment"),
        ([posted(endsAt=17)], "endsAt is no moment"),
        ([posted()] * 1_001, "more than 1000"),
    ],
)
def test_what_has_not_the_form_is_refused_with_the_place(body: Any, words: str) -> None:
    with pytest.raises(FormatError, match=words):
        parse_alerts(body, NOW_S)
