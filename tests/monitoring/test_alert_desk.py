"""Alerts delivered: a real mail server, a real webhook, a real restart."""

from __future__ import annotations

import asyncio
import email
import email.policy
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import unused_port
from aiosmtpd.smtp import SMTP, Envelope, Session
from prometheus_client import CollectorRegistry

from core.clock import unix_ns
from core.config import Settings, parse_settings
from monitoring.alert_desk import AlertDesk
from monitoring.http import pages_application
from monitoring.receivers import receivers_of

TOKEN = "a-token-that-nobody-may-read"  # noqa: S105


class Postbox:
    """A mail server's end: keeps what it is given, or refuses it."""

    def __init__(self) -> None:
        self.mails: asyncio.Queue[EmailMessage] = asyncio.Queue()
        self.is_full = False
        self.refused = asyncio.Event()

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        """Take a mail."""
        if self.is_full:
            self.refused.set()
            return "452 no room"
        mail = email.message_from_bytes(
            envelope.original_content or b"", policy=email.policy.default
        )
        assert isinstance(mail, EmailMessage)
        self.mails.put_nowait(mail)
        return "250 taken"


class Chat:
    """A webhook's end."""

    def __init__(self) -> None:
        self.posts: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.tokens: list[str] = []

    async def take(self, request: web.Request) -> web.Response:
        """Take a post."""
        self.tokens.append(request.headers.get("Authorization", ""))
        self.posts.put_nowait(await request.json())
        return web.Response(status=202)


@asynccontextmanager
async def postbox() -> AsyncIterator[tuple[Postbox, int]]:
    box = Postbox()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(box, loop=loop, hostname="mail"), "127.0.0.1", 0)
    try:
        yield box, server.sockets[0].getsockname()[1]
    finally:
        server.close()


