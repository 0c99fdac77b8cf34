"""What viewings come to, as Prometheus shows it: counts by channel, never by viewer.  Sans-I/O.

The state machine (``origin.qoe_sessions``) adds to the cells; families are made at a scrape.  Every
label value comes from the settings or from this file, so that no report makes a series.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector

from core.config import ChannelSettings
from core.ladder import renditions_of
from origin.tally import Histogram

__all__ = [
    "CLASS_OF_CODE",
    "OTHER_CODE",
    "UNREPORTED",
    "ChannelCounts",
    "Kind",
    "Outcome",
    "QoeCounts",
    "Result",
]

Kind: TypeAlias = Literal["live", "dvr", "catchup", "radio"]
Outcome: TypeAlias = Literal["played", "ebvs", "start_failure", "playback_failure"]
UNREPORTED: Final = "unreported"
"""Kind of those who watch and do not report; nothing but their number is known."""

Scope: TypeAlias = Literal["total", "client"]
Result: TypeAlias = Literal[
    "accepted", "duplicate", "invalid", "too_large", "rate_limited", "version"
]

_KINDS: Final[dict[str, tuple[Kind, ...]]] = {
    "tv": ("live", "dvr", "catchup"),
    "radio": ("radio", "dvr", "catchup"),
}
_OUTCOMES: Final[tuple[Outcome, ...]] = ("played", "ebvs", "start_failure", "playback_failure")
_RESULTS: Final[tuple[Result, ...]] = (
    "accepted",
    "duplicate",
    "invalid",
    "too_large",
    "rate_limited",
    "version",
)

CLASS_OF_CODE: Final = {
    "LS-O1": "network",
    "LS-N1": "network",
    "LS-N2": "network",
    "LS-A1": "network",
    "LS-D1": "media",
    "LS-D2": "media",
    "LS-N3": "network",
    "LS-C1": "other",
    "LS-C2": "other",
    "LS-P1": "other",
    "LS-P2": "other",
    "LS-G1": "other",
    "LS-G2": "other",
    "LS-G3": "other",
    "LS-G4": "other",
}
"""Every code that our page quotes to its viewers (``player_web/src/playing/faults.ts``)."""

OTHER_CODE: Final = "other"
"""Stands for the codes of other players, whatever they are."""

# The targets stand among them: half start within 1.2 s, 95 % within 4 s; in low latency half watch
# 3 s behind the studio, 95 % within 4.5 s.  Near them the steps of start-up are so small
# that histogram_quantile's straight line is about a hundredth off the truth.
# fmt: off
_STARTUP_BUCKETS_S: Final = (
    0.25, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.05, 1.1, 1.15, 1.2, 1.25, 1.3, 1.4, 1.5, 1.6, 1.8, 2.0,
    2.2, 2.5, 2.75, 3.0, 3.1, 3.2, 3.3, 3.35, 3.4, 3.45, 3.5, 3.55, 3.6, 3.7, 3.8, 3.9, 4.0, 4.1,
    4.2, 4.3, 4.5, 5.0, 6.0, 7.5, 10.0, 20.0,
)
_LATENCY_BUCKETS_S: Final = (
    1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0, 6.0, 8.0, 10.0, 12.0, 14.0, 16.0, 20.0, 30.0, 60.0,
)
# fmt: on


@dataclass(slots=True)
class ChannelCounts:
    """One channel's counts; times in milliseconds."""

    is_radio: bool
    sessions: dict[tuple[Kind, Outcome], int]
    watched_ms: dict[Kind, int]
    rendition_ms: dict[str, int]
    errors: dict[str, int]
    """By code."""

    sound: frozenset[str] = frozenset()
    """Renditions without a picture."""

    stalls: int = 0
    stalled_ms: int = 0
    played_bytes: int = 0
    startup: Histogram = field(default_factory=lambda: Histogram(_STARTUP_BUCKETS_S))
    latency: Histogram = field(default_factory=lambda: Histogram(_LATENCY_BUCKETS_S))

    def aside(self) -> ChannelCounts:
        """Return counts of the same channel at zero, to :meth:`add` later or never."""
        return ChannelCounts(
            is_radio=self.is_radio,
            sessions=dict.fromkeys(self.sessions, 0),
            watched_ms=dict.fromkeys(self.watched_ms, 0),
            rendition_ms=dict.fromkeys(self.rendition_ms, 0),
            errors=dict.fromkeys(self.errors, 0),
            sound=self.sound,
        )

    def add(self, other: ChannelCounts) -> None:
        """Add what was counted aside."""
        cells: tuple[tuple[dict[Any, int], Mapping[Any, int]], ...] = (
            (self.sessions, other.sessions),
            (self.watched_ms, other.watched_ms),
            (self.rendition_ms, other.rendition_ms),
            (self.errors, other.errors),
        )
        for mine, more in cells:
            for key, number in more.items():
                mine[key] = mine.get(key, 0) + number
        self.stalls += other.stalls
        self.stalled_ms += other.stalled_ms
        self.played_bytes += other.played_bytes
        self.startup.add(other.startup)
        self.latency.add(other.latency)


