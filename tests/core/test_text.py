"""core.text: what people wrote."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.text import clean_line, clean_text, fold


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Đồng Tháp Mười", "dong thap muoi"),
        (unicodedata.normalize("NFD", "Đồng Tháp Mười"), "dong thap muoi"),
        ("  THỜI   SỰ\n19h ", "thoi su 19h"),
        ("Ước mơ, ưỡn ẹo", "uoc mo, uon eo"),
        ("\u0300", ""),
        ("Straße", "strasse"),
    ],
)
def test_folds(text: str, folded: str) -> None:
    assert fold(text) == folded


@given(st.text())
def test_spellings_of_one_text_fold_to_one(text: str) -> None:
    assert fold(unicodedata.normalize("NFC", text)) == fold(unicodedata.normalize("NFD", text))


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("Bản tin\r\n#EXTM3U", "Bản tin #EXTM3U"),
        ("a\u202egnp.exe", "agnp.exe"),
        ("a\u2028b\x85c", "a b c"),
        ("a\x00\x1b[31m\x9bb", "a[31mb"),
        ("\ud800a\ufffe", "a"),
        (
            "\U0001f468\u200d\U0001f469\u200d\U0001f467",
            "\U0001f468\u200d\U0001f469\u200d\U0001f467",
        ),
        (unicodedata.normalize("NFD", "Hưng Yên"), "Hưng Yên"),
    ],
)
def test_cleans_a_line(text: str, line: str) -> None:
    assert clean_line(text, 100) == line


def test_a_text_keeps_its_lines() -> None:
    assert clean_text("một\r\nhai\rba\n", 100) == "một\nhai\nba"


@given(st.text(st.characters()), st.integers(1, 50))
def test_what_is_cleaned_stays_as_it_is(text: str, limit: int) -> None:
    for clean in (clean_line, clean_text):
        once = clean(text, limit)
        assert len(once) <= limit
        once.encode()
        assert clean(once, limit) == once
