"""Rights as operators write them."""

from __future__ import annotations

import pytest

from control.rights import Rights, parse_rights
from core.errors import RefusedError


@pytest.mark.parametrize(
    ("text", "rights"),
    [
        ("live-only", Rights("live-only", 0, blackout=False)),
        (" Catch-Up  7 ", Rights("catch-up 7", 7, blackout=False)),
        ("catch-up:7", Rights("catch-up 7", 7, blackout=False)),
        ("catch-up 0", Rights("live-only", 0, blackout=False)),
        ("blackout", Rights("blackout", None, blackout=True)),
        ("open", Rights("open", None, blackout=False)),
        ("default", None),
    ],
)
def test_every_right_is_read(text: str, rights: Rights | None) -> None:
    assert parse_rights(text) == rights
    if rights is not None:
        assert parse_rights(rights.name) == rights


@pytest.mark.parametrize("text", ["", "catch-up", "catch-up -1", "catch-up 99999", "closed"])
def test_what_is_no_right_is_refused(text: str) -> None:
    with pytest.raises(RefusedError, match="choose: live-only"):
        parse_rights(text)
