"""How much disk the archive needs, and what ``lensong check`` says of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.config import Settings, parse_settings
from lensong.__main__ import main
from lensong.disk_needs import disk_needs, render_needs
from tests.lensong.test_main import VARIABLE, write_settings

TEXT = """
[station]
name = "Đài thử"
[archive]
min_free_gb = 5
[[channels]]
slug = "hytv"
name = "Hưng Yên"
kind = "tv"
ladder = "720p"
{more}
[[channels]]
slug = "hyfm"
name = "Phát thanh"
kind = "radio"
archive_days = 30
"""


def settings(more: str = "") -> Settings:
    return parse_settings(TEXT.replace("{more}", more), name="test")


def test_a_channel_needs_its_bit_rates_times_its_days_and_the_deposit_comes_on_top() -> None:
    """720p: 2800 + 1200 + 600 + 145 + 96 + 32 kbit/s; the deposit is 1200 + 96."""
    television, radio = disk_needs(settings("deposit_days = 190"))
    day = 4_873_000 / 8 * 86_400 * 1.03 + 225_000_000
    assert television.day_bytes == pytest.approx(day)
    assert television.archive_bytes == pytest.approx(7 * day)
    assert television.deposit_bytes == pytest.approx(183 * 1_296_000 / 8 * 86_400 * 1.03)
    assert radio.archive_bytes == pytest.approx(30 * 224_000 / 8 * 86_400 * 1.03)
    assert radio.deposit_bytes == 0
    assert television.total_bytes == television.archive_bytes + television.deposit_bytes


def test_what_is_said_of_a_large_disk() -> None:
    deposit = "legal deposit 190 days (480p+a96) 2,638 GB more"
    assert render_needs(settings("deposit_days = 190"), where="/a", free_bytes=5 * 10**12) == [
        "archive in /a, once it is full:",
        f"  hytv: 54 GB a day; catch-up 7 days 381 GB, {deposit}",
        "  hyfm: 2.5 GB a day; catch-up 30 days 75 GB",
        "  together: 3,094 GB",
        "  disk: 5,000 GB free beside 0.0 GB archived already, 5.0 GB stay free",
    ]


def test_a_disk_that_is_too_small_or_just_large_enough_is_told_in_words() -> None:
    small = render_needs(settings(), where="/a", free_bytes=300 * 10**9)
    assert "WARNING: đĩa thiếu 161 GB" in small[-1]
    assert "the disk is 161 GB too small" in small[-1]
    just = render_needs(settings(), where="/a", free_bytes=480 * 10**9)
    assert "just large enough" in just[-1]
    # What is archived already needs no space again.
    filled = render_needs(settings(), where="/a", free_bytes=300 * 10**9, stored_bytes=400 * 10**9)
    assert "disk: 300 GB free" in filled[-1]
    bucket = render_needs(settings(), where="bucket a", free_bytes=None)
    assert "together: 456 GB" in bucket[-1]


def test_check_prints_it_and_counts_what_is_stored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(VARIABLE, "0" * 64)
    (tmp_path / "data/keeping").mkdir(parents=True)
    notes = {"a64": {"498014": [3_000_000_000, 0, 0, 0]}}
    (tmp_path / "data/keeping/hyfm").write_text(json.dumps(notes))
    assert main(["check", str(write_settings(tmp_path))]) == 0
    said = capsys.readouterr().out
    assert "hyfm: 2.5 GB a day; catch-up 7 days 17 GB" in said
    assert "beside 3.0 GB archived already" in said


def test_check_refuses_a_deposit_of_a_rendition_that_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(VARIABLE, "0" * 64)
    file = write_settings(tmp_path)
    text = file.read_text(encoding="utf-8").replace(
        'kind = "radio"', 'kind = "radio"\ndeposit_days = 190\ndeposit_rendition = "720p"'
    )
    file.write_text(text, encoding="utf-8")
    for command in ("check", "run"):
        assert main([command, str(file)]) == 2
        assert "hyfm: no rendition 720p to deposit; there are: a128" in capsys.readouterr().err


def test_check_wants_the_keys_of_an_s3_archive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(VARIABLE, "0" * 64)
    monkeypatch.delenv("AWS_ACCESS_KEY_ID", raising=False)
    file = write_settings(tmp_path)
    with file.open("a", encoding="utf-8") as more:
        more.write('[archive]\nstore = "s3"\ns3_bucket = "hytv-archive"\n')
    assert main(["check", str(file)]) == 2
    assert "AWS_ACCESS_KEY_ID" in capsys.readouterr().err
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
    assert main(["check", str(file)]) == 0
    assert "archive in bucket hytv-archive" in capsys.readouterr().out
