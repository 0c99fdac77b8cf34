"""Settings of monitoring.  Sans-I/O."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from core.settings_model import SettingsModel

__all__ = ["MailSettings", "MonitoringSettings", "WebhookSettings", "web_address"]

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


_MAIL: Final = re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9]([A-Za-z0-9.-]{0,250}[A-Za-z0-9])?")


def _known_mail(address: str) -> str:
    if not _MAIL.fullmatch(address):
        raise ValueError(f"{address!r} is no mail address: truc@dai.example.vn")
    return address


Mail = Annotated[str, AfterValidator(_known_mail)]
ReceiverName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")]
VariableName = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]*$")]


class MailSettings(SettingsModel):
    """Somebody who gets alerts by mail."""

    name: ReceiverName
    """Name of the receiver in logs and metrics."""

    to: Annotated[tuple[Mail, ...], Field(min_length=1, max_length=32)]
    """Addresses."""

    sender: Mail
    """The address that the mails come from."""

    server: Annotated[str, AfterValidator(_known_host)]
    """The mail server, ``name:port``; without a port 587, or 465 with ``security = "tls"``."""

    security: Literal["starttls", "tls", "none"] = "starttls"
    """How the connection is protected; ``none`` is for a server on this host."""

    user: Annotated[str, Field(min_length=1, max_length=256)] | None = None
    """Who logs in; without it nobody does."""

    password_env: VariableName | None = None
    """Environment variable with the password."""

    severity: Literal["page", "ticket"] = "ticket"
    """``page``: only what wakes people. ``ticket``: that, and what waits for the morning."""

    @model_validator(mode="after")
    def _login_is_whole(self) -> Self:
        if (self.user is None) != (self.password_env is None):
            raise ValueError("user and password_env belong together")
        if self.user is not None and self.security == "none":
            raise ValueError('a password wants security = "starttls" or "tls"')
        return self


class WebhookSettings(SettingsModel):
    """A program, or a chat, that gets alerts as JSON."""

    name: ReceiverName
    """Name of the receiver in logs and metrics."""

    url_env: VariableName
    """Environment variable with the address: those of chats hold a secret."""

    token_env: VariableName | None = None
    """Environment variable with a token that is sent as ``Authorization: Bearer``."""

    severity: Literal["page", "ticket"] = "ticket"
    """``page``: only what wakes people. ``ticket``: that, and what waits for the morning."""


class ProbeSettings(SettingsModel):
    """A channel of somebody else, or of this station at another address, that is played too."""

    name: ReceiverName
    """Name of the channel in metrics; not that of a channel of this station."""

    url: Annotated[str, Field(max_length=2000, pattern=r"^https?://[^\s@]+$")] | None = None
    """Address of a multivariant or media playlist."""

    url_env: VariableName | None = None
    """Instead of ``url``: environment variable with the address, when it holds a password or a
    token."""

    @model_validator(mode="after")
    def _has_an_address(self) -> Self:
        if (self.url is None) == (self.url_env is None):
            raise ValueError("a probe wants url or url_env, one of them")
        return self


class MonitoringSettings(SettingsModel):
    """Monitoring: the process that watches the others."""

    pages_url: Annotated[str, web_address] | None = None
    """Where operators reach the pages of ``network.monitoring_port``, for the links in alerts:
    ``https://theodoi.example.vn``. Without it ``http://127.0.0.1:{monitoring_port}``."""

    ntp_server: Annotated[str, Field(max_length=253), AfterValidator(_known_host)] | None = None
    """A time server that the system clock is compared with, each minute, such as
    ``vn.pool.ntp.org``; without it nothing is asked and the clock's offset is not shown."""

    mails: Annotated[tuple[MailSettings, ...], Field(max_length=32)] = ()
    """Who gets alerts by mail."""

    webhooks: Annotated[tuple[WebhookSettings, ...], Field(max_length=32)] = ()
    """Which programs and chats get alerts."""

    test_day: Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"] = "mon"
    """Day of the weekly test alert, which shows every receiver that alerts reach it."""

    test_hour: Annotated[int, Field(ge=0, le=23)] = 9
    """Hour of the test alert, in the station's time."""

    report_days: Annotated[int, Field(ge=1, le=4_000)] = 400
    """Days for which the daily quality sheets are kept."""

    audience_days: Annotated[int, Field(ge=60, le=4_000)] = 800
    """Days for which the audience is kept minute by minute, in ``audience.db``; a forecast reads
    60."""

    special_days: Annotated[tuple[date, ...], Field(max_length=366)] = ()
    """Days on which people do not watch as in other weeks, such as the province's own day:
    ``[2027-01-05]``. Vietnam's public holidays and Tết are known until 2035."""

    capacity_mbps: Annotated[float, Field(gt=0, le=1_000_000)] | None = None
    """Megabits a second that the uplink, or the CDN's contract, carries; with it an alert tells
    when the coming day's audience is expected to take more than 80 %."""

    count_viewers: bool = True
    """Viewers are counted, by what players report, on every channel that does not say otherwise.
    ``false``, also by a reload, tells all players to stop reporting."""

    vantage: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")] = "inside"
    """Name of the place that the synthetic player plays from, in metrics."""

    probe: bool = True
    """Play every channel without end, as a strict viewer does, and ``probes`` too."""

    probes: Annotated[tuple[ProbeSettings, ...], Field(max_length=32)] = ()
    """Foreign channels to play."""

    @model_validator(mode="after")
    def _receivers_differ(self) -> Self:
        names = [mail.name for mail in self.mails] + [hook.name for hook in self.webhooks]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two receivers are called {', '.join(twice)}")
        return self
