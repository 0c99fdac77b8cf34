"""Settings of monitoring.  Sans-I/O."""

from __future__ import annotations

import re
from typing import Annotated, Final

from pydantic import AfterValidator, Field

from core.settings_model import SettingsModel

__all__ = ["MonitoringSettings", "web_address"]

# Scheme, name or address, port: no path, no user, nothing that could break out of a quoted text.
_ADDRESS: Final = re.compile(
    r"https?://([a-z0-9]([a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\])(:[0-9]{1,5})?", re.IGNORECASE
)
_HOST: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]{1,5})?")


def _known_address(address: str) -> str:
    if not _ADDRESS.fullmatch(address):
        raise ValueError(
            f"{address!r} is not scheme and name alone, with a port perhaps: https://xem.example.vn"
        )
    return address


web_address = AfterValidator(_known_address)
"""Validator of ``https://NAME[:PORT]``."""


def _known_host(host: str) -> str:
    if not _HOST.fullmatch(host):
        raise ValueError(f"{host!r} is not a name or an IPv4 address, with a port perhaps")
    return host


class MonitoringSettings(SettingsModel):
    """Monitoring: the process that watches the others."""

    pages_url: Annotated[str, web_address] | None = None
    """Where operators reach the pages of ``network.monitoring_port``, for the links in alerts:
    ``https://theodoi.example.vn``. Without it ``http://127.0.0.1:{monitoring_port}``."""

    ntp_server: Annotated[str, Field(max_length=253), AfterValidator(_known_host)] | None = None
    """A time server that the system clock is compared with, each minute, such as
    ``vn.pool.ntp.org``; without it nothing is asked and the clock's offset is not shown."""
