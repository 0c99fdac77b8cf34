"""``lensong probe`` refuses what is no address, and says what it cannot use."""

from __future__ import annotations

import pytest

from lensong.__main__ import main


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["file:///etc/passwd"], "is not an address of http or https"),
        (["http://"], "is not an address"),
        (["http://h:99999/x.m3u8"], "is not an address"),
        (["http://127.0.0.1:9/x.m3u8?token=secret"], "http://127.0.0.1:9/x.m3u8: no connection"),
        (["http://127.0.0.1:9/x.m3u8", "--for", "-1"], "--for -1.0"),
        (["http://127.0.0.1:9/x.m3u8", "--for", "nan"], "--for nan"),
        (["http://127.0.0.1:9/x.m3u8", "--vantage", "Hà Nội"], "--vantage"),
    ],
)
def test_what_cannot_be_watched_ends_with_code_two(
    arguments: list[str], text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["probe", *arguments]) == 2
    said = capsys.readouterr()
    assert text in said.err
    assert "secret" not in said.err + said.out
    assert said.out == ""