@asynccontextmanager
async def chat() -> AsyncIterator[tuple[Chat, str]]:
    here = Chat()
    app = web.Application()
    app.router.add_post("/secret-path", here.take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        port = unused_port()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        yield here, f"http://127.0.0.1:{port}/secret-path"
    finally:
        await runner.cleanup()


def settings_of(folder: Path, mail_port: int, severity: str = "ticket") -> Settings:
    # No process of this installation runs: their ports are where nobody listens.
    ports = "\n".join(
        f"{name}_admin_port = {unused_port()}" for name in ("ingest", "packager", "control")
    )
    return parse_settings(
        f"""
[station]
name = "Đài thử"
[paths]
data_dir = "{folder}"
[network]
{ports}
origin_admin_port = {unused_port()}
programme_admin_port = {unused_port()}
[[monitoring.mails]]
name = "truc"
to = ["truc@dai.example.vn", "ky-thuat@dai.example.vn"]
sender = "lensong@dai.example.vn"
server = "127.0.0.1:{mail_port}"
security = "none"
[[monitoring.webhooks]]
name = "chat"
url_env = "CHAT_URL"
token_env = "CHAT_TOKEN"
severity = "{severity}"
[[channels]]
slug = "hytv"
name = "Truyền hình"
kind = "tv"
""",
        name="test",
    )


@asynccontextmanager
async def desk(settings: Settings, url: str) -> AsyncIterator[tuple[AlertDesk, CollectorRegistry]]:
    registry = CollectorRegistry()
    secrets = {"CHAT_URL": url, "CHAT_TOKEN": TOKEN}
    receivers = receivers_of(settings, secrets)
    here = await asyncio.to_thread(AlertDesk, settings, receivers, registry, secret="s" * 16)
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(here.run())
        yield here, registry
        task.cancel()


@asynccontextmanager
async def served(here: AlertDesk) -> AsyncIterator[str]:
    async def home() -> str:
        return ""

    runner = web.AppRunner(pages_application(here.routes, home), access_log=None)
    await runner.setup()
    try:
        port = unused_port()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        yield f"http://127.0.0.1:{port}/alerts"
    finally:
        await runner.cleanup()


def off_air(*, seconds: float) -> list[dict[str, Any]]:
    def moment(ahead_s: float) -> str:
        return f"{_utc(unix_ns() / 1e9 + ahead_s)}Z"

    return [
        {
            "labels": {"alertname": "ChannelOffAir", "channel": "hytv", "severity": "page"},
            "annotations": {"summary": "Kênh không lên sóng"},
            "startsAt": moment(-10),
            "endsAt": moment(seconds),
        }
    ]


def _utc(unix_s: float) -> str:
    return datetime.fromtimestamp(unix_s, UTC).replace(tzinfo=None).isoformat()


async def post(url: str, body: Any, content_type: str = "application/json") -> int:
    async with (
        aiohttp.ClientSession() as session,
        session.post(
            f"{url}/api/v2/alerts",
            data=json.dumps(body),
            headers={"Content-Type": content_type},
        ) as answer,
    ):
        return answer.status


@pytest.mark.timeout(60)
async def test_a_page_reaches_mail_and_chat_within_seconds_and_then_its_end(
    tmp_path: Path,
) -> None:
    async with (
        postbox() as (box, mail_port),
        chat() as (talk, url),
        desk(settings_of(tmp_path, mail_port), url) as (here, registry),
        served(here) as pages,
        asyncio.timeout(50),
    ):
        assert await post(pages, off_air(seconds=240)) == 200
        assert await post(pages, off_air(seconds=240)) == 200
        async with asyncio.timeout(6):
            mail = await box.mails.get()
            said = await talk.posts.get()
        assert mail["Subject"] == "[KHẨN / PAGE] hytv: ChannelOffAir"
        assert mail["To"] == "truc@dai.example.vn, ky-thuat@dai.example.vn"
        assert mail["Auto-Submitted"] == "auto-generated"
        assert "Kênh / channel: Truyền hình (hytv)" in mail.get_content()
        assert said["alerts"][0]["name"] == "ChannelOffAir"
        assert talk.tokens == [f"Bearer {TOKEN}"]
        async with aiohttp.ClientSession() as session, session.get(pages) as answer:
            assert [item["name"] for item in (await answer.json())["alerts"]] == ["ChannelOffAir"]
        assert await post(pages, off_air(seconds=-31)) == 200  # over for half a minute
        async with asyncio.timeout(5):
            assert (await box.mails.get())["Subject"].startswith("[ĐÃ HẾT / CLEAR] hytv")
            assert (await talk.posts.get())["kind"] == "cleared"
        labels = {"receiver": "chat", "result": "delivered"}
        assert registry.get_sample_value("lensong_alert_deliveries_total", labels) == 2
        # Nothing answered our questions for the seconds that this took, which is no alert yet.
        assert box.mails.empty()


@pytest.mark.timeout(60)
async def test_a_message_that_was_not_taken_survives_a_restart(tmp_path: Path) -> None:
    async with postbox() as (box, mail_port), chat() as (talk, url), asyncio.timeout(50):
        box.is_full = True
        settings = settings_of(tmp_path, mail_port, severity="page")
        async with desk(settings, url) as (here, registry), served(here) as pages:
            await post(pages, off_air(seconds=240))
            await talk.posts.get()
            await box.refused.wait()
            labels = {"receiver": "chat", "result": "delivered"}
            for _ in range(500):
                if registry.get_sample_value("lensong_alert_deliveries_total", labels):
                    break
                await asyncio.sleep(0.02)
        box.is_full = False
        async with desk(settings, url):
            mail = await box.mails.get()
            assert mail["Subject"] == "[KHẨN / PAGE] hytv: ChannelOffAir"
        assert talk.posts.empty()  # the chat had it before


@pytest.mark.timeout(60)
async def test_the_test_alert_goes_to_everybody_and_tickets_only_to_who_wants_them(
    tmp_path: Path,
) -> None:
    async with (
        postbox() as (box, mail_port),
        chat() as (talk, url),
        desk(settings_of(tmp_path, mail_port, severity="page"), url) as (here, _),
        asyncio.timeout(20),
    ):
        assert await here.send_test() == ["truc", "chat"]
        assert (await box.mails.get())["Subject"] == "[Thử / test] Đài thử"
        assert (await talk.posts.get())["kind"] == "test"


async def test_what_is_no_alert_is_refused_and_other_sites_pages_can_send_none(
    tmp_path: Path,
) -> None:
    async with (
        desk(settings_of(tmp_path, 9), "http://127.0.0.1:9/") as (here, _),
        served(here) as pages,
    ):
        assert await post(pages, {"not": "a list"}) == 400
        assert await post(pages, off_air(seconds=60), "text/plain") == 415
        assert here.firing == []


async def test_a_broken_file_of_alerts_stops_nobody(tmp_path: Path) -> None:
    await asyncio.to_thread((tmp_path / "alerts.json").write_text, '{"book": 3}')
    async with (
        desk(settings_of(tmp_path, 9), "http://127.0.0.1:9/") as (here, _),
        served(here) as pages,
    ):
        assert await post(pages, off_air(seconds=60)) == 200
        assert [told.alert.name for told in here.firing] == ["ChannelOffAir"]
