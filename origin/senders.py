"""Who sends a request, as far as viewings are counted by it.  Sans-I/O.

A client's headers are the same in each of its requests, so this is made once for a block of headers
and remembered with it (``origin.request_line``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple
from urllib.parse import unquote_to_bytes, urlsplit

from origin.connections import client_of

__all__ = ["NOBODY", "Sender", "cmcd_of_query", "sender_of", "viewer_address"]

_CMCD_HEADERS: Final = ("cmcd-object", "cmcd-request", "cmcd-session", "cmcd-status")
_REFUSALS: Final = ("dnt", "sec-gpc")
_OUR_PROBE: Final = "lensong-probe/"
_ON_THIS_HOST: Final = frozenset({"127.0.0.1", "::"})
"""An edge on this host, as ``client_of`` calls it, carries everybody."""

_QUERY_NAME: Final = b"CMCD="


class Sender(NamedTuple):
    """What headers tell; a tuple, since one is made for each new block of them."""

    counts: bool
    """It may be counted: neither wants it not to be, nor is it our own probe."""

    is_page: bool
    """The viewers' page asks, or another of this site: the page reports by itself."""

    agent: str
    """``User-Agent``."""

    forwarded: str
    """``X-Forwarded-For``, as it came."""

    cmcd: str
    """The CMCD headers, joined; empty without any."""


NOBODY: Final = Sender(counts=False, is_page=False, agent="", forwarded="", cmcd="")


def sender_of(headers: Mapping[str, str]) -> Sender:
    """Read who sends.

    Args:
        headers: By lower-case name; of a name that came several times the values, joined.
    """
    agent = headers.get("user-agent", "")
    refuses = any(headers.get(name) == "1" for name in _REFUSALS)
    cmcd = ",".join(headers[name] for name in _CMCD_HEADERS if name in headers)
    return Sender(
        counts=not refuses and not agent.startswith(_OUR_PROBE),
        is_page=_is_page(headers),
        agent=agent,
        forwarded=headers.get("x-forwarded-for", ""),
        cmcd=cmcd,
    )


def _is_page(headers: Mapping[str, str]) -> bool:
    # Player: Safari's own HLS sends the page's Referer and User-Agent; "Sec-Fetch-Site" comes only
    # where there is TLS, or on this host.
    if headers.get("sec-fetch-site") == "same-origin":
        return True
    referer = headers.get("referer", "")
    if not referer:
        return False
    try:
        return urlsplit(referer).netloc == headers.get("host")
    except ValueError:
        return False


def viewer_address(client: str, forwarded: str) -> str:
    """Return whom a request counts for; empty for an edge on this host that does not say.

    Args:
        client: The connection's other end, as ``client_of`` calls it.
        forwarded: ``X-Forwarded-For``, of which an edge's own hand wrote the last one; those
            before it are what the client claims.
    """
    if client not in _ON_THIS_HOST:
        return client
    last = forwarded.rpartition(",")[2].strip()
    return client_of((last,)) if last else ""


def cmcd_of_query(query: bytes) -> str:
    """Return the value of ``CMCD`` in a query, without its percent signs; empty without one."""
    if _QUERY_NAME not in query:
        return ""
    for item in query.split(b"&"):
        if item.startswith(_QUERY_NAME):
            return unquote_to_bytes(item[len(_QUERY_NAME) :]).decode("latin-1")
    return ""
