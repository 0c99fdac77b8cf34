"""The alerts that are known, and what is to be told of them when.  Sans-I/O.

Alerts come from Prometheus, which repeats each one while it fires and says once that it is over,
and from the platform's own look at its processes.  Both may see the same thing: an alert is known
by its name and labels, fires while anybody says so, and is told once.  What is due at the same
moment goes into one message, so that a storm on eight channels is one mail and not eight.

A source that falls silent has not said that all is well.  Its alerts then end as *unheard*, and the
message says that nobody watches any more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Literal, TypeAlias

__all__ = ["Alert", "AlertBook", "Ending", "Message", "Report", "Severity", "Told", "alert_of"]

Severity: TypeAlias = Literal["page", "ticket", "none"]
Ending: TypeAlias = Literal["resolved", "unheard"]
Kind: TypeAlias = Literal["fired", "again", "cleared", "test"]

_GATHER_S: Final[Mapping[str, float]] = {"page": 3.0, "ticket": 30.0}
"""How long the first alert of a message waits for others of the same storm."""

_CLEAR_S: Final = 30.0
"""An alert that comes back within this time was not over, and nobody is told of either."""

_AGAIN_S: Final[Mapping[str, float]] = {"page": 2 * 3600.0, "ticket": 24 * 3600.0}
"""After this time people are told that it still fires."""

_TOLD: Final[tuple[Severity, ...]] = ("page", "ticket")

_MOST_ALERTS: Final = 2_000
"""Different alerts that are held; a source that invents more is refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One alert: what fires, where."""

    name: str
    """``alertname``: ChannelOffAir."""

    severity: Severity
    """``page`` wakes somebody; ``ticket`` waits for the morning; ``none`` is for machines."""

    stage: str = ""
    """Where in the chain: input, switcher, encoder, packager, archive, origin, player."""

    labels: tuple[tuple[str, str], ...] = ()
    """The other labels, sorted, less those that say only who looked."""

    texts: tuple[tuple[str, str], ...] = ()
    """``summary``, ``description``, ``action``, ``runbook_url``: what people read."""

    @property
    def key(self) -> str:
        """What two reports of the same alert share."""
        return "|".join([self.name, *(f"{name}={value}" for name, value in self.labels)])

    @property
    def channel(self) -> str:
        """Slug of the channel; empty for an alert of the whole installation."""
        return dict(self.labels).get("channel", "")

    def text(self, name: str) -> str:
        """Return one of :attr:`texts`; empty where it was not given."""
        return dict(self.texts).get(name, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A source says that an alert fires, or that it is over."""

    alert: Alert
    began_s: float
    """Since when, UNIX seconds."""

    until_s: float
    """Until when this word holds if nothing more is heard, UNIX seconds; past when it is over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One alert in a message."""

    alert: Alert
    began_s: float
    ended_s: float | None = None
    ending: Ending | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What receivers get."""

    kind: Kind
    severity: Severity
    made_s: float
    alerts: tuple[Told, ...] = ()


@dataclass(slots=True)
class _Held:
    alert: Alert
    began_s: float
    noted_s: float
    """When it was first heard of here."""

    claims: dict[str, float] = field(default_factory=dict)
    """Until when each source's word holds."""

    ended_s: float | None = None
    ending: Ending | None = None
    told_s: float | None = None
    """When people were told last; None when not yet."""


def alert_of(values: Mapping[str, Any]) -> Alert:
    """Make an alert of its JSON values (``dataclasses.asdict``)."""
    return Alert(**{**values, **{name: _pairs(values[name]) for name in ("labels", "texts")}})


def _pairs(values: Sequence[Sequence[str]]) -> tuple[tuple[str, str], ...]:
    return tuple((str(name), str(value)) for name, value in values)


