"""Text that people wrote: made harmless to show, and folded for searching.  Sans-I/O."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

__all__ = ["clean_line", "clean_text", "fold"]

# Control characters but tab and line ends; characters that turn the direction of what follows or
# have no width (a joiner stays: families of emoji need it); halves of surrogate pairs and
# non-characters, which neither UTF-8 nor XML can hold.
_HIDDEN: Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\u061c\u200b\u200e\u200f\u202a-\u202e"
    "\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]"
)
_LINE_ENDS: Final = re.compile("\r\n?|[\x85\u2028\u2029]")


def clean_text(text: str, limit: int) -> str:
    """Return ``text`` in NFC, without hidden characters, its line ends line feeds.

    Args:
        text: Whatever somebody sent.
        limit: How many characters are kept.
    """
    if text.isprintable() and len(text) <= limit and unicodedata.is_normalized("NFC", text):
        return text.strip()  # nearly every text; nothing that is hidden is printable
    # Cut before as well: work on a hundred megabytes would be work for nothing.
    shown = _HIDDEN.sub("", _LINE_ENDS.sub("\n", text[: 4 * limit]))
    return unicodedata.normalize("NFC", shown).strip()[:limit].rstrip()


def clean_line(text: str, limit: int) -> str:
    """Return ``text`` as :func:`clean_text` does, in one line with single spaces."""
    if not text:
        return text
    return " ".join(clean_text(text, 2 * limit).split())[:limit].rstrip()


def fold(text: str) -> str:
    """Return what two spellings of one Vietnamese phrase share: ``Đồng Tháp`` is ``dong thap``.

    No letter case, no diacritics, no difference of composed and decomposed, single spaces.
    """
    # "đ" is a letter of its own to Unicode, not a d with a mark; "ð" is what some type for it.
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    kept = "".join(sign for sign in plain if not unicodedata.combining(sign))
    return " ".join(kept.replace("đ", "d").replace("ð", "d").split())
