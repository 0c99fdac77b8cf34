"""origin.senders: who sends a request, as far as viewings are counted by it."""

from __future__ import annotations

import pytest

from origin.senders import cmcd_of_query, sender_of, viewer_address


@pytest.mark.parametrize(
    ("headers", "counts"),
    [
        ({"user-agent": "VLC/3.0.18 LibVLC/3.0.18"}, True),
        ({}, True),
        ({"dnt": "0", "sec-gpc": "0"}, True),
        ({"dnt": "1"}, False),
        ({"sec-gpc": "1"}, False),
        ({"user-agent": "lensong-probe/1.2"}, False),
    ],
)
def test_who_does_not_want_to_be_counted_is_not(headers: dict[str, str], *, counts: bool) -> None:
    assert sender_of(headers).counts is counts


@pytest.mark.parametrize(
    ("headers", "is_page"),
    [
        ({"sec-fetch-site": "same-origin"}, True),
        ({"sec-fetch-site": "cross-site", "host": "live.vn"}, False),
        ({"host": "live.vn", "referer": "https://live.vn/xem/hytv"}, True),
        ({"host": "live.vn:8080", "referer": "http://live.vn:8080/tv"}, True),
        ({"host": "live.vn", "referer": "https://other.vn/live.vn"}, False),
        ({"host": "live.vn", "referer": "https://[live.vn"}, False),
        ({"host": "live.vn"}, False),
        ({}, False),
    ],
)
def test_the_viewers_page_is_known_by_where_it_asks_from(
    headers: dict[str, str], *, is_page: bool
) -> None:
    assert sender_of(headers).is_page is is_page


def test_the_headers_of_cmcd_are_one_text() -> None:
    headers = {"cmcd-session": 'sid="a"', "cmcd-object": "br=5", "cmcd-other": "no", "accept": "*"}
    assert sender_of(headers).cmcd == 'br=5,sid="a"'


@pytest.mark.parametrize(
    ("client", "forwarded", "address"),
    [
        ("203.0.113.5", "198.51.100.7", "203.0.113.5"),  # a claim of somebody else's
        ("127.0.0.1", "1.1.1.1, 198.51.100.7", "198.51.100.7"),
        ("::", "2001:db8::5", "2001:db8::"),
        ("127.0.0.1", "", ""),
        ("127.0.0.1", "nonsense", ""),
    ],
)
def test_an_edge_on_this_host_says_for_whom_it_asks(
    client: str, forwarded: str, address: str
) -> None:
    assert viewer_address(client, forwarded) == address


@pytest.mark.parametrize(
    ("query", "text"),
    [
        (b"CMCD=bl%3D2100%2Csid%3D%22a%22", 'bl=2100,sid="a"'),
        (b"_HLS_msn=5&CMCD=su&x=1", "su"),
        (b"cmcd=su", ""),
        (b"XCMCD=su", ""),
        (b"CMCD=", ""),
        (b"CMCD=%ff%zz%", "\xff%zz%"),
        (b"", ""),
    ],
)
def test_reads_the_query_s_member(query: bytes, text: str) -> None:
    assert cmcd_of_query(query) == text
