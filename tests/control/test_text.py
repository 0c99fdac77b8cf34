"""Text from outside: composed, visible, bounded."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from control.text import clean, fold, slug_of


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("Thời sự", "Thời sự"),
        (unicodedata.normalize("NFD", "Thời sự tối"), "Thời sự tối"),
        ("  hai \t từ \n xuống dòng ", "hai từ xuống dòng"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("xin\u202echào\u202c", "xinchào"),  # the order of letters is not a file's to turn
        ("a\u200bb\ufeffc\u2060d", "abcd"),
        ("\x00\x07\x1b[31mđỏ", "[31mđỏ"),
        ("\u3164\u2800\u034f", ""),
        ("a" + "\u0301" * 50, "á\u0301\u0301\u0301"),
    ],
)
def test_a_title_is_one_line_of_what_can_be_seen(text: str, cleaned: str) -> None:
    assert clean(text, limit=200).text == cleaned


def test_what_was_done_is_told() -> None:
    assert clean("bình thường", limit=200).removed is False
    assert clean("ẩn\u200b", limit=200).removed is True
    assert clean("x" * 200, limit=200).cut is False
    found = clean("x" * 10_000, limit=200)
    assert (len(found.text), found.cut) == (200, True)


def test_a_description_keeps_its_lines() -> None:
    assert clean("một\r\n\r\n\r\n\r\nhai \n ba", limit=100, lines=True).text == "một\n\nhai\nba"


@given(st.text())
def test_cleaned_text_stays_as_it_is(text: str) -> None:
    once = clean(text, limit=50, lines=True).text
    assert clean(once, limit=50, lines=True).text == once
    assert unicodedata.is_normalized("NFC", once)
    assert len(once) <= 50


def test_folding_takes_diacritics_and_case() -> None:
    assert fold("Đất và Người — THỜI SỰ!") == "dat va nguoi thoi su"


@pytest.mark.parametrize(
    ("text", "limit", "slug"),
    [
        ("Thời sự Hưng Yên", 30, "thoi-su-hung-yen"),
        ("Thời sự Hưng Yên", 12, "thoi-su-hung"),
        ("Nghiêngngả", 4, "nghi"),
        ("../../etc/passwd", 30, "etc-passwd"),
        ("🎬", 30, ""),
    ],
)
def test_slugs_are_cut_between_words(text: str, limit: int, slug: str) -> None:
    assert slug_of(text, limit=limit) == slug
