"""The commands of guide and rights, on a database of their own, without a platform."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
import structlog

from core.clock import unix_ns
from core.guide_files import GuideFiles
from lensong.__main__ import main

SETTINGS = """
[station]
name = "Đài thử"
[paths]
data_dir = "{folder}/data"
run_dir = "{folder}/run"
[[channels]]
slug = "hytv"
name = "Truyền hình"
kind = "tv"
"""


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    yield
    structlog.reset_defaults()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    found = tmp_path / "station.toml"
    found.write_text(SETTINGS.format(folder=tmp_path), encoding="utf-8")
    return found


def today() -> tuple[str, int]:
    """Return the station's day, and 19:00 of it in UNIX seconds."""
    days = (unix_ns() // 10**9 + 7 * 3600) // 86_400
    day = date(1970, 1, 1) + timedelta(days=days)
    return day.isoformat(), days * 86_400 + 12 * 3600


def guide(folder: Path, rows: str) -> Path:
    path = folder / "lich.csv"
    path.write_text(f"channel,start,end,title,series\n{rows}", encoding="utf-8")
    return path


def run(capsys: pytest.CaptureFixture[str], file: Path, *words: str) -> tuple[int, str]:
    code = main([*words, "--settings", str(file)])
    said = capsys.readouterr()
    return code, said.out + said.err


def test_an_operators_day(tmp_path: Path, file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    day, start_s = today()
    path = guide(tmp_path, f"hytv,@{start_s},@{start_s + 1800},Thời sự,tin\n")
    code, said = run(capsys, file, "guide", "import", str(path), "--dry-run")
    assert code == 0
    assert "nothing was stored" in said
    assert "0 chương trình" in run(capsys, file, "guide", "show", "hytv")[1]
    code, said = run(capsys, file, "guide", "import", str(path))
    assert code == 0
    assert f"hytv {day}: 1 chương trình, thêm 1" in said
    name = f"hytv-{day.replace('-', '')}-1900-thoi-su"
    assert name in run(capsys, file, "guide", "show", "hytv", day)[1]

    assert "catch-up 7" in run(capsys, file, "rights", "set", name, "catch-up", "7")[1]
    assert run(capsys, file, "rights", "set", "series:tin", "live-only")[0] == 0
    code, said = run(capsys, file, "rights", "set", name, "default")
    assert "live-only (series tin)" in said
    assert "[19:04:00 – 19:30:00]" in run(capsys, file, "as-run", name, f"{day}T19:04")[1]
    assert "[" not in run(capsys, file, "as-run", name, "none")[1]
    assert run(capsys, file, "series", "set", name, "none")[0] == 0

    down = ("takedown", "hytv", f"{day}T19:05", f"{day}T19:06")
    assert run(capsys, file, *down)[0] == 1  # no reason
    assert run(capsys, file, *down, "--reason", "Bản quyền")[0] == 0
    assert "Bản quyền" in run(capsys, file, "takedown", "list")[1]
    (snapshot,) = GuideFiles(tmp_path / "data/guide").read_changed(["hytv"])
    assert [(item.title, item.series) for item in snapshot.programmes] == [("Thời sự", "")]
    assert snapshot.takedowns[0].start_s == start_s + 300
    assert run(capsys, file, "takedown", "undo", "1")[0] == 0
    assert run(capsys, file, "takedown", "undo", "1")[0] == 1

    code, said = run(capsys, file, "audit", "--json")
    entries = json.loads(said)
    assert len(entries) == 9
    assert {entry["who"].split(":")[0] for entry in entries} == {"cli"}
    assert [entry["action"] for entry in entries][:2] == ["takedown.undo", "takedown.add"]
    assert "rights.set" in run(capsys, file, "audit")[1]


def test_faults_are_printed_line_by_line_and_are_exit_code_1(
    tmp_path: Path, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, start_s = today()
    rows = f"hytv,@{start_s},@{start_s + 1800},Thời sự,\n"
    bad = f"hytv,@{start_s + 86_400},@{start_s},Ngược,\n"
    code, said = run(capsys, file, "guide", "import", str(guide(tmp_path, rows + bad)))
    assert code == 1
    assert "dòng/line 3: LỖI: giờ kết thúc không sau giờ bắt đầu" in said
    assert "KHÔNG NHẬP" in said
    assert "thêm 1" in said


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (("guide", "import", "/nowhere.xml"), 2, "cannot be read"),
        (("guide", "show", "none"), 1, "there is no such channel"),
        (("guide", "show", "hytv", "mai"), 1, "2026-11-23"),
        (("rights", "set", "none", "open"), 1, "there is no such programme"),
        (("rights", "set", "series:Tin Tức", "open"), 1, "a series' name"),
        (("as-run", "none", "2026-11-23T19:00"), 1, "there is no such programme"),
        (("as-run", "none", "none", "2026-11-23T19:00"), 1, "without END"),
        (("takedown", "hytv", "x", "y", "--reason", "z"), 1, "cannot be read"),
        (("takedown", "undo"), 2, "lensong takedown CHANNEL"),
    ],
)
def test_what_is_wrong_is_one_sentence(
    file: Path,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    code: int,
    sentence: str,
) -> None:
    found, said = run(capsys, file, *words)
    assert (found, sentence in said) == (code, True), said
    assert "Traceback" not in said


def test_a_database_that_is_not_there_is_one_sentence_without_its_url(
    file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = file.read_text("utf-8").replace(
        "[[channels]]", '[control]\ndatabase_env = "DB"\n[[channels]]'
    )
    file.write_text(text, "utf-8")
    assert "the variable DB is not set" in run(capsys, file, "audit")[1]
    monkeypatch.setenv("DB", "mysql://x")
    assert "does not begin with postgresql" in run(capsys, file, "audit")[1]
    monkeypatch.setenv("DB", "postgresql+psycopg://me:s3cret@127.0.0.1:1/none")
    code, said = run(capsys, file, "audit")
    assert code == 1
    assert "the database does not answer" in said
    assert "s3cret" not in said
