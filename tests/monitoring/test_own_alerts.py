"""What Lensong notices by itself: rounds of looking, as rows of a table."""

from __future__ import annotations

from dataclasses import replace

import pytest

from monitoring.alert_book import Report
from monitoring.own_alerts import OwnAlerts, Seen

WELL = Seen(
    now_s=1000.0,
    segment_end_s={"hytv": 998.0},
    on_air={"hytv": "studio"},
    silent=frozenset(),
    processes={
        "ingest": "",
        "packager": "",
        "origin-0": "",
        "origin-1": "",
        "programme-hytv": "hytv",
    },
    free_bytes=100_000_000_000,
    least_free_bytes=5_000_000_000,
)


def names(reports: list[Report], now_s: float) -> list[tuple[str, dict[str, str]]]:
    return [(r.alert.name, dict(r.alert.labels)) for r in reports if r.until_s > now_s]


@pytest.mark.parametrize(
    ("changed", "after_s", "name", "labels"),
    [
        ({"segment_end_s": {"hytv": 900.0}}, 0, "ChannelOffAir", {"channel": "hytv"}),
        ({"segment_end_s": {"hytv": 0.0}}, 30, "ChannelOffAir", {"channel": "hytv"}),
        ({"on_air": {"hytv": "slate"}}, 10, "ChannelOnSlate", {"channel": "hytv"}),
        (
            {"silent": frozenset({"programme-hytv"})},
            30,
            "ChannelMetricsAbsent",
            {"channel": "hytv", "process": "programme-hytv"},
        ),
        ({"silent": frozenset({"packager"})}, 30, "ChannelMetricsAbsent", {"process": "packager"}),
        ({"silent": frozenset({"origin-0", "origin-1"})}, 30, "ChannelMetricsAbsent", {}),
        ({"silent": frozenset({"origin-1"})}, 60, "ProcessMetricsAbsent", {"process": "origin-1"}),
        ({"silent": frozenset({"ingest"})}, 60, "ProcessMetricsAbsent", {"process": "ingest"}),
        ({"free_bytes": 2_400_000_000}, 30, "DiskFull", {}),
        ({"prometheus_silent_s": 301.0}, 0, "PrometheusSilent", {}),
    ],
)
def test_each_fires_after_its_time_and_is_over_when_all_is_well(
    changed: dict[str, object], after_s: float, name: str, labels: dict[str, str]
) -> None:
    own = OwnAlerts()
    assert own.look(WELL) == []
    began_s = 1005.0
    for into_s in range(0, 61, 5):
        now_s = began_s + into_s
        wrong = replace(WELL, now_s=now_s, **{"segment_end_s": {"hytv": now_s - 2}, **changed})  # type: ignore[arg-type]
        found = names(own.look(wrong), now_s)
        assert found == ([(name, labels)] if into_s >= after_s else []), into_s
    fine = replace(WELL, now_s=1070.0, segment_end_s={"hytv": 1068.0})
    (ended,) = own.look(fine)
    assert (ended.alert.name, ended.until_s) == (name, 1070.0)
    assert own.look(replace(fine, now_s=1075.0, segment_end_s={"hytv": 1072.0})) == []


def test_who_does_not_answer_is_not_called_off_air() -> None:
    own = OwnAlerts()
    silent = frozenset({"packager"})
    found: list[tuple[str, dict[str, str]]] = []
    for now_s in (1000.0, 1100.0):
        seen = replace(WELL, now_s=now_s, segment_end_s={"hytv": None}, silent=silent)
        found = names(own.look(seen), now_s)
    assert found == [("ChannelMetricsAbsent", {"process": "packager"})]


def test_an_installation_without_prometheus_for_a_week_has_none() -> None:
    own = OwnAlerts()
    assert own.look(replace(WELL, prometheus_silent_s=8 * 86_400.0)) == []
    assert own.look(replace(WELL, prometheus_silent_s=None)) == []


def off_air(now_s: float, **changed: object) -> Seen:
    return replace(WELL, now_s=now_s, segment_end_s={"hytv": now_s - 60}, **changed)  # type: ignore[arg-type]


def test_a_starved_encoder_is_told_of_and_not_also_that_nothing_new_comes() -> None:
    own = OwnAlerts()
    slow = frozenset({"hytv"})
    assert names(own.look(off_air(1000.0, slow=slow)), 1000.0) == []
    assert names(own.look(off_air(1015.0, slow=slow)), 1015.0) == []
    found = names(own.look(off_air(1020.0, slow=slow)), 1020.0)
    assert found == [("EncoderSlow", {"channel": "hytv"})]


def test_a_programme_that_hangs_is_off_air_and_not_without_metrics_as_well() -> None:
    own = OwnAlerts()
    for now_s in (1000.0, 1040.0):
        silent = off_air(now_s, silent=frozenset({"programme-hytv"}))
        assert names(own.look(silent), now_s) == [("ChannelOffAir", {"channel": "hytv"})]


@pytest.mark.parametrize(
    ("changed", "told", "expected"),
    [
        ({"segment_end_s": {"hytv": 900.0}}, ("EncoderSlow", "hytv"), []),
        ({"segment_end_s": {"hytv": 900.0}}, ("EncoderSlow", "hyfm"), ["ChannelOffAir"]),
        ({"segment_end_s": {"hytv": 900.0}}, ("ProbeFailing", "hytv"), ["ChannelOffAir"]),
        ({"segment_end_s": {"hytv": 900.0}}, ("ChannelOffAir", "hytv"), ["ChannelOffAir"]),
        ({"on_air": {"hytv": "slate"}}, ("ContentFaultOnAir", "hytv"), []),
        ({"silent": frozenset({"packager"})}, ("ChannelOffAir", "hytv"), []),
        ({"silent": frozenset({"packager"})}, ("EncoderSlow", "hytv"), ["ChannelMetricsAbsent"]),
    ],
)
def test_what_prometheus_tells_the_cause_of_is_not_told_again(
    changed: dict[str, object], told: tuple[str, str], expected: list[str]
) -> None:
    own = OwnAlerts()
    found: list[tuple[str, dict[str, str]]] = []
    for now_s in (1000.0, 1040.0):
        wrong = replace(WELL, now_s=now_s, segment_end_s={"hytv": now_s})
        wrong = replace(wrong, prometheus=frozenset({told}), **changed)  # type: ignore[arg-type]
        found = names(own.look(wrong), now_s)
    assert [name for name, _ in found] == expected
