"""Settings of the origins.  Sans-I/O."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from core.settings_model import SettingsModel

__all__ = ["OriginSettings"]


class OriginSettings(SettingsModel):
    """The origins."""

    count: Annotated[int, Field(ge=1, le=64)] = 1
    """How many origin processes share the public port."""

    max_held_requests: Annotated[int, Field(ge=1)] = 20_000
    """Low-latency playlist requests that one origin holds at a time; more are answered 503."""

    header_timeout_s: Annotated[float, Field(gt=0, le=60)] = 8.0
    """Seconds within which a request's headers must be complete."""

    idle_timeout_s: Annotated[float, Field(gt=0, le=600)] = 60.0
    """Seconds after which a connection that carried a request before is closed when silent."""

    media_cache_mb: Annotated[int, Field(ge=1, le=65_536)] = 128
    """Archived media that one origin keeps in memory, in MB."""

    provinces_file: Path | None = None
    """Table of networks and their provinces in MaxMind's format (``.mmdb``, such as DB-IP City Lite
    or GeoLite2 City); with it the audience is counted by province too. Read at the start."""

    keep_app: bool = True
    """Browsers keep the viewers' page, so that the next visit starts at once and opens without a
    network. ``false`` is the way back: with their next visit they throw away what they kept."""
