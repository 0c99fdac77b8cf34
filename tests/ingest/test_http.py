"""The feeds port: who may read, how long it holds, what it says."""

from __future__ import annotations

import hashlib
import json

import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import TestServer
from prometheus_client import CollectorRegistry

from core.clock import unix_ns
from core.config import parse_settings
from core.timeline import UnixNs
from ingest.admission import Admission
from ingest.http import feeds_application
from ingest.metrics import IngestMetrics
from ingest.relay import Chunk, FeedStart, Relay

SECRET = "0123456789abcdef"  # noqa: S105
BEARER = {"Authorization": f"Bearer {SECRET}"}
SETTINGS = """
[station]
name = "Đài"
[[channels]]
slug = "hyfm"
name = "FM"
kind = "radio"
[[channels.inputs]]
name = "mixer"
protocol = "icecast"
key_sha256_env = "A"
"""
MP3 = FeedStart("mp3", frozenset({"audio"}), b"", restarts_at_zero=True)


@pytest.fixture
def admission() -> Admission:
    door = Admission(IngestMetrics(CollectorRegistry()))
    hashes = {("hyfm", "mixer"): hashlib.sha256(b"key").digest()}
    door.configure(parse_settings(SETTINGS, name="test"), hashes)
    return door


@pytest.fixture
def relay(admission: Admission) -> Relay:
    found = admission.relay("hyfm", "mixer")
    assert found is not None
    return found


@pytest.mark.parametrize("path", ["/feeds/hyfm/mixer", "/titles/hyfm/mixer", "/feeds/x/y"])
async def test_only_the_internal_secret_opens(admission: Admission, path: str) -> None:
    async with (
        TestServer(feeds_application(admission, SECRET)) as server,
        ClientSession() as client,
    ):
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": SECRET}):
            async with client.get(server.make_url(path), headers=headers) as answer:
                assert answer.status == 403


@pytest.mark.parametrize("path", ["/feeds/hyfm/other", "/titles/x/mixer", "/feeds/hyfm"])
async def test_what_is_not_configured_is_not_found(admission: Admission, path: str) -> None:
    async with (
        TestServer(feeds_application(admission, SECRET)) as server,
        ClientSession(headers=BEARER) as client,
        client.get(server.make_url(path)) as answer,
    ):
        assert answer.status == 404


async def test_a_clockless_feed_says_zero_and_when_that_was(
    admission: Admission, relay: Relay
) -> None:
    now = unix_ns()
    session = relay.begin(MP3, now=now)
    session.write(Chunk(b"old", 0, entry=True), now=now)
    session.write(Chunk(b"new", 2_000_000, entry=True), now=UnixNs(now + 2_000_000_000))
    async with (
        TestServer(feeds_application(admission, SECRET)) as server,
        ClientSession(headers=BEARER) as client,
        client.get(server.make_url("/feeds/hyfm/mixer")) as answer,
    ):
        assert answer.headers["Lensong-Format"] == "mp3"
        assert answer.headers["Lensong-Tracks"] == "audio"
        assert answer.headers["Lensong-Media-Start-Us"] == "0"
        assert answer.headers["Lensong-Epoch-Start-Ns"] == str(now + 2_000_000_000)
        assert answer.headers["Lensong-Session"] == session.id
        session.end("eof")
        assert await answer.read() == b"new"


async def test_a_decoder_that_does_not_read_is_cut_off(admission: Admission, relay: Relay) -> None:
    session = relay.begin(MP3, now=unix_ns())
    session.write(Chunk(b"first", 0, entry=True), now=unix_ns())
    async with (
        TestServer(feeds_application(admission, SECRET)) as server,
        ClientSession(headers=BEARER, read_bufsize=1024) as client,
        client.get(server.make_url("/feeds/hyfm/mixer")) as answer,
    ):
        assert await answer.content.readexactly(5) == b"first"
        for number in range(40):  # 40 MB at once: more than sockets and 8 MB can hold
            chunk = Chunk(bytes(1024 * 1024), number * 24_000, entry=True)
            session.write(chunk, now=unix_ns())
        received = 5
        try:
            async for data in answer.content.iter_any():
                received += len(data)
        except (ConnectionError, OSError):
            pass
        except Exception as error:  # noqa: BLE001
            assert "payload" in str(error).lower()  # noqa: PT017
        assert received < 40 * 1024 * 1024
        assert session.ended is None


async def test_titles_are_lines_of_json(admission: Admission, relay: Relay) -> None:
    async with (
        TestServer(feeds_application(admission, SECRET)) as server,
        ClientSession(headers=BEARER) as client,
        client.get(server.make_url("/titles/hyfm/mixer")) as answer,
    ):
        assert json.loads(await answer.content.readline())["title"] == ""
        session = relay.begin(MP3, now=UnixNs(5))
        session.set_title("Nhạc\nsáng", now=UnixNs(7))
        line = json.loads(await answer.content.readline())
        assert line == {"title": "Nhạc sáng", "since_ns": 7}
