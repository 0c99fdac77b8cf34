"""packager.archive_journal: facts in files."""

from pathlib import Path

from core.publication import HoleDeclared, SegmentLost
from packager.archive_hours import ArchiveFact
from packager.archive_journal import Journal

HOUR = 498_014
MSN = 466_888_125
FACTS: list[ArchiveFact] = [
    HoleDeclared(channel="hytv", msn=MSN, reason="no media"),
    SegmentLost(channel="hytv", rendition="a96", msn=MSN + 1, reason="full"),
]
NEXT_HOUR = HoleDeclared(channel="hytv", msn=MSN + 938, reason="no media")


def test_what_was_written_is_read_hour_by_hour(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    assert journal.read() == {}
    journal.append([*FACTS, NEXT_HOUR])
    assert Journal(tmp_path).read() == {"hytv": [*FACTS, NEXT_HOUR]}
    journal.remove("hytv", HOUR)
    assert Journal(tmp_path).read() == {"hytv": [NEXT_HOUR]}


def test_a_fact_that_was_cut_off_is_left_out_and_the_next_ones_are_read(tmp_path: Path) -> None:
    Journal(tmp_path).append(FACTS)
    path = tmp_path / "hytv" / str(HOUR)
    path.write_bytes(path.read_bytes()[:-3])
    journal = Journal(tmp_path)
    assert journal.read() == {"hytv": FACTS[:1]}
    journal.append(FACTS[1:])
    assert journal.read() == {"hytv": FACTS}


def test_a_damaged_file_is_forgotten(tmp_path: Path) -> None:
    Journal(tmp_path).append(FACTS)
    (tmp_path / "hytv" / str(HOUR)).write_bytes(b"\xff" * 40)
    assert Journal(tmp_path).read() == {"hytv": []}
    assert Journal(tmp_path).read() == {"hytv": []}


def test_a_disk_that_takes_nothing_raises_nothing(tmp_path: Path) -> None:
    (tmp_path / "journal").write_bytes(b"in the way")
    Journal(tmp_path / "journal").append(FACTS)
