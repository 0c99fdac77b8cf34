"""Fixtures of the packager's tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.packager.station import Station, new_station


@pytest.fixture
def station() -> Iterator[Station]:
    """Return a place for one packager with one TV channel of three renditions."""
    with new_station() as found:
        yield found


@pytest.fixture
def radio_station() -> Iterator[Station]:
    """Return the same with a radio channel beside it."""
    with new_station(radio=True) as found:
        yield found
