"""The base of every settings model.  Sans-I/O."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

__all__ = ["SettingsModel"]


class SettingsModel(BaseModel):
    """Base of every settings model.

    The docstring under a field is its description: it goes into
    ``docs/reference/settings.md`` (a test compares).
    """

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)
