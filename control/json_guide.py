"""JSON to entries, item by item, so that each fault has its line.  Sans-I/O."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final, NoReturn

from control.entries import MAX_ENTRIES, Entry
from control.faults import FaultError, fault

__all__ = ["parse_json"]

_SPACE: Final = re.compile(r"[ \t\r\n]*")
_TEXTS: Final = ("channel", "title", "subtitle", "description", "episode", "series", "image")
_TIMES: Final = ("start", "end")
_LAST_UNIX_S: Final = 32_503_680_000
_MAX_DEPTH: Final = 20

_TOKENS: Final = re.compile(r'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)|[\[{]|[\]}]', re.DOTALL)
"""Strings and brackets.  Possessive, and a string without an end goes to the text's: no step back,
so the time is that of reading once, whatever the text is.
"""


def parse_json(data: bytes) -> list[Entry]:
    """Read a list of programmes, or an object that has one under ``programmes``.

    Raises:
        FaultError: If it is neither.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise FaultError(fault("bad_encoding", line=line)) from error
    _check_depth(text)
    return _Reader(text).read()


def _check_depth(text: str) -> None:
    """Refuse deep nesting before the parser, which calls itself for each level, sees it."""
    depth = 0
    for token in _TOKENS.finditer(text):
        mark = token[0]
        depth += (mark in "[{") - (mark in "]}") if len(mark) == 1 else 0
        if depth > _MAX_DEPTH:
            line = text.count("\n", 0, token.start()) + 1
            raise FaultError(fault("not_json", line=line, detail=f"> {_MAX_DEPTH} [ {{"))


class _Reader:
    """A cursor over the text; only whole values inside a programme are the parser's."""

    def __init__(self, text: str) -> None:
        self._text, self._at = text, 0
        self._decoder = json.JSONDecoder(parse_constant=self._refuse_constant)
        self._counted, self._line = 0, 1

    def _refuse_constant(self, name: str) -> NoReturn:
        self._fail(name)

    def read(self) -> list[Entry]:
        found: list[Entry] | None = None
        if self._next() == "[":
            found = list(self._programmes())
        elif self._next() == "{":
            for key in self._keys():
                if key == "programmes" and self._next() == "[":
                    found = list(self._programmes())
                else:
                    self._value()
        if found is None:
            self._fail('no "programmes"')
        if self._next():
            self._fail("text after the end")
        return found

    def _keys(self) -> Iterator[str]:
        for _ in self._members("}"):
            key = self._value()
            if not isinstance(key, str) or self._next() != ":":
                self._fail("key")
            self._at += 1
            yield key

    def _programmes(self) -> Iterator[Entry]:
        for count in self._members("]"):
            self._next()
            line = self._line_here()
            if count >= MAX_ENTRIES:
                raise FaultError(fault("too_many", line=line, detail=MAX_ENTRIES))
            yield self._entry(self._value(), line)

    def _members(self, end: str) -> Iterator[int]:
        """Stand before each member of the list or object that begins here; end behind it."""
        self._at += 1
        count = 0
        if self._next() == end:
            self._at += 1
            return
        while True:
            yield count
            count += 1
            mark = self._next()
            self._at += 1
            if mark == end:
                return
            if mark != ",":
                self._at -= 1
                self._fail(f"',' or '{end}' expected")

    def _entry(self, item: Any, line: int) -> Entry:
        if not isinstance(item, dict):
            self._fail("a programme is an object")
        texts = {name: self._one_text(item, name) for name in (*_TEXTS, *_TIMES)}
        categories = item.get("categories") or []
        if isinstance(categories, str):
            categories = [categories]
        if not isinstance(categories, list) or not all(isinstance(c, str) for c in categories):
            self._fail('"categories"')
        return Entry(line=line, categories=tuple(categories), **texts)

    def _one_text(self, item: dict[str, Any], name: str) -> str:
        value = item.get(name)
        if value is None:
            return ""
        if name in _TIMES and isinstance(value, int) and not isinstance(value, bool):
            return f"@{value}" if 0 <= value < _LAST_UNIX_S else f"{value:.3g}"
        if not isinstance(value, str):
            self._fail(f'"{name}"')
        return value

    def _next(self) -> str:
        """Skip white space; return the character that follows, empty at the end."""
        match = _SPACE.match(self._text, self._at)
        self._at = self._at if match is None else match.end()
        return self._text[self._at : self._at + 1]

    def _value(self) -> Any:
        self._next()
        try:
            value, self._at = self._decoder.raw_decode(self._text, self._at)
        except json.JSONDecodeError as error:
            self._at = min(error.pos, len(self._text))
            self._fail(error.msg)
        except (ValueError, RecursionError):  # a number of thousands of digits
            self._fail("number")
        return value

    def _line_here(self) -> int:
        self._line += self._text.count("\n", self._counted, self._at)
        self._counted = self._at
        return self._line

    def _fail(self, detail: str) -> NoReturn:
        line = self._text.count("\n", 0, self._at) + 1
        raise FaultError(fault("not_json", line=line, detail=detail))