class QoeCounts(Collector):
    """The families of quality of experience of one origin; register it in its registry."""

    def __init__(self, channels: tuple[ChannelSettings, ...]) -> None:
        """Start every family at zero."""
        self.channels: dict[str, ChannelCounts] = {}
        """By slug: what is on air now, and what was since the start."""

        self.results: dict[Result, int] = dict.fromkeys(_RESULTS, 0)
        self.limited: dict[Scope, int] = {"total": 0, "client": 0}
        """Requests answered 429: too many at all, or too many new sessions of one client."""

        self.watching: Callable[[], Mapping[tuple[str, str], int]] = dict
        """Counts those who watch now; whoever knows them sets it."""

        self.counted: frozenset[str] | None = None
        """Channels whose audience is counted; None for all.  Of others no number of viewers is
        shown: a zero would be taken for an audience that left."""

        self.configure(channels)

    def configure(self, channels: tuple[ChannelSettings, ...]) -> None:
        """Show these channels from now on; a count that has begun is never taken away."""
        for channel in channels:
            kinds = _KINDS[channel.kind]
            counts = self.channels.setdefault(
                channel.slug,
                ChannelCounts(
                    is_radio=channel.kind == "radio",
                    sessions={(kind, outcome): 0 for kind in kinds for outcome in _OUTCOMES},
                    watched_ms=dict.fromkeys(kinds, 0),
                    rendition_ms={},
                    errors=dict.fromkeys((*CLASS_OF_CODE, OTHER_CODE), 0),
                ),
            )
            ladder = renditions_of(channel)
            for rendition in ladder:
                counts.rendition_ms.setdefault(rendition.name, 0)
            counts.sound = frozenset(one.name for one in ladder if one.kind == "audio")

    def collect(
        self,
    ) -> Iterator[CounterMetricFamily | GaugeMetricFamily | HistogramMetricFamily]:
        """Make the families."""
        yield from self._collect_sessions()
        yield from self._collect_quality()
        yield from self._collect_renditions()
        reports = CounterMetricFamily(
            "lensong_qoe_reports", "Reports of players, by what became of them", labels=("result",)
        )
        for result, number in self.results.items():
            reports.add_metric((result,), number)
        yield reports
        limited = CounterMetricFamily(
            "lensong_origin_rate_limited", "Requests answered 429", labels=("scope",)
        )
        for scope, number in self.limited.items():
            limited.add_metric((scope,), number)
        yield limited

    def _collect_sessions(self) -> Iterator[CounterMetricFamily | GaugeMetricFamily]:
        sessions = CounterMetricFamily(
            "lensong_qoe_sessions", "Ended sessions", labels=("channel", "kind", "outcome")
        )
        watched = CounterMetricFamily(
            "lensong_qoe_watched_seconds", "Watched time (CTA-2066)", labels=("channel", "kind")
        )
        concurrent = GaugeMetricFamily(
            "lensong_qoe_concurrent_sessions",
            "Sessions with a report in the last 60 s; players that do not report are told apart",
            labels=("channel", "kind"),
        )
        watching = self.watching()
        for slug, counts in self.channels.items():
            for (kind, outcome), number in counts.sessions.items():
                sessions.add_metric((slug, kind, outcome), number)
            for kind, watched_ms in counts.watched_ms.items():
                watched.add_metric((slug, kind), watched_ms / 1000)
            if self.counted is None or slug in self.counted:
                for label in (*counts.watched_ms, UNREPORTED):
                    concurrent.add_metric((slug, label), watching.get((slug, label), 0))
        yield sessions
        yield watched
        yield concurrent

    def _collect_quality(self) -> Iterator[CounterMetricFamily | HistogramMetricFamily]:
        stalls = CounterMetricFamily(
            "lensong_qoe_stalls", "Stalls after the start", labels=("channel",)
        )
        stalled = CounterMetricFamily(
            "lensong_qoe_stall_seconds", "Seconds stalled", labels=("channel",)
        )
        startup = HistogramMetricFamily(
            "lensong_qoe_startup_seconds",
            "From the wish to watch to the first frame",
            labels=("channel",),
        )
        latency = HistogramMetricFamily(
            "lensong_qoe_live_latency_seconds",
            "Live latency reported by players",
            labels=("channel",),
        )
        for slug, counts in self.channels.items():
            stalls.add_metric((slug,), counts.stalls)
            stalled.add_metric((slug,), counts.stalled_ms / 1000)
            for family, values in ((startup, counts.startup), (latency, counts.latency)):
                family.add_metric((slug,), values.buckets(), values.sum_ns / 1e9)
        yield stalls
        yield stalled
        yield startup
        yield latency

    def _collect_renditions(self) -> Iterator[CounterMetricFamily]:
        played = CounterMetricFamily(
            "lensong_qoe_played_bytes", "Bytes of media played", labels=("channel",)
        )
        renditions = CounterMetricFamily(
            "lensong_qoe_rendition_seconds",
            "Media time played per rendition",
            labels=("channel", "rendition"),
        )
        errors = CounterMetricFamily(
            "lensong_qoe_errors",
            "Player errors: network, media, other; with the code that the viewer saw",
            labels=("channel", "class", "code"),
        )
        for slug, counts in self.channels.items():
            played.add_metric((slug,), counts.played_bytes)
            for rendition, played_ms in counts.rendition_ms.items():
                renditions.add_metric((slug, rendition), played_ms / 1000)
            for code, number in counts.errors.items():
                errors.add_metric((slug, CLASS_OF_CODE.get(code, "other"), code), number)
        yield played
        yield renditions
        yield errors
