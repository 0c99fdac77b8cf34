"""The packager's Prometheus families."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from core.publication import (
    DiscontinuityDeclared,
    HoleDeclared,
    PartPublished,
    Publication,
    SegmentPublished,
    SoundPublished,
    ThumbnailPublished,
)
from core.timeline import (
    PartAddress,
    UnixNs,
    end_of_part,
    end_of_segment,
    start_of_sound_chunk,
)

__all__ = ["DEFECTS", "ArchiveMetrics", "PackagerMetrics"]

REASONS: Final = (
    "auth",
    "codec",
    "configuration",
    "duplicate",
    "early",
    "header_needed",
    "keyframe",
    "late",
    "missing_frames",
    "missing_samples",
    "order",
    "parse",
    "size",
    "slow",
    "timing",
    "track",
)
DEFECTS: Final = ("short", "missing_frames", "missing_samples", "timing")

# The objective is 0.3 s for 99 % of parts; a catch-up after a restart shows as seconds.
_DELAY_BUCKETS: Final = (
    0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1.0, 2.0, 4.0, 8.0, 16.0,
)  # fmt: skip

_WRITE_BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

_TRACK: Final = ("channel", "rendition")
_CHANNEL: Final = ("channel",)
_NS: Final = 1e9


class PackagerMetrics:
    """What the packager counts; each family exists at 0 for every configured channel."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._segments = Counter(
            "lensong_packager_segments_total", "Segments published", _TRACK, registry=registry
        )
        self._parts = Counter(
            "lensong_packager_parts_total", "Parts published", _TRACK, registry=registry
        )
        self._thumbnails = Counter(
            "lensong_packager_thumbnails_total", "Thumbnails published", _CHANNEL, registry=registry
        )
        self._gaps = Counter(
            "lensong_packager_gap_segments_total",
            "Segments published as EXT-X-GAP",
            _TRACK,
            registry=registry,
        )
        self._discontinuities = Counter(
            "lensong_packager_discontinuities_total",
            "Discontinuity tags written",
            _CHANNEL,
            registry=registry,
        )
        self._defects = Counter(
            "lensong_packager_segment_defects_total",
            "Defects found at publication",
            ("channel", "encoder", "defect"),
            registry=registry,
        )
        self._misaligned = Counter(
            "lensong_packager_misaligned_segments_total",
            "Segments whose start differs between renditions",
            _CHANNEL,
            registry=registry,
        )
        self._rejected = Counter(
            "lensong_packager_rejected_uploads_total",
            "Refused uploads",
            ("channel", "reason"),
            registry=registry,
        )
        self._spool_failures = Counter(
            "lensong_packager_spool_failures_total",
            "Writes of the live spool that failed",
            _CHANNEL,
            registry=registry,
        )
        self._delay = Histogram(
            "lensong_packager_publish_delay_seconds",
            "Publication time minus the epoch deadline of the part, segment or sound",
            ("channel", "unit"),
            buckets=_DELAY_BUCKETS,
            registry=registry,
        )
        self._last_segment = Gauge(
            "lensong_packager_last_segment_timestamp_seconds",
            "Unix time of the end of the newest segment",
            _TRACK,
            registry=registry,
        )
        self._renditions: dict[str, tuple[str, ...]] = {}
        self._newest: dict[tuple[str, str], int] = {}
        self._misaligned_msn: dict[str, int] = {}

    def add_channel(self, channel: str, renditions: Iterable[str]) -> None:
        """Let every counter of a configured channel exist at 0."""
        self._renditions[channel] = tuple(renditions)
        for rendition in self._renditions[channel]:
            for family in (self._segments, self._parts, self._gaps, self._last_segment):
                family.labels(channel, rendition)
        for once in (
            self._thumbnails,
            self._discontinuities,
            self._misaligned,
            self._spool_failures,
        ):
            once.labels(channel)
        for reason in REASONS:
            self._rejected.labels(channel, reason)
        for defect in DEFECTS:
            self._defects.labels(channel, "a", defect)
        for unit in ("part", "segment"):
            self._delay.labels(channel, unit)

    def remove_channel(self, channel: str) -> None:
        """Forget a channel that a reload took away."""
        self._renditions.pop(channel, None)
        for family in (
            self._segments,
            self._parts,
            self._thumbnails,
            self._gaps,
            self._last_segment,
            self._discontinuities,
            self._misaligned,
            self._spool_failures,
            self._rejected,
            self._defects,
            self._delay,
        ):
            family.remove_by_labels({"channel": channel})

    def published(self, publications: Iterable[Publication], *, now: UnixNs) -> None:
        """Count what was published at ``now``."""
        for item in publications:
            match item:
                case PartPublished():
                    self._parts.labels(item.channel, item.rendition).inc()
                    self._observe(
                        item.channel, "part", now - end_of_part(PartAddress(item.msn, item.part))
                    )
                case SegmentPublished():
                    self._published_segment(item, now)
                case SoundPublished():
                    deadline = start_of_sound_chunk(item.number + 1)
                    self._observe(item.channel, "sound", now - deadline)
                case HoleDeclared():
                    for rendition in self._renditions.get(item.channel, ()):
                        self._gaps.labels(item.channel, rendition).inc()
                case ThumbnailPublished():
                    self._thumbnails.labels(item.channel).inc()
                case DiscontinuityDeclared():
                    self._discontinuities.labels(item.channel).inc()
                case _:
                    pass

    def _published_segment(self, item: SegmentPublished, now: UnixNs) -> None:
        track = (item.channel, item.rendition)
        if not item.data:  # else a refill, of which some renditions were counted before
            self._segments.labels(*track).inc()
            self._observe(item.channel, "segment", now - end_of_segment(item.msn))
        self._newest[track] = max(item.msn, self._newest.get(track, 0))
        self._last_segment.labels(*track).set(end_of_segment(self._newest[track]) / _NS)

    def _observe(self, channel: str, unit: str, delay_ns: int) -> None:
        self._delay.labels(channel, unit).observe(max(0, delay_ns) / _NS)

    def rejected(self, channel: str, reason: str) -> None:
        """Count a refused upload; an unknown channel makes no label."""
        if channel in self._renditions:
            self._rejected.labels(channel, reason).inc()

    def defect(self, channel: str, encoder: str, defect: str) -> None:
        """Count a defect of an encoder's output."""
        self._defects.labels(channel, encoder, defect).inc()

    def misaligned(self, channel: str, msn: int) -> None:
        """Count a segment that begins off the grid, once for all its renditions."""
        if self._misaligned_msn.get(channel) != msn:
            self._misaligned_msn[channel] = msn
            self._misaligned.labels(channel).inc()

    def spool_failed(self, channel: str) -> None:
        """Count a failed write of the live spool; called from its thread."""
        if channel in self._renditions:
            self._spool_failures.labels(channel).inc()


