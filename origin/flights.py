"""Do each piece of work once for all who wait for it, and keep what came of it (I/O shell)."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

from core.archive_store import MissingError
from core.errors import LensongError

__all__ = ["Kept"]

V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class _Entry(Generic[V]):
    value: V
    size: int
    until_ns: int | None


class Kept(Generic[V]):
    """A bounded cache whose misses are worked out once, however many ask.

    Who asks first does the work in a task of his own; if he is cancelled, the next who waits
    does it.  A failure is told to all who waited and is not kept.
    """

    def __init__(self, limit: int, now_ns: Callable[[], int]) -> None:
        """Begin empty.

        Args:
            limit: Sum of the sizes that are kept; the longest unused go first.
            now_ns: A clock that never steps.
        """
        self._limit = limit
        self._now_ns = now_ns
        self._entries: OrderedDict[Hashable, _Entry[V]] = OrderedDict()
        self._flights: dict[Hashable, asyncio.Future[None]] = {}
        self.size = 0
        """Sum of the sizes that are kept now."""

        self.hits = 0
        self.misses = 0
        self.errors = 0

    def get(self, key: Hashable) -> V | None:
        """Return what is kept."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        if entry.until_ns is not None and self._now_ns() >= entry.until_ns:
            self.forget(key)
            return None
        self._entries.move_to_end(key)
        return entry.value

    def put(self, key: Hashable, value: V, *, size: int = 1, for_ns: int | None = None) -> None:
        """Keep a value, if it fits at all.

        Args:
            key: Its name.
            value: What ``None`` is never.
            size: In the unit of the limit.
            for_ns: How long it holds, in nanoseconds; None for ever.
        """
        self.forget(key)
        if size > self._limit:
            return
        until_ns = None if for_ns is None else self._now_ns() + for_ns
        self._entries[key] = _Entry(value, size, until_ns)
        self.size += size
        while self.size > self._limit:
            _, old = self._entries.popitem(last=False)
            self.size -= old.size

    def forget(self, key: Hashable) -> None:
        """Keep it no longer."""
        entry = self._entries.pop(key, None)
        if entry is not None:
            self.size -= entry.size

    async def find(self, key: Hashable, work: Callable[[], Awaitable[V]]) -> V:
        """Return what is kept, or what ``work`` gives; ``work`` keeps it with :meth:`put`.

        Cancelling is safe: others who wait for the same begin anew.

        Raises:
            LensongError: As ``work`` does.
        """
        while True:
            value = self.get(key)
            if value is not None:
                self.hits += 1
                return value
            flight = self._flights.get(key)
            if flight is None:
                self.misses += 1
                return await self._fly(key, work)
            # One who gives up must not cancel what the others wait for.
            await asyncio.wait([flight])
            if not flight.cancelled() and (error := flight.exception()) is not None:
                raise error

    async def _fly(self, key: Hashable, work: Callable[[], Awaitable[V]]) -> V:
        flight: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._flights[key] = flight
        try:
            value = await work()
        except LensongError as error:
            self.errors += not isinstance(error, MissingError)
            del self._flights[key]
            flight.set_exception(error)
            flight.exception()  # nobody may have waited
            raise
        except BaseException:
            del self._flights[key]
            flight.cancel()
            raise
        del self._flights[key]
        flight.set_result(None)
        return value
