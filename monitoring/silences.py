"""Alerts that nobody wants to hear of for a while: a line under repair.  Sans-I/O.

A silenced alert is still raised, shown and counted; only its messages are held back.  Every silence
ends by itself, and what still fires then is told.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from core.errors import InputError
from monitoring.alert_book import Alert

__all__ = ["ANY", "Silence", "Silences", "read_silence"]

ANY: Final = "all"
"""Instead of an alert's name: every alert of a channel."""

_LONGEST_S: Final = 7 * 86_400
_MOST: Final = 100
_LONGEST_REASON: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """One alert, or all of a channel, until a moment."""

    alert: str
    """``alertname``, or :data:`ANY`."""

    channel: str
    """Slug; empty for wherever it fires."""

    until_s: float
    """UNIX seconds."""

    reason: str

    def covers(self, alert: Alert, now_s: float) -> bool:
        """Tell whether nobody is to be told of this alert now."""
        return (
            now_s < self.until_s
            and self.alert in {ANY, alert.name}
            and self.channel in {"", alert.channel}
        )


def read_silence(
    body: Any, now_s: float, *, alerts: Iterable[str], channels: Iterable[str]
) -> Silence:
    """Read what an operator orders.

    Args:
        body: JSON with ``alert``, ``channel``, ``minutes`` and ``reason``.
        now_s: UNIX seconds.
        alerts: The names that there are.
        channels: The slugs that there are.

    Raises:
        InputError: In a sentence that says what to write instead.
    """
    match body:
        case {
            "alert": str(alert),
            "channel": str(channel),
            "minutes": int() | float() as minutes,
            "reason": str(reason),
        }:
            pass
        case _:
            raise InputError("a silence wants alert, channel, minutes and reason")
    if alert != ANY and alert not in set(alerts):
        raise InputError(f"no alert is called {alert!r}; the runbooks' page lists them")
    if channel and channel not in set(channels):
        raise InputError(f"there is no channel {channel!r}")
    if alert == ANY and not channel:
        raise InputError("all alerts can be silenced of one channel only: name it")
    if not 0 < minutes * 60 <= _LONGEST_S:
        raise InputError("a silence lasts more than nothing and at most seven days")
    reason = " ".join(reason.split())[:_LONGEST_REASON]
    if not reason:
        raise InputError("say why, for who looks next")
    return Silence(alert=alert, channel=channel, until_s=now_s + minutes * 60, reason=reason)


class Silences:
    """Those that are not over."""

    def __init__(self) -> None:
        """Begin with none."""
        self._silences: dict[tuple[str, str], Silence] = {}

    def active(self, now_s: float) -> list[Silence]:
        """Return those that hold, the one that ends first at the beginning."""
        for key in [key for key, one in self._silences.items() if one.until_s <= now_s]:
            del self._silences[key]
        return sorted(self._silences.values(), key=lambda one: one.until_s)

    def cover(self, alert: Alert, now_s: float) -> bool:
        """Tell whether nobody is to be told of this alert now."""
        return any(one.covers(alert, now_s) for one in self._silences.values())

    def add(self, silence: Silence, now_s: float) -> None:
        """Begin one, or change when it ends.

        Raises:
            InputError: If there are too many.
        """
        if len(self.active(now_s)) >= _MOST:
            raise InputError(f"{_MOST} silences are enough; end one first")
        self._silences[silence.alert, silence.channel] = silence

    def end(self, alert: str, channel: str) -> None:
        """End one now.

        Raises:
            InputError: If there is none.
        """
        if self._silences.pop((alert, channel), None) is None:
            raise InputError(f"{alert} of {channel or 'every channel'} is not silenced")

    def describe(self) -> list[dict[str, Any]]:
        """Return all that must outlive a restart, as JSON values."""
        return [asdict(one) for one in self._silences.values()]

    def restore(self, told: Iterable[Mapping[str, Any]]) -> None:
        """Go on from what :meth:`describe` returned.

        Raises:
            TypeError, ValueError: If it is something else.
        """
        for values in told:
            silence = Silence(**values)
            self._silences[silence.alert, silence.channel] = silence
