"""The contract of an archive: durable objects by name, on disk or in S3.

Two implementations: :class:`core.archive_disk.DiskArchive` and
:class:`core.archive_s3.S3Archive`; one suite of tests runs on both
(``tests/core/test_archive_stores.py``).
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from core.errors import LensongError

__all__ = ["ArchiveError", "ArchiveStore", "MissingError", "StoredObject", "is_name", "walk"]

_STEP: Final = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*")


class ArchiveError(LensongError):
    """The archive cannot do what was asked now; asking again later may help."""

    code = "archive"


class MissingError(ArchiveError):
    """There is no object of that name."""

    code = "archive_missing"


@dataclass(frozen=True, slots=True)
class StoredObject:
    """One object, as a listing tells it."""

    key: str
    size_bytes: int


class ArchiveStore(Protocol):
    """Durable objects by name.

    Names are ``/``-separated steps of ``[A-Za-z0-9._-]``, none of which begins with a dot.  Every
    method may raise :exc:`ArchiveError`; cancelling is safe, and leaves a write done or undone.
    """

    backend: str
    """Label of the metrics: ``disk`` or ``s3``."""

    async def put(self, key: str, data: Sequence[bytes | memoryview]) -> None:
        """Store an object, in place of one of that name; durable when this returns.

        Args:
            key: Its name.
            data: Its bytes, in pieces.
        """
        ...

    async def get(self, key: str) -> bytes:
        """Return an object.

        Raises:
            MissingError: If there is none of that name.
        """
        ...

    async def objects(self, folder: str) -> list[StoredObject]:
        """Return the objects directly in a folder, by name; none if there is no such folder."""
        ...

    async def folders(self, folder: str) -> list[str]:
        """Return the names, without path, of the folders directly in a folder, sorted."""
        ...

    async def delete(self, keys: Iterable[str]) -> None:
        """Remove objects; those that are not there are no error."""
        ...

    async def free_bytes(self) -> int | None:
        """Return how many more bytes fit; None where that has no limit."""
        ...

    def close(self) -> None:
        """Give back what is held; nothing is called afterwards."""
        ...


def is_name(key: str) -> bool:
    """Tell whether an object or a folder may be called so; the empty name is the root's."""
    return not key or all(_STEP.fullmatch(step) for step in key.split("/"))


async def walk(store: ArchiveStore, folder: str) -> AsyncIterator[str]:
    """Yield every folder below ``folder`` that has no folders in it, depth first, by name."""
    names = await store.folders(folder)
    if not names:
        yield folder
    for name in names:
        async for found in walk(store, f"{folder}/{name}" if folder else name):
            yield found
