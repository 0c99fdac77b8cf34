"""Clips in the whole control room: a key, an order, the audit."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path

import aiohttp
import pytest
from aiohttp.test_utils import unused_port

from control.service import ControlService
from core.config import load_settings
from tests.control.clip_bench import archive_radio, moments
from tests.control.conftest import SETTINGS

pytestmark = [pytest.mark.media, pytest.mark.timeout(60)]

MORE = """
[network]
control_admin_port = {admin}
api_port = {api}
[[control.operators]]
name = "hoa"
key_sha256_env = "HOA_KEY_SHA256"
"""


async def test_clips_are_ordered_with_a_key_and_audited(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOA_KEY_SHA256", hashlib.sha256(b"key").hexdigest())
    await archive_radio(tmp_path)
    api = unused_port()
    more = MORE.format(admin=unused_port(), api=api)
    file = tmp_path / "station.toml"
    text = SETTINGS.format(folder=tmp_path, more=more)
    await asyncio.to_thread(file.write_text, text, encoding="utf-8")
    settings = await asyncio.to_thread(load_settings, file)
    service = await asyncio.to_thread(ControlService, file, settings, secret="x" * 20)
    start, end = (moment / 1e9 for moment in moments(3, 6))
    base = f"http://127.0.0.1:{api}/api/v1"
    key = {"Authorization": "Bearer key"}
    async with asyncio.TaskGroup() as tasks, aiohttp.ClientSession(headers=key) as client:
        task = tasks.create_task(service.run())
        async with asyncio.timeout(20):
            while True:
                try:
                    answer = await client.get(f"{base}/clips")
                    if answer.status == 200:
                        break
                except aiohttp.ClientConnectionError:
                    pass
                await asyncio.sleep(0.05)
        refused = await client.get(f"{base}/clips", headers={"Authorization": "Bearer other"})
        assert refused.status == 401
        wish = {"channel": "hyfm", "start": start, "end": end, "title": "Bão"}
        asked = await (await client.post(f"{base}/clips", json=wish)).json()
        assert asked["state"] == "waiting"
        async with asyncio.timeout(20):
            while asked["state"] != "done":
                await asyncio.sleep(0.05)
                asked = await (await client.get(f"{base}/clips/{asked['id']}")).json()
        media = await client.get(f"{base}/clips/{asked['id']}/media")
        assert len(await media.read()) == asked["size_bytes"]
        wrong = await client.post(f"{base}/clips", json={**wish, "end": start})
        assert (wrong.status, (await wrong.json())["error"]) == (400, "clip_span")
        audit = await (await client.get(f"{base}/audit")).json()
        (entry,) = audit["audit"]
        assert (entry["who"], entry["action"]) == ("api:hoa", "clip.order")
        assert entry["subject"] == asked["id"]
        task.cancel()
