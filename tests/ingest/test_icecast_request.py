"""What sources ask, and what they are told."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import FormatError
from ingest.icecast_request import (
    LOGIN,
    Answer,
    BodyReader,
    Capabilities,
    HeadReader,
    Publish,
    Request,
    UpdateTitle,
    decide_request,
    parse_head,
    render_answer,
    sound_format,
)

AUTH = "Authorization: Basic " + base64.b64encode("source:khoá".encode()).decode()


def request(line: str, *headers: str) -> Request:
    return parse_head("\r\n".join([line, *headers]).encode())


def metadata(query: str, *headers: str) -> object:
    return decide_request(request(f"GET /admin/metadata?{query} HTTP/1.0", *(headers or (AUTH,))))


@pytest.mark.parametrize(
    "line",
    ["PUT /hyfm/mixer HTTP/1.1", "SOURCE /hyfm/mixer ICE/1.0", "SOURCE /hyfm/mixer HTTP/1.0"],
)
def test_a_source_names_its_mount_and_shows_its_key(line: str) -> None:
    assert decide_request(request(line, AUTH)) == Publish("hyfm", "mixer", "khoá")


@pytest.mark.parametrize(
    "headers",
    [
        (),
        ("Authorization: Bearer abc",),
        ("Authorization: Basic !!!",),
        ("Authorization: Basic c291cmNl",),  # source, without a colon
        ("Authorization: Basic c291cmNlOg==",),  # source:
        ("Authorization: Basic YWRtaW46a2V5",),  # admin:key
    ],
)
def test_a_source_without_a_key_is_asked_to_log_in(headers: tuple[str, ...]) -> None:
    assert decide_request(request("PUT /hyfm/mixer HTTP/1.1", *headers)) == LOGIN
    assert metadata("mount=/hyfm/mixer&mode=updinfo&song=x", "X: y", *headers) == LOGIN


@pytest.mark.parametrize(
    "path", ["/", "/hyfm", "/hyfm/mixer/x", "/../etc", "/HYFM/mixer", "/a/b.mp3"]
)
def test_a_mount_of_another_form_is_not_found(path: str) -> None:
    answer = decide_request(request(f"PUT {path} HTTP/1.1", AUTH))
    assert isinstance(answer, Answer)
    assert answer.status == 404


def test_asking_what_the_server_can_is_answered() -> None:
    assert decide_request(request("GET /admin/!POKE HTTP/1.1")) == Capabilities()
    assert decide_request(request("OPTIONS * HTTP/1.1".replace("*", "/"))) == Capabilities()


def test_a_key_is_in_no_text_of_the_request() -> None:
    wanted = decide_request(request("PUT /hyfm/mixer HTTP/1.1", AUTH))
    assert "khoá" not in repr(wanted)
    assert "khoá" not in repr(metadata("mount=/hyfm/mixer&mode=updinfo&song=x"))


@pytest.mark.parametrize(
    ("query", "title"),
    [
        ("song=B%C3%A0i+h%C3%A1t", "Bài hát"),
        ("song=caf%E9", "café"),
        ("song=%93caf%E9%94&charset=ISO-8859-1", "“café”"),
        ("song=%F0&charset=windows-1258", "đ"),
        ("song=x&charset=unicode_escape", "x"),
        ("artist=A&title=T", "A - T"),
        ("title=T", "T"),
        ("artist=&title=T", "T"),
        ("song=", ""),
        ("song=A%26B&url=http%3A%2F%2Fx", "A&B"),
    ],
)
def test_a_title_is_read_in_its_character_set(query: str, title: str) -> None:
    wanted = metadata(f"mount=/hyfm/mixer&mode=updinfo&{query}")
    assert wanted == UpdateTitle("hyfm", "mixer", "khoá", title)
    assert isinstance(metadata(f"mode=updinfo&{query}&mount=%2Fhyfm%2Fmixer"), UpdateTitle)


@pytest.mark.parametrize(
    "query",
    [
        "mode=updinfo&song=x",
        "mount=/hyfm&mode=updinfo&song=x",
        "mount=/hyfm/mixer&song=x",
        "mount=/hyfm/mixer&mode=kill&song=x",
        "mount=/hyfm/mixer&mode=updinfo",
        "mount=/hyfm/mixer&mode=updinfo&song=x&title=y",
        "",
    ],
)
def test_a_title_with_wrong_parameters_is_refused(query: str) -> None:
    answer = metadata(query)
    assert isinstance(answer, Answer)
    assert answer.status == 400


@pytest.mark.parametrize(
    ("line", "content_type", "found"),
    [
        ("PUT", "audio/mpeg", "mp3"),
        ("PUT", "audio/aacp", "aac"),
        ("PUT", "Audio/AAC; x=y", "aac"),
        ("PUT", "application/ogg", "ogg"),
        ("SOURCE", None, "mp3"),
        ("PUT", None, Answer(403, "No Content-type given")),
        ("PUT", "video/webm", Answer(403, "Content-type not supported")),
    ],
)
def test_the_format_is_what_the_source_announces(
    line: str, content_type: str | None, found: object
) -> None:
    headers = () if content_type is None else (f"Content-Type: {content_type}",)
    assert sound_format(request(f"{line} /a/b HTTP/1.1", *headers)) == found


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"PUT /a/b",
        b"PUT /a/b HTTP/2.0",
        b"PUT  /a/b HTTP/1.1",
        b"put /a/b HTTP/1.1",
        b"PUT http://x/a/b HTTP/1.1",
        b"PUT /a\x00b HTTP/1.1",
        b"PUT /a/b HTTP/1.1\nHost: x",
        b"PUT /a/b HTTP/1.1\r\nHost: x\n y",
        b"PUT /a/b HTTP/1.1\r\n folded: x",
        b"PUT /a/b HTTP/1.1\r\nName : x",
        b"PUT /a/b HTTP/1.1\r\nA: \x00",
        b"PUT /a/b HTTP/1.1\r\nHost: x\r\nHost: y",
        b"PUT /a/b HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1",
        b"PUT /a/b HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked",
        b"PUT /a/b HTTP/1.1" + b"\r\nA: b" * 65,
        b"PUT /" + b"a" * 5_000 + b" HTTP/1.1",
    ],
)
def test_a_head_that_can_be_read_in_two_ways_is_refused(head: bytes) -> None:
    with pytest.raises(FormatError):
        parse_head(head)


def test_a_head_without_end_is_refused() -> None:
    reader = HeadReader()
    assert reader.receive(b"PUT /a/b HTTP/1.1\r\nA: ") is None
    with pytest.raises(FormatError) as refused:
        reader.receive(b"x" * 17_000)
    assert refused.value.code == "size"


@given(st.integers(1, 70))
def test_a_head_is_found_whatever_the_pieces(size: int) -> None:
    data = b"PUT /a/b HTTP/1.1\r\nHost: x\r\nice-name: \xc4\x90\xc3\xa0i\r\n\r\nbody"
    reader, found, at = HeadReader(), None, 0
    while found is None:
        found = reader.receive(data[at : at + size])
        at += size
    assert found.headers == {"host": "x", "ice-name": "Đài"}
    assert reader.rest + data[at:] == b"body"


def body_of(*headers: str) -> BodyReader:
    return BodyReader(request("PUT /a/b HTTP/1.1", *headers))


@given(st.lists(st.binary(min_size=1, max_size=40), max_size=8), st.integers(1, 50))
def test_chunks_are_taken_off_whatever_the_pieces(parts: list[bytes], size: int) -> None:
    data = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\nmore"
    body = body_of("Transfer-Encoding: chunked")
    found = b"".join(body.receive(data[at : at + size]) for at in range(0, len(data), size))
    assert (found, body.finished) == (b"".join(parts), True)


@pytest.mark.parametrize(
    "data",
    [
        b"x\r\n",
        b"-1\r\n",
        b"1;ext\r\na\r\n",
        b"1\na\r\n",
        b"1\r\nab\r\n",
        b"\r\n",
        b"fffffffff\r\n",
        b"0" * 40,
        b"0\r\nTrailer: x\r\n\r\n",
    ],
)
def test_malformed_chunks_are_refused(data: bytes) -> None:
    body = body_of("Transfer-Encoding: chunked")
    with pytest.raises(FormatError):
        body.receive(data)


def test_a_length_is_kept_to() -> None:
    body = body_of("Content-Length: 5")
    assert body.receive(b"abc") == b"abc"
    assert not body.finished
    assert body.receive(b"defg") == b"de"
    assert body.finished


@pytest.mark.parametrize("headers", [(), ("Content-Length: 0",), ("Transfer-Encoding: identity",)])
def test_a_body_without_length_goes_on_for_ever(headers: tuple[str, ...]) -> None:
    body = body_of(*headers)
    assert body.receive(b"abc") == b"abc"
    assert not body.finished


@pytest.mark.parametrize(
    "header",
    [
        "Content-Length: -1",
        "Content-Length: ٣",
        "Content-Length: 1" + "0" * 20,
        "Transfer-Encoding: gzip",
        "Transfer-Encoding: gzip, chunked",
    ],
)
def test_a_body_of_unknown_form_is_refused(header: str) -> None:
    with pytest.raises(FormatError):
        body_of(header)


def test_an_answer_closes_the_connection() -> None:
    assert render_answer(Answer(403, "Mountpoint in use"), version="HTTP/1.1") == (
        b"HTTP/1.1 403 Mountpoint in use\r\nServer: Lensong\r\nConnection: close\r\n"
        b"Cache-Control: no-store\r\nContent-Type: text/plain; charset=utf-8\r\n"
        b"Content-Length: 18\r\n\r\nMountpoint in use\n"
    )
