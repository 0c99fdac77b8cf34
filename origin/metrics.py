"""Prometheus families of the origin that belong to the window.

The families of requests are in ``origin.tally``, those of connections in
``origin.connections``: both count beneath aiohttp.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from core.timeline import UnixNs, end_of_part
from origin.preparation import Preparation

__all__ = ["LiveEdgeLag"]


class LiveEdgeLag(Collector):
    """How far each channel's playlists are behind the clock; register it in the registry."""

    def __init__(self, preparation: Preparation, now: Callable[[], UnixNs]) -> None:
        """Prepare.

        Args:
            preparation: Whose windows are measured.
            now: Tells the moment of the scrape.
        """
        self._preparation, self._now = preparation, now

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Make the family; a channel that was never published has no lag to show."""
        family = GaugeMetricFamily(
            "lensong_origin_live_edge_lag_seconds",
            "Wall clock minus the end of the newest media in the served playlist",
            labels=("channel",),
        )
        for slug in self._preparation.window.channels:
            edge = self._preparation.edge(slug)
            if edge is not None:
                family.add_metric((slug,), (self._now() - end_of_part(edge)) / 1e9)
        yield family
