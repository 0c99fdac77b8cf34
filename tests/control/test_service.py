"""The whole service: what it writes, watches and says, and that it outlives its database."""

from __future__ import annotations

import asyncio
import hashlib
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from aiohttp.test_utils import unused_port

from control.journal import Act
from control.room import ControlRoom
from control.service import ControlService
from core.clock import unix_ns
from core.config import load_settings
from tests.control.conftest import SETTINGS

SECRET = "a secret of sixteen or more"  # noqa: S105
AUTH = {"Authorization": f"Bearer {SECRET}"}
HASH = hashlib.sha256(b"key").hexdigest()

pytestmark = pytest.mark.timeout(40)


def now_s() -> int:
    return unix_ns() // 10**9


def guide(title: str) -> bytes:
    start_s = now_s() // 3600 * 3600 + 3600
    return f"channel,start,end,title\nhytv,@{start_s},@{start_s + 7200},{title}\n".encode()


class Running:
    """A service and a client of its admin port."""

    def __init__(self, folder: Path, file: Path, port: int, client: aiohttp.ClientSession) -> None:
        self.folder, self.file, self._client = folder, file, client
        self.url = f"http://127.0.0.1:{port}"
        self.snapshot = folder / "data" / "guide" / "hytv.json"

    async def text(self, path: str) -> tuple[int, str]:
        """Ask the admin port."""
        async with self._client.get(self.url + path, headers=AUTH) as answer:
            return answer.status, await answer.text()

    async def post(self, path: str) -> tuple[int, str]:
        """Order something of the admin port."""
        async with self._client.post(self.url + path, headers=AUTH) as answer:
            return answer.status, await answer.text()

    async def until(self, true: Callable[[], bool]) -> float:
        """Wait for something in a file, which tells nobody; return the seconds."""
        loop = asyncio.get_running_loop()
        started = loop.time()
        async with asyncio.timeout(15):
            while not await asyncio.to_thread(true):  # noqa: ASYNC110  # a file tells nobody
                await asyncio.sleep(0.02)
        return loop.time() - started

    async def until_health(self, status: int) -> str:
        """Ask for the health until it is ``status``; return what is said with it."""
        async with asyncio.timeout(20):
            while True:
                try:
                    found, text = await self.text("/healthz")
                    if found == status:
                        return text
                except aiohttp.ClientConnectionError:
                    pass
                await asyncio.sleep(0.02)

    def has(self, text: str) -> bool:
        """Tell whether the snapshot holds a text."""
        return self.snapshot.exists() and text in self.snapshot.read_text("utf-8")


@asynccontextmanager
async def service(
    folder: Path, monkeypatch: pytest.MonkeyPatch, *, more: str = ""
) -> AsyncIterator[Running]:
    monkeypatch.setenv("HOA_KEY_SHA256", HASH)
    port = unused_port()
    text = f"[network]\ncontrol_admin_port = {port}\napi_port = {unused_port()}\n{more}"
    text += f'[guide]\nwatch_dir = "{folder}/lich"\n'
    text += '[[control.operators]]\nname = "hoa"\nkey_sha256_env = "HOA_KEY_SHA256"\n'
    file = folder / "station.toml"
    settings = SETTINGS.format(folder=folder, more=text)
    await asyncio.to_thread(file.write_text, settings, encoding="utf-8")
    loaded = await asyncio.to_thread(load_settings, file)
    running = await asyncio.to_thread(lambda: ControlService(file, loaded, secret=SECRET))
    async with aiohttp.ClientSession() as client, asyncio.TaskGroup() as tasks:
        task = tasks.create_task(running.run())
        found = Running(folder, file, port, client)
        try:
            yield found
        finally:
            task.cancel()


async def test_a_change_of_somebody_elses_is_in_the_snapshot_within_two_seconds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with service(tmp_path, monkeypatch) as running:
        await running.until_health(200)
        settings = await asyncio.to_thread(load_settings, running.file)
        room = await asyncio.to_thread(lambda: ControlRoom(settings))

        def change() -> None:
            room.open()
            data = guide("Từ bên ngoài")
            # As another host would: into the database, and not into this host's files.
            room.snapshots = type(room.snapshots)(tmp_path / "elsewhere", room.store)
            room.import_guide(data, name="x", act=Act("cli:test", now_s()))
            room.close()

        await asyncio.to_thread(change)
        assert await running.until(lambda: running.has("Từ bên ngoài")) < 2
        async with asyncio.timeout(10):
            while '"accepted": 1' not in (await running.text("/control/status"))[1]:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        _, metrics = await running.text("/metrics")
        assert 'lensong_guide_imports_total{result="accepted"} 1.0' in metrics
        assert "lensong_control_database_up 1.0" in metrics
        ahead = next(
            float(line.split()[1])
            for line in metrics.splitlines()
            if line.startswith('lensong_guide_ahead_seconds{channel="hytv"}')
        )
        assert 7_000 < ahead < 11_000
        assert 'lensong_guide_ahead_seconds{channel="hyfm"} 0.0' in metrics
        assert 'lensong_guide_snapshot_age_seconds{channel="hytv"}' in metrics


async def test_a_file_in_the_watched_folder_is_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with service(tmp_path, monkeypatch) as running:
        await running.until_health(200)
        place = tmp_path / "lich"
        await running.until(place.exists)
        await asyncio.to_thread((place / "a.csv").write_bytes, guide("Từ thư mục"))
        await running.until(lambda: running.has("Từ thư mục"))
        await running.until(lambda: any((place / "done").glob("*-a.csv.txt")))


async def test_a_database_that_is_lost_is_said_so_and_found_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last snapshot stays for the data plane; nothing of the process ends."""
    async with service(tmp_path, monkeypatch) as running:
        await running.until_health(200)
        await running.until(running.snapshot.exists)
        data, away = tmp_path / "data", tmp_path / "away"

        def lose() -> None:
            away.mkdir()
            for path in data.glob("control.db*"):
                shutil.copy(path, away)
                path.write_bytes(b"lost" * 1_000)

        def mend() -> None:
            for path in data.glob("control.db*"):
                path.unlink()
            for path in away.iterdir():
                shutil.copy(path, data)

        await asyncio.to_thread(lose)
        assert "the database does not answer" in await running.until_health(503)
        assert await asyncio.to_thread(running.snapshot.exists)
        _, metrics = await running.text("/metrics")
        assert "lensong_control_database_up 0.0" in metrics
        await asyncio.to_thread(mend)
        await running.until_health(200)


async def test_a_reload_takes_channels_and_refuses_another_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with service(tmp_path, monkeypatch) as running:
        await running.until_health(200)
        text = await asyncio.to_thread(running.file.read_text, "utf-8")
        more = text + '[[channels]]\nslug = "hytv2"\nname = "HY2"\nkind = "radio"\n'
        await asyncio.to_thread(running.file.write_text, more, "utf-8")
        assert await running.post("/control/reload") == (204, "")
        await running.until((tmp_path / "data/guide/hytv2.json").exists)
        other = text.replace("[guide]", '[control]\ndatabase_env = "PG"\n[guide]')
        await asyncio.to_thread(running.file.write_text, other, "utf-8")
        status, said = await running.post("/control/reload")
        assert (status, "database_env" in said) == (409, True)
