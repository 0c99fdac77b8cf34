"""transcoder.service: a whole programme process, alone in the world."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from structlog.testing import capture_logs

from core.clock import unix_ns
from core.config import load_settings
from core.guide import GuideSnapshot, Programme
from core.guide_files import write_guide
from transcoder.service import ProgrammeService

pytestmark = [pytest.mark.media, pytest.mark.timeout(60)]

SECRET = "a secret of the test's own"  # noqa: S105
AUTH = {"Authorization": f"Bearer {SECRET}"}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def settings_text(folder: Path, ports: list[int], *, extra: str = "", kind: str = "radio") -> str:
    return f"""
        [station]
        name = "Đài thử"
        [paths]
        data_dir = "{folder}"
        run_dir = "{folder}"
        [network]
        feeds_port = {ports[0]}
        cmaf_port = {ports[1]}
        programme_admin_port = {ports[2]}
        [[channels]]
        slug = "hyfm"
        name = "Phát thanh"
        kind = "{kind}"
        {extra}
        [[channels.inputs]]
        name = "studio"
        protocol = "icecast"
        key_sha256_env = "KEY"
    """


@asynccontextmanager
async def programme(
    folder: Path, *, extra: str = ""
) -> AsyncIterator[tuple[aiohttp.ClientSession, str, Path]]:
    """Run a radio programme with neither ingest nor packager; give a client of its admin port."""
    file = folder / "lensong.toml"
    ports = [free_port() for _ in range(3)]
    await asyncio.to_thread(
        file.write_text, settings_text(folder, ports, extra=extra), encoding="utf-8"
    )
    settings = await asyncio.to_thread(load_settings, file)
    service = await asyncio.to_thread(
        lambda: ProgrammeService(settings=settings, path=file, slug="hyfm", secret=SECRET)
    )
    async with aiohttp.ClientSession() as client, asyncio.TaskGroup() as tasks:
        task = tasks.create_task(service.run())
        yield client, f"http://127.0.0.1:{ports[2]}", file
        task.cancel()


async def until_ready(client: aiohttp.ClientSession, url: str) -> None:
    """Ask for the programme's health until it is ready."""
    async with asyncio.timeout(30):
        while True:
            try:
                async with client.get(f"{url}/healthz") as response:
                    if response.status == 200:
                        return
            except aiohttp.ClientConnectorError:
                pass
            await asyncio.sleep(0.05)


async def test_a_programme_alone_is_on_air_with_its_slate(tmp_path: Path) -> None:
    """No ingest, no packager, no origin: the encoder runs, and says so."""
    async with programme(tmp_path) as (client, url, _):
        await until_ready(client, url)
        async with client.get(f"{url}/control/status", headers=AUTH) as response:
            status = await response.json()
        assert status["on_air"] == "slate"
        assert status["inputs"]["studio"]["good"] is False
        assert status["encoder_pid"] is not None
        async with client.get(f"{url}/metrics") as response:
            text = await response.text()
        assert 'lensong_input_on_air{channel="hyfm",input="slate"} 1.0' in text
        assert 'lensong_encoder_up{channel="hyfm",encoder="a"} 1.0' in text
        assert 'lensong_switches_total{channel="hyfm",reason="loss",target="slate"} 0.0' in text
        assert 'lensong_input_priority{channel="hyfm",input="studio"} 1.0' in text
        assert 'lensong_channel_taken{by="schedule",channel="hyfm"} 0.0' in text
        for point in ("input:studio", "programme"):
            labels = f'channel="hyfm",kind="silence",point="{point}"'
            assert f"lensong_content_fault_active{{{labels}}} 0.0" in text
        assert 'kind="black"' not in text  # it is a radio
        fault = 'lensong_input_decoder_faults_total{channel="hyfm",input="studio",reason="decode"}'
        assert f"{fault} 0.0" in text


