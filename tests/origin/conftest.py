"""Media that are encoded once for all tests of the past."""

from __future__ import annotations

import asyncio

import pytest

from tests.recorded_media import Media, make_media


@pytest.fixture(scope="session")
def media() -> tuple[Media, Media]:
    """Encode the numbered pictures and the tone."""
    return asyncio.run(make_media())
