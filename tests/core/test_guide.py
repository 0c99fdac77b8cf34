"""The guide's snapshot and its file."""

from pathlib import Path

import pytest

from core.errors import FormatError
from core.guide import GuideSnapshot, Programme, Takedown, parse_snapshot, render_snapshot
from core.guide_files import GuideFiles, write_guide

NEWS = Programme(
    id="hytv-20261123-1900-news",
    channel="hytv",
    start_s=1_000_000,
    end_s=1_001_800,
    title="Thời sự 19 giờ",
    categories=("Tin tức",),
)
SNAPSHOT = GuideSnapshot(
    channel="hytv", programmes=(NEWS,), takedowns=(Takedown(start_s=5, end_s=9, reason="Lỗi"),)
)


def test_parse_of_render_is_the_same() -> None:
    assert parse_snapshot(render_snapshot(SNAPSHOT)) == SNAPSHOT


def test_a_field_of_a_later_version_is_passed_over() -> None:
    data = render_snapshot(SNAPSHOT).replace(b'"blackout"', b'"stars": 5, "blackout"')
    assert parse_snapshot(data) == SNAPSHOT


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"{}", b'{"form": 2}', b'{"form": 1, "channel": "x"}', b"\xff"]
)
def test_refuses_what_is_no_snapshot(data: bytes) -> None:
    with pytest.raises(FormatError):
        parse_snapshot(data)


def test_media_follow_the_as_run_times() -> None:
    late = Programme(id="a", channel="hytv", start_s=100, end_s=200, title="A", as_run_start_s=130)
    assert (late.began_s, late.ended_s) == (130, 200)


def test_finds_what_is_on() -> None:
    assert SNAPSHOT.programme_at(1_000_000) is NEWS
    assert SNAPSHOT.programme_at(1_001_799) is NEWS
    assert SNAPSHOT.programme_at(1_001_800) is None


def test_reads_only_what_changed_and_keeps_the_last_good(tmp_path: Path) -> None:
    files = GuideFiles(tmp_path / "guide")
    assert files.read_changed(["hytv"]) == []
    write_guide(tmp_path / "guide", SNAPSHOT)
    assert files.read_changed(["hytv"]) == [SNAPSHOT]
    assert files.read_changed(["hytv"]) == []
    (tmp_path / "guide" / "hytv.json").write_bytes(b"half")
    assert files.read_changed(["hytv"]) == []
    write_guide(tmp_path / "guide", GuideSnapshot(channel="hytv"))
    assert files.read_changed(["hytv"]) == [GuideSnapshot(channel="hytv")]
