"""Players that watch and do not report: how many ask for playlists.  Sans-I/O.

Who plays a live list asks for it again each few seconds.  So those are counted apart that asked
within three target durations and of whom no report came lately: VLC, television sets, a player of
somebody's own.  They are told from each other by address and ``User-Agent``, of which only a hash
is held; its salt is of this process and this day, and is held nowhere else.

Several players of one kind behind one address are one.  Whoever closes a list, or is given a whole
one of the past, asks for nothing more and is forgotten.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from hashlib import blake2b
from typing import Final

__all__ = ["ALIVE_MS", "MAX_KNOWN", "REPORTED_MS", "SALT_MS", "Unreported"]

ALIVE_MS: Final = 12_000
"""Three target durations."""

REPORTED_MS: Final = 90_000
"""For so long after a report somebody is one of those that report: events come each half minute,
and a session is over after this silence."""

SALT_MS: Final = 86_400_000
MAX_KNOWN: Final = 200_000
"""Hashes of one origin, for all channels; those beyond are not counted."""

_CLEANED_EVERY_MS: Final = 1_000


class Unreported:
    """Who asked lately, by channel."""

    def __init__(self, salt: Callable[[], bytes], *, limit: int = MAX_KNOWN) -> None:
        """Begin with nobody.

        Args:
            salt: Makes 32 random bytes.
            limit: How many hashes are held.
        """
        self._new_salt, self._limit = salt, limit
        self._salt = salt()
        self._salt_ends_ms: int | None = None
        self.epoch = 0
        """Changes with the salt: an older key is nobody's."""

        self._asked: dict[str, dict[bytes, int]] = {}
        self._reported: dict[bytes, int] = {}
        self._cleaned_ms = -_CLEANED_EVERY_MS
        self._room = limit
        self._before: dict[str, int] = {}
        self._before_ends_ms = 0

    def configure(self, channels: Iterable[str]) -> None:
        """Count these channels from now on, and forget who asked for others."""
        self._asked = {slug: self._asked.get(slug, {}) for slug in channels}

    def key(self, address: str, agent: str, now_ms: int) -> bytes:
        """Return what somebody is held by."""
        if self._salt_ends_ms is None or now_ms >= self._salt_ends_ms:
            self._change_salt(now_ms)
        told = f"{address}\n{agent}".encode("utf-8", "surrogateescape")
        return blake2b(told, digest_size=16, key=self._salt).digest()

    def _change_salt(self, now_ms: int) -> None:
        if self._salt_ends_ms is not None:
            # Who reports is known again only after a while; until then the number stays.
            self._before, self._before_ends_ms = self.count(now_ms), now_ms + REPORTED_MS
            self._salt = self._new_salt()
            self.epoch += 1
            self._reported.clear()
            for keys in self._asked.values():
                keys.clear()
            self._room = self._limit
        self._salt_ends_ms = now_ms + SALT_MS

    def ask(self, channel: str, key: bytes, now_ms: int) -> None:
        """Note that somebody asked for a playlist; of a channel that is not counted, nothing."""
        keys = self._asked.get(channel)
        if keys is None:
            return
        if key not in keys and not self._make_room(now_ms):
            return
        keys[key] = now_ms

    def report(self, key: bytes, now_ms: int) -> None:
        """Note that somebody reports."""
        if key in self._reported or self._make_room(now_ms):
            self._reported[key] = now_ms

    def _make_room(self, now_ms: int) -> bool:
        if self._room <= 0 and now_ms - self._cleaned_ms >= _CLEANED_EVERY_MS:
            self._clean(now_ms)
        if self._room <= 0:
            return False
        self._room -= 1
        return True

    def _clean(self, now_ms: int) -> None:
        self._cleaned_ms = now_ms
        _keep_since(self._reported, now_ms - REPORTED_MS)
        for keys in self._asked.values():
            _keep_since(keys, now_ms - ALIVE_MS)
        self._room = self._limit - len(self._reported) - sum(map(len, self._asked.values()))

    def count(self, now_ms: int) -> dict[str, int]:
        """Return how many watch each channel and do not report."""
        self._clean(now_ms)  # viewers are told for how long at most a hash is held
        if now_ms < self._before_ends_ms:
            return {slug: self._before.get(slug, 0) for slug in self._asked}
        reported = self._reported.keys()
        return {slug: len(keys.keys() - reported) for slug, keys in self._asked.items()}


def _keep_since(times_ms: dict[bytes, int], since_ms: int) -> None:
    for key in [key for key, at_ms in times_ms.items() if at_ms <= since_ms]:
        del times_ms[key]
