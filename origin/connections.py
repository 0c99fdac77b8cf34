"""Who is connected, how many of them there may be, and when a silent one is closed.  Sans-I/O.

Aiohttp alone lets a client hold a connection for as long as it likes: half a header, a body that
nobody reads.  Both paths of the origin therefore show each connection's state here, and the shell
looks over all of them twice a second (:meth:`Watch.look`), which costs a request nothing.

**Source:** the HTTP edge of the reliability plan: a half-sent header is closed within 10 s, a
silent new connection within 15 s, a reader of a full window within 30 s; 2,000 idle connections
from one address do not keep others out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from typing import Final, Literal, TypeAlias

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

__all__ = ["STATES", "Connections", "Limits", "RejectReason", "State", "Watch", "client_of"]

State: TypeAlias = Literal["idle", "reading", "held", "sending"]
STATES: Final[tuple[State, ...]] = ("idle", "reading", "held", "sending")

RejectReason: TypeAlias = Literal["header_timeout", "per_client", "total", "slow_reader"]
_REASONS: Final[tuple[RejectReason, ...]] = (
    "header_timeout",
    "per_client",
    "total",
    "slow_reader",
)
_IPV6_SITE_BITS: Final = 64  # one household has at least a /64 and may use all of it


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a client may do to us."""

    header_s: float
    """Seconds for a request's header, from its first byte."""

    idle_s: float
    """Seconds that a connection which carried a request may be silent."""

    first_s: float = 12.0
    """Seconds that a new connection may be silent."""

    stalled_s: float = 20.0
    """Seconds in which a reader must take at least one byte of what is waiting for it."""

    per_client: int = 1_024
    """Connections from one address.  Many viewers share one, behind a mobile network's gateway."""

    total: int = 20_000
    """Connections of one origin."""

    look_every_s: float = 0.5
    """How often all connections are looked over, in seconds: how late a deadline may be."""


def client_of(peer: object) -> str:
    """Return whom a connection counts for: an IPv4 address, or the /64 of an IPv6 one.

    Args:
        peer: What the transport calls ``peername``.
    """
    if not isinstance(peer, tuple) or not peer:
        return ""
    try:
        address = ip_address(str(peer[0]).partition("%")[0])
    except ValueError:
        return ""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(IPv6Address(int(address) >> _IPV6_SITE_BITS << _IPV6_SITE_BITS))
    return str(address)


class Watch:
    """What the last looks at one connection saw."""

    __slots__ = ("_answers", "_state", "_waiting_bytes", "since_s")

    def __init__(self, now_s: float) -> None:
        self._answers = 0
        self._state: State = "idle"
        self._waiting_bytes = 0
        self.since_s = now_s
        """When the connection was last seen to get on."""

    def look(
        self, *, state: State, answers: int, waiting_bytes: int, now_s: float, limits: Limits
    ) -> RejectReason | Literal["idle"] | None:
        """Decide whether to close the connection.

        Args:
            state: Where it stands now.
            answers: How many requests it has carried, to see that it got on in between.
            waiting_bytes: What the client has not taken yet.
            now_s: Any clock that never steps, in seconds.
            limits: What is allowed.

        Returns:
            Why to close it; "idle" is no fault; None while it may stay.
        """
        # A header that comes byte by byte gets on in no way: neither state nor answers change.
        moved = state == "sending" and waiting_bytes < self._waiting_bytes
        if state != self._state or answers != self._answers or moved:
            self.since_s = now_s
        self._state, self._answers, self._waiting_bytes = state, answers, waiting_bytes
        silent_s = now_s - self.since_s
        match state:
            case "reading":
                return "header_timeout" if silent_s >= limits.header_s else None
            case "sending":
                return "slow_reader" if silent_s >= limits.stalled_s else None
            case "held":  # its own deadline ends it
                return None
            case "idle":
                if not answers:
                    return "header_timeout" if silent_s >= limits.first_s else None
                return "idle" if silent_s >= limits.idle_s else None


class Connections(Collector):
    """The count of connections by client, and what was refused."""

    def __init__(self, limits: Limits, *, trusted: Iterable[str] = ("127.0.0.1", "::")) -> None:
        """Begin with none.

        Args:
            limits: What is allowed.
            trusted: Clients, as :func:`client_of` calls them, that have no limit of their own:
                an edge on this host carries everybody.  ``::`` stands for ``::1``.
        """
        self.limits = limits
        self.rejected: dict[RejectReason, int] = dict.fromkeys(_REASONS, 0)
        self.states: Callable[[], dict[State, int]] = lambda: dict.fromkeys(STATES, 0)
        """Counts open connections by state; the shell that has them sets it."""

        self._trusted = frozenset(trusted)
        self._by_client: dict[str, int] = {}
        self._total = 0

    @property
    def total(self) -> int:
        """How many are open."""
        return self._total

    def admit(self, client: str) -> bool:
        """Count a new connection; False, and it is not counted, when there are too many."""
        count = self._by_client.get(client, 0)
        if self._total >= self.limits.total:
            self.rejected["total"] += 1
            return False
        if count >= self.limits.per_client and client not in self._trusted:
            self.rejected["per_client"] += 1
            return False
        self._by_client[client] = count + 1
        self._total += 1
        return True

    def leave(self, client: str) -> None:
        """Count a connection out that :meth:`admit` let in."""
        self._total -= 1
        left = self._by_client[client] - 1
        if left:
            self._by_client[client] = left
        else:
            del self._by_client[client]

    def collect(self) -> Iterator[CounterMetricFamily | GaugeMetricFamily]:
        """Make the families."""
        states = GaugeMetricFamily(
            "lensong_origin_connections", "Open connections", labels=("state",)
        )
        for state, count in self.states().items():
            states.add_metric((state,), count)
        yield states
        rejected = CounterMetricFamily(
            "lensong_origin_connections_rejected", "Connections closed", labels=("reason",)
        )
        for reason, number in self.rejected.items():
            rejected.add_metric((reason,), number)
        yield rejected