async def test_the_operators_calls_want_the_secret_and_a_source_that_exists(tmp_path: Path) -> None:
    async with programme(tmp_path) as (client, url, _):
        await until_ready(client, url)
        async with client.post(f"{url}/control/take", json={"source": "slate"}) as response:
            assert response.status == 403
        body = {"source": "nowhere"}
        async with client.post(f"{url}/control/take", json=body, headers=AUTH) as response:
            assert response.status == 404
            assert "studio, slate" in await response.text()
        body = {"source": "studio"}
        async with client.post(f"{url}/control/take", json=body, headers=AUTH) as response:
            assert response.status == 204
        async with client.get(f"{url}/control/status", headers=AUTH) as response:
            assert (await response.json())["take"] == "studio"
        taken = 'lensong_channel_taken{by="operator",channel="hyfm"}'
        async with client.get(f"{url}/metrics") as response:
            assert f"{taken} 0.0" in await response.text()  # it is not good, so not on air
        body = {"source": "slate"}
        async with client.post(f"{url}/control/take", json=body, headers=AUTH) as response:
            assert response.status == 204
        async with client.get(f"{url}/metrics") as response:
            assert f"{taken} 1.0" in await response.text()
        async with client.post(f"{url}/control/release", headers=AUTH) as response:
            assert response.status == 204
        async with client.get(f"{url}/control/status", headers=AUTH) as response:
            assert (await response.json())["take"] is None


async def test_a_programme_that_the_guide_names_is_no_fault_as_soon_as_the_guide_is_there(
    tmp_path: Path,
) -> None:
    """A radio without a feed is silent; the guide comes late and says that it is meant."""
    silent = 'lensong_content_fault_active{channel="hyfm",kind="silence",point="programme"}'
    with capture_logs() as lines:
        async with (
            programme(tmp_path, extra=SILENT_MINUTE) as (client, url, _),
            asyncio.timeout(30),
        ):
            await until_ready(client, url)
            await until_told(client, url, f"{silent} 1.0")
            now_s = unix_ns() // 1_000_000_000
            minute = Programme(
                id="p", channel="hyfm", start_s=now_s - 60, end_s=now_s + 60, title="Phút mặc niệm"
            )
            guide = GuideSnapshot(channel="hyfm", programmes=(minute,))
            await asyncio.to_thread(write_guide, tmp_path / "guide", guide)
            await until_told(client, url, f"{silent} 0.0")
    missed = [line for line in lines if line["event"] == "exceptions_without_guide"]
    assert [line["channel"] for line in missed] == ["hyfm"]


SILENT_MINUTE = """
        content.silence_flag_s = 0.5
        [[channels.exceptions]]
        kinds = ["silence"]
        programme = "Phút mặc niệm"
"""


async def until_told(client: aiohttp.ClientSession, url: str, line: str) -> None:
    """Read the metrics until a line is there."""
    text = ""
    while line not in text:
        text = await metrics_of(client, url)
        await asyncio.sleep(0.05)


async def metrics_of(client: aiohttp.ClientSession, url: str) -> str:
    """Return what Prometheus would read."""
    async with client.get(f"{url}/metrics") as response:
        return await response.text()


async def metrics_without(client: aiohttp.ClientSession, url: str, name: str) -> str:
    """Ask until ``name`` is in no metric any more."""
    async with asyncio.timeout(10):
        while True:
            text = await metrics_of(client, url)
            if name not in text:
                return text
            await asyncio.sleep(0.05)


async def test_a_reload_takes_new_inputs_and_refuses_what_needs_a_restart(tmp_path: Path) -> None:
    async with programme(tmp_path) as (client, url, file):
        await until_ready(client, url)
        text = await asyncio.to_thread(file.read_text, encoding="utf-8")
        more = text + '\n[[channels.inputs]]\nname = "backup"\nprotocol = "icecast"\n'
        await asyncio.to_thread(file.write_text, more + 'key_sha256_env = "KEY"\n', "utf-8")
        async with client.post(f"{url}/control/reload", headers=AUTH) as response:
            assert response.status == 204
        async with client.get(f"{url}/control/status", headers=AUTH) as response:
            status = await response.json()
        assert list(status["inputs"]) == ["studio", "backup"]
        only = more.replace("studio", "backup").split("[[channels.inputs]]")
        only_backup = "[[channels.inputs]]".join(only[:2])
        assert 'point="input:studio"' in await metrics_of(client, url)
        await asyncio.to_thread(file.write_text, only_backup, "utf-8")
        async with client.post(f"{url}/control/reload", headers=AUTH) as response:
            assert response.status == 204
        assert 'point="input:backup"' in await metrics_without(client, url, "studio")
        slow = text.replace('kind = "radio"', 'kind = "radio"\nencoder_preset = "quality"')
        await asyncio.to_thread(file.write_text, slow, "utf-8")
        async with client.post(f"{url}/control/reload", headers=AUTH) as response:
            assert response.status == 409
            assert "restart" in await response.text()
        await asyncio.to_thread(file.write_text, "[station]", "utf-8")
        async with client.post(f"{url}/control/reload", headers=AUTH) as response:
            assert response.status == 409
