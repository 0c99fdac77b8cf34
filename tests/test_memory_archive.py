"""The fake that fails on command keeps its word; that it keeps the contract, the suite shows."""

import errno
from pathlib import Path

import pytest

from core.archive_store import ArchiveError
from tests.failing_archive import FailingArchive
from tests.memory_archive import MemoryArchive


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (errno.ENOSPC, "No space left"),
        (errno.EROFS, "Read-only file system"),
        (errno.EIO, "Input/output error"),
    ],
)
async def test_fails_with_the_words_of_the_system_until_it_heals(error: int, words: str) -> None:
    archive = MemoryArchive()
    await archive.put("a/1", [b"x"])
    archive.fail(error)
    with pytest.raises(ArchiveError, match=words):
        await archive.put("a/2", [b"x"])
    with pytest.raises(ArchiveError, match=words):
        await archive.get("a/1")
    archive.heal()
    assert await archive.get("a/1") == b"x"
    assert archive.calls == [("put", "a/1"), ("put", "a/2"), ("get", "a/1"), ("get", "a/1")]


async def test_fails_in_the_methods_named_and_after_the_calls_named() -> None:
    archive = MemoryArchive()
    archive.fail(errno.ENOSPC, "put", after=2)
    await archive.put("a/1", [b"x"])
    await archive.put("a/2", [b"x"])
    with pytest.raises(ArchiveError):
        await archive.put("a/3", [b"x"])
    assert [item.key for item in await archive.objects("a")] == ["a/1", "a/2"]


async def test_a_failure_in_the_middle_of_a_removal_leaves_the_rest() -> None:
    archive = MemoryArchive()
    for number in range(4):
        await archive.put(f"a/{number}", [b"x"])
    archive.fail(errno.EIO, "delete", after=2)
    with pytest.raises(ArchiveError):
        await archive.delete([f"a/{number}" for number in range(4)])
    assert sorted(archive.stored) == ["a/2", "a/3"]


async def test_free_space_falls_and_rises() -> None:
    archive = MemoryArchive(free_bytes=100)
    await archive.put("a/1", [b"12345", b"67890"])
    assert await archive.free_bytes() == 90
    await archive.delete(["a/1"])
    assert await archive.free_bytes() == 100


async def test_the_disk_that_fails_on_command_refuses_writes_and_takes_them_again(
    tmp_path: Path,
) -> None:
    archive = FailingArchive(tmp_path)
    archive.fail(errno.EROFS)
    with pytest.raises(ArchiveError, match="Read-only file system"):
        await archive.put("a/1", [b"x"])
    archive.work()
    await archive.put("a/1", [b"x"])
    assert (archive.refused, archive.stored, await archive.get("a/1")) == (1, ["a/1"], b"x")
    archive.close()
