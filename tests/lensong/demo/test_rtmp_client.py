"""The studio's RTMP: a transcript of one publication, and refusals."""

from __future__ import annotations

import contextlib
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import FormatError, RefusedError
from lensong.demo.rtmp_client import RtmpClient, decode_amf0, encode_amf0

HANDSHAKE = b"\x03" + bytes(1536) + bytes(1536)

VALUES = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.dictionaries(st.text(min_size=1, max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(st.lists(VALUES, max_size=4))
def test_amf0_is_read_as_it_was_written(values: list[Any]) -> None:
    assert decode_amf0(b"".join(map(encode_amf0, values))) == values


@given(st.binary(max_size=60))
def test_amf0_of_strangers_is_read_or_refused(data: bytes) -> None:
    with contextlib.suppress(FormatError):
        decode_amf0(data)


def command(*values: Any) -> bytes:
    """Write a server's command as one chunk of at most 128 bytes a piece."""
    payload = b"".join(map(encode_amf0, values))
    out = b"\x03" + bytes(3) + len(payload).to_bytes(3, "big") + b"\x14" + bytes(4)
    pieces = [payload[at : at + 128] for at in range(0, len(payload), 128)]
    return out + b"\xc3".join(pieces)


def client() -> RtmpClient:
    return RtmpClient(
        app="hytv", url="rtmp://h:1935/hytv", stream_key="studio.KEY", nonce=bytes(1528)
    )


def started() -> RtmpClient:
    one = client()
    one.receive(HANDSHAKE)
    one.receive(command("_result", 1, {}, {"code": "NetConnection.Connect.Success"}))
    one.receive(command("_result", 4, None, 7.0))
    one.receive(command("onStatus", 0, None, {"code": "NetStream.Publish.Start"}))
    return one


@given(st.integers(1, 400))
def test_publishes_after_the_servers_four_answers_in_any_pieces(step: int) -> None:
    one = client()
    assert one.start()[:1] == b"\x03"
    answers = (
        HANDSHAKE
        + command("_result", 1, {}, {"code": "NetConnection.Connect.Success"})
        + command("onBWDone", 0, None)
        + command("_error", 2, None, {"code": "NetConnection.Call.Failed"})
        + command("_result", 4, None, 7.0)
        + command("onStatus", 0, None, {"level": "status", "code": "NetStream.Publish.Start"})
    )
    said = b""
    for at in range(0, len(answers), step):
        said += one.receive(answers[at : at + step])
    assert one.publishing
    names = [b"connect", b"releaseStream", b"FCPublish", b"createStream", b"publish"]
    places = [said.index(name) for name in names]
    assert places == sorted(places)
    assert said.count(b"studio.KEY") == 3


def test_a_tag_becomes_one_message_on_the_publications_stream() -> None:
    message = started().tag(9, 0x0200_0001, b"picture")
    assert message[:12] == b"\x06\xff\xff\xff\x00\x00\x07\x09\x07\x00\x00\x00"
    assert message[12:] == struct.pack(">I", 0x0200_0001) + b"picture"


def test_a_long_message_is_cut_into_chunks() -> None:
    message = started().tag(9, 40, bytes(130_000))
    assert len(message) == 12 + 130_000 + 2
    assert message[12 + 60_000] == 0xC6


def test_metadata_are_stored_under_their_name() -> None:
    assert b"@setDataFrame" in started().tag(18, 0, encode_amf0("onMetaData"))


def test_a_ping_is_answered() -> None:
    ping = b"\x02" + bytes(3) + b"\x00\x00\x06\x04" + bytes(4) + b"\x00\x06\x00\x00\x00\x09"
    assert started().receive(ping)[-6:] == b"\x00\x07\x00\x00\x00\x09"


def test_a_refusal_is_told_in_the_servers_words() -> None:
    one = client()
    one.receive(HANDSHAKE)
    refusal = {"level": "error", "code": "NetConnection.Connect.Rejected", "description": "no"}
    with pytest.raises(RefusedError, match="the server refuses: no"):
        one.receive(command("_error", 1, None, refusal))


def test_a_server_that_sends_nonsense_is_left() -> None:
    one = client()
    one.receive(HANDSHAKE)
    with pytest.raises(FormatError):
        one.receive(b"\x03" + bytes(3) + b"\xff\xff\xff\x14" + bytes(4))
