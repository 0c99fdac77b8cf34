"""JSON guides, each item with its line."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from control.faults import FaultError
from control.json_guide import parse_json
from tests.control.reading import codes, read, taken

GUIDE = """{
  "station": {"name": "Đài"},
  "programmes": [
    {"channel": "hytv", "start": "2026-11-23T19:00:00+07:00", "end": 1795437000,
     "title": "Thời sự", "categories": ["Tin"]},
    {"channel": "hytv", "start": "2026-11-23T19:30:00+07:00", "end": "2026-11-23T19:20:00+07:00",
     "title": "Ngược"}
  ],
  "more": [1, 2]
}"""


def test_items_have_their_lines() -> None:
    first, second = parse_json(GUIDE.encode())
    assert (first.line, first.title, first.end, first.categories) == (
        4,
        "Thời sự",
        "@1795437000",
        ("Tin",),
    )
    assert second.line == 6
    assert (6, "end_before_start") in codes(read(GUIDE))


def test_a_bare_list_will_do() -> None:
    text = '[{"channel":"hytv","start":"2026-11-23 19:00 +0700","end":null,"title":"Tin"}]'
    assert taken(read(text)) == [("hytv", "2026-11-23", "Tin")]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[", 1),
        ('[\n{"a": 1}\n,]', 3),
        ("[{}] x", 1),
        ('{"programmes": 1}', 1),
        ('{"a": NaN}', 1),
        ("[1]", 1),
        ('[\n{"title": 5}]', 2),
        ('[{"categories": [1]}]', 1),
        ('{"a" 1}', 1),
        ("{1: 2}", 1),
        ('[{"start": ' + "9" * 6_000 + "}]", 1),
        ("[" * 100_000, 1),
        ('{"a":' * 100_000, 1),
    ],
)
def test_what_is_wrong_is_refused_whole_with_its_line(text: str, line: int) -> None:
    assert codes(read(text)) == [(line, "not_json")]


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists))
def test_any_json_is_read_or_refused(value: object) -> None:
    for text in (json.dumps(value), json.dumps({"programmes": value})):
        with suppress(FaultError):
            parse_json(text.encode())


@given(st.text(alphabet='[]{}",:1a \n\\'))
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(FaultError):
        parse_json(text.encode())
