"""Text that came from outside: composed, printable, bounded; and its folded form.  Sans-I/O."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

from core.text import fold as fold_text

__all__ = ["Cleaned", "clean", "fold", "slug_of"]

_INVISIBLE: Final = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
"""Letters and marks by category that nobody can see."""

_SPACES: Final = re.compile(r"[^\S\n]+")
_LINES: Final = re.compile(r" ?\n ?")
_EMPTY_LINES: Final = re.compile(r"\n{3,}")
_MAX_MARKS: Final = 4
"""Marks upon one letter; Vietnamese needs two, and piles of them cover the lines around."""


@dataclass(frozen=True, slots=True)
class Cleaned:
    """A text, and what had to be done to it."""

    text: str
    removed: bool
    """Control, bidirectional or invisible characters were taken out."""

    cut: bool
    """It was longer than the limit."""


def clean(text: str, *, limit: int, lines: bool = False) -> Cleaned:
    """Return ``text`` in NFC without what cannot be seen, at most ``limit`` characters long.

    Args:
        text: As it came.
        limit: Most characters that are kept.
        lines: Keep line breaks; otherwise they become spaces.
    """
    # Bounded before anything is done with it; decomposed text is at most four times as long.
    is_cut = len(text) > 4 * limit
    kept: list[str] = []
    removed = False
    marks = 0
    for character in text[: 4 * limit].replace("\r\n", "\n").replace("\r", "\n"):
        category = unicodedata.category(character)
        marks = marks + 1 if category == "Mn" else 0
        if character in "\n\t\u2028\u2029\x85":
            kept.append(" " if character == "\t" or not lines else "\n")
        elif category in {"Cc", "Cf", "Cs", "Cn"} or character in _INVISIBLE or marks > _MAX_MARKS:
            removed = True
        else:
            kept.append(character)
    found = _SPACES.sub(" ", unicodedata.normalize("NFC", "".join(kept)))
    found = _EMPTY_LINES.sub("\n\n", _LINES.sub("\n", found)).strip()
    is_cut = is_cut or len(found) > limit
    return Cleaned(found[:limit].rstrip(), removed, is_cut)


def fold(text: str) -> str:
    """Return ``text`` without diacritics, case and punctuation: ``Thời sự!`` is ``thoi su``."""
    return " ".join(re.split(r"[\W_]+", fold_text(text))).strip()


def slug_of(text: str, *, limit: int) -> str:
    """Return ``text`` as ``[a-z0-9-]``, at most ``limit`` characters, cut between words."""
    words = re.findall(r"[a-z0-9]+", fold(text))
    slug = ""
    for word in words:
        longer = f"{slug}-{word}" if slug else word[:limit]
        if len(longer) > limit:
            break
        slug = longer
    return slug
