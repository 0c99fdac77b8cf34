"""Settings of clips and podcasts.  Sans-I/O."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from core.settings_model import SettingsModel

__all__ = ["ClipsSettings", "PodcastSettings"]


class ClipsSettings(SettingsModel):
    """Clips: spans of the archive as files, in ``clips`` in ``paths.data_dir``."""

    max_gb: Annotated[float, Field(gt=0, le=1_000_000)] = 50.0
    """Space that all clips may take together, in GB; beyond that none is made."""

    max_clips: Annotated[int, Field(ge=1, le=100_000)] = 2_000
    """How many clips there may be."""

    max_hours: Annotated[float, Field(gt=0, le=24)] = 6.0
    """Length of the longest clip, in hours."""

    keep_days: Annotated[int, Field(ge=0, le=4_000)] = 90
    """Days after which a clip is deleted; 0 keeps it until somebody deletes it. A podcast's
    episodes go with their rights instead."""


class PodcastSettings(SettingsModel):
    """A radio programme's series as a podcast, at ``/podcast/{series}.xml``."""

    series: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")]
    """The series in the guide."""

    title: Annotated[str, Field(min_length=1, max_length=200)]
    """Name of the podcast."""

    description: Annotated[str, Field(min_length=1, max_length=4_000)]
    """What it is about, for listeners."""

    author: Annotated[str, Field(max_length=200)] = ""
    """Who makes it; without it the station's name."""

    email: Annotated[str, Field(pattern=r"^([^@\s<>&]+@[^@\s<>&]+)?$", max_length=200)] = ""
    """Address of the owner, which directories write to; every listener can read it."""

    image: Annotated[str, Field(pattern=r"^(https?://[^\s<>\"]+)?$", max_length=500)] = ""
    """Address of a square picture, JPEG or PNG of 1400 to 3000 pixels; without it the newest
    episode's."""

    category: Annotated[str, Field(min_length=1, max_length=100)] = "News"
    """A category of Apple's list."""

    explicit: bool = False
    """It is not for children."""

    keep_episodes: Annotated[int, Field(ge=1, le=1_000)] = 100
    """How many episodes are kept, the newest."""
