"""Pass one publisher's bytes to any number of decoders, none of which it waits for.

A :class:`Relay` stands for one configured input, for as long as it is configured.  A
publisher that is admitted begins a :class:`Session` on it; decoders hold a
:class:`Subscription`.  Everything runs on one event loop; only subscribers wait.
"""

from __future__ import annotations

import asyncio
import secrets
import unicodedata
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Final, NoReturn, Self

from core.errors import RefusedError
from core.timeline import UnixNs
from ingest.feed import Anchor, Chunk, FeedCache, FeedFormat, FeedStart, JumpDetector, Track
from ingest.metrics import DisconnectReason, InputMetrics

__all__ = [
    "Chunk",
    "FeedFormat",
    "FeedStart",
    "Joined",
    "Relay",
    "Session",
    "Subscription",
    "Title",
    "Track",
    "clean_title",
]

_BACKLOG_BYTES: Final = 8 * 1024 * 1024
"""What a decoder may be behind.  At 20 Mbit/s three seconds: it has failed by then."""

_READ_BYTES: Final = 256 * 1024
_TITLE_CHARACTERS: Final = 500
_TITLE_AGAIN_S: Final = 30.0
_SECOND_NS: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Title:
    """What is played, in the publisher's words."""

    text: str
    """NFC, without control characters; empty when nothing was said."""

    since_ns: int
    """UNIX nanoseconds at which it was said."""


@dataclass(frozen=True, slots=True)
class Joined:
    """What a subscriber must know before the first byte."""

    session: str
    """An opaque id, new for each publish session."""

    start: FeedStart
    media_start_us: int
    """Media time of the first access unit as FFmpeg with ``-copyts`` reports it."""

    epoch_start_ns: UnixNs
    """That access unit on the session's anchored timeline."""


def clean_title(text: str) -> str:
    """Return ``text`` in NFC, on one line, without control characters, cut to 500 characters.

    Characters that turn the direction of writing are dropped too: they reach beyond the title.
    """
    head = text[: 4 * _TITLE_CHARACTERS]  # a megabyte of title is not worth normalising
    spaced = "".join(" " if char.isspace() else char for char in head)
    kept = "".join(
        char for char in spaced if unicodedata.category(char) not in {"Cc", "Cf", "Cs", "Co", "Cn"}
    )
    return unicodedata.normalize("NFC", " ".join(kept.split()))[:_TITLE_CHARACTERS].strip()


class Subscription:
    """One decoder's end of a relay; made by :meth:`Relay.subscribe`.

    Iterating yields bytes until the session ends or starts over, or until more than 8 MB
    waited: then the rest is thrown away and :attr:`overflowed` is true.
    """

    def __init__(self) -> None:
        self._wake = asyncio.Event()
        self._joined: Joined | None = None
        self._entry_us = 0
        self._queue: deque[bytes] = deque()
        self._queued_bytes = 0
        self._limit_bytes = _BACKLOG_BYTES
        self._ended = False
        self.overflowed = False

    @property
    def waiting(self) -> bool:
        """No decoder can start yet."""
        return self._joined is None

    async def joined(self) -> Joined:
        """Wait until a decoder can start.  Cancelling is safe.

        Raises:
            RefusedError: (``unknown_channel``) If the input is taken out of the settings.
        """
        while self._joined is None:
            if self._ended:
                raise RefusedError("the input is no longer configured", code="unknown_channel")
            self._wake.clear()
            await self._wake.wait()
        return self._joined

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        while not self._queue:
            if self._ended:
                raise StopAsyncIteration
            self._wake.clear()
            await self._wake.wait()
        taken: list[bytes] = []
        size = 0
        while self._queue and size < _READ_BYTES:
            taken.append(self._queue.popleft())
            size += len(taken[-1])
        self._queued_bytes -= size
        return b"".join(taken)

    def begin(self, joined: Joined, cache: FeedCache) -> None:
        """Start this decoder with what is cached."""
        self._joined = joined
        self._entry_us = cache.chunks[0].media_us
        self._limit_bytes = _BACKLOG_BYTES + cache.size_bytes + len(joined.start.head)
        self._put(joined.start.head)
        for chunk in cache.chunks:
            self.push(chunk)
        self._wake.set()

    def push(self, chunk: Chunk) -> None:
        """Queue a chunk; sound from before the picture that this decoder starts at is left out."""
        if self._ended or (chunk.media_us < self._entry_us and chunk.track == "audio"):
            return
        self._put(chunk.data)
        if self._queued_bytes > self._limit_bytes:
            self.overflowed = True
            self._queue.clear()
            self._queued_bytes = 0
            self.end()

    def end(self) -> None:
        """Let the reader finish with what is queued."""
        self._ended = True
        self._wake.set()

    def _put(self, data: bytes) -> None:
        if data:
            self._queue.append(data)
            self._queued_bytes += len(data)
            self._wake.set()


