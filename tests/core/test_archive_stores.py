"""The contract of an archive, on a disk, in a bucket of a real S3 server, and of the fake."""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.archive_disk import DiskArchive
from core.archive_open import open_archive
from core.archive_s3 import S3Archive
from core.archive_store import ArchiveError, ArchiveStore, MissingError, walk
from core.config import parse_settings
from core.errors import ConfigError
from tests.memory_archive import MemoryArchive
from tests.mounts import mounted
from tests.s3_server import KEYS, S3Server, s3_server

services = [pytest.mark.services, pytest.mark.timeout(60)]


@pytest.fixture(scope="module")
def server() -> Iterator[S3Server]:
    with s3_server() as running:
        yield running


@pytest.fixture(params=["disk", pytest.param("s3", marks=services), "fake"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ArchiveStore]:
    archive: ArchiveStore
    if request.param == "disk":
        archive = DiskArchive(tmp_path / "archive")
    elif request.param == "fake":
        archive = MemoryArchive()
    else:
        archive = request.getfixturevalue("server").open_archive()
    yield archive
    archive.close()


async def test_returns_what_was_stored_and_replaces_it(store: ArchiveStore) -> None:
    await store.put("hytv/720p/2026/10/24/14/1.m4s", [b"ab", memoryview(b"cd")])
    assert await store.get("hytv/720p/2026/10/24/14/1.m4s") == b"abcd"
    await store.put("hytv/720p/2026/10/24/14/1.m4s", [b"x"])
    assert await store.get("hytv/720p/2026/10/24/14/1.m4s") == b"x"
    await store.put("empty", [])
    assert await store.get("empty") == b""


async def test_an_object_that_is_not_there_is_missing(store: ArchiveStore) -> None:
    with pytest.raises(MissingError):
        await store.get("hytv/720p/1.m4s")


async def test_lists_a_folder_by_name_and_nothing_below_it(store: ArchiveStore) -> None:
    for key in ("a/x/2", "a/x/10", "a/x/1", "a/x/y/3", "a/xx/4", "a/5"):
        await store.put(key, [key.encode()])
    assert [(item.key, item.size_bytes) for item in await store.objects("a/x")] == [
        ("a/x/1", 5),
        ("a/x/10", 6),
        ("a/x/2", 5),
    ]
    assert await store.objects("a/none") == []
    assert await store.folders("a") == ["x", "xx"]
    assert await store.folders("a/x") == ["y"]
    assert await store.folders("") == ["a"]
    assert await store.folders("none") == []
    assert [folder async for folder in walk(store, "a")] == ["a/x/y", "a/xx"]


async def test_removes_what_is_there_and_passes_over_the_rest(store: ArchiveStore) -> None:
    await store.put("a/1", [b"x"])
    await store.put("a/2", [b"x"])
    await store.delete(["a/1", "a/none", "b/none"])
    assert [item.key for item in await store.objects("a")] == ["a/2"]
    await store.delete([])
    await store.delete(["a/2"])
    assert await store.folders("") == []


async def test_an_hour_of_objects_comes_in_pages_and_goes_at_once(store: ArchiveStore) -> None:
    """1100 objects are more than one page of S3's, and more than one of its bulk removals."""
    keys = [f"a/h/{number:04d}.m4s" for number in range(1_100)]
    gate = asyncio.Semaphore(32)

    async def put(key: str) -> None:
        async with gate:
            await store.put(key, [key.encode()])

    async with asyncio.TaskGroup() as tasks:
        for key in keys:
            tasks.create_task(put(key))
    assert [item.key for item in await store.objects("a/h")] == keys
    await store.delete(keys)
    assert await store.objects("a/h") == []


@pytest.mark.parametrize("key", ["../x", "a/../x", "/etc/passwd", "a//b", "a/.x", "a/\0", "ă/x"])
async def test_a_name_that_is_none_is_refused(store: ArchiveStore, key: str) -> None:
    with pytest.raises(ArchiveError, match="no name"):
        await store.put(key, [b"x"])
    with pytest.raises(ArchiveError, match="no name"):
        await store.get(key)
    with pytest.raises(ArchiveError, match="no name"):
        await store.objects(key)
    with pytest.raises(ArchiveError, match="no name"):
        await store.delete([key])


async def test_many_writers_of_one_name_leave_one_of_their_objects(store: ArchiveStore) -> None:
    bodies = [bytes([number]) * 50_000 for number in range(24)]
    async with asyncio.TaskGroup() as tasks:
        for body in bodies:
            tasks.create_task(store.put("a/same", [body[:20_000], body[20_000:]]))
            tasks.create_task(store.put(f"a/b/{body[0]}", [body]))
    assert await store.get("a/same") in bodies
    assert [len(item.key) > 0 for item in await store.objects("a/b")] == [True] * 24
    for body in bodies:
        assert await store.get(f"a/b/{body[0]}") == body


async def test_removing_beside_a_writer_harms_no_other_object(store: ArchiveStore) -> None:
    """Emptied folders go away while others are written into them."""

    async def write_and_remove(number: int) -> None:
        for turn in range(10):
            key = f"a/{turn % 2}/{number}"
            await store.put(key, [b"x" * number])
            assert await store.get(key) == b"x" * number
            await store.delete([key])
        await store.put(f"a/0/{number}", [b"kept"])

    async with asyncio.TaskGroup() as tasks:
        for number in range(1, 13):
            tasks.create_task(write_and_remove(number))
    assert len(await store.objects("a/0")) == 12
    assert await store.objects("a/1") == []


async def test_a_reader_sees_the_old_object_or_the_new_one(store: ArchiveStore) -> None:
    old, new = b"o" * 200_000, b"n" * 300_000
    await store.put("a/1", [old])
    seen = set()
    async with asyncio.TaskGroup() as tasks:
        for turn in range(6):
            tasks.create_task(store.put("a/1", [new if turn % 2 else old]))
        for _ in range(20):
            seen.add(await store.get("a/1"))
    assert seen <= {old, new}


async def test_a_write_that_is_cancelled_is_done_or_undone(store: ArchiveStore) -> None:
    body = b"x" * 1_000_000
    for number in range(5):
        try:
            async with asyncio.timeout(number * 0.001):
                await store.put(f"a/{number}", [body])
        except TimeoutError:
            pass
    for item in await store.objects("a"):
        assert await store.get(item.key) == body


# S3 alone


@pytest.mark.services
@pytest.mark.timeout(60)
async def test_s3_keeps_to_its_bucket_prefix_and_endpoint_whatever_the_environment_says(
    server: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "of somebody else")
    monkeypatch.setenv("AWS_BUCKET", "of-somebody-else")
    bucket = await asyncio.to_thread(server.make_bucket)
    prefixed = S3Archive(bucket=bucket, keys=KEYS, prefix="x/y", endpoint=server.endpoint)
    whole = S3Archive(bucket=bucket, keys=KEYS, endpoint=server.endpoint)
    await prefixed.put("a/1", [b"z"])
    assert await prefixed.folders("") == ["a"]
    assert [item.key for item in await whole.objects("x/y/a")] == ["x/y/a/1"]
    assert await whole.free_bytes() is None


@pytest.mark.services
@pytest.mark.timeout(60)
async def test_s3_says_that_a_bucket_is_not_there_and_never_that_an_object_is_not(
    server: S3Server,
) -> None:
    archive = S3Archive(bucket="none", keys=KEYS, endpoint=server.endpoint)
    for call in (archive.put("a", [b"x"]), archive.get("a"), archive.objects("a")):
        with pytest.raises(ArchiveError, match="no such bucket") as caught:
            await call
        assert not isinstance(caught.value, MissingError)


@pytest.mark.timeout(40)
async def test_s3_that_does_not_answer_is_an_error_within_bounds_and_without_keys() -> None:
    archive = S3Archive(bucket="none", keys=KEYS, endpoint="http://127.0.0.1:9")
    async with asyncio.timeout(20):
        with pytest.raises(ArchiveError) as caught:
            await archive.get("a")
    assert "\n" not in str(caught.value)
    assert not any(key in str(caught.value) for key in KEYS)


SETTINGS = """
[station]
name = "Đài thử"
[archive]
store = "s3"
s3_bucket = "archive"
[[channels]]
slug = "hyfm"
name = "Phát thanh"
kind = "radio"
"""


def test_an_s3_archive_is_opened_with_the_keys_of_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = parse_settings(SETTINGS, name="test")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID", raising=False)
    with pytest.raises(ConfigError, match="AWS_ACCESS_KEY_ID"):
        open_archive(settings)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEYS[0])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", KEYS[1])
    assert open_archive(settings).backend == "s3"


