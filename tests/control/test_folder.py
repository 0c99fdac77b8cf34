"""The watched folder: stable files are imported once, and names do no harm."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest

from control.folder import GuideFolder
from control.room import ControlRoom
from tests.control.reading import NOW

GOOD = b"channel,start,end,title\nhytv,2026-11-23 19:00,2026-11-23 19:30,Tin\n"
BAD = b"channel,start,end,title\nhytv,2026-11-23 19:00,2026-11-23 18:30,Tin\n"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    found = tmp_path / "lich"
    found.mkdir()
    return found


@pytest.fixture
def folder(room: ControlRoom, place: Path) -> GuideFolder:
    return GuideFolder(place, room)


def titles(room: ControlRoom) -> list[str]:
    return [item.programme.title for item in room.day("hytv", room.today(NOW))]


def below(place: Path, kind: str) -> list[str]:
    return sorted(path.name for path in (place / kind).iterdir()) if (place / kind).exists() else []


def test_a_file_is_imported_when_it_has_stopped_growing(
    folder: GuideFolder, place: Path, room: ControlRoom
) -> None:
    file = place / "tuần này.csv"
    file.write_bytes(GOOD[:50])
    assert folder.look(NOW) == []
    file.write_bytes(GOOD)
    assert folder.look(NOW) == []
    (report,) = folder.look(NOW)
    assert (report.result, titles(room)) == ("accepted", ["Tin"])
    assert below(place, "done") == [
        "20261123-120000-tuan-nay.csv",
        "20261123-120000-tuan-nay.csv.txt",
    ]
    assert "1 programmes" in (place / "done/20261123-120000-tuan-nay.csv.txt").read_text("utf-8")
    assert not file.exists()
    assert folder.look(NOW) == []
    owner = room.store.audit(limit=1)[0].who
    assert owner.startswith("folder:")


def test_a_file_with_faults_goes_to_refused_with_its_report(
    folder: GuideFolder, place: Path, room: ControlRoom
) -> None:
    (place / "x.csv").write_bytes(BAD)
    (place / "y.xml.gz").write_bytes(gzip.compress(b"<rss/>"))
    folder.look(NOW)
    assert [report.result for report in folder.look(NOW)] == ["refused", "refused"]
    assert titles(room) == []
    assert below(place, "refused") == [
        "20261123-120000-x.csv",
        "20261123-120000-x.csv.txt",
        "20261123-120000-y.xml.gz",
        "20261123-120000-y.xml.gz.txt",
    ]
    text = (place / "refused/20261123-120000-x.csv.txt").read_text("utf-8")
    assert "dòng/line 2: LỖI: giờ kết thúc không sau giờ bắt đầu" in text


def test_two_files_of_one_name_are_both_kept(folder: GuideFolder, place: Path) -> None:
    for _ in range(2):
        (place / "x.csv").write_bytes(GOOD)
        folder.look(NOW)
        folder.look(NOW)
    assert below(place, "done") == [
        "2-20261123-120000-x.csv",
        "2-20261123-120000-x.csv.txt",
        "20261123-120000-x.csv",
        "20261123-120000-x.csv.txt",
    ]


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("x%2f..%2fetc.csv", "x-2f.2fetc.csv"),
        ("-rf *;$(id).csv", "rf-id.csv"),
        ("a\nb\x1b[2J.csv", "a-b-2j.csv"),
        ("\u202egpj.csv", "gpj.csv"),
        ("%.csv", "guide.csv"),
        ("x" * 250 + ".csv", "x" * 80 + ".csv"),
        (b"\xff\xfe.csv".decode("utf-8", "surrogateescape"), "guide.csv"),
        ("LỊCH TUẦN.CSV", "lich-tuan.csv"),
    ],
)
def test_names_are_made_harmless(folder: GuideFolder, place: Path, name: str, safe: str) -> None:
    (place / name).write_bytes(GOOD)
    folder.look(NOW)
    (report,) = folder.look(NOW)
    stripped = [item for item in below(place, "done") if not item.endswith(".txt")]
    assert (report.name, stripped) == (safe, [f"20261123-120000-{safe}"])


def test_links_pipes_folders_and_other_files_are_left_alone(
    folder: GuideFolder, place: Path, room: ControlRoom, tmp_path: Path
) -> None:
    outside = tmp_path / "outside.csv"
    outside.write_bytes(GOOD)
    (place / "link.csv").symlink_to(outside)
    os.mkfifo(place / "pipe.csv")
    (place / "folder.csv").mkdir()
    for name in (".hidden.csv", "week.csv.part", "notes.txt"):
        (place / name).write_bytes(GOOD)
    folder.look(NOW)
    assert folder.look(NOW) == []
    assert titles(room) == []
    assert outside.read_bytes() == GOOD


def test_nothing_is_written_through_a_link_and_no_file_is_imported_twice(
    folder: GuideFolder, place: Path, room: ControlRoom, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (place / "done").symlink_to(elsewhere)
    (place / "x.csv").write_bytes(GOOD)
    folder.look(NOW)
    assert len(folder.look(NOW)) == 1
    assert folder.look(NOW) == []
    assert list(elsewhere.iterdir()) == []
    assert room.store.import_counts() == {"accepted": 1}


def test_a_sparse_file_of_two_gigabytes_is_not_read(folder: GuideFolder, place: Path) -> None:
    with (place / "large.xml").open("wb") as file:
        file.truncate(2 * 2**30)
    folder.look(NOW)
    (report,) = folder.look(NOW)
    assert [item.code for item in report.faults] == ["too_large"]
