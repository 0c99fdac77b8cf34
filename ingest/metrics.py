"""Prometheus families of ingest: who is connected, what came in, what was refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Literal, TypeAlias

from prometheus_client import CollectorRegistry, Counter, Gauge

__all__ = ["ConnectionResult", "DisconnectReason", "IngestMetrics", "InputMetrics"]

ConnectionResult: TypeAlias = Literal["accepted", "auth_failed", "limit", "protocol_error"]
DisconnectReason: TypeAlias = Literal["eof", "timeout", "reset", "kicked", "decode"]

_RESULTS: Final[tuple[ConnectionResult, ...]] = (
    "accepted",
    "auth_failed",
    "limit",
    "protocol_error",
)
_REASONS: Final[tuple[DisconnectReason, ...]] = ("eof", "timeout", "reset", "kicked", "decode")
_INPUT: Final = ("channel", "input")
_UNKNOWN: Final = "unknown"
"""Label of attempts on inputs that are not configured: strangers make no series."""


class IngestMetrics:
    """The families; :meth:`for_input` gives one input's share of them."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.up = Gauge(
            "lensong_input_up",
            "1 while the input is connected and delivered a frame in the last second",
            labelnames=(*_INPUT, "protocol"),
            registry=registry,
        )
        self.connections = Counter(
            "lensong_input_connections_total",
            "Connection attempts by result",
            labelnames=(*_INPUT, "protocol", "result"),
            registry=registry,
        )
        self.disconnects = Counter(
            "lensong_input_disconnects_total",
            "Input losses by reason",
            labelnames=(*_INPUT, "reason"),
            registry=registry,
        )
        self.bytes = Counter(
            "lensong_input_bytes_total", "Bytes received", labelnames=_INPUT, registry=registry
        )
        self.jumps = Counter(
            "lensong_input_timestamp_jumps_total",
            "PTS or DTS jumps over one second",
            labelnames=_INPUT,
            registry=registry,
        )
        for protocol in ("rtmp", "icecast"):
            for result in ("auth_failed", "protocol_error"):
                self.connections.labels(_UNKNOWN, _UNKNOWN, protocol, result)

    def for_input(self, channel: str, name: str, protocol: str) -> InputMetrics:
        """Return the counters of one configured input, all at 0 from now on."""
        return InputMetrics(self, channel, name, protocol)

    def stranger(self, protocol: str, result: Literal["auth_failed", "protocol_error"]) -> None:
        """Count an attempt that named no configured input."""
        self.connections.labels(_UNKNOWN, _UNKNOWN, protocol, result).inc()


class InputMetrics:
    """What is counted of one input."""

    def __init__(self, families: IngestMetrics, channel: str, name: str, protocol: str) -> None:
        self._families = families
        self._labels = (channel, name)
        self._protocol = protocol
        self._up = families.up.labels(channel, name, protocol)
        self._results = {
            result: families.connections.labels(channel, name, protocol, result)
            for result in _RESULTS
        }
        self._reasons = {
            reason: families.disconnects.labels(channel, name, reason) for reason in _REASONS
        }
        self._bytes = families.bytes.labels(channel, name)
        self._jumps = families.jumps.labels(channel, name)

    def watch_up(self, is_up: Callable[[], bool]) -> None:
        """Let ``lensong_input_up`` be what ``is_up`` says when it is read."""
        self._up.set_function(lambda: float(is_up()))

    def connection(self, result: ConnectionResult) -> None:
        """Count one attempt to publish."""
        self._results[result].inc()

    def disconnect(self, reason: DisconnectReason) -> None:
        """Count one loss."""
        self._reasons[reason].inc()

    def received(self, size_bytes: int) -> None:
        """Count media bytes."""
        self._bytes.inc(size_bytes)

    def jumped(self) -> None:
        """Count one jump of the time stamps."""
        self._jumps.inc()

    def forget(self) -> None:
        """Take the series of an input that is no longer configured off the page."""
        families = self._families
        families.up.remove(*self._labels, self._protocol)
        for result in _RESULTS:
            families.connections.remove(*self._labels, self._protocol, result)
        for reason in _REASONS:
            families.disconnects.remove(*self._labels, reason)
        families.bytes.remove(*self._labels)
        families.jumps.remove(*self._labels)
