"""lensong.clip_command: real media, a real archive, the command as it is called."""

from __future__ import annotations

import asyncio
from pathlib import Path

import av
import pytest

from core.guide import GuideSnapshot, Programme
from core.guide_files import write_guide
from core.timeline import start_of_segment
from lensong.__main__ import main
from tests.clip_media import MSN
from tests.control.clip_bench import archive_radio

pytestmark = [pytest.mark.media, pytest.mark.timeout(60)]

START_S = start_of_segment(MSN) // 10**9


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    """Return the settings file of a station with half a minute of archive."""
    asyncio.run(archive_radio(tmp_path, holes=(MSN + 3,)))
    path = tmp_path / "lensong.toml"
    path.write_text(
        f"""
[station]
name = "Hưng Yên"
[paths]
data_dir = "{tmp_path / "data"}"
[[channels]]
slug = "hyfm"
name = "Phát thanh Hưng Yên"
kind = "radio"
""",
        encoding="utf-8",
    )
    return path


def run(settings: Path, *arguments: object) -> int:
    return main(["clip", *map(str, arguments), "--settings", str(settings)])


def test_a_span_becomes_a_file(
    settings: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "bao.m4a"
    assert run(settings, "hyfm", START_S + 3, f"{START_S + 20}.5", "--to", target) == 0
    output = capsys.readouterr()
    assert output.out == f"{target}: 0.3 MB, 17.500 s\n"
    assert "a128 is missing from" in output.err
    assert "the studio was lost" in output.err
    with av.open(target, "r") as container:
        assert container.duration == 17_500_000
        assert container.metadata["artist"] == "Phát thanh Hưng Yên"


def test_without_a_name_the_file_is_named_by_its_title(
    settings: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    words = ("hyfm", START_S + 3, START_S + 6, "--rendition", "a64", "--title", "Tin bão: số 9")
    assert run(settings, *words) == 0
    assert (tmp_path / "Tin_bão_số_9.m4a").exists()


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (("x", "1", "2"), 2, "no channel 'x'"),
        (("hyfm", "soon", "2"), 1, "no time"),
        (("hyfm", "5", "5"), 1, "no picture"),
        (("hyfm", "5", "9"), 1, "nothing of hyfm/a128 is archived"),
        (("hyfm", "5", "9", "--rendition", "720p"), 1, "a128, a64, a32"),
        (("hyfm", START_S + 3, START_S + 6, "--to", "/nowhere/at/all.m4a"), 1, "all.m4a"),
    ],
)
def test_what_cannot_be_made_is_said(
    settings: Path,
    words: tuple[object, ...],
    code: int,
    sentence: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if words[-1] == "/nowhere/at/all.m4a":
        words = (*words[:-1], settings / "all.m4a")  # below a file, where nobody can write
    assert run(settings, *words) == code
    assert sentence in capsys.readouterr().err


def test_a_blackout_is_refused_unless_forced(
    settings: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    item = Programme(
        id="p",
        channel="hyfm",
        start_s=START_S,
        end_s=START_S + 60,
        title="P",
        blackout=True,
    )
    write_guide(tmp_path / "data" / "guide", GuideSnapshot(channel="hyfm", programmes=(item,)))
    words = ("hyfm", START_S + 3, START_S + 6, "--to", tmp_path / "a.m4a")
    assert run(settings, *words) == 1
    assert "--force REASON" in capsys.readouterr().err
    assert run(settings, *words, "--force", "công văn 12") == 0
    assert "công văn 12" in capsys.readouterr().err
