"""A thousand viewings with known truth: what the origin counts is within a hundredth of it."""

from __future__ import annotations

import heapq
import random
import statistics
from itertools import pairwise

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from core.cmcd import Asked, Report, parse_reports, parse_request
from origin.http import locate
from origin.qoe_counts import QoeCounts
from origin.qoe_requests import requested
from origin.qoe_sessions import Sessions
from tests.origin.synthetic_requests import requests_of
from tests.origin.synthetic_sessions import Truth, Viewing, make_viewings
from tests.origin.test_qoe import serving
from tests.origin.test_qoe_sessions import CHANNELS

OUTCOMES = ("played", "ebvs", "start_failure", "playback_failure")
NEAR = 0.01


class Counted:
    """The families as Prometheus reads them."""

    def __init__(self, text: str) -> None:
        self._samples = [
            sample for family in text_string_to_metric_families(text) for sample in family.samples
        ]

    def total(self, name: str, **labels: str) -> float:
        """Add the samples of a name that bear these labels."""
        wanted = {"channel": "hytv", **labels}
        found = [
            sample.value
            for sample in self._samples
            if sample.name == f"lensong_qoe_{name}" and sample.labels.items() >= wanted.items()
        ]
        assert found, name
        return sum(found)

    def quantile(self, rank: float) -> float:
        """Do what histogram_quantile does: the straight line within the bucket of the rank."""
        buckets = sorted(
            (float(sample.labels["le"]), sample.value)
            for sample in self._samples
            if sample.name == "lensong_qoe_startup_seconds_bucket"
            and sample.labels["channel"] == "hytv"
        )
        wanted = rank * buckets[-1][1]
        for (low, before), (high, count) in pairwise([(0.0, 0.0), *buckets]):
            if count >= wanted:
                return low + (high - low) * (wanted - before) / (count - before)
        raise AssertionError(rank)


def check(counted: Counted, truth: Truth) -> None:
    for outcome in OUTCOMES:
        number = counted.total("sessions_total", outcome=outcome)
        assert number == pytest.approx(truth.outcomes[outcome], rel=NEAR), outcome
    watched = counted.total("watched_seconds_total")
    stalled = counted.total("stall_seconds_total")
    assert watched == pytest.approx(truth.watched_s, rel=NEAR)
    assert stalled / watched == pytest.approx(truth.stalled_s / truth.watched_s, rel=NEAR)
    assert counted.total("stalls_total") == pytest.approx(truth.stalls, rel=NEAR)
    assert counted.total("startup_seconds_count") == len(truth.startups_s)
    hundredths = statistics.quantiles(truth.startups_s, n=100, method="inclusive")
    for rank in (50, 95):
        assert counted.quantile(rank / 100) == pytest.approx(hundredths[rank - 1], rel=NEAR), rank


def take_all(viewings: list[Viewing]) -> Counted:
    counts = QoeCounts(CHANNELS)
    sessions = Sessions(counts)
    registry = CollectorRegistry()
    registry.register(counts)
    now_s = 0.0
    for now_s, lines in heapq.merge(*(viewing.bodies for viewing in viewings)):
        reports = parse_reports("\n".join(lines).encode())
        assert all(isinstance(one, Report) for one in reports), lines
        sessions.receive([one for one in reports if isinstance(one, Report)], round(now_s * 1000))
    sessions.sweep(round(now_s * 1000) + 100_000, most=10_000)
    return Counted(generate_latest(registry).decode())


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_thousand_viewings_are_counted_within_a_hundredth(seed: int) -> None:
    viewings, truth = make_viewings(1_000, seed=seed)
    check(take_all(viewings), truth)


def take_requests(viewings: list[Viewing], *, version: int) -> Counted:
    counts = QoeCounts(CHANNELS)
    sessions = Sessions(counts)
    registry = CollectorRegistry()
    registry.register(counts)
    rng = random.Random(version)  # noqa: S311
    now_ms = 0
    asked = [requests_of(viewing, rng, version=version) for viewing in viewings]
    for request in sorted(one for requests in asked for one in requests):
        told, now_ms = parse_request(request.cmcd), round(request.at_s * 1000)
        handler = locate(request.path).handler
        wanted = requested(handler, "hytv", request.path.encode())
        assert isinstance(told, Asked), request.cmcd
        assert wanted is not None
        assert sessions.ask(told, wanted, now_ms) == "accepted"
    sessions.sweep(now_ms + 100_000, most=10_000)
    return Counted(generate_latest(registry).decode())


@pytest.mark.parametrize("version", [1, 2])
def test_a_thousand_viewings_are_counted_by_their_requests_within_a_hundredth(
    version: int,
) -> None:
    """Requests do not tell how a viewing ended, nor when its viewer left.

    So what fails within a second is no session, as what is left within a second.
    """
    viewings, truth = make_viewings(1_000, seed=version, mean_s=240.0)
    counted = take_requests(viewings, version=version)
    number = sum(
        bool(one.outcome) and (len(one.phases) > 1 or one.phases[0].seconds > 1.0)
        for one in viewings
    )
    assert counted.total("sessions_total") == pytest.approx(number, rel=NEAR)
    played = truth.outcomes["played"] + truth.outcomes["playback_failure"]
    assert counted.total("sessions_total", outcome="played") == pytest.approx(played, rel=NEAR)
    watched = counted.total("watched_seconds_total")
    stalled = counted.total("stall_seconds_total")
    assert watched == pytest.approx(truth.watched_s, rel=NEAR)
    # Version 1 tells that a player stood still, and not for how long.
    near = NEAR if version == 2 else 0.1
    assert stalled / watched == pytest.approx(truth.stalled_s / truth.watched_s, rel=near)
    # Two stalls between two requests are told as one, and one behind the last not at all.
    assert counted.total("stalls_total") == pytest.approx(truth.stalls, rel=0.03)
    assert counted.total("rendition_seconds_total", rendition="360p") < watched
    told = [one for one in viewings if version == 2 and one.tells_msd and one.startup_s()]
    assert counted.total("startup_seconds_count") == len(told)


async def test_a_thousand_viewings_are_counted_over_http() -> None:
    """All of them told at once, so none may last longer than the two minutes believed of it."""
    viewings, truth = make_viewings(1_000, seed=4, mean_s=20.0, cut_off=False)
    async with serving() as origin:
        for index, viewing in enumerate(viewings):
            # The host's own edge says for whom it asks: each address may begin 20 in a minute.
            address = f"203.0.113.{index // 10}"
            lines = [line for _, body in viewing.bodies for line in body]
            assert len(lines) <= 64
            assert await origin.post("\n".join(lines), **{"X-Forwarded-For": address}) == 204
        registry = CollectorRegistry()
        registry.register(origin.desk.counts)
        check(Counted(generate_latest(registry).decode()), truth)
