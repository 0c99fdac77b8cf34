"""Count answers almost for free, and show the counts to Prometheus.

A labelled counter of prometheus_client costs a lock and a dictionary of strings for each
increment; at tens of thousands of requests a second that is a tenth of the work.  Here an answer
costs one list element, and the families are made when somebody scrapes.  Both paths of the origin
count here: the fast one by itself, the aiohttp application through :meth:`Tally.answered`.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from typing import Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector

from origin.prepared import ResponseTable

__all__ = ["HANDLERS", "REJECTIONS", "Histogram", "Tally"]

HANDLERS: Final = (
    "multivariant",
    "media_playlist",
    "dvr",
    "catchup",
    "programme",
    "part",
    "segment",
    "header",
    "thumb",
    "clip",
    "radio",
    "qoe",
    "api",
    "static",
)
_OF_NO_CHANNEL: Final = frozenset({"api", "qoe", "static"})
REJECTIONS: Final = ("far_future", "limit", "timeout")
"""Reasons for which a blocking request is refused."""

_DURATION_BUCKETS_S: Final = (0.0001, 0.0005, 0.001, 0.005, 0.02, 0.1, 0.25, 1.0, 4.0, 10.0)
_RELEASE_BUCKETS_S: Final = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0)


class Histogram:
    """Counts by bucket, and the sum, in nanoseconds."""

    __slots__ = ("_bounds_ns", "_buckets_s", "counts", "sum_ns")

    def __init__(self, buckets_s: tuple[float, ...]) -> None:
        """Begin with none; ``buckets_s`` are upper bounds in seconds, ascending."""
        self._buckets_s = buckets_s
        self._bounds_ns = [round(bound * 1e9) for bound in buckets_s]
        self.counts = [0] * (len(buckets_s) + 1)
        self.sum_ns = 0

    def observe(self, value_ns: int) -> None:
        """Count one value."""
        self.counts[bisect_left(self._bounds_ns, value_ns)] += 1
        self.sum_ns += value_ns

    def add(self, other: Histogram) -> None:
        """Count what another one of the same buckets counted."""
        self.counts = [mine + more for mine, more in zip(self.counts, other.counts, strict=True)]
        self.sum_ns += other.sum_ns

    def buckets(self) -> list[tuple[str, float]]:
        """Return cumulative counts by upper bound, as Prometheus wants them."""
        bounds = [*(str(bound) for bound in self._buckets_s), "+Inf"]
        total = 0
        found: list[tuple[str, float]] = []
        for bound, count in zip(bounds, self.counts, strict=True):
            total += count
            found.append((bound, total))
        return found


class Tally(Collector):
    """The HTTP and blocking-reload families of one origin; register it in its registry."""

    def __init__(self, channels: tuple[str, ...], table: ResponseTable) -> None:
        """Start every family at zero.

        Args:
            channels: Configured slugs; an answer about anything else is counted under "".
            table: Whose held requests are shown.
        """
        self._table = table
        # [2xx, 3xx, 4xx, 5xx, bytes] by (handler, channel).  Static files, the API and what no
        # channel is asked for stand under the empty channel.
        self._answers: dict[tuple[str, str], list[int]] = {}
        self._durations = {handler: Histogram(_DURATION_BUCKETS_S) for handler in HANDLERS}
        self._releases: dict[str, Histogram] = {}
        self._rejections = dict.fromkeys(REJECTIONS, 0)
        self._empty: dict[str, int] = {}
        self.configure(channels)

    def configure(self, channels: tuple[str, ...]) -> None:
        """Show these channels from now on; a count that has begun is never taken away."""
        for handler in HANDLERS:
            for channel in ("",) if handler in _OF_NO_CHANNEL else channels:
                self._answers.setdefault((handler, channel), [0, 0, 0, 0, 0])
        for channel in channels:
            self._releases.setdefault(channel, Histogram(_RELEASE_BUCKETS_S))
            self._empty.setdefault(channel, 0)

    def answered(
        self, handler: str, channel: str, status: int, length: int, duration_ns: int
    ) -> None:
        """Count one answer.

        Args:
            handler: One of :data:`HANDLERS`.
            channel: A configured slug; anything else is counted under "", so that nobody can
                make series by asking for names.
            status: HTTP status.
            length: Bytes of the body.
            duration_ns: From the request to the last byte, without the time it was held.
        """
        cell = self._answers.get((handler, channel))
        if cell is None:
            cell = self._answers.setdefault((handler, ""), [0, 0, 0, 0, 0])
        cell[status // 100 - 2] += 1
        cell[4] += length
        self._durations[handler].observe(duration_ns)

    def streamed(self, handler: str, channel: str, length: int) -> None:
        """Count more bytes of answers that have no end."""
        cell = self._answers.get((handler, channel))
        if cell is not None:
            cell[4] += length

    def released(self, channel: str, delay_ns: int) -> None:
        """Count one held request that is being answered, so long after its part was stored."""
        self._releases[channel].observe(delay_ns)

    def rejected(self, reason: str) -> None:
        """Count one blocking request that is refused; ``reason`` is one of :data:`REJECTIONS`."""
        self._rejections[reason] += 1

    def empty(self, channel: str) -> None:
        """Count one answer (503) about a channel that has no segment, or no sound, yet."""
        self._empty[channel] = self._empty.get(channel, 0) + 1

    def collect(
        self,
    ) -> Iterator[CounterMetricFamily | GaugeMetricFamily | HistogramMetricFamily]:
        """Make the families."""
        requests = CounterMetricFamily(
            "lensong_http_requests",
            "Requests by handler and status class",
            labels=("handler", "channel", "code"),
        )
        sent = CounterMetricFamily(
            "lensong_http_response_bytes", "Bytes sent", labels=("handler", "channel")
        )
        for (handler, channel), cell in self._answers.items():
            for index, code in enumerate(("2xx", "3xx", "4xx", "5xx")):
                requests.add_metric((handler, channel, code), cell[index])
            sent.add_metric((handler, channel), cell[4])
        yield requests
        yield sent
        durations = HistogramMetricFamily(
            "lensong_http_request_duration_seconds",
            "Time to last byte, blocking time excluded",
            labels=("handler",),
        )
        for handler, histogram in self._durations.items():
            durations.add_metric((handler,), histogram.buckets(), histogram.sum_ns / 1e9)
        yield durations
        yield from self._collect_blocking()

    def _collect_blocking(
        self,
    ) -> Iterator[CounterMetricFamily | GaugeMetricFamily | HistogramMetricFamily]:
        held = GaugeMetricFamily(
            "lensong_origin_blocked_requests", "LL-HLS requests held now", labels=("channel",)
        )
        releases = HistogramMetricFamily(
            "lensong_origin_block_release_seconds",
            "From the part being stored to the held response being written",
            labels=("channel",),
        )
        for channel, histogram in self._releases.items():
            held.add_metric((channel,), self._table.held.get(channel, 0))
            releases.add_metric((channel,), histogram.buckets(), histogram.sum_ns / 1e9)
        yield held
        yield releases
        rejections = CounterMetricFamily(
            "lensong_origin_block_rejected", "Blocking requests refused", labels=("reason",)
        )
        for reason, count in self._rejections.items():
            rejections.add_metric((reason,), count)
        yield rejections
        empty = CounterMetricFamily(
            "lensong_origin_empty_answers",
            "Requests for a channel that has no segment or sound yet, answered 503",
            labels=("channel",),
        )
        for channel, count in self._empty.items():
            empty.add_metric((channel,), count)
        yield empty
