"""origin.documents: validators, and what a client that has the document is told."""

from __future__ import annotations

import gzip

import pytest

from origin.documents import document, json_document, kept_for, still_has
from origin.prepared import Prepared, Resource, not_modified

TEXT = "Hưng Yên ".encode() * 100


def made(**more: object) -> Resource:
    values = {"content_type": "text/plain", "cache_control": kept_for(60)}
    return document(TEXT, **values | more)  # type: ignore[arg-type]


def headers(prepared: Prepared) -> dict[str, str]:
    return dict(prepared.headers)


def test_each_form_has_a_validator_of_its_own() -> None:
    both = made()
    assert both.gzip is not None
    assert gzip.decompress(b"".join(both.gzip.body)) == TEXT == b"".join(both.identity.body)
    plain, packed = headers(both.identity), headers(both.gzip)
    assert plain["ETag"] != packed["ETag"]
    assert plain["ETag"] == headers(made().identity)["ETag"]  # as every other origin's
    assert plain["Vary"] == packed["Vary"] == "Accept-Encoding"
    assert plain["Cache-Control"] == "max-age=60, s-maxage=60"
    assert packed["Content-Encoding"] == "gzip"


def test_a_document_in_one_form() -> None:
    alone = made(packed=False)
    assert alone.gzip is None
    assert "Vary" not in headers(alone.identity)
    assert headers(made(vary=("Host",)).identity)["Vary"] == "Host, Accept-Encoding"


@pytest.mark.parametrize(
    ("sent", "has"),
    [
        ("{tag}", True),
        ("W/{tag}", True),
        ('"x", {tag}', True),
        ("*", True),
        ("", False),
        ('"x"', False),
        ("tag", False),
        ('"', False),
    ],
)
def test_what_the_client_has(sent: str, has: bool) -> None:  # noqa: FBT001
    prepared = made().identity
    assert still_has(prepared, sent.format(tag=headers(prepared)["ETag"])) is has


def test_a_304_tells_how_long_and_says_nothing_of_a_content() -> None:
    whole = json_document({"a": "ă"}, cache_control="max-age=5").identity
    short = not_modified(whole)
    assert short.status == 304
    assert short.head.startswith(b"HTTP/1.1 304 Not Modified\r\n")
    assert (short.length, short.body) == (0, ())
    kept = {"ETag", "Vary", "Cache-Control", "Access-Control-Allow-Origin"}
    assert kept <= headers(short).keys()
    assert not {"Content-Type", "Content-Length"} & headers(short).keys()
