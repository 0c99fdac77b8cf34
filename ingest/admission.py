"""Decide who may publish: the one door for every protocol.

A publisher names a channel and an input and shows its key.  Whatever is wrong, the work
done and the words of the answer are the same, so that nobody learns which names exist.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from typing import Final

from core.clock import unix_ns
from core.config import Settings
from core.errors import RefusedError
from ingest.metrics import IngestMetrics
from ingest.relay import Relay

__all__ = ["Admission"]

_NO_KEY: Final = bytes(32)
"""Stands for the hash of an input that does not exist; no key is known that gives it."""


class Admission:
    """The configured inputs, their relays and the hashes of their publishers' keys."""

    def __init__(self, metrics: IngestMetrics) -> None:
        self._metrics = metrics
        self._relays: dict[tuple[str, str], Relay] = {}
        self._hashes: dict[tuple[str, str], bytes] = {}

    @property
    def relays(self) -> Iterable[Relay]:
        """Every configured input's relay, in the order of the settings."""
        return tuple(self._relays.values())

    def relay(self, channel: str, name: str) -> Relay | None:
        """Return the relay of a configured input."""
        return self._relays.get((channel, name))

    def has_channel(self, channel: str) -> bool:
        """Tell whether any input of that channel is configured."""
        return any(relay.channel == channel for relay in self._relays.values())

    def configure(self, settings: Settings, hashes: Mapping[tuple[str, str], bytes]) -> None:
        """Take over the inputs of ``settings``.

        An input that stays as it was keeps its session; one that is gone, or whose key is
        another, loses it.
        """
        relays: dict[tuple[str, str], Relay] = {}
        for channel in settings.channels:
            for item in channel.inputs:
                name = (channel.slug, item.name)
                old = self._relays.get(name)
                if old is not None and old.protocol == item.protocol:
                    relays[name] = old
                    if self._hashes.get(name) != hashes.get(name) and old.session is not None:
                        old.session.end("kicked")
                else:
                    if old is not None:
                        old.retire()
                    relays[name] = self._new_relay(*name, item.protocol)
        for name, old in self._relays.items():
            if name not in relays:
                old.retire()
        self._relays, self._hashes = relays, dict(hashes)

    def admit(self, channel: str, name: str, key: str, *, protocol: str) -> Relay:
        """Return the relay on which the publisher may begin.

        Args:
            channel: Slug of the channel, as the publisher gave it.
            name: Name of the input, as the publisher gave it.
            key: The publisher's key.
            protocol: The way it came in; an input is open to its own protocol only.

        Raises:
            RefusedError: ``auth_failed`` or ``unknown_channel``; the message, which may be sent,
                is the same.
        """
        relay = self._relays.get((channel, name))
        if relay is not None and relay.protocol != protocol:
            relay = None
        expected = self._hashes.get((channel, name), _NO_KEY) if relay is not None else _NO_KEY
        given = hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()
        matches = hmac.compare_digest(given, expected)
        if relay is None:
            self._metrics.stranger(protocol, "auth_failed")
        elif not matches:
            relay.metrics.connection("auth_failed")
        if relay is None or not matches:
            code = "unknown_channel" if relay is None else "auth_failed"
            raise RefusedError("no such input, or not its key", code=code)
        return relay

    def _new_relay(self, channel: str, name: str, protocol: str) -> Relay:
        metrics = self._metrics.for_input(channel, name, protocol)
        relay = Relay(channel, name, protocol=protocol, metrics=metrics)
        metrics.watch_up(lambda: relay.is_up(now=unix_ns()))
        return relay
