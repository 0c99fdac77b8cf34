"""origin.prepared: responses made once, and playlists that requests wait for."""

from __future__ import annotations

import pytest

from core.timeline import PartAddress
from origin.prepared import (
    Hold,
    PlaylistBytes,
    ResponseTable,
    accepts_brotli,
    accepts_gzip,
    date_line,
    prepare,
    render_head,
)

PATH = b"/ll/hytv/720p/index.m3u8"
FULL = PlaylistBytes(b"full", b"FULL")
DELTA = PlaylistBytes(b"delta", b"DELTA")


def test_a_head_is_written_out() -> None:
    """Order and spelling are what the aiohttp path writes too."""
    assert render_head(200, "video/mp4", 3, "max-age=60", (("Vary", "Accept-Encoding"),)) == (
        b"HTTP/1.1 200 OK\r\n"
        b"Content-Type: video/mp4\r\n"
        b"Content-Length: 3\r\n"
        b"Cache-Control: max-age=60\r\n"
        b"Vary: Accept-Encoding\r\n"
        b"Access-Control-Allow-Origin: *\r\n"
        b"Access-Control-Expose-Headers: Age, Date, Content-Length, Content-Range, CMSD-Static,"
        b" CMSD-Dynamic\r\n"
        b"X-Content-Type-Options: nosniff\r\n"
        b"Server: Lensong\r\n"
    )


def test_the_date_ends_the_head() -> None:
    """RFC 9110's form of a date, then the blank line."""
    assert date_line(784_111_777) == b"Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n"


def test_a_body_of_parts_is_not_joined() -> None:
    """A segment is its parts, one after the other."""
    parts = (b"one", memoryview(b"two"))
    prepared = prepare(
        parts, content_type="video/mp4", cache_control="x", handler="segment", channel="hytv"
    )
    assert prepared.body is parts
    assert prepared.length == 6


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", False),
        ("gzip", True),
        ("gzip, deflate, br", True),
        ("br;q=1.0, GZIP;q=0.5", True),
        ("gzip;q=0", False),
        ("gzip; q=0.000", False),
        ("*", True),
        ("*;q=0", False),
        ("gzip;q=0, *", False),
        ("identity", False),
        ("x-gzip", True),
    ],
)
def test_accepts_gzip(header: str, *, expected: bool) -> None:
    """Each row is one rule of RFC 9110, 12.5.3."""
    assert accepts_gzip(header) is expected


@pytest.mark.parametrize(
    ("header", "expected"),
    [("gzip, deflate, br", True), ("BR;q=0.5", True), ("br;q=0", False), ("*", False), ("", False)],
)
def test_accepts_brotli(header: str, *, expected: bool) -> None:
    assert accepts_brotli(header) is expected


def test_a_table_gives_what_was_put() -> None:
    """Gzip is given where it is accepted and there is one."""
    table = ResponseTable(max_held=1)
    plain, packed = (
        prepare(body, content_type="x", cache_control="x", handler="part", channel="c")
        for body in (b"plain", b"packed")
    )
    table.put(b"/a", plain, packed)
    table.put(b"/b", plain)
    assert table.get(b"/a", gzip=True) is packed
    assert table.get(b"/a", gzip=False) is plain
    assert table.get(b"/b", gzip=True) is plain
    table.remove(b"/a")
    assert table.get(b"/a", gzip=True) is None


def test_a_playlist_is_not_there_before_it_is_published() -> None:
    """A rendition without a part yet is no empty playlist."""
    table = ResponseTable(max_held=1)
    playlist = table.add_playlist(PATH, "hytv")
    assert table.playlist(PATH) is None
    playlist.publish(PartAddress(100, 0), FULL, None, stored_ns=0)
    assert table.playlist(PATH) is playlist
    assert table.add_playlist(PATH, "hytv") is playlist


def test_the_form_of_a_playlist() -> None:
    """Delta, compression and cache life follow the request."""
    playlist = ResponseTable(max_held=1).add_playlist(PATH, "hytv")
    playlist.publish(PartAddress(100, 0), FULL, DELTA, stored_ns=0)
    assert playlist.choose(blocking=False, skip=False, gzip=False).body == (b"full",)
    delta = playlist.choose(blocking=True, skip=True, gzip=True)
    assert delta.body == (b"DELTA",)
    assert ("Content-Encoding", "gzip") in delta.headers
    assert ("Vary", "Accept-Encoding") in delta.headers
    assert ("Cache-Control", "max-age=24") in delta.headers
    plain = playlist.choose(blocking=False, skip=True, gzip=False)
    assert ("Cache-Control", "max-age=2") in plain.headers
    assert plain.body == (b"delta",)


def test_a_part_releases_those_who_wait_for_it_or_less() -> None:
    """Later ones wait on; each is told once, with the moment of storing."""
    table = ResponseTable(max_held=10)
    playlist = table.add_playlist(PATH, "hytv")
    playlist.publish(PartAddress(100, 0), FULL, None, stored_ns=0)
    told: list[tuple[str, int]] = []
    for name, address in (
        ("next", PartAddress(100, 1)),
        ("after", PartAddress(100, 2)),
        ("segment", PartAddress(101, 5)),
    ):
        hold = Hold(address, lambda stored, name=name: told.append((name, stored)))  # type: ignore[misc]
        assert table.hold(playlist, hold)
    assert (table.held, table.held_total) == ({"hytv": 3}, 3)

    playlist.publish(PartAddress(100, 2), FULL, None, stored_ns=7)

    assert told == [("next", 7), ("after", 7)]
    assert (table.held, table.held_total) == ({"hytv": 1}, 1)
    assert [hold.wanted for hold in playlist.holds()] == [PartAddress(101, 5)]


def test_no_more_wait_than_may() -> None:
    """The limit counts over all playlists, and a place is free again at once."""
    table = ResponseTable(max_held=1)
    playlist = table.add_playlist(PATH, "hytv")
    first = Hold(PartAddress(100, 1), lambda _: None)
    second = Hold(PartAddress(100, 1), lambda _: None)
    assert table.hold(playlist, first)
    assert not table.hold(playlist, second)
    table.release(first)
    table.release(first)
    assert table.hold(playlist, second)
    assert table.held_total == 1
