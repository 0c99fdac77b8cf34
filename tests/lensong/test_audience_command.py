"""``lensong audience``: guide and minutes from files, a table and CSV out."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from core.guide import GuideSnapshot, Programme, render_snapshot
from lensong.__main__ import main
from monitoring.audience_store import AudienceStore, Sample

START_S = 1_795_000_020  # 18:07 on 18 November 2026 in Viet Nam
FIRST = START_S // 60


def station(folder: Path) -> Path:
    path = folder / "station.toml"
    path.write_text(
        f'[station]\nname = "Đài"\n[paths]\ndata_dir = "{folder}"\nrun_dir = "{folder}"\n'
        '[[channels]]\nslug = "hytv"\nname = "TV"\nkind = "tv"\n',
        encoding="utf-8",
    )
    return path


def test_a_days_programmes_with_their_audience(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = station(tmp_path)
    show = Programme(id="p", channel="hytv", start_s=START_S, end_s=START_S + 120, title="Thời sự")
    (tmp_path / "guide").mkdir()
    (tmp_path / "guide/hytv.json").write_bytes(
        render_snapshot(GuideSnapshot(channel="hytv", programmes=(show,)))
    )
    store = AudienceStore(tmp_path / "audience.db")
    store.open()
    for origin in (0, 1):
        cells = (("hytv", "live", "720p", "phone", 10), ("hytv", "http", "", "other", 7))
        samples = [Sample(FIRST, cells), Sample(FIRST + 1, cells), Sample(FIRST + 2, cells)]
        store.put(origin, 2, samples[: 2 - origin])  # of the second minute only one origin told
    store.close()
    common = ["audience", "hytv", "--day", "2026-11-18", "--settings", str(settings)]
    assert main(common) == 0
    table = capsys.readouterr().out.splitlines()
    assert table[2].split() == ["18:07", "18:09", "20.0", "20", "18:07", "50%", "(!)", "Thời", "sự"]
    assert main([*common, "--csv"]) == 0
    (row,) = csv.DictReader(io.StringIO(capsys.readouterr().out))
    assert (row["average"], row["peak"], row["measured"], row["title"]) == (
        "20.0",
        "20",
        "0.50",
        "Thời sự",
    )


def test_a_day_by_province(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = station(tmp_path)
    store = AudienceStore(tmp_path / "audience.db")
    store.open()
    places = (("hytv", "live", "Hưng Yên", 10), ("hytv", "live", "US", 1), ("x", "live", "HN", 9))
    store.put(0, 1, [Sample(FIRST, (), places), Sample(FIRST + 1, ())])
    store.close()
    common = ["audience", "hytv", "--provinces", "--settings", str(settings), "--day"]
    assert main([*common, "2026-11-18"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("  ")[0] for line in lines] == [
        "tỉnh",
        "province",
        "Hưng Yên",
        "nơi khác / elsewhere",
    ]
    assert lines[2].split()[-2:] == ["5.0", "10"]
    assert main([*common, "2026-11-19"]) == 0
    assert "origin.provinces_file" in capsys.readouterr().out


def test_what_is_missing_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    common = ["audience", "hytv", "--settings", str(station(tmp_path))]
    assert main(common) == 2
    assert "no guide of hytv is there" in capsys.readouterr().err
    assert main([*common, "--day", "yesterday"]) == 2
    assert "write it as 2026-11-23" in capsys.readouterr().err