class AlertBook:
    """Alerts by key, and when to speak of them."""

    def __init__(self) -> None:
        self._held: dict[str, _Held] = {}
        self.heard_s: dict[str, float] = {}
        """When each source was heard last."""

    @property
    def firing(self) -> list[Told]:
        """What fires now, the oldest first."""
        held = [item for item in self._held.values() if item.ended_s is None]
        held.sort(key=lambda item: (item.alert.severity != "page", item.began_s))
        return [Told(alert=item.alert, began_s=item.began_s) for item in held]

    def claimed(self, source: str) -> list[Alert]:
        """Return what fires by a source's word."""
        return [
            held.alert
            for held in self._held.values()
            if held.ended_s is None and source in held.claims
        ]

    def receive(self, source: str, reports: Iterable[Report], now_s: float) -> int:
        """Take what a source says; return how many reports were refused for want of room."""
        self.heard_s[source] = now_s
        refused = 0
        for report in reports:
            held = self._held.get(report.alert.key)
            if held is None:
                if report.until_s <= now_s:
                    continue  # over, and never heard of
                if len(self._held) >= _MOST_ALERTS:
                    refused += 1
                    continue
                held = _Held(report.alert, report.began_s, now_s)
                self._held[report.alert.key] = held
            held.alert = report.alert
            if report.until_s > now_s:
                held.claims[source] = report.until_s
                held.ended_s = held.ending = None
            elif held.claims.pop(source, None) is not None:
                self._end_if_unclaimed(held, report.until_s, "resolved")
        return refused

    def due(
        self, now_s: float, is_silenced: Callable[[Alert], bool] = lambda _: False
    ) -> list[Message]:
        """Return the messages that are to be sent now; each is returned once.

        Args:
            now_s: UNIX seconds.
            is_silenced: Whether nobody wants to hear of an alert now; that it is over is told to
                those who heard of it before.
        """
        self._expire(now_s)
        messages: list[Message] = []
        for severity in _TOLD:
            mine = [item for item in self._held.values() if item.alert.severity == severity]
            heard = [item for item in mine if not is_silenced(item.alert)]
            messages += self._fired(heard, severity, now_s)
            messages += self._again(heard, severity, now_s)
            messages += self._cleared(mine, severity, now_s)
        for key in [key for key, held in self._held.items() if self._is_done(held)]:
            del self._held[key]
        return messages

    def describe(self) -> dict[str, Any]:
        """Return everything that must outlive a restart, as JSON values."""
        return {"held": [asdict(item) for item in self._held.values()], "heard_s": self.heard_s}

    def restore(self, told: Mapping[str, Any]) -> None:
        """Go on from what :meth:`describe` returned.

        Raises:
            KeyError, TypeError, ValueError: If it is something else.
        """
        self.heard_s = {str(name): float(when) for name, when in told["heard_s"].items()}
        for item in told["held"]:
            alert = alert_of(item["alert"])
            self._held[alert.key] = _Held(**{**item, "alert": alert})

    def _expire(self, now_s: float) -> None:
        for held in self._held.values():
            for source in [name for name, until in held.claims.items() if until <= now_s]:
                del held.claims[source]
                self._end_if_unclaimed(held, now_s, "unheard")

    def _end_if_unclaimed(self, held: _Held, ended_s: float, ending: Ending) -> None:
        if not held.claims and held.ended_s is None:
            held.ended_s, held.ending = ended_s, ending

    def _fired(self, mine: list[_Held], severity: Severity, now_s: float) -> list[Message]:
        untold = [item for item in mine if item.told_s is None and item.ended_s is None]
        if not untold:
            return []
        # Whoever has waited longest decides when the message goes; the others go with it.
        if now_s - min(item.noted_s for item in untold) < _GATHER_S[severity]:
            return []
        return [self._message("fired", severity, untold, now_s)]

    def _again(self, mine: list[_Held], severity: Severity, now_s: float) -> list[Message]:
        old = [
            item
            for item in mine
            if item.ended_s is None
            and item.told_s is not None
            and now_s - item.told_s >= _AGAIN_S[severity]
        ]
        return [self._message("again", severity, old, now_s)] if old else []

    def _cleared(self, mine: list[_Held], severity: Severity, now_s: float) -> list[Message]:
        over = [
            item
            for item in mine
            if item.told_s is not None
            and item.ended_s is not None
            and now_s - item.ended_s >= _CLEAR_S
        ]
        messages = [self._message("cleared", severity, over, now_s)] if over else []
        for item in over:
            item.told_s = None
        return messages

    def _message(self, kind: Kind, severity: Severity, items: list[_Held], now_s: float) -> Message:
        for item in items:
            item.told_s = now_s
        told = tuple(
            Told(alert=item.alert, began_s=item.began_s, ended_s=item.ended_s, ending=item.ending)
            for item in items
        )
        return Message(kind=kind, severity=severity, made_s=now_s, alerts=told)

    def _is_done(self, held: _Held) -> bool:
        return held.ended_s is not None and held.told_s is None
