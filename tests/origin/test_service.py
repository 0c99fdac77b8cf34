"""origin.service and origin.__main__: the whole process, on a real socket and real ports."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession

from core.config import Settings
from core.environment import INTERNAL_SECRET_VARIABLE, child_environment
from core.publication import ChannelState, SoundPublished, TitlePlayed
from origin.service import Origin
from tests.checker.icy import listen
from tests.origin.broadcast import MSN, Broadcast, Packager, make_settings

ROOT = Path(__file__).parent.parent.parent
SECRET = "a secret of the tests"  # noqa: S105
FILE = """
[station]
name = "Đài Hưng Yên"
[paths]
run_dir = "{run_dir}"
[network]
http_host = "127.0.0.1"
http_port = {http}
origin_admin_port = {admin}
[[channels]]
slug = "hyfm"
name = "Phát thanh Hưng Yên"
kind = "radio"
{more}
"""
MORE = '[[channels]]\nslug = "more"\nname = "Thêm"\nkind = "radio"\n'


class Running:
    """An origin that runs in this loop, with its packager."""

    def __init__(self, origin: Origin, packager: Packager, session: ClientSession) -> None:
        self.origin, self.packager, self.session = origin, packager, session
        self.public = f"http://127.0.0.1:{origin.public.port}"

    async def call(self, method: str, path: str) -> tuple[int, Any]:
        """Call the admin port with the internal secret."""
        headers = {"Authorization": f"Bearer {SECRET}"}
        async with self.session.request(method, path, headers=headers) as response:
            is_json = response.content_type == "application/json"
            return response.status, await (response.json() if is_json else response.text())

    async def get(self, path: str) -> tuple[int, str]:
        """Get from the public port."""
        async with self.session.get(self.public + path) as response:
            return response.status, await response.text()


def write_settings(folder: Path, *, http: int, admin: int, more: str = "") -> tuple[Path, Settings]:
    file = folder / "s.toml"
    file.write_text(FILE.format(run_dir=folder, http=http, admin=admin, more=more))
    return file, make_settings(folder, http_port=http, origin_admin_port=admin)


@asynccontextmanager
async def running(folder: Path, ports: list[int]) -> AsyncIterator[Running]:
    file, settings = await asyncio.to_thread(write_settings, folder, http=ports[0], admin=ports[1])
    radio = Broadcast(settings.channels[1])
    settings = settings.model_copy(update={"channels": settings.channels[1:]})
    packager = Packager(settings.packager_socket, [*radio.headers(), *radio.segments(MSN - 4, MSN)])
    origin = await asyncio.to_thread(Origin, file, settings, index=0, secret=SECRET)
    async with (
        packager.serving(),
        ClientSession(f"http://127.0.0.1:{ports[1]}") as session,
        asyncio.TaskGroup() as tasks,
    ):
        running = tasks.create_task(origin.run())
        await origin.follower.told.wait()
        await origin.public.listening.wait()
        await packager.connected.wait()
        yield Running(origin, packager, session)
        running.cancel()


@pytest.fixture
def ports(unused_tcp_port_factory: Any) -> list[int]:
    return [unused_tcp_port_factory(), unused_tcp_port_factory()]


async def test_serves_what_the_packager_tells(tmp_path: Path, ports: list[int]) -> None:
    async with running(tmp_path, ports) as it:
        assert it.origin.not_ready() is None
        for path in (
            "/rieng-tu",
            "/live/hyfm/index.m3u8",
            "/ll/hyfm/a64/index.m3u8",
            "/api/v1/channels.json",
        ):
            assert (await it.get(path))[0] == 200
        waiting = f"/ll/hyfm/a64/index.m3u8?_HLS_msn={MSN + 1}&_HLS_part=0"
        async with asyncio.TaskGroup() as tasks:
            request = tasks.create_task(it.get(waiting))
            state = ChannelState(channel="hyfm", on_air="studio", title="Trống cơm", since_ns=9)
            it.packager.publish([state, *Broadcast(make_settings().channels[1]).live(MSN + 1, [0])])
            status, text = await request
        assert status == 200
        assert f"{MSN + 1}.0.m4s" in text
        assert "Trống cơm" in (await it.get("/api/v1/now.json"))[1]
        status, told = await it.call("GET", "/control/status")
        assert status == 200
        assert told["channels"]["hyfm"]["edge"] == [MSN + 1, 0]
        metrics = (await it.call("GET", "/metrics"))[1]
        assert 'lensong_origin_live_edge_lag_seconds{channel="hyfm"}' in metrics
        assert 'lensong_origin_block_release_seconds_count{channel="hyfm"}' in metrics


async def test_a_radio_is_heard_without_playlists_and_remembers_its_songs(
    tmp_path: Path, ports: list[int]
) -> None:
    async with running(tmp_path, ports) as it:
        songs = [TitlePlayed(channel="hyfm", title=f"Bài {n}", since_ns=n) for n in (1, 2)]
        sounds = [
            SoundPublished(channel="hyfm", number=number, data=bytes([number]) * 3_840)
            for number in range(20)
        ]
        it.packager.publish([*songs, *sounds])
        while '"Bài 2"' not in (await it.get("/api/v1/now.json"))[1]:
            pass
        async with listen(it.origin.public.port, "/radio/hyfm.mp3") as listener:
            assert await listener.read_sound(17 * 3_840) == b"".join(
                item.data for item in sounds[3:]
            )
            more = SoundPublished(channel="hyfm", number=20, data=b"x" * 3_840)
            await it.packager.hang_up()  # it restarts, and tells everything again
            await it.packager.connected.wait()
            it.packager.publish([more])
            assert (await listener.read_sound(18 * 3_840)).endswith(more.data)
            assert len(listener.sound) == 18 * 3_840
            metrics = (await it.call("GET", "/metrics"))[1]
            assert 'lensong_radio_listeners{channel="hyfm",codec="mp3"} 1.0' in metrics
            zero = 'lensong_radio_dropped_total{channel="hyfm",codec="aac",reason="slow"} 0.0'
            assert zero in metrics
        now = json.loads((await it.get("/api/v1/now.json"))[1])
        history = now["channels"]["hyfm"]["history"]
        assert history == [
            {"title": "Bài 2", "since_ns": 2},
            {"title": "Bài 1", "since_ns": 1},
        ]


@pytest.mark.parametrize("header", ["X-Plain", "TE"])
async def test_a_viewer_who_leaves_frees_what_is_held(
    tmp_path: Path, ports: list[int], header: str
) -> None:
    """On the fast path, and beside it."""
    async with running(tmp_path, ports) as it, asyncio.TaskGroup() as tasks:
        address = f"{it.public}/ll/hyfm/a64/index.m3u8?_HLS_msn={MSN + 1}"
        request = tasks.create_task(it.session.get(address, headers={header: "1"}))
        while not it.origin.table.held_total:
            await it.get("/api/v1/time")
        request.cancel()
        while it.origin.table.held_total:
            await it.get("/api/v1/time")
    assert it.origin.table.held_total == 0


async def test_a_packager_that_comes_back_is_followed(tmp_path: Path, ports: list[int]) -> None:
    async with running(tmp_path, ports) as it:
        await it.packager.hang_up()
        await it.packager.connected.wait()
        assert it.packager.connections == 2
        assert (await it.get("/live/hyfm/a64/index.m3u8"))[0] == 200


async def test_a_reload_tells_players_to_stop_reporting(tmp_path: Path, ports: list[int]) -> None:
    def rewrite(counts: str) -> None:
        more = f"[monitoring]\ncount_viewers = {counts}\n"
        write_settings(tmp_path, http=ports[0], admin=ports[1], more=more)

    async def report() -> int:
        url = f"http://127.0.0.1:{ports[0]}/qoe"
        body, headers = 'cid="hytv",e=t,sid="a",ts=1,v=2', {"Content-Type": "application/cmcd"}
        async with ClientSession() as session, session.post(url, data=body, headers=headers) as it:
            return it.status

    async with running(tmp_path, ports) as it:
        for counts, status in (("false", 410), ("true", 204)):
            await asyncio.to_thread(rewrite, counts)
            assert (await it.call("POST", "/control/reload"))[0] == 204
            assert await report() == status


async def test_a_reload_adds_a_channel_and_refuses_a_bad_file(
    tmp_path: Path, ports: list[int]
) -> None:
    def rewrite(more: str, http: int = ports[0]) -> None:
        write_settings(tmp_path, http=http, admin=ports[1], more=more)

    async with running(tmp_path, ports) as it:
        assert (await it.get("/live/more/index.m3u8"))[0] == 404
        await asyncio.to_thread(rewrite, MORE)
        assert (await it.call("POST", "/control/reload"))[0] == 204
        assert (await it.get("/live/more/index.m3u8"))[0] == 503
        assert "Thêm" in (await it.get("/api/v1/channels.json"))[1]
        await asyncio.to_thread(rewrite, "nonsense = 1")
        status, sentence = await it.call("POST", "/control/reload")
        assert status == 409
        assert "there is no such setting" in sentence
        await asyncio.to_thread(rewrite, "", 1)
        status, sentence = await it.call("POST", "/control/reload")
        assert status == 409
        assert "needs a restart" in sentence
        assert (await it.get("/live/more/index.m3u8"))[0] == 503  # as before


async def start(file: Path, *, index: int = 0) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "origin", str(file), "--index", str(index)),
        cwd=ROOT,
        env=child_environment() | {INTERNAL_SECRET_VARIABLE: SECRET},
        stderr=asyncio.subprocess.PIPE,
    )


@pytest.mark.timeout(60)
async def test_the_process_ends_cleanly_on_a_signal(tmp_path: Path, ports: list[int]) -> None:
    file, settings = await asyncio.to_thread(
        write_settings, tmp_path, http=ports[0], admin=ports[1]
    )
    packager = Packager(settings.packager_socket)
    async with packager.serving():
        process = await start(file)
        await packager.connected.wait()
        process.send_signal(signal.SIGTERM)
        await process.communicate()
        assert process.returncode == 0


@pytest.mark.timeout(60)
async def test_what_keeps_it_from_starting_is_said_in_a_sentence(
    tmp_path: Path, ports: list[int]
) -> None:
    file, _ = await asyncio.to_thread(write_settings, tmp_path, http=ports[0], admin=ports[1])
    busy = await asyncio.start_server(lambda _r, _w: None, "127.0.0.1", ports[0])
    async with busy:
        process = await start(file)
        _, said = await process.communicate()
    assert process.returncode == 2
    assert f"cannot listen on 127.0.0.1 port {ports[0]}" in said.decode()
    process = await start(file, index=1)
    _, said = await process.communicate()
    assert process.returncode == 2
    assert "there is no origin 1; origin.count is 1" in said.decode()
