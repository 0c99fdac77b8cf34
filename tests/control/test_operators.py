"""Who is admitted to the operators' API."""

from __future__ import annotations

import hashlib

import pytest

from control.operators import operator_of

HASHES = {name: hashlib.sha256(f"key of {name}".encode()).digest() for name in ("hoa", "lan")}


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("Bearer key of hoa", "hoa"),
        ("Bearer key of lan", "lan"),
        ("Bearer key of nobody", None),
        ("key of hoa", None),
        ("bearer key of hoa", None),
        ("Bearer ", None),
        ("", None),
        ("Bearer \udcff", None),
    ],
)
def test_a_key_is_its_owners(header: str, name: str | None) -> None:
    assert operator_of(header, HASHES) == name


def test_an_empty_key_is_nobodys_even_if_its_hash_is_configured() -> None:
    assert operator_of("Bearer ", {"hoa": hashlib.sha256(b"").digest()}) is None
