"""origin.request_line: what the fast path admits, and what it leaves alone."""

from __future__ import annotations

import pytest

from origin.request_line import Directives, Gate, PlainGet, names_moment, parse_directives
from origin.senders import Sender

BROWSER = (
    b"GET /ll/hytv/720p/index.m3u8?_HLS_msn=7&CMCD=bl%3D2100 HTTP/1.1\r\n"
    b"Host: live.example.vn:8080\r\n"
    b"Connection: keep-alive\r\n"
    b'sec-ch-ua: "Chromium";v="130", "Not?A_Brand";v="99"\r\n'
    b"User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36\r\n"
    b"Accept: */*\r\n"
    b"Sec-Fetch-Mode: cors\r\n"
    b"Referer: http://live.example.vn/xem/hytv\r\n"
    b"Accept-Encoding: gzip, deflate, br\r\n"
    b"Accept-Language: vi-VN,vi;q=0.9\r\n"
    b"\r\n"
)


def test_admits_what_a_browser_sends() -> None:
    """Twice, since the second verdict comes from memory."""
    gate = Gate()
    for _ in range(2):
        assert gate.admit(BROWSER) == PlainGet(
            path=b"/ll/hytv/720p/index.m3u8",
            query=b"_HLS_msn=7&CMCD=bl%3D2100",
            gzip=True,
            brotli=True,
            base="http://live.example.vn:8080",
            sender=Sender(
                counts=True,
                is_page=False,
                agent="Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36",
                forwarded="",
                cmcd="",
            ),
        )


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"GET /a HTTP/1.1\r\nHost: x\r\n", id="half a header"),
        pytest.param(b"GET /a HTTP/1.1\r\nHost: x\r\n\r\nG", id="a byte more"),
        pytest.param(b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n" * 2, id="two requests"),
        pytest.param(b"GET /a HTTP/1.1\nHost: x\n\n", id="bare line feeds"),
        pytest.param(b"GET /a HTTP/1.1\r\nHost: x\nA: b\r\n\r\n", id="one bare line feed"),
        pytest.param(b"GET /a HTTP/1.1\r\n\r\n", id="no host"),
        pytest.param(b"GET /a HTTP/1.1\r\nHost:\r\n\r\n", id="empty host"),
        pytest.param(b"GET /a HTTP/1.1\r\nHost: a b\r\n\r\n", id="odd host"),
        pytest.param(b"GET /a HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n", id="two hosts"),
        pytest.param(b"GET /a HTTP/1.1\r\nHost: x\r\nhost: y\r\n\r\n", id="two hosts, by case"),
        pytest.param(b"GET /a HTTP/1.1\r\nHost: x\r\nA: 1\r\n b\r\n\r\n", id="a folded line"),
        pytest.param(b"GET /a HTTP/1.1\r\nHost : x\r\n\r\n", id="space before the colon"),
        pytest.param(b"GET /a HTTP/1.1\r\nHost: x\r\nA: \x00\r\n\r\n", id="NUL"),
        pytest.param(b"GET /a HTTP/1.1\r\nHost: x\r\nA: \xc3\xa9\r\n\r\n", id="not ASCII"),
        pytest.param(b"GET http://x/a HTTP/1.1\r\nHost: x\r\n\r\n", id="absolute form"),
        pytest.param(b"GET /a HTTP/1.0\r\nHost: x\r\n\r\n", id="HTTP/1.0"),
        pytest.param(b"get /a HTTP/1.1\r\nHost: x\r\n\r\n", id="lower case"),
        pytest.param(b"HEAD /a HTTP/1.1\r\nHost: x\r\n\r\n", id="HEAD"),
        pytest.param(b"POST /a HTTP/1.1\r\nHost: x\r\n\r\n", id="POST"),
        pytest.param(b"GET /a?b c HTTP/1.1\r\nHost: x\r\n\r\n", id="space in the query"),
        pytest.param(b"GET /a?b\x7f HTTP/1.1\r\nHost: x\r\n\r\n", id="control byte in the query"),
        pytest.param(b"GET /a?b#c HTTP/1.1\r\nHost: x\r\n\r\n", id="fragment"),
        pytest.param(b"GET /a HTTP/1.1\r\nHost: x\r\nA: " + b"b" * 5000 + b"\r\n\r\n", id="long"),
        pytest.param(
            b"GET /a HTTP/1.1\r\nHost: x\r\n"
            + b"".join(b"A%d: b\r\n" % n for n in range(60))
            + b"\r\n",
            id="many headers",
        ),
    ],
)
def test_leaves_alone(data: bytes) -> None:
    """Whatever is not exactly one plain GET."""
    assert Gate().admit(data) is None


