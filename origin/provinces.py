"""From which province a viewer's network is: a coarse table, read once.

The table is a file in MaxMind's format: GeoLite2 City, DB-IP City Lite, or the station's own.
Only the name that is found goes on; the address is kept nowhere.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final
from unicodedata import normalize

import maxminddb

from core.errors import ConfigError

__all__ = ["NO_PROVINCES", "Provinces", "open_provinces"]

_LANGUAGES: Final = ("vi", "en")
_LONGEST: Final = 60


class Provinces:
    """Looks addresses up; without a table every province is unknown."""

    def __init__(self, table: maxminddb.Reader | None = None) -> None:
        """Look up in a table that is open, or in none."""
        self._table = table

    def of(self, address: str) -> str:
        """Return the province of an IP address; the country where no province is known.

        Abroad it is the country, as two letters.  Empty where nothing is known, and for what is no
        address.  It takes some microseconds and reads memory only.
        """
        if self._table is None or not address:
            return ""
        try:
            found = self._table.get(address)
        except (ValueError, maxminddb.InvalidDatabaseError):
            return ""
        return _province(found) if isinstance(found, dict) else ""


NO_PROVINCES: Final = Provinces()


def open_provinces(path: Path | None) -> Provinces:
    """Open a table, which is mapped into memory.

    Raises:
        ConfigError: If the file cannot be read or is no such table.
    """
    if path is None:
        return NO_PROVINCES
    try:
        return Provinces(maxminddb.open_database(path))
    except (OSError, ValueError, maxminddb.InvalidDatabaseError) as error:
        raise ConfigError(
            f"origin.provinces_file: {path}: no table in MaxMind's format (.mmdb): {error}"
        ) from error


def _province(found: dict[str, Any]) -> str:
    country = found.get("country")
    code = str(country.get("iso_code", "")) if isinstance(country, dict) else ""
    areas = found.get("subdivisions")
    if code not in {"VN", ""} or not isinstance(areas, list) or not areas:
        return code[:_LONGEST]
    area = areas[0] if isinstance(areas[0], dict) else {}
    told = area.get("names")
    names: dict[str, Any] = told if isinstance(told, dict) else {}
    name = next((names[one] for one in _LANGUAGES if names.get(one)), area.get("iso_code", code))
    return normalize("NFC", str(name))[:_LONGEST]