class ArchiveMetrics:
    """What the archive's writer counts."""

    def __init__(self, registry: CollectorRegistry, *, backend: str) -> None:
        """Register the families.

        Args:
            registry: The process's.
            backend: ``disk`` or ``s3``.
        """
        self._write = Histogram(
            "lensong_archive_write_seconds",
            "Time to make a segment durable",
            ("backend",),
            buckets=_WRITE_BUCKETS,
            registry=registry,
        ).labels(backend)
        self._errors = Counter(
            "lensong_archive_write_errors_total",
            "Failed durable writes",
            ("backend",),
            registry=registry,
        ).labels(backend)
        self._pending = Gauge(
            "lensong_archive_pending_bytes",
            "Bytes of segments that wait in memory for the archive",
            registry=registry,
        )
        self._given_up = Counter(
            "lensong_archive_given_up_segments_total",
            "Segments that were on air and will not be archived",
            _CHANNEL,
            registry=registry,
        )

    def add_channel(self, channel: str) -> None:
        """Let the counters of a channel exist at 0."""
        self._given_up.labels(channel)

    def remove_channel(self, channel: str) -> None:
        """Forget a channel that a reload took away."""
        self._given_up.remove_by_labels({"channel": channel})

    def wrote(self, seconds: float) -> None:
        """Note a segment that is durable now."""
        self._write.observe(seconds)

    def failed(self) -> None:
        """Count a write that failed; it will be tried again."""
        self._errors.inc()

    def gave_up(self, channel: str) -> None:
        """Count a segment that will not be archived."""
        self._given_up.labels(channel).inc()

    def set_pending(self, size_bytes: int) -> None:
        """Tell how much waits."""
        self._pending.set(size_bytes)