# A disk's own faults, on a real disk


def test_a_full_disk_refuses_keeps_what_it_has_and_takes_more_when_there_is_space(
    tmp_path: Path,
) -> None:
    async def fill(root: Path) -> None:
        archive = DiskArchive(root / "archive")
        stored = []

        async def put_until_full() -> None:
            for number in range(100):
                await archive.put(f"a/h/{number:03d}", [bytes([number]) * 100_000])
                stored.append(number)

        with pytest.raises(ArchiveError, match="No space left"):
            await put_until_full()
        assert 10 < len(stored) < 21
        for number in stored:
            assert await archive.get(f"a/h/{number:03d}") == bytes([number]) * 100_000
        assert len(await archive.objects("a/h")) == len(stored)
        free = await archive.free_bytes()
        assert free is not None
        assert free < 100_000
        await archive.delete(["a/h/000", "a/h/001"])
        await archive.put("a/h/100", [b"z" * 100_000])
        assert await archive.get("a/h/100") == b"z" * 100_000
        archive.close()

    with mounted(tmp_path / "small", "-t", "tmpfs", "-o", "size=2m", "tmpfs") as root:
        asyncio.run(fill(root))
        assert list((root / "archive/a/h").glob(".*")) == []


def test_a_read_only_disk_refuses_writes_and_answers_readers(tmp_path: Path) -> None:
    async def use(root: Path) -> None:
        archive = DiskArchive(root)
        assert await archive.get("a/1") == b"x"
        with pytest.raises(ArchiveError, match="Read-only"):
            await archive.put("a/2", [b"x"])
        with pytest.raises(ArchiveError, match="Read-only"):
            await archive.delete(["a/1"])
        archive.close()

    with mounted(tmp_path / "disk", "-t", "tmpfs", "-o", "size=2m", "tmpfs") as root:
        (root / "a").mkdir()
        (root / "a/1").write_bytes(b"x")
        subprocess.run(["mount", "-o", "remount,ro", str(root)], check=True)
        asyncio.run(use(root))


def test_a_folder_without_permission_is_an_error_of_the_archive(tmp_path: Path) -> None:
    me = os.geteuid()
    tmp_path.chmod(0o500)
    if me == 0:  # root may write everywhere
        os.seteuid(65_534)
    try:
        with pytest.raises(ArchiveError, match="Permission denied"):
            asyncio.run(DiskArchive(tmp_path).put("a/1", [b"x"]))
    finally:
        os.seteuid(me)
        tmp_path.chmod(0o700)


async def test_a_file_in_the_place_of_a_folder_is_an_error_of_the_archive(tmp_path: Path) -> None:
    in_the_way = tmp_path / "archive"
    await asyncio.to_thread(in_the_way.write_bytes, b"")
    archive = DiskArchive(in_the_way)
    with pytest.raises(ArchiveError):
        await archive.put("a/1", [b"x"])
    with pytest.raises(ArchiveError):
        await archive.get("a/1")
    with pytest.raises(ArchiveError):
        await archive.objects("a")
    archive.close()
