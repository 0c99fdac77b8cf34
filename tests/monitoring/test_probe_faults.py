"""The book counts a fault that stays once in 15 s."""

from __future__ import annotations

from monitoring.probe_faults import Fault, FaultBook
from tests.monitoring.probe_values import at


def test_a_fault_that_stays_counts_once_in_fifteen_seconds() -> None:
    book, fault = FaultBook(), Fault("playlist_stale", "360p", "unchanged for 4.0 s")
    assert [book.note(fault, at(second)) for second in (0, 5, 14, 16, 20)] == [
        True, False, False, True, False,
    ]  # fmt: skip
    (line,) = book.lines
    assert (line.times, line.first, line.last, book.total) == (2, at(0), at(16), 2)
    assert book.last == at(20)


def test_another_place_or_kind_is_another_fault() -> None:
    book = FaultBook()
    book.note(Fault("extinf", "360p 1", ""), at(0))
    book.note(Fault("extinf", "360p 2", ""), at(0))
    book.note(Fault("timestamps", "360p 2", ""), at(0))
    assert book.total == 3
    assert len(book.lines) == 3


def test_the_book_does_not_grow_without_end() -> None:
    book = FaultBook()
    for msn in range(2000):
        book.note(Fault("segment_missing", f"360p {msn}", "status 404"), at(msn))
    assert (book.total, len(book.lines)) == (2000, 500)
