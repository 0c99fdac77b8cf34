"""Search over the titles of every channel's guide.  Sans-I/O.

All folded titles stand in one text, the newest programme's first, a line each.  A search is one
scan of that text for the query's longest word, which costs the same whatever is asked; only lines
where that is found are looked at further, and not more than :data:`_MAX_LINES` of them.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from functools import lru_cache
from itertools import accumulate
from typing import Final

from core.guide import Programme
from core.text import fold

__all__ = ["MAX_FOUND", "MAX_QUERY", "TitleIndex"]

MAX_FOUND: Final = 50
"""Programmes that one search finds at most."""

MAX_QUERY: Final = 100
"""Characters of a query."""

_MAX_LINES: Final = 5_000
_fold = lru_cache(maxsize=50_000)(fold)  # the news has one title a thousand times


class TitleIndex:
    """The titles of some programmes, made once."""

    __slots__ = ("_items", "_lines", "_starts", "_text")

    def __init__(self, programmes: Iterable[Programme] = ()) -> None:
        """Fold all titles; takes about 1 ms a thousand programmes.

        Args:
            programmes: In any order.
        """
        self._items = sorted(programmes, key=lambda item: (-item.began_s, item.channel, item.id))
        self._lines = [_fold(item.title) for item in self._items]
        self._text = "\n".join(self._lines)
        self._starts = list(accumulate((len(line) + 1 for line in self._lines), initial=0))

    def find(self, query: str) -> list[Programme]:
        """Return the newest programmes whose titles hold every word of ``query``, newest first.

        Case and diacritics make no difference.  A word may be found within a longer one.

        Args:
            query: As somebody typed it, at most :data:`MAX_QUERY` characters.
        """
        words = sorted(set(fold(query).split()), key=len, reverse=True)
        found: list[Programme] = []
        if not words:
            return found
        position = 0
        for _ in range(_MAX_LINES):
            position = self._text.find(words[0], position)
            if position < 0:
                break
            index = bisect_right(self._starts, position) - 1
            if all(word in self._lines[index] for word in words):
                found.append(self._items[index])
                if len(found) == MAX_FOUND:
                    break
            position = self._starts[index + 1]
        return found