class Session:
    """One publisher's time on an input; made by :meth:`Relay.begin`."""

    def __init__(self, relay: Relay, start: FeedStart | None, *, now: UnixNs) -> None:
        self.id = secrets.token_hex(8)
        self.since_ns = now
        self.received_bytes = 0
        self.publisher = ""
        """Class of the publisher's address: ``loopback``, ``private`` or ``public``."""
        self.ended: DisconnectReason | None = None
        self.start = start
        self.last_ns = UnixNs(0)
        self._relay = relay
        self._anchor: Anchor | None = None
        self._jumps = JumpDetector()
        self._cache = FeedCache(start.tracks if start else frozenset())

    def write(self, chunk: Chunk, *, now: UnixNs) -> None:
        """Pass on a chunk that arrived at ``now``.

        Raises:
            RefusedError: (``kicked``) If the session was ended meanwhile; close the connection.
        """
        if self.ended is not None:
            self._refuse_ended()
        if self.start is None:
            raise RuntimeError("a chunk before the session's start is known")
        self.received_bytes += len(chunk.data)
        self.last_ns = now
        self._relay.metrics.received(len(chunk.data))
        if self._anchor is None:
            self._anchor = Anchor(now, chunk.media_us)
        if self._jumps.jumped(chunk, now=now):
            self._relay.metrics.jumped()
            self._anchor = Anchor(now, chunk.media_us)
            self.restart(self.start)
        self._cache.add(chunk)
        self._relay.pass_on(self, chunk)

    def restart(self, start: FeedStart) -> None:
        """Begin again with other tracks or another configuration; the anchor stays.

        Every decoder's body ends; it asks again and gets the new head.
        """
        if self.ended is not None:
            self._refuse_ended()
        self.start = start
        self._cache = FeedCache(start.tracks)
        self._relay.end_subscriptions()

    def set_title(self, text: str, *, now: UnixNs) -> None:
        """Say what is played, from now on."""
        if self.ended is None:
            self._relay.set_title(Title(clean_title(text), now))

    def end(self, reason: DisconnectReason) -> None:
        """End the session and every decoder's body; a second call does nothing."""
        if self.ended is None:
            self.ended = reason
            self._relay.session_ended(reason)

    def joined(self) -> Joined | None:
        """Return how a decoder would start now; None while it cannot."""
        chunks = self._cache.chunks
        if self.start is None or self._anchor is None or not chunks:
            return None
        entry = chunks[0]
        reported = entry.media_us if entry.reported_us is None else entry.reported_us
        return Joined(
            session=self.id,
            start=self.start,
            media_start_us=0 if self.start.restarts_at_zero else reported,
            epoch_start_ns=self._anchor.epoch_of(entry.media_us),
        )

    @property
    def cache(self) -> FeedCache:
        """What a joining decoder starts with."""
        return self._cache

    def _refuse_ended(self) -> NoReturn:
        raise RefusedError("the input was taken out of the settings", code="kicked")


class Relay:
    """One configured input."""

    def __init__(self, channel: str, name: str, *, protocol: str, metrics: InputMetrics) -> None:
        self.channel, self.name, self.protocol = channel, name, protocol
        self.metrics = metrics
        self.title = Title("", 0)
        self.session: Session | None = None
        self._subscriptions: set[Subscription] = set()
        self._title_watchers: set[asyncio.Event] = set()

    def begin(self, start: FeedStart | None, *, now: UnixNs) -> Session:
        """Let a publisher that was admitted begin.

        Args:
            start: How the feed begins; None when that is only known after some bytes:
                :meth:`Session.restart` tells it before the first chunk.
            now: Moment of the request.

        Raises:
            RefusedError: (``busy``) If another publisher is live; it is never disturbed.
        """
        if self.session is not None:
            self.metrics.connection("limit")
            raise RefusedError(f"{self.channel}/{self.name} is already publishing", code="busy")
        self.metrics.connection("accepted")
        self.session = Session(self, start, now=now)
        return self.session

    def is_up(self, *, now: UnixNs) -> bool:
        """Tell whether the publisher delivered within the last second."""
        return self.session is not None and now - self.session.last_ns <= _SECOND_NS

    @contextmanager
    def subscribe(self) -> Iterator[Subscription]:
        """Hold a decoder's end; it begins at once when an entry is cached, else with the next."""
        subscription = Subscription()
        self._subscriptions.add(subscription)
        try:
            session = self.session
            joined = session.joined() if session else None
            if session is not None and joined is not None:
                subscription.begin(joined, session.cache)
            yield subscription
        finally:
            self._subscriptions.discard(subscription)

    async def titles(self) -> AsyncIterator[Title]:
        """Yield the title and then each change; who reads slowly gets only the newest.

        When nothing changes it is said again every 30 s, which shows a follower that is gone.
        """
        changed = asyncio.Event()
        self._title_watchers.add(changed)
        try:
            while True:
                changed.clear()
                yield self.title
                with suppress(TimeoutError):
                    async with asyncio.timeout(_TITLE_AGAIN_S):
                        await changed.wait()
        finally:
            self._title_watchers.discard(changed)

    def pass_on(self, session: Session, chunk: Chunk) -> None:
        """Give a chunk to every decoder; called by the session, which has cached it."""
        joined: Joined | None = None
        for subscription in tuple(self._subscriptions):
            if not subscription.waiting:
                subscription.push(chunk)
            elif joined or (joined := session.joined()):
                subscription.begin(joined, session.cache)

    def end_subscriptions(self) -> None:
        """End the bodies of all decoders that have begun; those that wait go on waiting."""
        for subscription in tuple(self._subscriptions):
            if not subscription.waiting:
                subscription.end()
                self._subscriptions.discard(subscription)

    def retire(self) -> None:
        """End everything: the input is taken out of the settings."""
        if self.session is not None:
            self.session.end("kicked")
        for subscription in self._subscriptions:
            subscription.end()
        self.metrics.forget()

    def set_title(self, title: Title) -> None:
        """Keep the title and wake who follows it; the same words again are no change."""
        if title.text != self.title.text:
            self.title = title
            for changed in self._title_watchers:
                changed.set()

    def session_ended(self, reason: DisconnectReason) -> None:
        """Forget the session; called by it."""
        session, self.session = self.session, None
        self.metrics.disconnect(reason)
        self.end_subscriptions()
        if session is not None:
            self.set_title(Title("", session.last_ns))
