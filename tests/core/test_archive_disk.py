"""What is particular to the archive on a disk; the contract is in test_archive_stores."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import pytest

from core.archive_disk import DiskArchive
from core.archive_store import ArchiveError

T = TypeVar("T")


def with_archive(root: Path, work: Callable[[DiskArchive], Awaitable[T]]) -> T:
    """Run a piece of a test in a loop of its own, so that the rest may look at the disk."""

    async def run() -> T:
        archive = DiskArchive(root)
        try:
            return await work(archive)
        finally:
            archive.close()

    return asyncio.run(run())


def test_syncs_the_file_before_its_name_and_the_folder_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = []
    sync, replace = os.fsync, Path.replace

    def note_sync(file: int) -> None:
        done.append(("sync", Path(f"/proc/self/fd/{file}").readlink().name))
        sync(file)

    def note_replace(path: Path, target: Path) -> Path:
        done.append(("rename", target.name))
        return replace(path, target)

    monkeypatch.setattr(os, "fsync", note_sync)
    monkeypatch.setattr(Path, "replace", note_replace)
    with_archive(tmp_path, lambda archive: archive.put("hytv/a96/1.m4s", [b"a", memoryview(b"b")]))
    assert done[:2] == [("sync", tmp_path.name), ("sync", "hytv")]  # the folders that were made
    assert done[2][0] == "sync"
    assert done[2][1].startswith(".writing-")
    assert done[3:] == [("rename", "1.m4s"), ("sync", "a96")]


def test_removes_the_folders_that_become_empty_and_no_others(tmp_path: Path) -> None:
    with_archive(tmp_path, lambda archive: archive.put("hytv/a96/1.m4s", [b"x"]))
    with_archive(tmp_path, lambda archive: archive.put("hytv/a32/1.m4s", [b"x"]))
    (tmp_path / "hytv/a96/.writing-1-1").write_bytes(b"left by a killed writer")
    os.utime(tmp_path / "hytv/a96/.writing-1-1", (0, 0))
    with_archive(tmp_path, lambda archive: archive.delete(["hytv/a96/1.m4s"]))
    assert with_archive(tmp_path, lambda archive: archive.folders("hytv")) == ["a32"]
    with_archive(tmp_path, lambda archive: archive.delete(["hytv/a32/1.m4s"]))
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_not_whole_has_no_name(tmp_path: Path) -> None:
    with_archive(tmp_path, lambda archive: archive.put("hytv/1.m4s", [b"x"]))
    (tmp_path / "hytv/.writing-1-1").write_bytes(b"half")
    found = with_archive(tmp_path, lambda archive: archive.objects("hytv"))
    assert [item.key for item in found] == ["hytv/1.m4s"]


def test_a_folder_that_cannot_be_made_is_an_error_of_the_archive(tmp_path: Path) -> None:
    (tmp_path / "hytv").write_bytes(b"in the way")
    with pytest.raises(ArchiveError):
        with_archive(tmp_path, lambda archive: archive.put("hytv/1.m4s", [b"x"]))
