"""origin.recorded: indexes, what was told and the live window, put together."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from core.archive import Run, hour_of, numbers_of
from core.rights import Access, Restriction, Restrictions
from origin.recorded import HourView, Recording, numbers_to_runs, record

OPEN = Restrictions()
HOUR = hour_of(467_500_000)
NUMBERS = numbers_of(HOUR)
FIRST = NUMBERS.start


def view(*runs: Run) -> HourView:
    return HourView(runs=runs)


def test_joins_what_goes_on_across_an_hour() -> None:
    last = NUMBERS.stop - 1
    found = record(
        last - 2,
        last + 3,
        hours=[view(Run(FIRST, last, "a")), view(Run(last + 1, last + 900, "a"))],
        live=(),
        declared=[last + 2, 5],
        restrictions=OPEN,
    )
    assert found == Recording((Run(last - 2, last + 3, "a"),), (last + 2,))
    assert (found.first, found.last, found.segments) == (last - 2, last + 3, 6)


def test_the_live_window_is_right_where_the_archive_says_otherwise() -> None:
    found = record(
        FIRST,
        FIRST + 9,
        hours=[view(Run(FIRST, FIRST + 3, "a"), Run(FIRST + 4, FIRST + 5, "old"))],
        live=(Run(FIRST + 5, FIRST + 7, "b"),),
        declared=(),
        restrictions=OPEN,
    )
    assert found.runs == (
        Run(FIRST, FIRST + 3, "a"),
        Run(FIRST + 4, FIRST + 4, "old"),
        Run(FIRST + 5, FIRST + 7, "b"),
    )


def test_what_may_not_be_served_is_not_there() -> None:
    found = record(
        FIRST,
        FIRST + 9,
        hours=[view(Run(FIRST, FIRST + 9, "a"))],
        live=(),
        declared=(),
        restrictions=Restrictions(
            [
                Restriction(FIRST - 5, FIRST + 1, Access.REFUSED),
                Restriction(FIRST + 4, FIRST + 4, Access.TAKEN_DOWN),
            ]
        ),
    )
    assert found.runs == (Run(FIRST + 2, FIRST + 3, "a"), Run(FIRST + 5, FIRST + 9, "a"))
    assert [found.holds(FIRST + n) for n in (1, 2, 4, 9, 10)] == [False, True, False, True, False]


_NUMBERS = st.integers(0, 40)
_SETS = st.sets(_NUMBERS)


@given(
    archived=_SETS,
    live=_SETS,
    refused=_SETS,
    bounds=st.tuples(st.integers(0, 40), st.integers(0, 40)),
)
def test_holds_each_number_that_is_anywhere_and_may_be_seen(
    archived: set[int], live: set[int], refused: set[int], bounds: tuple[int, int]
) -> None:
    first, last = sorted(bounds)

    def header(msn: int) -> str:
        return "a" if msn < 20 else "b"

    def runs(numbers: set[int]) -> tuple[Run, ...]:
        return numbers_to_runs((msn, header(msn)) for msn in sorted(numbers))

    found = record(
        first,
        last,
        hours=[
            view(*runs({n for n in archived if n < 15})),
            view(*runs({n for n in archived if n >= 15})),
        ],
        live=runs(live),
        declared=(),
        restrictions=Restrictions(Restriction(n, n, Access.REFUSED) for n in refused),
    )
    expected = {n for n in (archived | live) - refused if first <= n <= last}
    assert found.runs == runs(expected)
