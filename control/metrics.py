"""Prometheus families of the control room."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from control.state import GuideState

__all__ = ["GuideMetrics"]

_RESULTS: Final = ("accepted", "partial", "refused")


class GuideMetrics(Collector):
    """What was last known of guide and database; register it in the registry."""

    def __init__(self, state: GuideState, now_s: Callable[[], float]) -> None:
        """Prepare.

        Args:
            state: What the service knows.
            now_s: Tells the moment of the scrape, UNIX seconds.
        """
        self._state, self._now_s = state, now_s

    def collect(self) -> Iterator[Metric]:
        """Make every family."""
        state, now_s = self._state, self._now_s()
        ahead = GaugeMetricFamily(
            "lensong_guide_ahead_seconds",
            "From now to the end of the last programme in the guide; 0 when it is over or empty",
            labels=("channel",),
        )
        age = GaugeMetricFamily(
            "lensong_guide_snapshot_age_seconds",
            "Since the channel's snapshot for the data plane was written; every hour at least",
            labels=("channel",),
        )
        for channel in state.channels:
            ahead.add_metric((channel,), state.ahead_s(channel, now_s))
            written_s = state.written_s.get(channel)
            if written_s is not None:
                age.add_metric((channel,), max(0.0, now_s - written_s))
        imports = CounterMetricFamily(
            "lensong_guide_imports", "Guide files that were imported, by result", labels=("result",)
        )
        for result in _RESULTS:
            imports.add_metric((result,), state.imports.get(result, 0))
        up = GaugeMetricFamily(
            "lensong_control_database_up",
            "1 while the control room's database answers",
            value=float(state.is_open),
        )
        yield from (ahead, age, imports, up)
