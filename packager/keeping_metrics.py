"""The Prometheus families of the archive's keeping."""

from __future__ import annotations

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge

__all__ = ["KeepingMetrics"]

_CHANNEL: Final = ("channel",)
_WHY: Final = ("days", "space", "deposit")


class KeepingMetrics:
    """What retention and verification tell; each family exists for every configured channel."""

    def __init__(self, registry: CollectorRegistry, *, backend: str) -> None:
        """Register the families.

        Args:
            registry: The process's.
            backend: ``disk`` or ``s3``.
        """
        self._backend = backend
        self._free = Gauge(
            "lensong_archive_free_bytes", "Free space", ("backend",), registry=registry
        )
        self._oldest = Gauge(
            "lensong_archive_oldest_timestamp_seconds",
            "Unix time of the oldest segment still served",
            _CHANNEL,
            registry=registry,
        )
        self._missing = Gauge(
            "lensong_archive_missing_segments",
            "Segments of the retention window that the scrubber could not find",
            _CHANNEL,
            registry=registry,
        )
        self._holes = Gauge(
            "lensong_archive_hole_segments",
            "Segments of the retention window that were on air, or should have been, and were"
            " never archived",
            _CHANNEL,
            registry=registry,
        )
        self._unverified = Gauge(
            "lensong_archive_unverified_folders",
            "Stored hours of a rendition that the scrubber is due to read",
            _CHANNEL,
            registry=registry,
        )
        self._removed = Counter(
            "lensong_archive_removals_total",
            "Hours removed: days, space, or deposit (for want of space, of the legal deposit)",
            ("channel", "why"),
            registry=registry,
        )

    def add_channel(self, channel: str) -> None:
        """Let a channel's counters exist at 0."""
        for family in (self._missing, self._holes, self._unverified):
            family.labels(channel)
        for why in _WHY:
            self._removed.labels(channel, why)

    def remove_channel(self, channel: str) -> None:
        """Forget a channel that a reload took away."""
        for family in (self._oldest, self._missing, self._holes, self._unverified, self._removed):
            family.remove_by_labels({"channel": channel})

    def set_free(self, free_bytes: int | None) -> None:
        """Tell what is free; nothing where that has no limit."""
        if free_bytes is not None:
            self._free.labels(self._backend).set(free_bytes)

    def set_channel(
        self, channel: str, *, oldest_s: float | None, missing: int, holes: int, unverified: int
    ) -> None:
        """Tell the state of a channel's archive.

        Args:
            channel: Slug.
            oldest_s: Unix time of the oldest segment; None if there is none.
            missing: Segments that were not found.
            holes: Segments that were never archived.
            unverified: Hours that are due.
        """
        if oldest_s is None:
            self._oldest.remove_by_labels({"channel": channel})
        else:
            self._oldest.labels(channel).set(oldest_s)
        self._missing.labels(channel).set(missing)
        self._holes.labels(channel).set(holes)
        self._unverified.labels(channel).set(unverified)

    def removed(self, channel: str, why: str) -> None:
        """Count an hour that is gone."""
        self._removed.labels(channel, why).inc()
