"""The conversation with a publisher, read as a transcript."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import FormatError
from ingest.amf import decode_amf0, encode_amf0
from ingest.rtmp_chunks import Message
from ingest.rtmp_session import (
    MediaReceived,
    PublishEnded,
    PublishRequested,
    RtmpEvent,
    RtmpSession,
)
from tests.ingest.publisher import Publisher, digest_hello, key_frame, sound

NONCE = bytes(range(256)) * 12


def events(rtmp: RtmpSession, data: bytes, *, accept: bool = True) -> list[RtmpEvent]:
    found: list[RtmpEvent] = []
    rtmp.receive_bytes(data)
    while (event := rtmp.next_event()) is not None:
        found.append(event)
        if accept and isinstance(event, PublishRequested):
            rtmp.accept()
    return found


def opened(name: str = "studio.key") -> tuple[RtmpSession, Publisher]:
    rtmp, client = RtmpSession(NONCE), Publisher()
    assert events(rtmp, client.hello()) == []
    assert rtmp.data_to_send() == b"\x03" + bytes(8) + NONCE[8:1536] + client.hello()[1:]
    asked = events(rtmp, client.echo() + client.opening("hytv", name))
    assert asked == [PublishRequested("hytv", name)]
    return rtmp, client


def answers(rtmp: RtmpSession, client: Publisher) -> list[Message]:
    client.reader.receive(rtmp.data_to_send())
    found: list[Message] = []
    while (message := client.reader.next_message()) is not None:
        found.append(message)
    return found


def commands(messages: list[Message]) -> list[list[Any]]:
    return [decode_amf0(message.payload) for message in messages if message.type_id == 20]


def test_a_publisher_is_led_from_connect_to_publish() -> None:
    rtmp, client = opened()
    got = answers(rtmp, client)
    assert [m.payload for m in got if m.type_id == 5] == [(2_500_000).to_bytes(4, "big")]
    said = commands(got)
    assert said[0][3]["code"] == "NetConnection.Connect.Success"
    assert said[0][3]["fourCcList"] == ["avc1", "hvc1", "av01", "mp4a", "Opus"]
    assert said[1:4] == [
        ["_result", 2.0, None, None],
        ["_result", 3.0, None, None],
        ["_result", 4.0, None, 1.0],
    ]
    assert said[4][3]["code"] == "NetStream.Publish.Start"
    assert events(rtmp, client.message(9, 40, key_frame()) + client.message(8, 41, sound())) == [
        MediaReceived("video", 40, key_frame()),
        MediaReceived("audio", 41, sound()),
    ]
    assert events(rtmp, client.command("FCUnpublish", 6.0, None, "studio.key")) == [PublishEnded()]
    assert rtmp.closed


def test_a_refusal_is_said_in_rtmps_words() -> None:
    rtmp, client = RtmpSession(NONCE), Publisher()
    events(rtmp, client.hello())
    rtmp.data_to_send()
    events(rtmp, client.echo() + client.opening("hytv", "x"), accept=False)
    rtmp.refuse("NetStream.Publish.BadName", "already publishing")
    status = commands(answers(rtmp, client))[-1]
    assert status[0] == "onStatus"
    assert status[3]["level"] == "error"
    assert status[3]["code"] == "NetStream.Publish.BadName"
    assert rtmp.closed


@pytest.mark.parametrize("schema", [(8, 12), (772, 776)])
def test_a_client_that_wants_digests_gets_proof(schema: tuple[int, int]) -> None:
    rtmp = RtmpSession(NONCE)
    hello = digest_hello(schema)
    rtmp.receive_bytes(hello)
    answer = rtmp.data_to_send()
    assert len(answer) == 1 + 2 * 1536
    s1, s2 = answer[1:1537], answer[1537:]
    key = b"Genuine Adobe Flash Media Server 001"
    at = sum(s1[schema[0] : schema[0] + 4]) % 728 + schema[1]
    unsigned = s1[:at] + s1[at + 32 :]
    assert s1[at : at + 32] == hmac.digest(key, unsigned, hashlib.sha256)
    place = sum(hello[1 + schema[0] : 5 + schema[0]]) % 728 + schema[1] + 1
    tail = bytes.fromhex("f0eec24a8068bee82e00d0d1029e7e576eec5d2d29806fab93b8e636cfeb31ae")
    proof_key = hmac.digest(key + tail, hello[place : place + 32], hashlib.sha256)
    assert s2[-32:] == hmac.digest(proof_key, s2[:-32], hashlib.sha256)


@given(st.lists(st.integers(1, 6_000), max_size=30))
def test_the_conversation_is_the_same_under_any_split(cuts: list[int]) -> None:
    client = Publisher()
    data = client.hello() + client.echo() + client.opening("hytv", "studio.key")
    for number in range(10):
        data += client.message(9, 40 * number, key_frame(bytes(200)))
    rtmp = RtmpSession(NONCE)
    edges = [0, *sorted(cut for cut in cuts if cut < len(data)), len(data)]
    found: list[RtmpEvent] = []
    for start, end in itertools.pairwise(edges):
        found += events(rtmp, data[start:end])
    assert found == [
        PublishRequested("hytv", "studio.key"),
        *(MediaReceived("video", 40 * number, key_frame(bytes(200))) for number in range(10)),
    ]


def test_an_aggregate_message_is_split_and_its_times_are_moved() -> None:
    rtmp, client = opened()
    tags = b""
    for type_id, stamp, body in ((9, 1_000, key_frame()), (8, 1_020, sound())):
        tags += bytes([type_id]) + len(body).to_bytes(3, "big") + stamp.to_bytes(3, "big")
        tags += bytes(4) + body + (11 + len(body)).to_bytes(4, "big")
    assert events(rtmp, client.message(22, 5_000, tags)) == [
        MediaReceived("video", 5_000, key_frame()),
        MediaReceived("audio", 5_020, sound()),
    ]
    with pytest.raises(FormatError):
        events(rtmp, client.message(22, 5_000, tags[:-5]))


def test_data_comes_with_or_without_amf3s_first_byte() -> None:
    rtmp, client = opened()
    data = encode_amf0("@setDataFrame", "onMetaData", {"width": 1280.0})
    assert events(rtmp, client.message(18, 0, data)) == [MediaReceived("data", 0, data)]
    assert events(rtmp, client.message(15, 0, b"\x00" + data)) == [MediaReceived("data", 0, data)]


def test_pings_are_answered_and_bytes_are_acknowledged() -> None:
    rtmp, client = opened()
    answers(rtmp, client)
    events(rtmp, client.message(5, 0, (20_000).to_bytes(4, "big")))
    events(rtmp, client.message(4, 0, b"\x00\x06\x00\x00\x00\x2a"))
    got = answers(rtmp, client)
    assert [m.payload for m in got if m.type_id == 4] == [b"\x00\x07\x00\x00\x00\x2a"]
    events(rtmp, client.message(9, 0, key_frame(bytes(30_000))))
    acknowledged = [m for m in answers(rtmp, client) if m.type_id == 3]
    assert len(acknowledged) == 1
    assert int.from_bytes(acknowledged[0].payload, "big") > 30_000


def test_media_before_publish_is_thrown_away() -> None:
    rtmp, client = RtmpSession(NONCE), Publisher()
    found = events(rtmp, client.hello() + client.echo() + client.message(9, 0, key_frame()))
    assert found == []


def test_a_stranger_may_send_only_small_messages() -> None:
    rtmp, client = RtmpSession(NONCE), Publisher()
    with pytest.raises(FormatError):
        events(rtmp, client.hello() + client.echo() + client.message(9, 0, bytes(17_000)))


@pytest.mark.parametrize(
    "command",
    [
        ("publish", 5.0, None, "x" * 10_000, "live"),
        ("publish", 5.0, None),
        ("publish", 5.0, None, 7.0),
        ("connect", "one"),
        ("connect", 1.0, {"app": "x" * 1_000}),
        (),
    ],
)
def test_commands_out_of_shape_are_refused(command: tuple[Any, ...]) -> None:
    rtmp, client = RtmpSession(NONCE), Publisher()
    payload = encode_amf0(*command)
    with pytest.raises(FormatError):
        events(rtmp, client.hello() + client.echo() + client.message(20, 0, payload))


@pytest.mark.parametrize("name", ["../../etc", "a'b\"c", "$(reboot);`x`", "studio.k\x00", "\u202e"])
def test_a_name_is_only_a_text(name: str) -> None:
    rtmp, client = RtmpSession(NONCE), Publisher()
    found = events(rtmp, client.hello() + client.echo() + client.opening("hytv", name))
    assert found == [PublishRequested("hytv", name)]


def test_who_asks_to_play_is_refused() -> None:
    rtmp, client = RtmpSession(NONCE), Publisher()
    events(rtmp, client.hello() + client.echo() + client.command("play", 5.0, None, "x"))
    assert rtmp.closed
    assert b"NetStream.Play.Failed" in rtmp.data_to_send()


def test_streams_without_end_are_refused() -> None:
    rtmp, client = RtmpSession(NONCE), Publisher()
    flood = b"".join(client.command("createStream", float(n), None) for n in range(20))
    with pytest.raises(FormatError):
        events(rtmp, client.hello() + client.echo() + flood)


def test_another_protocol_is_not_answered() -> None:
    rtmp = RtmpSession(NONCE)
    with pytest.raises(FormatError):
        rtmp.receive_bytes(b"GET / HTTP/1.1\r\n" + bytes(1600))
    assert rtmp.data_to_send() == b""


@given(st.binary(max_size=600))
def test_no_bytes_make_it_fail_otherwise(data: bytes) -> None:
    rtmp, client = RtmpSession(NONCE), Publisher()
    rtmp.receive_bytes(client.hello() + client.echo())
    with contextlib.suppress(FormatError):
        events(rtmp, data)
