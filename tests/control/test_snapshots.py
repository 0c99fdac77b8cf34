"""What the data plane and the edge are told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from control.journal import Act
from control.room import ControlRoom
from control.snapshots import SnapshotError
from core.guide import GuideSnapshot
from core.guide_files import GuideFiles
from core.rights import Access, restrictions_of
from core.timeline import UnixNs, msn_at
from tests.control.reading import NOW

ACT = Act("cli:test", NOW)
EVENING = 1_795_435_200
DAY = 86_400
HEAD = "channel,start,end,title\n"


def row(day_s: int, title: str) -> str:
    start_s = EVENING + day_s * DAY
    return f"hytv,@{start_s},@{start_s + 1_800},{title}\n"


def read(folder: Path) -> GuideSnapshot:
    (found,) = GuideFiles(folder / "data" / "guide").read_changed(["hytv"])
    return found


def purges(folder: Path) -> list[dict[str, object]]:
    text = (folder / "data" / "guide" / "purge.jsonl").read_text()
    return [json.loads(line) for line in text.splitlines()]


def test_a_snapshot_reaches_from_35_days_ago_to_21_days_ahead(
    room: ControlRoom, tmp_path: Path
) -> None:
    text = HEAD + "".join(row(day, f"ngày {day}") for day in (-40, -36, -34, 0, 20, 22))
    room.import_guide(text.encode(), name="x", act=ACT)
    assert [item.title for item in read(tmp_path).programmes] == ["ngày -34", "ngày 0", "ngày 20"]


def test_rights_take_effect_without_a_service(room: ControlRoom, tmp_path: Path) -> None:
    room.import_guide((HEAD + row(0, "Phim")).encode(), name="x", act=ACT)
    name = read(tmp_path).programmes[0].id
    room.set_rights(name, "blackout", ACT)
    found = restrictions_of(read(tmp_path), now_s=NOW)
    assert found.access(msn_at(UnixNs((EVENING + 60) * 10**9))) is Access.REFUSED
    assert found.access(msn_at(UnixNs((EVENING - 60) * 10**9))) is Access.OPEN


def test_a_takedown_is_refused_and_purged_once(room: ControlRoom, tmp_path: Path) -> None:
    made = room.take_down(
        "hytv", "2026-11-23T19:00", "2026-11-23T19:01", reason="Bản quyền", act=ACT
    )
    first, last = msn_at(UnixNs(EVENING * 10**9)), msn_at(UnixNs((EVENING + 60) * 10**9 - 1))
    expected = {
        "takedown": made.id,
        "channel": "hytv",
        "first_msn": first,
        "last_msn": last,
        "at": NOW + 5,
    }
    assert purges(tmp_path) == [expected]
    found = restrictions_of(read(tmp_path), now_s=NOW)
    assert {found.access(msn) for msn in range(first, last + 1)} == {Access.TAKEN_DOWN}
    room.snapshots.write(["hytv"], now_s=NOW + 10)
    assert purges(tmp_path) == [expected]
    room.undo_takedown(made.id, ACT)
    assert restrictions_of(read(tmp_path), now_s=NOW).access(first) is Access.OPEN


def test_half_a_line_in_the_purge_list_does_no_harm(room: ControlRoom, tmp_path: Path) -> None:
    path = tmp_path / "data" / "guide" / "purge.jsonl"
    path.parent.mkdir(parents=True)
    path.write_text('{"takedown": \n')
    room.take_down("hytv", "2026-11-23T19:00", "2026-11-23T19:01", reason="x", act=ACT)
    assert json.loads(path.read_text().splitlines()[-1])["channel"] == "hytv"


def test_a_folder_that_cannot_be_written_is_said_so_and_nothing_is_lost(
    room: ControlRoom, tmp_path: Path
) -> None:
    (tmp_path / "data" / "guide").write_text("a file where the folder should be")
    with pytest.raises(SnapshotError, match="stored, but"):
        room.import_guide((HEAD + row(0, "Phim")).encode(), name="x", act=ACT)
    (tmp_path / "data" / "guide").unlink()
    room.snapshots.write(["hytv"], now_s=NOW)
    assert [item.title for item in read(tmp_path).programmes] == ["Phim"]