@pytest.mark.parametrize(
    "header",
    [
        "Connection: close",
        "Connection: keep-alive, Upgrade",
        "Connection: Upgrade",
        "Content-Length: 0",
        "Content-Type: text/plain",
        "Expect: 100-continue",
        "If-None-Match: *",
        "If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT",
        "Proxy-Connection: keep-alive",
        "Range: bytes=0-1",
        "Sec-WebSocket-Key: x",
        "TE: trailers",
        "Trailer: x",
        "Transfer-Encoding: chunked",
        "Upgrade: h2c",
    ],
)
def test_leaves_headers_with_a_meaning_alone(header: str) -> None:
    """In any case of letters."""
    for line in (header, header.lower(), header.upper()):
        data = f"GET /a HTTP/1.1\r\nHost: x\r\n{line}\r\n\r\n".encode()
        assert Gate().admit(data) is None


def test_verdicts_are_remembered_only_so_far() -> None:
    """Ever new headers do not grow the memory for ever."""
    gate = Gate()
    for number in range(3_000):
        assert gate.admit(b"GET /a HTTP/1.1\r\nHost: x\r\nA: %d\r\n\r\n" % number) is not None
    assert len(gate._known) <= 1_024


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (b"", Directives()),
        (b"CMCD=bl%3D1&x", Directives()),
        (b"_HLS_msn=12&_HLS_part=3", Directives(12, 3, skip=False)),
        (b"_HLS_skip=YES&_HLS_msn=012", Directives(12, None, skip=True)),
        (b"_HLS_skip=v2", Directives(skip=True)),
        (b"_HLS_part=1", Directives(part=1)),
        (b"_HLS_report=1", Directives()),
        (b"_HLS_msn=", None),
        (b"_HLS_msn", None),
        (b"_HLS_msn=-1", None),
        (b"_HLS_msn=1e3", None),
        (b"_HLS_msn=%31", None),
        (b"%5FHLS_msn=1", None),
        (b"_HLS_msn=1&_HLS_msn=2", None),
        (b"_HLS_msn=1;_HLS_part=2", None),
        (b"_HLS_msn=" + b"9" * 16, None),
        (b"_HLS_skip=NO", None),
    ],
)
def test_parse_directives(query: bytes, expected: Directives | None) -> None:
    """Odd ones are left to aiohttp."""
    assert parse_directives(query) == expected


@pytest.mark.parametrize(
    ("query", "names"),
    [
        (b"utc=5", True),
        (b"a=1&utc=5", True),
        (b"utc", True),
        (b"%75tc=5", True),
        (b"lutc=5", False),
        (b"t=2026-11-24T19:00", True),
        (b"part=1&tt=2", False),
        (b"x=utc", False),
        (b"CMCD=br%3D5", False),
        (b"_HLS_msn=5", False),
        (b"", False),
    ],
)
def test_knows_the_queries_that_ask_for_the_past(query: bytes, *, names: bool) -> None:
    assert names_moment(query) is names


def test_headers_of_cmcd_are_admitted_and_push_nobody_out_of_memory() -> None:
    gate = Gate()
    assert gate.admit(BROWSER) is not None
    for number in range(2_000):
        told = b"CMCD-Request: bl=%d\r\ncmcd-status: bs\r\n" % number
        data = BROWSER.replace(b"Accept: */*\r\n", told + b"Accept: */*\r\n")
        request, plain = gate.admit(data), gate.admit(BROWSER)
        assert request is not None
        assert plain is not None
        assert request[:5] == plain[:5]
        assert request.sender == plain.sender._replace(cmcd=f"bl={number},bs")
    assert len(gate._known) == 1
