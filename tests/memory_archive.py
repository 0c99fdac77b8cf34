"""An archive in memory that fails on command, for tests of what happens then."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence

from core.archive_store import ArchiveError, MissingError, StoredObject, is_name

__all__ = ["MemoryArchive"]


class MemoryArchive:
    """Keeps what it is given, until it is told to fail."""

    backend = "disk"

    def __init__(self, *, free_bytes: int | None = None) -> None:
        """Begin empty and healthy.

        Args:
            free_bytes: What :meth:`free_bytes` answers; falls and rises with what is stored.
        """
        self.stored: dict[str, bytes] = {}
        self.calls: list[tuple[str, str]] = []
        """(method, key or folder) of every call, also of those that failed."""

        self._free_bytes = free_bytes
        self._error: int | None = None
        self._methods: frozenset[str] = frozenset()
        self._after = 0

    def fail(self, error: int, *methods: str, after: int = 0) -> None:
        """Fail from now on.

        Args:
            error: ``errno.ENOSPC``, ``errno.EROFS``, ``errno.EIO``, ...
            methods: Which do; all when none is named.
            after: How many of their calls still succeed.
        """
        self._error, self._methods, self._after = error, frozenset(methods), after

    def heal(self) -> None:
        """Work again."""
        self._error = None

    def _call(self, method: str, key: str) -> None:
        self.calls.append((method, key))
        if not is_name(key):
            raise ArchiveError(f"{key!r} is no name of an object")
        if self._error is None or (self._methods and method not in self._methods):
            return
        if self._after:
            self._after -= 1
            return
        raise ArchiveError(f"memory: {os.strerror(self._error)}")

    async def put(self, key: str, data: Sequence[bytes | memoryview]) -> None:
        """Store an object."""
        self._call("put", key)
        self._count(-sum(len(piece) for piece in data) + len(self.stored.get(key, b"")))
        self.stored[key] = b"".join(data)

    async def get(self, key: str) -> bytes:
        """Return an object."""
        self._call("get", key)
        if key not in self.stored:
            raise MissingError(f"{key} is not there")
        return self.stored[key]

    async def objects(self, folder: str) -> list[StoredObject]:
        """Return the objects directly in a folder."""
        self._call("objects", folder)
        found = [
            StoredObject(key, len(data))
            for key, data in self.stored.items()
            if key.rpartition("/")[0] == folder
        ]
        return sorted(found, key=lambda item: item.key)

    async def folders(self, folder: str) -> list[str]:
        """Return the names of the folders directly in a folder."""
        self._call("folders", folder)
        prefix = f"{folder}/" if folder else ""
        below = (key.removeprefix(prefix) for key in self.stored if key.startswith(prefix))
        return sorted({rest.split("/")[0] for rest in below if "/" in rest})

    async def delete(self, keys: Iterable[str]) -> None:
        """Remove objects, one after the other: a failure may come between two."""
        for key in keys:
            self._call("delete", key)
            self._count(len(self.stored.pop(key, b"")))

    async def free_bytes(self) -> int | None:
        """Return how many more bytes fit."""
        self._call("free_bytes", "")
        return self._free_bytes

    def close(self) -> None:
        """Do nothing."""

    def _count(self, change_bytes: int) -> None:
        if self._free_bytes is not None:
            self._free_bytes += change_bytes
