"""core.clip_settings: what a settings file may say of clips and podcasts."""

from __future__ import annotations

import pytest

from core.config import parse_settings
from core.errors import ConfigError

STATION = """
[station]
name = "Hưng Yên"
[[channels]]
slug = "hyfm"
name = "Phát thanh"
kind = "radio"
"""
PODCAST = '[[podcasts]]\nseries = "nha-nong"\ntitle = "Nhà nông"\ndescription = "Lúa"\n'


def test_a_podcast_needs_little() -> None:
    (podcast,) = parse_settings(STATION + PODCAST, name="test").podcasts
    assert (podcast.author, podcast.email, podcast.image, podcast.keep_episodes) == (
        "",
        "",
        "",
        100,
    )


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (PODCAST + PODCAST, "two podcasts are of the series nha-nong"),
        (PODCAST + 'image = "ftp://x/y"', "image"),
        (PODCAST + 'image = "https://x/<y>"', "image"),
        (PODCAST + 'email = "nobody"', "email"),
        (PODCAST.replace("nha-nong", "Nhà"), "series"),
        ("[clips]\nmax_gb = 0", "max_gb"),
        ("[clips]\nmax_days = 3", "no such setting"),
    ],
)
def test_a_fault_is_named(more: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        parse_settings(STATION + more, name="test")
