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
