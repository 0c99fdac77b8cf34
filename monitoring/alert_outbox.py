"""What has been decided to be told, until each receiver has it.  Sans-I/O.

A message leaves only when its receiver took it.  A receiver that does not answer is tried again,
less and less often; after a day an old message is given up, and counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from monitoring.alert_book import Message, Told, alert_of

__all__ = ["Outbox", "Parcel"]

_FIRST_PAUSE_S: Final = 5.0
_LONGEST_PAUSE_S: Final = 600.0
_GIVE_UP_S: Final = 24 * 3600.0
_MOST_WAITING: Final = 500
"""Messages that wait for one receiver; beyond that the oldest are given up."""


@dataclass(slots=True)
class Parcel:
    """A message on its way to one receiver."""

    receiver: str
    message: Message
    next_s: float
    """When it is tried, UNIX seconds."""

    tries: int = 0


class Outbox:
    """Parcels in the order in which they were made."""

    def __init__(self) -> None:
        self.waiting: list[Parcel] = []

    def add(self, message: Message, receivers: Iterable[str]) -> list[Parcel]:
        """Put a message in for each receiver; return what is given up for it."""
        names = tuple(receivers)
        for receiver in names:
            self.waiting.append(Parcel(receiver, message, message.made_s))
        lost: list[Parcel] = []
        for receiver in names:
            mine = [parcel for parcel in self.waiting if parcel.receiver == receiver]
            lost += mine[: max(0, len(mine) - _MOST_WAITING)]
        self.waiting = [parcel for parcel in self.waiting if parcel not in lost]
        return lost

    def due(self, now_s: float) -> dict[str, Parcel]:
        """Return by receiver the oldest parcel that waits for it, where its time has come."""
        first: dict[str, Parcel] = {}
        for parcel in self.waiting:
            first.setdefault(parcel.receiver, parcel)
        return {name: parcel for name, parcel in first.items() if parcel.next_s <= now_s}

    def delivered(self, parcel: Parcel) -> None:
        """The receiver has it."""
        self.waiting.remove(parcel)

    def failed(self, parcel: Parcel, now_s: float) -> bool:
        """It was not taken: try again later.  Return whether it is given up instead."""
        parcel.tries += 1
        if now_s - parcel.message.made_s > _GIVE_UP_S:
            self.waiting.remove(parcel)
            return True
        pause_s = min(_FIRST_PAUSE_S * 2 ** (parcel.tries - 1), _LONGEST_PAUSE_S)
        parcel.next_s = now_s + pause_s
        return False

    def keep_only(self, receivers: Iterable[str]) -> None:
        """Forget what waits for receivers that are no longer configured."""
        known = set(receivers)
        self.waiting = [parcel for parcel in self.waiting if parcel.receiver in known]

    def describe(self) -> list[dict[str, Any]]:
        """Return everything that must outlive a restart, as JSON values."""
        return [asdict(parcel) for parcel in self.waiting]

    def restore(self, told: Iterable[Mapping[str, Any]]) -> None:
        """Go on from what :meth:`describe` returned.

        Raises:
            KeyError, TypeError, ValueError: If it is something else.
        """
        self.waiting = [Parcel(**{**item, "message": _message(item["message"])}) for item in told]


def _message(values: Mapping[str, Any]) -> Message:
    alerts = tuple(Told(**{**item, "alert": alert_of(item["alert"])}) for item in values["alerts"])
    return Message(**{**values, "alerts": alerts})
